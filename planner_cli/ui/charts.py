"""What picture a result makes, by its shape: bars, a line, points, or a histogram."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from planner_cli.types import Row, Value
from planner_cli.ui.cells import human

Kind: TypeAlias = Literal["bar", "line", "scatter", "histogram"]

MOST_ROWS = 100_000
"""Drawn of a result."""
MOST_BARS = 40
_LEAST_BINS, _MOST_BINS = 4, 20
_TIME = re.compile(r"\d{4}(-\d{2}(-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?)?)?Z?", re.ASCII)
"""Texts that sort as the times they stand for."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of one column of numbers."""

    kind: Kind
    x_name: str
    y_name: str
    labels: tuple[str, ...]
    """Of the bars, or of a line's points where these are not numbers."""
    xs: tuple[float, ...]
    """Empty for bars."""
    ys: tuple[float, ...]
    notes: tuple[str, ...] = ()
    """What of the result is not in it."""


def chart_of(columns: Sequence[str], rows: Iterable[Row]) -> Chart | None:
    """The picture of a result; ``None`` where it has no numbers to draw.

    One row of several numbers, or texts with numbers, are bars; times with numbers, or numbers that ascend with
    others, a line; other pairs of numbers points; a column of numbers alone a histogram.
    """
    taken = list(itertools.islice(rows, MOST_ROWS))
    numbers = [at for at in range(len(columns)) if _is_numeric([row[at] for row in taken])]
    if not taken or not numbers:
        return None
    if len(taken) == 1 and len(numbers) > 1:
        only = taken[0]
        return Chart(
            "bar", "", "", tuple(columns[at] for at in numbers), (), tuple(_number(only[at]) for at in numbers)
        )
    y, x = _chosen(numbers, len(columns))
    left_out = [name for at, name in enumerate(columns) if at not in {x, y}]
    notes = (f"not drawn: {', '.join(left_out)}",) if left_out else ()
    kept = [row for row in taken if row[y] is not None and (x is None or row[x] is not None)]
    if len(kept) < len(taken):
        notes = (*notes, f"{len(taken) - len(kept):,} rows with NULL are not drawn")
    ys = tuple(_number(row[y]) for row in kept)
    if x is None:
        return Chart("histogram", columns[y], "rows", (), (), ys, notes)
    values = [row[x] for row in kept]
    if x in numbers:
        xs = tuple(map(_number, values))
        ascends = len(xs) > 1 and all(a < b for a, b in itertools.pairwise(xs))
        return Chart("line" if ascends else "scatter", columns[x], columns[y], (), xs, ys, notes)
    labels = tuple(human(value)[0] for value in values)
    if len(labels) > 2 and all(_TIME.fullmatch(label) for label in labels) and sorted(set(labels)) == list(labels):
        return Chart("line", columns[x], columns[y], labels, tuple(map(float, range(len(labels)))), ys, notes)
    if len(labels) > MOST_BARS:
        notes = (*notes, f"the first {MOST_BARS} of {len(labels):,} bars")
    return Chart("bar", columns[x], columns[y], labels[:MOST_BARS], (), ys[:MOST_BARS], notes)


def _chosen(numbers: Sequence[int], count: int) -> tuple[int, int | None]:
    """The column that is drawn, and the one it is drawn over.

    With texts it is the first number behind the first text, as an identifier before it says nothing; of numbers alone
    the second over the first.
    """
    texts = [at for at in range(count) if at not in numbers]
    if texts:
        return next((at for at in numbers if at > texts[0]), numbers[-1]), texts[0]
    return (numbers[1], numbers[0]) if len(numbers) > 1 else (numbers[0], None)


def bins_of(values: Sequence[float]) -> tuple[tuple[float, ...], tuple[int, ...]]:
    """The edges of a histogram, round numbers, and how many values are in each bin; the last one has its upper edge."""
    low, high = min(values), max(values)
    if low == high:
        return (low, low), (len(values),)
    wanted = min(_MOST_BINS, max(_LEAST_BINS, math.ceil(math.log2(len(values)) + 1)))
    rough = (high - low) / wanted
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(nice * power for nice in (1, 2, 2.5, 5, 10) if nice * power >= rough * (1 - 1e-9))
    start = math.floor(low / step)
    count = max(1, math.ceil(high / step - 1e-9) - start)
    counts = [0] * count
    for value in values:
        counts[min(count - 1, max(0, math.floor(value / step) - start))] += 1
    return tuple((start + at) * step for at in range(count + 1)), tuple(counts)


def number_text(value: float) -> str:
    """A number for an axis or a bar: as short as it may be, with its thousands apart."""
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 1e-3 <= abs(value) < 1e15:
        return f"{value:,.{max(0, 3 - math.floor(math.log10(abs(value))))}f}".rstrip("0").rstrip(".")
    return f"{value:.3g}"


def _is_numeric(values: Sequence[Value]) -> bool:
    known = [value for value in values if value is not None]
    return bool(known) and all(isinstance(value, (int, float)) and math.isfinite(value) for value in known)


def _number(value: Value) -> float:
    assert isinstance(value, (int, float)), "the column is of numbers"
    return float(value)
