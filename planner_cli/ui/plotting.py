"""Pictures made of characters: bars in whole cells, lines and points in braille dots, all within a terminal's width.

Not a library's: those that are kept up count characters instead of cells, so that wide letters break the frame, and
write no number behind a bar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from rich.cells import cell_len

from planner_cli.ui.charts import Chart, bins_of, number_text
from planner_cli.ui.look import Look

_LABEL_SHARE = 3
"""A label takes at most one part in this many of the width."""
_WIDEST, _NARROWEST, _HEIGHT = 100, 20, 14
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille character by row and column."""


def plotted(chart: Chart, look: Look, width: int) -> list[str]:
    """The picture as lines of at most ``width`` cells, the names of the columns first; labels are cleaned."""
    width = max(_NARROWEST, min(width, _WIDEST))
    if chart.kind == "histogram":
        edges, counts = bins_of(chart.ys)
        labels = [f"{number_text(low)} to {number_text(high)}" for low, high in pairwise(edges)]
        return _bars(chart.x_name, labels, [float(count) for count in counts], look, width)
    if chart.kind == "bar":
        return _bars(_title(chart), chart.labels, chart.ys, look, width)
    return _grid(chart, look, width)


def _title(chart: Chart) -> str:
    return f"{chart.y_name} by {chart.x_name}" if chart.x_name else ""


def _bars(title: str, names: Sequence[str], values: Sequence[float], look: Look, width: int) -> list[str]:
    numbers = [number_text(value) for value in values]
    labels = [look.fit(name, width // _LABEL_SHARE) for name in names]
    wide = max(map(cell_len, labels))
    room = max(1, width - wide - max(map(len, numbers)) - 2)
    low, high = min(0.0, *values), max(0.0, *values)
    scale = room / (high - low) if high > low else 0.0
    zero = round(-low * scale)
    lines: list[str] = [look.fit(title, width)] if title else []
    for label, value, number in zip(labels, values, numbers, strict=True):
        end = round((value - low) * scale)
        start, end = min(zero, end), max(zero, end)
        bar = f"{' ' * start}{look.full * (end - start)}"
        lines.append(look.plain(f"{' ' * (wide - cell_len(label))}{label} {bar} {number}"))
    return lines


def _grid(chart: Chart, look: Look, width: int) -> list[str]:
    """Points, or a line through them, between two axes."""
    x_low, x_high, y_low, y_high = min(chart.xs), max(chart.xs), min(chart.ys), max(chart.ys)
    ticks = [number_text(y_high), number_text((y_low + y_high) / 2), number_text(y_low)]
    margin = max(map(len, ticks))
    columns = width - margin - 1
    across, down = (1, 1) if look.ascii else (2, 4)
    places = [
        (_place(x, x_low, x_high, columns * across), _place(y, y_low, y_high, _HEIGHT * down))
        for x, y in zip(chart.xs, chart.ys, strict=True)
    ]
    cells: dict[tuple[int, int], int] = {}
    for x, y in _joined(places) if chart.kind == "line" else places:
        from_top = _HEIGHT * down - 1 - y
        place = (x // across, from_top // down)
        cells[place] = cells.get(place, 0) | _DOTS[from_top % down][x % across]
    at_rows = dict(zip((0, _HEIGHT // 2, _HEIGHT - 1), ticks, strict=True))
    lines: list[str] = [look.fit(_title(chart), width)]
    for row in range(_HEIGHT):
        drawn = "".join(_sign(cells.get((column, row)), look) for column in range(columns)).rstrip()
        lines.append(f"{at_rows.get(row, ''):>{margin}}{look.wall}{drawn}")
    names = chart.labels or (number_text(x_low), number_text(x_high))
    left, right = look.fit(names[0], columns // 2), look.fit(names[-1], columns // 2)
    gap = columns - cell_len(left) - cell_len(right)
    return [
        *lines,
        f"{' ' * margin}{look.corners[2]}{look.line * columns}",
        f"{' ' * (margin + 1)}{left}{' ' * gap}{right}",
    ]


def _sign(dots: int | None, look: Look) -> str:
    if dots is None:
        return " "
    return "*" if look.ascii else chr(0x2800 + dots)


def _place(value: float, low: float, high: float, count: int) -> int:
    return count // 2 if high == low else min(count - 1, int((value - low) / (high - low) * count))


def _joined(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Every dot of the lines between neighbours."""
    yield from places[:1]
    for (x0, y0), (x1, y1) in pairwise(places):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        yield from (
            (x0 + round((x1 - x0) * at / steps), y0 + round((y1 - y0) * at / steps)) for at in range(1, steps + 1)
        )
