"""Untrusted text made harmless for each place of a report.

Questions, SQL, errors, thoughts and names come from models and data sets. What could drive a terminal or hide becomes
visible as everywhere else (:mod:`planner_cli.clean`); here are the places' own markup and quoting.
"""

from __future__ import annotations

import html
import re

from planner_cli.clean import clean, is_formula

_MARKDOWN = str.maketrans({sign: "\\" + sign for sign in "\\`*_[]<>|&~#"})


def shortened(text: str, length: int) -> str:
    """The start of a text, with an ellipsis where it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"


def markdown(text: str) -> str:
    """Text that Markdown shows as it is, on one line, also inside a table's cell."""
    return clean(text).translate(_MARKDOWN)


def fenced(text: str, language: str = "") -> str:
    """A Markdown code block that the text cannot close."""
    ticks = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, ticks + 1)
    return f"{fence}{language}\n{clean(text, newlines=True)}\n{fence}"


def page(text: str, *, newlines: bool = False) -> str:
    """Text for HTML, between tags or inside a quoted attribute."""
    return html.escape(clean(text, newlines=newlines), quote=True)


def cell(value: float | str | None) -> str:
    """One CSV cell; text that a spreadsheet would run gets a leading ``'``. Quoting is the writer's."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    return "'" + value if is_formula(value) else value


def label(text: str) -> str:
    """Text for a plot: what the font surely has, at most 40 characters."""
    return shortened(clean(text), 40).replace("…", "...").encode("latin-1", "backslashreplace").decode("latin-1")
