"""Times that a query reads as what they are not, and the query that reads them as what they are.

    date(visit_time)                of epoch microseconds   ->  date(visit_time / 1000000, 'unixepoch')
    visit_time >= '2024-01-01'                              ->  date(visit_time / 1000000, 'unixepoch') >= '2024-01-01'
    datetime(created, 'unixepoch')  of milliseconds         ->  datetime(created / 1000, 'unixepoch')
    strftime('%Y', d) = 2024        a text with a number    ->  strftime('%Y', d) = '2024'
    date(d) = '2024-03'             a day with a month      ->  strftime('%Y-%m', d) = '2024-03'
    strftime('%Y', id)              of no date              ->  strftime('%Y', d), if d is its table's only date

SQLite takes a number for a Julian day and compares any number as less than any text, so that such a query runs and
answers with nothing, or with everything. What is covered: columns whose kind is known (:mod:`.moments`) in SQLite's
date functions, in substr(), and compared with a date, a year, another moment, or the text of a date function. What is
not: two columns compared with each other, differences, expressions that :mod:`.expressions` does not read.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from planner_cli.database.dated import Edit, Fault, Query, is_near, renamed, resolve, value
from planner_cli.database.expressions import NUMERIC, Expression, Reader
from planner_cli.database.miscompared import Comparisons
from planner_cli.database.moments import holds_no_date, in_epoch
from planner_cli.database.names import spelled
from planner_cli.database.suggest import read_tables
from planner_cli.lexer import code
from planner_cli.prompts.schema import literal
from planner_cli.prompts.times import as_argument, in_seconds
from planner_cli.text import nocase
from planner_cli.types import Schema

_LONGEST = 5_000
"""Characters of a query that is looked at: of one that is all brackets, the time grows with their square."""

_MONTH = re.compile(r"\d{4}-\d\d")
_FUNCTIONS = frozenset({"date", "datetime", "time", "julianday", "unixepoch", "strftime"})


def misdated(sql: str, schema: Schema) -> tuple[str, ...]:
    """What is wrong with how a query reads times, a line each."""
    return tuple(dict.fromkeys(fault.text for fault in faults(sql, schema)))


def redate(sql: str, schema: Schema) -> str | None:
    """The query with times read as what they are; ``None`` where there is nothing to mend, or one cannot be."""
    found = faults(sql, schema)
    edits = sorted({edit for fault in found for edit in fault.edits}, reverse=True)
    overlap = any(after[1] > before[0] for before, after in itertools.pairwise(edits))
    if not edits or overlap or not all(fault.edits for fault in found):
        return None
    for start, end, text in edits:  # from the back: offsets before it stay true
        sql = sql[:start] + text + sql[end:]
    return sql


def faults(sql: str, schema: Schema) -> list[Fault]:
    """All of them, in the order of the text, functions first."""
    if len(sql) > _LONGEST:
        return []
    parts = code(sql)
    read = {nocase(name): table for name, table in read_tables(sql, schema).items()}
    resolved = functools.partial(resolve, read, renamed(parts))
    query = (sql, schema, parts, Reader(parts, resolved, value))
    try:
        return [*Functions(*query).faults(), *Comparisons(*query).faults()]
    except RecursionError:  # hundreds of brackets within each other
        return []


@dataclass(frozen=True, slots=True)
class Functions(Query):
    """Calls of date functions, and of substr()."""

    def faults(self) -> Iterator[Fault]:
        for at, token in enumerate(self.parts):
            name = nocase(token.text)
            if self.reader.word(at + 1) != "(" or (at and self.parts[at - 1].text == "."):
                continue
            found = self.reader.arguments(at + 1) if name in _FUNCTIONS or name in ("substr", "substring") else None
            if found is None:
                continue
            arguments, closing = found
            place = 1 if name == "strftime" else 0
            side = self._whole(arguments[place]) if len(arguments) > place else None
            if side is not None and side.bare and not side.is_timed and name in _FUNCTIONS:
                yield from self._of_no_date(side, at, closing + 1, arguments[place + 1 :])
            if side is None or not side.is_timed:
                continue
            edits = (
                self._in_function(name, side, (at, closing), arguments, arguments[place + 1 :])
                if name in _FUNCTIONS
                else self._in_substr(side, arguments[1:])
            )
            if edits is not None:
                yield self._fault(side.columns[0], at, closing + 1, edits)

    def _in_function(
        self,
        name: str,
        side: Expression,
        call: tuple[int, int],
        arguments: Sequence[tuple[int, int]],
        modifiers: Sequence[tuple[int, int]],
    ) -> tuple[Edit, ...] | None:
        """What to change in a call of a date function; empty: nobody knows, ``None``: it is right."""
        kind, words = side.columns[0].column.time, [self.reader.word(start).strip("'") for start, _ in modifiers]
        assert kind is not None
        unix = words.index("unixepoch") if "unixepoch" in words else None
        without = () if unix is None else (self._without(modifiers[unix]),)
        if kind == "year":
            whole = name == "strftime" and self.reader.word(arguments[0][0]) == "'%y'" and side.bare
            return (self._edit(*call, f"CAST({side.columns[0].text} AS TEXT)"),) if whole else ()
        if kind not in NUMERIC:
            if kind == "iso":
                return without or None if side.bare else None
            written, _ = as_argument(kind, side.columns[0].text)
            return (self._put(side, written), *without) if side.bare else ()
        assert side.number is not None
        counted = unix is not None or ("auto" in words and abs(side.number) > 5_373_484.5)
        moment = side.number if counted else in_epoch("julian", side.number)
        if is_near(moment, side.columns[0]):
            return None
        unit, text = self._counted(side)
        if unit is None:
            return ()
        if unit == "julian":
            return (*((self._put(side, text),) if text != self._text(side) else ()), *without)
        behind = "" if unix is not None else ", 'unixepoch'"
        auto = [self._without(modifiers[at]) for at, word in enumerate(words) if word == "auto"]
        return (self._put(side, in_seconds(unit, text) + behind), *auto)

    def _of_no_date(
        self, side: Expression, start: int, end: int, modifiers: Sequence[tuple[int, int]]
    ) -> Iterator[Fault]:
        """A date function of a column that holds none; of the one in its table that does, where there is one."""
        read, words = side.columns[0], [self.reader.word(first).strip("'") for first, _ in modifiers]
        if read.column.time is not None or {"unixepoch", "auto"} & set(words) or not holds_no_date(read.column):
            return
        known = self.schema.select((read.table,)).tables
        others = [c for table in known for c in table.columns if c.time not in (None, "year")]
        edits: tuple[Edit, ...] = ()
        if all(isinstance(value, str) and _MONTH.fullmatch(value) for value in read.column.samples):
            edits = (self._put(side, f"{read.text} || '-01'"),)
        elif len(others) == 1 and others[0].time is not None:
            owner = read.text.rpartition(".")[0]
            argument, behind = as_argument(others[0].time, f"{owner}{'.' if owner else ''}{spelled(others[0].name)}")
            edits = (self._put(side, argument + behind),)
        name = f"{read.table}.{read.column.name}"
        such = literal(read.column.samples[0])
        yield Fault(f"{self._between(start, end)} reads {name} as a date: it holds such as {such}", edits)

    def _in_substr(self, side: Expression, arguments: Sequence[tuple[int, int]]) -> tuple[Edit, ...] | None:
        """The same for substr()."""
        kind = side.columns[0].column.time
        words = [self.reader.word(start) for start, end in arguments if end == start + 1]
        numbers = [int(word) for word in words if word.isdecimal()]
        if not side.bare or kind in ("iso", "year", None) or len(numbers) < len(arguments) or not numbers:
            return None
        start, count = (*numbers, 0)[:2]
        if kind == "compact":
            wrong = start == 6 or (start == 1 and count in (7, 10))
        elif kind in ("day-month-year", "month-day-year"):
            wrong = (start, count) in ((1, 4), (1, 7), (6, 2), (9, 2))
        else:
            wrong = True
        return (self._put(side, self._as_text(side, "%Y-%m-%d %H:%M:%S")),) if wrong else None
