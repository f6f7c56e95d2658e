"""Signs, styles and cell arithmetic shared by everything drawn as text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rich import get_console
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from planner_cli.clean import Clean, clean

TITLE = "bold"
MUTED = "dim"
GOOD = "green"
FAIR = "yellow"
BAD = "red"
ACCENT = "cyan"

_FAIR_SCORE = 0.5
_GOOD_SCORE = 0.75


def score_style(score: float) -> str:
    """Colour of a score in [0, 1]; always shown with the number, never instead of it."""
    if score >= _GOOD_SCORE:
        return GOOD
    return FAIR if score >= _FAIR_SCORE else BAD


@dataclass(frozen=True, slots=True)
class Look:
    """The signs one terminal can show, and the only place where ``rich.text.Text`` is made from data.

    ``ascii`` terminals get every other character as a visible escape, before widths are counted.
    """

    ascii: bool
    ellipsis: str
    full: str
    empty: str
    spark: str
    """Levels of a sparkline, lowest first."""
    ok: str
    failed: str
    focus: str
    winner: str
    same: str
    dot: str
    spinner: str
    """Frames of the sign of life."""
    arrows: str
    line: str
    wall: str
    corners: tuple[str, str, str, str]
    """Top left, top right, bottom left, bottom right."""
    crossings: tuple[str, str, str, str, str]
    """Top, left, middle, right, bottom crossing of a table's lines."""

    def plain(self, text: str, *, newlines: bool = False) -> Clean:
        """The text, cleaned, as this terminal can show it."""
        cleaned = clean(text, newlines=newlines)
        if not self.ascii or cleaned.isascii():
            return cleaned
        return Clean(cleaned.encode("ascii", "backslashreplace").decode("ascii"))

    def text(self, text: str, style: str = "", *, newlines: bool = False) -> Text:
        """The text, cleaned, for a console; never read as markup."""
        return Text(self.plain(text, newlines=newlines), style=style)

    def fit(self, text: str, width: int) -> Clean:
        """The text, cleaned, on one line of at most ``width`` cells; a cut shows as an ellipsis."""
        cleaned = self.plain(text)
        if cell_len(cleaned) <= width:
            return cleaned
        if width <= len(self.ellipsis):
            return Clean(self.ellipsis[: max(0, width)])
        return Clean(set_cell_size(cleaned, width - len(self.ellipsis)).rstrip() + self.ellipsis)

    def bar(self, share: float, width: int, style: str) -> Text:
        """A bar of ``width`` cells, filled to ``share`` in [0, 1]."""
        filled = round(min(1.0, max(0.0, share)) * width)
        return Text.assemble((self.full * filled, style), (self.empty * (width - filled), MUTED))

    def sparkline(self, shares: list[float], width: int) -> Clean:
        """The last ``width`` values, each in [0, 1], one cell each."""
        top = len(self.spark) - 1
        return Clean("".join(self.spark[round(min(1.0, max(0.0, share)) * top)] for share in shares[-width:]))

    def rule(self, width: int) -> Text:
        return Text(self.line * width, style=MUTED)


UNICODE = Look(
    ascii=False,
    ellipsis="…",
    full="█",
    empty="░",
    spark="▁▂▃▄▅▆▇█",
    ok="✓",
    failed="✗",
    focus="▸",
    winner="★",
    same="↳",
    dot=" · ",
    spinner="⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
    arrows="←/→",
    line="─",
    wall="│",
    corners=("╭", "╮", "╰", "╯"),
    crossings=("┬", "├", "┼", "┤", "┴"),
)

ASCII = Look(
    ascii=True,
    ellipsis="...",
    full="#",
    empty="-",
    spark="_.:-=+*#",
    ok="ok",
    failed="error:",
    focus=">",
    winner="*",
    same="=",
    dot=" - ",
    spinner="|/-\\",
    arrows="left/right",
    line="-",
    wall="|",
    corners=("+", "+", "+", "+"),
    crossings=("+", "+", "+", "+", "+"),
)


def look_for(encoding: str | None) -> Look:
    """The signs for a stream of this encoding; ``None`` (an in-memory stream) takes any character."""
    name = (encoding or "utf-8").lower().replace("_", "-")
    return UNICODE if name.startswith("utf") else ASCII


def pad(text: Text, width: int, *, right: bool = False) -> Text:
    """The text with spaces up to ``width`` cells; ``right`` puts them in front."""
    space = Text(" " * max(0, width - text.cell_len))
    return Text.assemble(space, text) if right else Text.assemble(text, space)


@lru_cache(maxsize=64)
def wrap(text: Clean, width: int) -> tuple[Clean, ...]:
    """Lines of at most ``width`` cells, broken at spaces where possible, without blanks at their ends."""
    lines = Text(text).wrap(get_console(), max(2, width), tab_size=4)  # 2: the widest character
    return tuple(Clean(line.plain.rstrip(" ")) for line in lines)
