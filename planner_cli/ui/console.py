"""Making consoles: colour, encoding and width decided in one place."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import Literal, TextIO, TypeAlias

from rich.console import Console

from planner_cli.ui.errors import format_note
from planner_cli.ui.look import FAIR, Look, look_for, wrap

ColorChoice: TypeAlias = Literal["auto", "always", "never"]
COLOR_CHOICES: tuple[ColorChoice, ...] = ("auto", "always", "never")


def wants_color(stream: TextIO, choice: ColorChoice = "auto", environ: Mapping[str, str] | None = None) -> bool:
    """Whether to colour a stream: the option, then NO_COLOR, CLICOLOR_FORCE, TERM=dumb, then the stream itself.

    NO_COLOR and CLICOLOR_FORCE count when set and not empty (``CLICOLOR_FORCE=0`` is off).
    """
    env = os.environ if environ is None else environ
    if choice != "auto":
        return choice == "always"
    if env.get("NO_COLOR"):
        return False
    if env.get("CLICOLOR_FORCE", "0") not in {"", "0"}:
        return True
    return env.get("TERM") != "dumb" and stream.isatty()


def make_console(
    stream: TextIO,
    *,
    color: ColorChoice = "auto",
    environ: Mapping[str, str] | None = None,
    width: int | None = None,
    height: int | None = None,
) -> Console:
    """A console that takes no markup, draws no emoji codes, highlights nothing, and cannot fail on encoding.

    ``is_terminal`` of the result says what the stream is, whatever the colour. Width and height are the
    terminal's (80 x 24 when there is none) unless given.
    """
    env = os.environ if environ is None else environ
    colored = wants_color(stream, color, env)
    if isinstance(stream, io.TextIOWrapper):
        # A lone surrogate, or a character outside the locale's encoding, must not end the program.
        stream.reconfigure(errors="backslashreplace")
    return Console(
        file=stream,
        force_terminal=stream.isatty(),
        color_system=_color_system(env) if colored else None,
        no_color=not colored,
        markup=False,
        emoji=False,
        highlight=False,
        width=width,
        height=height,
        legacy_windows=False,
    )


def _color_system(env: Mapping[str, str]) -> Literal["standard", "256", "truecolor"]:
    if env.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
        return "truecolor"
    return "256" if "256color" in env.get("TERM", "") else "standard"


def is_live(console: Console, environ: Mapping[str, str] | None = None) -> bool:
    """Whether the console can show a screen that is redrawn in place."""
    env = os.environ if environ is None else environ
    return console.is_terminal and env.get("TERM") not in {"dumb", "unknown"}


def print_line(console: Console, text: str, style: str = "", *, newlines: bool = False) -> None:
    """Print text from anywhere: cleaned, wrapped at words on a terminal, whole lines elsewhere."""
    look = look_of(console)
    shown = look.plain(text, newlines=newlines)
    for line in wrap(shown, console.width) if console.is_terminal else shown.split("\n"):
        console.print(look.text(line, style, newlines=True), soft_wrap=True)


def print_note(console: Console, text: str) -> None:
    """Print one line about something that is not an error but should be known."""
    print_line(console, format_note(text), FAIR)


def look_of(console: Console) -> Look:
    """The signs this console can show."""
    return look_for(console.encoding)
