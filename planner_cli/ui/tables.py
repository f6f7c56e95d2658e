"""Results drawn for people: boxed columns, and one line per value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style

from planner_cli.clean import Clean
from planner_cli.types import Row, Value
from planner_cli.ui.cells import counted, cut_note, human
from planner_cli.ui.look import MUTED, TITLE, Look, look_for

COLUMN_LIMIT = 50
"""Most columns of a table; more are unreadable and slow to lay out."""

_SMALLEST_COLUMN = 6
"""Cells under which a column is not squeezed; instead the last columns are left out."""

_HEADER = Style.parse(TITLE)
_MUTED = Style.parse(MUTED)


def write_table(
    columns: Sequence[str], rows: Sequence[Row], *, stream: IO[str], width: int | None, color: bool
) -> list[str]:
    """Draw boxed columns within ``width`` cells (``None``: no limit); returns lines that say what was cut.

    Text is cut to fit, numbers never: columns that do not fit are left out, and if not even the first one does,
    the rows are written as by :func:`write_vertical`.
    """
    look = look_for(getattr(stream, "encoding", None))
    fitting = min(len(columns), COLUMN_LIMIT)
    texts, long_values = _texts(rows, fitting, look)
    header = [look.plain(human(name)[0]) for name in columns[:fitting]]
    natural = [max(cell_len(line[at]) for line in [header, *texts]) for at in range(fitting)]
    least = [_least(natural[at], [row[at] for row in rows], [line[at] for line in texts]) for at in range(fitting)]
    widths = _squeeze(natural, least, len(columns), width)
    shown = len(widths)
    if not shown:
        notes = write_vertical(columns, rows, stream=stream, color=color)
        return ["the terminal is too narrow for a table: shown as with --format vertical", *notes]
    more = len(columns) - shown
    pen = _Pen(stream, look, [*widths, len(look.ellipsis)] if more else widths, color=color)
    pen.edge(0)
    pen.line(header[:shown], [False] * shown, [_HEADER] * shown, more=bool(more))
    pen.edge(1)
    numeric = [any(_is_number(row[at]) for row in rows) and all(_is_number(row[at]) or row[at] is None for row in rows)
               for at in range(shown)]  # fmt: skip
    for row, line in zip(rows, texts, strict=True):
        styles = [_MUTED if value is None else None for value in row[:shown]]
        pen.line(line[:shown], numeric, styles, more=bool(more))
    pen.edge(2)
    squeezed = sum(given < wanted for given, wanted in zip(widths, natural, strict=False))
    return _notes(len(columns), shown, squeezed, long_values)


def write_vertical(columns: Sequence[str], rows: Iterable[Row], *, stream: IO[str], color: bool) -> list[str]:
    """Write one line per value and a heading per row; line ends inside values are kept and indented."""
    look = look_for(getattr(stream, "encoding", None))
    names = [look.plain(human(name)[0]) for name in columns]
    margin = max((cell_len(name) for name in names), default=0)
    gap = f"\n{' ' * margin} {look.wall} "
    long_values = 0
    for number, row in enumerate(rows, 1):
        stream.write(_paint(f"{look.line * 2} row {number} {look.line * max(2, margin - 4)}", _MUTED, color) + "\n")
        for name, value in zip(names, row, strict=True):
            text, cut = human(value)
            long_values += cut
            shown = gap.join(look.plain(text, newlines=True).split("\n"))
            space = " " * (margin - cell_len(name))
            style = _MUTED if value is None else None
            stream.write(f"{space}{_paint(name, _HEADER, color)} {look.wall} {_paint(shown, style, color)}\n")
    return cut_note(long_values)


def _texts(rows: Sequence[Row], shown: int, look: Look) -> tuple[list[list[Clean]], int]:
    long_values = 0
    texts: list[list[Clean]] = []
    for row in rows:
        line: list[Clean] = []
        for value in row[:shown]:
            text, cut = human(value)
            long_values += cut
            line.append(look.plain(text))
        texts.append(line)
    return texts, long_values


def _least(natural: int, values: Sequence[Value], texts: Sequence[Clean]) -> int:
    """Cells under which a column is not squeezed: a number is shown whole, since half its digits are another number."""
    numbers = max((cell_len(text) for value, text in zip(values, texts, strict=True) if _is_number(value)), default=0)
    return max(numbers, min(natural, _SMALLEST_COLUMN))


def _squeeze(natural: list[int], least: list[int], total: int, width: int | None) -> list[int]:
    """Column widths that fit, the widest squeezed first; fewer of them, or none, where even that is not enough."""
    if width is None:
        return list(natural)
    for shown in range(len(natural), 0, -1):
        walls = 3 * shown + 1 + (4 if shown < total else 0)
        room = width - walls
        if sum(least[:shown]) <= room:
            return _level(natural[:shown], least[:shown], room)
    return []


def _level(natural: list[int], least: list[int], room: int) -> list[int]:
    """Cut the widest columns to a common width, none below its minimum, so that together they fill ``room``."""
    low, high = 0, max(natural)
    while low < high:  # the highest level that fits
        level = (low + high + 1) // 2
        if sum(max(least[at], min(cells, level)) for at, cells in enumerate(natural)) <= room:
            low = level
        else:
            high = level - 1
    return [max(least[at], min(cells, low)) for at, cells in enumerate(natural)]


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float))


def _notes(total: int, shown: int, squeezed: int, long_values: int) -> list[str]:
    notes: list[str] = []
    if shown < total:
        notes.append(f"{shown} of {total} columns shown; --format vertical shows all")
    if squeezed:
        cut = f"{counted(squeezed, 'column')}" if shown == total else f"{squeezed} of these"
        notes.append(f"{cut} cut to the width of the terminal; --format vertical shows more")
    return notes + cut_note(long_values)


def _paint(text: str, style: Style | None, color: bool) -> str:
    return style.render(text, color_system=ColorSystem.STANDARD) if style and color else text


class _Pen:
    """Draws the lines of one table."""

    def __init__(self, stream: IO[str], look: Look, widths: list[int], *, color: bool) -> None:
        self._stream, self._look, self._widths, self._color = stream, look, widths, color

    def edge(self, place: int) -> None:
        """Draw the top (0), middle (1) or bottom (2) line."""
        look = self._look
        top, left, middle, right, bottom = look.crossings
        first, cross, last = (
            (look.corners[0], top, look.corners[1]),
            (left, middle, right),
            (look.corners[2], bottom, look.corners[3]),
        )[place]
        line = first + cross.join(look.line * (width + 2) for width in self._widths) + last
        self._stream.write(_paint(line, _MUTED, self._color) + "\n")

    def line(self, cells: list[Clean], right: list[bool], styles: Sequence[Style | None], *, more: bool) -> None:
        """Draw one row; ``more`` adds the column that represents those left out."""
        wall = _paint(self._look.wall, _MUTED, self._color)
        parts: list[str] = []
        for text, width, at_right, style in zip(cells, self._widths, right, styles, strict=False):
            shown = self._look.fit(text, width)
            space = " " * (width - cell_len(shown))
            painted = _paint(shown, style, self._color)
            parts.append(f" {space}{painted} " if at_right else f" {painted}{space} ")
        if more:
            parts.append(f" {self._look.ellipsis} ")
        self._stream.write(wall + wall.join(parts) + wall + "\n")
