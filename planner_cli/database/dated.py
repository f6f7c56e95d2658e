"""What the look for misread times shares: the columns of a query that keep moments, and how to write a change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner_cli.database.expressions import NUMERIC, Expression, Read, Reader
from planner_cli.database.moments import in_epoch
from planner_cli.lexer import Token, shortened
from planner_cli.prompts.schema import literal
from planner_cli.prompts.times import as_argument, called
from planner_cli.text import nocase
from planner_cli.types import Schema, Table, TimeKind

YEAR = 31_556_952
"""Seconds."""
_SNIPPET = 60
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


# --------------------------------------------------------------------------------------------------- changes

Edit = tuple[int, int, str]
"""From one offset to another, and what is to be there."""


@dataclass(frozen=True, slots=True)
class Fault:
    text: str
    """What is wrong, with a stored value as evidence."""
    edits: tuple[Edit, ...] = ()
    """What would be right; none: nobody knows."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that is looked at."""

    sql: str
    schema: Schema
    parts: Sequence[Token]
    reader: Reader

    def _as_text(self, side: Expression, layout: str) -> str:
        """The moment of an expression as a text of that layout."""
        kind = side.columns[0].column.time
        assert kind is not None
        found, text = self._counted(side) if kind in NUMERIC else (kind, self._wrapped(side))
        argument, behind = as_argument(found or kind, text)
        if found not in NUMERIC and layout == "%Y-%m-%d":
            return argument
        named = {"%Y-%m-%d": "date(", "%Y-%m-%d %H:%M:%S": "datetime("}.get(layout, f"strftime('{layout}', ")
        return f"{named}{argument}{behind})"

    def _counted(self, side: Expression) -> tuple[TimeKind | None, str]:
        """How an expression counts, and its text; the column alone where it is only scaled, and wrongly."""
        found = unit(side)
        if found is None and side.scaled:
            return side.columns[0].column.time, side.columns[0].text
        return found, self._wrapped(side)

    def _whole(self, argument: tuple[int, int]) -> Expression | None:
        """The expression that an argument is, if it can be read to its end."""
        found = self.reader.at(argument[0])
        return found if found is not None and found.end == argument[1] else None

    def _between(self, start: int, end: int, width: int | None = _SNIPPET) -> str:
        return shortened(self.sql[self.parts[start].start : self.parts[end - 1].end], width)

    def _text(self, side: Expression) -> str:
        return self.sql[self.parts[side.start].start : self.parts[side.end - 1].end]

    def _wrapped(self, side: Expression) -> str:
        text = self._text(side)
        call = self.reader.arguments(side.start + 1) if self.reader.word(side.start + 1) == "(" else None
        return text if side.bare or (call is not None and call[1] == side.end - 1) else f"({text})"

    def _put(self, side: Expression, text: str) -> Edit:
        return self._edit(side.start, side.end - 1, text)

    def _edit(self, first: int, last: int, text: str) -> Edit:
        return self.parts[first].start, self.parts[last].end, text

    def _without(self, argument: tuple[int, int]) -> Edit:
        """An argument removed with the comma before it."""
        return self._edit(argument[0] - 1, argument[1] - 1, "")

    def _fault(self, read: Read, start: int, end: int, edits: tuple[Edit, ...]) -> Fault:
        kind, samples = read.column.time, read.column.samples
        assert kind is not None
        such = f", such as {literal(samples[0])}" if samples else ""
        name = f"{read.table}.{read.column.name}"
        return Fault(
            f"{self._between(start, end)} reads {name} as what it is not: it holds {called(kind)}{such}", edits
        )
