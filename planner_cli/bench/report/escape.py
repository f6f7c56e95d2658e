"""Untrusted text made harmless for each place it goes to.

Questions, SQL, errors, thoughts and names come from models and data sets. Layers keep this package from using
:mod:`planner_cli.ui`, which prints to terminals; what it prints from here it cleans once more.
"""

from __future__ import annotations

import html
import re

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters that make a spreadsheet run a cell, the full-width ones too."""

_MARKDOWN = str.maketrans({sign: "\\" + sign for sign in "\\`*_[]<>|&~#"})


def printable(text: str, *, newlines: bool = False) -> str:
    r"""The text with everything that does not show as itself (controls, bidi marks, surrogates) as ``\x1b`` escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or (newlines and c == "\n") else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def shortened(text: str, length: int) -> str:
    """The start of a text, with an ellipsis where it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line, also inside a table's cell."""
    return printable(text).translate(_MARKDOWN)


def fenced(text: str, language: str = "") -> str:
    """A Markdown code block that the text cannot close."""
    ticks = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}{language}\n{printable(text, newlines=True)}\n{fence}"


def page(text: str, *, newlines: bool = False) -> str:
    """Text for HTML, between tags or inside a quoted attribute."""
    return html.escape(printable(text, newlines=newlines), quote=True)


def cell(value: float | str | None) -> str:
    """One CSV cell; text that a spreadsheet would run gets a leading ``'``. Quoting is the writer's."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    text = printable(value, newlines=True)
    return "'" + text if text.lstrip().startswith(_FORMULA) or value.startswith(_FORMULA) else text


def label(text: str) -> str:
    """Text for a plot: what the font surely has, at most 40 characters."""
    return shortened(printable(text), 40).replace("…", "...").encode("latin-1", "backslashreplace").decode("latin-1")
