"""Tables and curves as plain text for a terminal: ASCII signs, and no control characters but our own bold."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from planner_cli.bench.report.curve import Point, knee
from planner_cli.bench.report.document import Column, Line, Table, heading, shown, shown_interval
from planner_cli.clean import clean

_GAP = "  "
_WIDEST_TEXT = 28
"""Cells that names may take; longer ones are cut."""
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"
FORCED_SIGN, PLAIN_SIGN = "*", "o"


def cell_width(text: str) -> int:
    """Terminal cells of a text: wide East Asian characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def text_table(table: Table, width: int, *, color: bool = False) -> str:
    """The table within ``width`` cells: first the intervals are dropped, then the last columns, which a note names."""
    lines = [line for line in table.lines if not line.published]
    columns = list(table.columns)
    texts = _texts(lines, columns, intervals=True)
    if _total(columns, texts) > width:
        texts = _texts(lines, columns, intervals=False)
    left_out: list[str] = []
    while len(columns) > 2 and _total(columns, texts) > width:
        left_out.insert(0, columns.pop().title)
        texts = [row[: len(columns)] for row in texts]
    widths = _widths(columns, texts)
    heads = _headings(columns, widths)
    drawn = [_joined(row, columns, widths) for row in heads]
    body = [_joined(row, columns, widths) for row in texts]
    rule = "-" * min(width, sum(widths) + len(_GAP) * (len(widths) - 1))
    title = _broken(clean(table.title), width)
    result = [*(_bold(line, color=color) for line in (*title, *drawn)), rule, *body]
    if left_out:
        result += _broken(f"(not shown at this width: {', '.join(left_out)})", width)
    return "\n".join(result)


def _bold(text: str, *, color: bool) -> str:
    return f"{_BOLD}{text}{_PLAIN}" if color else text


def _texts(lines: Sequence[Line], columns: Sequence[Column], *, intervals: bool) -> list[list[str]]:
    return [
        [
            _fitted(
                shown(value, column.unit)
                + (f" {shown_interval(value, column.unit)}".rstrip() if intervals and column.interval else "")
            )
            for value, column in zip(line.cells, columns, strict=True)
        ]
        for line in lines
    ]


def _fitted(text: str) -> str:
    text = clean(text)
    if cell_width(text) <= _WIDEST_TEXT:
        return text
    while cell_width(text) > _WIDEST_TEXT - 3:
        text = text[:-1]
    return text + "..."


def _widths(columns: Sequence[Column], texts: Sequence[Sequence[str]]) -> list[int]:
    """Each column as wide as its cells and the longest word of its heading."""
    return [
        max(*map(len, heading(column).split()), *(cell_width(row[at]) for row in texts), 1)
        for at, column in enumerate(columns)
    ]


def _total(columns: Sequence[Column], texts: Sequence[Sequence[str]]) -> int:
    return sum(_widths(columns, texts)) + len(_GAP) * (len(columns) - 1)


def _headings(columns: Sequence[Column], widths: Sequence[int]) -> list[list[str]]:
    """Headings broken at spaces, aligned to the table's line."""
    broken = [_broken(heading(column), width) for column, width in zip(columns, widths, strict=True)]
    height = max(map(len, broken))
    padded = [[""] * (height - len(lines)) + lines for lines in broken]
    return [[lines[at] for lines in padded] for at in range(height)]


def _broken(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells, broken at spaces; longer words are broken where the line ends."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if cell_width(longer) <= width:
            lines[-1] = longer
            continue
        lines.append("")
        for character in word:
            if cell_width(lines[-1] + character) > width:
                lines.append("")
            lines[-1] += character
    return lines if lines[0] else lines[1:]


def _joined(texts: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    cells = []
    for text, column, width in zip(texts, columns, widths, strict=True):
        space = " " * (width - cell_width(text))
        cells.append(text + space if column.unit == "text" else space + text)
    return _GAP.join(cells).rstrip()


# --------------------------------------------------------------------------------------------------- curve


def text_curve(title: str, forced: Sequence[Point], plain: Sequence[Point], width: int, height: int) -> str:
    """Two curves over even steps of budget, 0 to 100 %; the knee is marked under its budget."""
    best = knee(forced)
    rows = max(5, height - 5)
    left = 6
    forced, plain = (_thinned(points, (width - left) // 6) for points in (forced, plain))
    budgets = [point.budget for point in forced]
    step = max(max(len(str(budget)) for budget in budgets) + 1, min(12, (width - left) // len(budgets)))
    grid = [[" "] * (step * len(budgets)) for _ in range(rows)]
    for at, point in enumerate(forced):
        if point.figure.low is not None and point.figure.high is not None:
            for row in range(_row(point.figure.high, rows), _row(point.figure.low, rows) + 1):
                grid[row][_column(at, step)] = "|"
    for points, sign in ((plain, PLAIN_SIGN), (forced, FORCED_SIGN)):
        for at, point in enumerate(points):
            if point.figure.value is not None:
                grid[_row(point.figure.value, rows)][_column(at, step)] = sign
    marks = {_row(share, rows): f"{100 * share:.0f} %" for share in (0.0, 0.5, 1.0)}
    lines = [f"{marks.get(at, ''):>5}|" + "".join(line).rstrip() for at, line in enumerate(grid)]
    names = _placed([str(budget) for budget in budgets], step)
    knees = _placed(["^" if budget == best else "" for budget in budgets], step)
    axis = [" " * 5 + "+" + "-" * (step * len(budgets)), *(" " * left + line for line in (names, knees))]
    legend = f"{FORCED_SIGN} forced close, | 95 % interval; {PLAIN_SIGN} plain cut; ^ knee: {best} tokens"
    return "\n".join([*_broken(clean(title), width), *lines, *axis, *_broken(legend, width)])


def _placed(texts: Sequence[str], step: int) -> str:
    """Each text with its middle under the signs of its budget."""
    line = ""
    for at, text in enumerate(texts):
        line = line.ljust(_column(at, step) - len(text) // 2) + text
    return line.rstrip()


def _thinned(points: Sequence[Point], most: int) -> Sequence[Point]:
    """At most so many points, evenly spaced, including the last one."""
    every = -(-len(points) // max(1, most))
    return points[::-1][::every][::-1]


def _row(share: float, rows: int) -> int:
    return round((1 - min(1.0, max(0.0, share))) * (rows - 1))


def _column(at: int, step: int) -> int:
    """The column of a budget's signs."""
    return at * step + step // 2
