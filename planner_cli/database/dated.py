"""The columns that a query names and that keep moments, with a moment that one of them keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from planner_cli.database.expressions import NUMERIC, Expression, Read
from planner_cli.database.moments import in_epoch
from planner_cli.lexer import Token
from planner_cli.text import nocase
from planner_cli.types import Table, TimeKind

YEAR = 31_556_952
"""Seconds."""
_NEAR = 20 * YEAR
"""Seconds by which an expression may miss the moment that it is made of; a wrong unit misses it by more."""


def resolve(
    read: Mapping[str, Table], named: frozenset[str], parts: Sequence[Token], at: int
) -> tuple[Read, int] | None:
    name = parts[at].identifier
    if name is None:
        return None
    count = 1
    if at + 2 < len(parts) and parts[at + 1].text == ".":
        table, name, count = read.get(nocase(name)), parts[at + 2].identifier or "", 3
        tables = [] if table is None else [table]
    else:
        tables = [] if nocase(name) in named else list({table.name: table for table in read.values()}.values())
    found = [(table, c) for table in tables for c in table.columns if nocase(c.name) == nocase(name)]
    if len(found) != 1:
        return None
    table, column = found[0]
    text = ".".join(token.text for token in parts[at : at + count : 2])
    return Read(table.name, column, text), count


def renamed(parts: Sequence[Token]) -> frozenset[str]:
    """Names that a query gives to what it computes: a column of that name may be that."""
    found = set()
    for at, token in enumerate(parts):
        before = nocase(parts[at - 1].text) if at else ""
        if token.identifier is not None and (before in ("as", ")") or parts[at - 1].kind in ("string", "number")):
            found.add(nocase(token.identifier))
        if [nocase(after.text) for after in parts[at : at + 3]] == [")", "as", "("]:  # with x(t) as (
            found.update(_listed(parts, at))
    return frozenset(found)


def _listed(parts: Sequence[Token], at: int) -> Iterator[str]:
    """The names between a closing bracket and the one that it closes."""
    while at and parts[at].text != "(":
        if parts[at].identifier is not None:
            yield nocase(parts[at].identifier or "")
        at -= 1


def value(read: Read) -> float | None:
    """A stored number of a column that holds numbers."""
    kind, values = read.column.time, [v for v in read.column.samples if v not in (None, "", 0, -1)]
    if kind not in NUMERIC or not values or isinstance(values[0], bytes):
        return None
    return float(values[0] or 0)


def moment(read: Read) -> float:
    """The seconds since 1970 of that number."""
    number = value(read)
    assert number is not None
    assert read.column.time is not None
    return in_epoch(read.column.time, number) or 0.0


def unit(side: Expression) -> TimeKind | None:
    """How an expression of one column counts, judging by what it gives for a stored value."""
    read, kind = side.columns[0], side.columns[0].column.time
    assert kind is not None
    assert side.number is not None
    return next((each for each in (kind, *NUMERIC) if is_near(in_epoch(each, side.number), read)), None)


def is_near(seconds: float | None, read: Read) -> bool:
    """Whether that is about when the column's stored moment is."""
    return seconds is not None and abs(seconds - moment(read)) < _NEAR
