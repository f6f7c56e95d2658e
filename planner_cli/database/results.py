"""Whether two results say the same, and the clusters that follow from it.

Two results are equal when they have the same rows, counted, in any order (in the same order if *both*
queries ask for one) and with their columns in any order. Column names do not count. 1 equals 1.0, other
numbers are equal to about ten significant digits; NULL, '', and blob and text of the same bytes all differ.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeAlias

from planner_cli.types import Candidate, Cluster, Execution, Row, Value

_RELATIVE = 1e-10
_ABSOLUTE = 1e-15
"""0.1 + 0.2 - 0.3 is 5.6e-17, and should be 0."""

_MOST_TRIES = 2_000
"""Column assignments tried. Only results with dozens of look-alike columns need more; those count as
different, which costs a second thought about the same answer and never a wrong vote."""

_Column: TypeAlias = tuple[Hashable, ...]


def same_result(a: Execution, b: Execution) -> bool:
    """Whether both ran and give the same answer. Two results without rows are equal."""
    if not (a.ok and b.ok) or a.truncated != b.truncated or len(a.rows) != len(b.rows):
        return False
    if not a.rows:
        return True
    if sorted(a.cut_values) != sorted(b.cut_values):  # their beginnings may be equal all the same
        return False
    if len(a.rows[0]) != len(b.rows[0]):
        return False
    if a.rows == b.rows:
        return True
    if _rough(a) != _rough(b):
        return False
    numbers = _representatives(a.rows, b.rows)
    left, right = (_columns(execution.rows, numbers) for execution in (a, b))
    if a.ordered and b.ordered:
        return Counter(left) == Counter(right)
    return _permutes(left, right)


def cluster(
    candidates: Sequence[Candidate], executions: Sequence[Execution], *, failed: bool = False
) -> tuple[Cluster, ...]:
    """Clusters of the candidates that ran, in the order of their first members.

    ``executions[i]`` is of ``candidates[i]``. A candidate joins the first cluster whose first member has
    the same result. With ``failed`` a candidate that did not run is a cluster of its own (a judge that does not
    know what runs must see it).
    """
    groups: list[list[int]] = []
    taken = sorted((c.index, place) for place, c in enumerate(candidates) if failed or executions[place].ok)
    for _, place in taken:
        for group in groups:
            if same_result(executions[group[0]], executions[place]):
                group.append(place)
                break
        else:
            groups.append([place])
    return tuple(
        Cluster(
            index=number,
            candidates=tuple(candidates[place].index for place in group),
            votes=sum(candidates[place].samples for place in group),
        )
        for number, group in enumerate(groups)
    )


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float)


def _rough(execution: Execution) -> Counter[Hashable]:
    """Its columns without their numbers: cheap, and different for most results that differ."""
    columns = zip(*execution.rows, strict=True)
    return Counter(frozenset(Counter("number" if _is_number(v) else v for v in c).items()) for c in columns)


def _representatives(*tables: Sequence[Row]) -> dict[float, float]:
    """One number for each group of numbers that count as equal.

    Computed over both results at once: rounding each separately would split 0.3 and 0.30000000000000004 wherever
    a rounding boundary happens to lie between two such values.
    """
    values = {v for rows in tables for row in rows for v in row if isinstance(v, int | float)}
    shared: dict[float, float] = {}
    first: float | None = None
    for value in sorted(values):
        if first is None or not _close(first, value):
            first = value
        shared[value] = first
    return shared


def _close(left: float, right: float) -> bool:
    if _is_whole(left) and _is_whole(right):
        return left == right
    return math.isclose(left, right, rel_tol=_RELATIVE, abs_tol=_ABSOLUTE)


def _is_whole(value: float) -> bool:
    return isinstance(value, int) or value.is_integer()


def _columns(rows: Sequence[Row], numbers: dict[float, float]) -> list[_Column]:
    return [
        tuple(numbers[value] if isinstance(value, int | float) else value for value in column)
        for column in zip(*rows, strict=True)
    ]


def _permutes(left: Sequence[_Column], right: Sequence[_Column]) -> bool:
    """Whether some order of the right columns gives the same multiset of rows.

    Columns are assigned one by one, depth first; after each one the multisets of the rows so far must agree,
    so that wrong assignments end early.
    """
    counts = [frozenset(Counter(column).items()) for column in right]
    tries = _MOST_TRIES

    def assign(place: int, used: frozenset[int], mine: list[int], theirs: list[int]) -> bool:
        nonlocal tries
        if place == len(left):
            return True
        wanted = frozenset(Counter(left[place]).items())
        seen: set[_Column] = set()
        # The same position first: usually the columns are in the same order.
        for choice in sorted(range(len(right)), key=lambda number: number != place):
            if choice in used or counts[choice] != wanted or right[choice] in seen or tries == 0:
                continue
            seen.add(right[choice])  # equal columns are interchangeable
            tries -= 1
            classes: dict[Hashable, int] = {}
            next_mine = [classes.setdefault(pair, len(classes)) for pair in zip(mine, left[place], strict=True)]
            pairs = list(zip(theirs, right[choice], strict=True))
            if not all(pair in classes for pair in pairs):
                continue
            next_theirs = [classes[pair] for pair in pairs]
            if Counter(next_mine) == Counter(next_theirs) and assign(
                place + 1, used | {choice}, next_mine, next_theirs
            ):
                return True
        return False

    start = [0] * len(left[0])
    return assign(0, frozenset(), start, start)
