"""Times that a query reads as what they are not, and the query that reads them as what they are.

    date(visit_time)                of epoch microseconds   ->  date(visit_time / 1000000, 'unixepoch')
    visit_time >= '2024-01-01'                              ->  date(visit_time / 1000000, 'unixepoch') >= '2024-01-01'
    datetime(created, 'unixepoch')  of milliseconds         ->  datetime(created / 1000, 'unixepoch')
    strftime('%Y', d) = 2024        a text with a number    ->  strftime('%Y', d) = '2024'

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

from planner_cli.database.dated import YEAR, is_near, renamed, resolve, value
from planner_cli.database.dated import unit as unit_of
from planner_cli.database.expressions import NUMERIC, Expression, Read, Reader
from planner_cli.database.moments import in_epoch, is_compact
from planner_cli.database.suggest import read_tables
from planner_cli.lexer import Token, code, shortened
from planner_cli.prompts.schema import literal
from planner_cli.prompts.times import as_argument, called, in_seconds, is_epoch
from planner_cli.text import nocase
from planner_cli.types import Schema, TimeKind

_LEAST_MOMENT = 1_000_000
"""No number under it is a moment but a year: Julian days of these decades are 2.4 million."""
_SNIPPET = 60
_LONGEST = 5_000
"""Characters of a query that is looked at: of one that is all brackets, the time grows with their square."""

_FUNCTIONS = frozenset({"date", "datetime", "time", "julianday", "unixepoch", "strftime"})
_BEFORE = frozenset("( , where and or on having select when then else by not case distinct".split())  # noqa: SIM905 - words
_PLACES = {"%Y": 4, "%m": 2, "%d": 2, "%H": 2, "%M": 2, "%S": 2, "%j": 3, "%w": 1, "%Y%m": 6, "%Y%m%d": 8}
"""Characters of what strftime() gives where that is all digits."""
_LAYOUTS = (
    (re.compile(r"(19|20)\d\d"), "%Y"),
    (re.compile(r"(19|20)\d\d-\d\d"), "%Y-%m"),
    (re.compile(r"(19|20)\d\d-\d\d-\d\d"), "%Y-%m-%d"),
    (re.compile(r"(19|20)\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)?"), "%Y-%m-%d %H:%M:%S"),
    (re.compile(r"(19|20)\d\d-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z?"), "%Y-%m-%dT%H:%M:%S"),
)
_PATTERN = re.compile(r"[%_]*(19|20)\d\d(-[-\d%_: T]*|[%_]*)|%-\d\d-%")
"""What LIKE and GLOB are given to look for a date as a text."""
_OWN = {
    "day-month-year": (re.compile(r"(\d\d)[./-](\d\d)[./-](\d{4})"), (3, 2, 1)),
    "month-day-year": (re.compile(r"(\d\d)[./-](\d\d)[./-](\d{4})"), (3, 1, 2)),
}

Edit = tuple[int, int, str]
"""From one offset to another, and what is to be there."""


@dataclass(frozen=True, slots=True)
class Fault:
    text: str
    """What is wrong, with a stored value as evidence."""
    edits: tuple[Edit, ...] = ()
    """What would be right; none: nobody knows."""


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
    timed = "strftime" in nocase(sql) or any(c.time for table in schema.tables for c in table.columns)
    if not timed or len(sql) > _LONGEST:
        return []
    parts = code(sql)
    read = {nocase(name): table for name, table in read_tables(sql, schema).items()}
    resolved = functools.partial(resolve, read, renamed(parts))
    finder = _Finder(sql, parts, Reader(parts, resolved, value))
    try:
        return [*finder.functions(), *finder.comparisons()]
    except RecursionError:  # hundreds of brackets within each other
        return []


# -------------------------------------------------------------------------------------------------- faults


@dataclass(frozen=True, slots=True)
class _Finder:
    sql: str
    parts: Sequence[Token]
    reader: Reader

    def functions(self) -> Iterator[Fault]:
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
            if side is None or not side.is_timed:
                continue
            edits = (
                self._in_function(name, side, (at, closing), arguments, arguments[place + 1 :])
                if name in _FUNCTIONS
                else self._in_substr(side, arguments[1:])
            )
            if edits is not None:
                yield self._fault(side.columns[0], at, closing + 1, edits)

    def comparisons(self) -> Iterator[Fault]:
        for at in range(len(self.parts)):
            if at and nocase(self.parts[at - 1].text) not in _BEFORE:
                continue
            left = self.reader.at(at)
            compared = None if left is None else self._compared(left.end)
            if left is None or compared is None:
                continue
            sign, others, end = compared
            for side, rest in ((left, others), *((other, [left]) for other in others[:1] if len(others) == 1)):
                yield from self._compare(side, sign, rest, at, end)

    # ------------------------------------------------------------------------------------------ functions

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

    # ---------------------------------------------------------------------------------------- comparisons

    def _compared(self, at: int) -> tuple[str, list[Expression], int] | None:
        """A comparison whose sign is there: the sign, what is compared with, and where it ends."""
        words = [self.reader.word(at + n) for n in range(3)]
        at += words[0] == "not"
        sign = words[1] if words[0] == "not" else words[0]
        if sign in ("like", "glob", "between"):
            first = self.reader.at(at + 1)
            if first is None or sign != "between":
                return None if first is None else (sign, [first], first.end)
            second = self.reader.at(first.end + 1) if self.reader.word(first.end) == "and" else None
            return None if second is None else (sign, [first, second], second.end)
        if sign == "in" and self.reader.word(at + 1) == "(":
            found = self.reader.arguments(at + 1)
            each = [self._whole(argument) for argument in found[0]] if found is not None else []
            listed = [one for one in each if one is not None]
            return None if found is None or not each or len(listed) < len(each) else (sign, listed, found[1] + 1)
        if sign not in ("=", "<", ">", "!"):
            return None
        two = self.reader.word(at + 1) in ("=", ">")
        sign += self.reader.word(at + 1) if two else ""
        right = self.reader.at(at + 1 + two)
        return None if right is None else (sign, [right], right.end)

    def _compare(
        self, side: Expression, sign: str, others: Sequence[Expression], start: int, end: int
    ) -> Iterator[Fault]:
        if any(other.columns for other in others):
            return
        if side.layout is not None and not side.columns:
            yield from self._with_numbers(side, sign, others, start, end)
            return
        kind = side.columns[0].column.time if side.is_timed else None
        if kind is None:
            return
        edits = self._mended(side, kind, sign, others)
        if edits is not None:
            yield self._fault(side.columns[0], start, end, edits)

    def _with_numbers(
        self, side: Expression, sign: str, others: Sequence[Expression], start: int, end: int
    ) -> Iterator[Fault]:
        """Digits as a text, compared with numbers: SQLite finds them all different, and larger."""
        places = _PLACES.get(side.layout or "")
        numbers = [other for other in others if other.number is not None and other.literal is None]
        if places is None or not numbers or sign in ("like", "glob"):
            return
        whole = all(_is_whole(other) for other in numbers) and len(numbers) == len(others)
        edits = [self._put(n, f"'{int(n.number or 0):0{places}}'") for n in numbers] if whole else []
        text = self._between(start, end)
        yield Fault(f"{text} is never what it seems: strftime() gives a text, and this is a number", tuple(edits))

    def _mended(
        self, side: Expression, kind: TimeKind, sign: str, others: Sequence[Expression]
    ) -> tuple[Edit, ...] | None:
        """What to change where a column is compared; empty: nobody knows, ``None``: it is right."""
        if kind in NUMERIC:
            return self._mended_number(side, sign, others)
        if not side.bare:
            return None
        if kind == "year":
            return self._mended_year(others)
        layouts = [_layout(other, sign) for other in others]
        years = all(_is_year(other) for other in others)
        if kind == "iso":
            return self._mended_iso(side, sign, others, years=years)
        text = side.columns[0].text
        if years and (kind != "compact" or sign not in ("like", "glob")):
            return (self._put(side, f"CAST({self._year(kind, text)} AS INTEGER)"),)
        if all(layout == "%Y" for layout in layouts):
            return (self._put(side, self._year(kind, text)),)
        plain = kind == "compact" and sign in ("like", "glob") and not any("-" in (o.literal or "") for o in others)
        dashed = [layout for layout in layouts if layout is not None and "-" in layout and not plain]
        if len(dashed) == len(layouts):
            return (self._put(side, self._as_text(side, dashed[0])),)
        return self._mended_own(side, kind, sign, others)

    def _mended_own(
        self, side: Expression, kind: TimeKind, sign: str, others: Sequence[Expression]
    ) -> tuple[Edit, ...] | None:
        """Texts that begin with the day compared by their order."""
        if kind not in _OWN or sign in ("=", "==", "!=", "<>", "in", "like", "glob"):
            return None
        pattern, order = _OWN[kind]
        found = [pattern.fullmatch(other.literal or "") for other in others]
        matches = [match for match in found if match is not None]
        if len(matches) < len(found):
            return None
        dates = [f"'{'-'.join(match[place] for place in order)}'" for match in matches]
        moved = [self._put(other, date) for other, date in zip(others, dates, strict=True)]
        return (self._put(side, self._as_text(side, "%Y-%m-%d")), *moved)

    def _mended_iso(
        self, side: Expression, sign: str, others: Sequence[Expression], *, years: bool
    ) -> tuple[Edit, ...] | None:
        read = side.columns[0]
        upper = read.column.declared_type.upper()
        as_text = any(part in upper for part in ("CHAR", "CLOB", "TEXT"))
        if years and all(other.literal is None for other in others):
            if as_text and sign in (">=", "<"):
                return None  # '2024-05-01' is over '2024'
            return (self._put(side, f"CAST(strftime('%Y', {read.text}) AS INTEGER)"),)
        if all(other.number is not None and _plausible("seconds", other.number) for other in others):
            return (self._put(side, f"CAST(strftime('%s', {read.text}) AS INTEGER)"),)
        return None

    def _mended_year(self, others: Sequence[Expression]) -> tuple[Edit, ...] | None:
        edits = []
        for other in others:
            layout = _layout(other, "=")
            if layout in (None, "%Y"):
                return None
            if other.literal is not None:
                edits.append(self._put(other, other.literal[:4]))
                continue
            arguments = ", ".join(self._between(start, end, None) for start, end in other.arguments) or "'now'"
            edits.append(self._put(other, f"CAST(strftime('%Y', {arguments}) AS INTEGER)"))
        return tuple(edits)

    def _mended_number(self, side: Expression, sign: str, others: Sequence[Expression]) -> tuple[Edit, ...] | None:
        unit, _ = self._counted(side)
        layouts = [layout for other in others if (layout := _layout(other, sign)) is not None]
        if layouts:
            mixed = len(layouts) < len(others)
            return () if unit is None or mixed else (self._put(side, self._as_text(side, layouts[0])),)
        if unit is None or sign in ("like", "glob") or any(other.number is None for other in others):
            return None
        if all(_is_year(other) for other in others):
            argument, behind = as_argument(unit, self._wrapped(side))
            return (self._put(side, f"CAST(strftime('%Y', {argument}{behind}) AS INTEGER)"),)
        if all(_is_whole(other) and is_compact(str(int(other.number or 0))) for other in others):
            return (self._put(side, f"CAST({self._as_text(side, '%Y%m%d')} AS INTEGER)"),)
        numbers = [other.number or 0.0 for other in others]
        casts = tuple(self._put(o, f"CAST({self._text(o)} AS INTEGER)") for o in others if o.digits)
        if all(abs(number) < _LEAST_MOMENT for number in numbers):
            return None
        if all(_plausible(unit, number) for number in numbers):
            return None if side.bare else casts or None
        wanted = next((u for u in NUMERIC if all(_plausible(u, number) for number in numbers)), None)
        if wanted is None:
            return None
        converted = self._in_unit(side, unit, wanted)
        return () if converted is None else (self._put(side, converted), *casts)

    # ----------------------------------------------------------------------------------------------- text

    def _in_unit(self, side: Expression, unit: TimeKind, wanted: TimeKind) -> str | None:
        text = self._wrapped(side)
        seconds = in_seconds(unit, text) if is_epoch(unit) else f"({text} - 2440587.5) * 86400"
        factors: dict[TimeKind, str] = {"milliseconds": " * 1000", "microseconds": " * 1000000", "seconds": ""}
        return None if wanted not in factors else f"({seconds}){factors[wanted]}" if factors[wanted] else seconds

    def _as_text(self, side: Expression, layout: str) -> str:
        """The moment of an expression as a text of that layout."""
        kind = side.columns[0].column.time
        assert kind is not None
        unit, text = self._counted(side) if kind in NUMERIC else (kind, self._wrapped(side))
        argument, behind = as_argument(unit or kind, text)
        if unit not in NUMERIC and layout == "%Y-%m-%d":
            return argument
        named = {"%Y-%m-%d": "date(", "%Y-%m-%d %H:%M:%S": "datetime("}.get(layout, f"strftime('{layout}', ")
        return f"{named}{argument}{behind})"

    def _counted(self, side: Expression) -> tuple[TimeKind | None, str]:
        """How an expression counts, and its text; the column alone where it is only scaled, and wrongly."""
        unit = unit_of(side)
        if unit is None and side.scaled:
            return side.columns[0].column.time, side.columns[0].text
        return unit, self._wrapped(side)

    @staticmethod
    def _year(kind: TimeKind, text: str) -> str:
        return f"substr({text}, {1 if kind == 'compact' else 7}, 4)"

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
        return text if side.bare or self.reader.word(side.start + 1) == "(" else f"({text})"

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


def _layout(other: Expression, sign: str) -> str | None:
    """Of a date as a text; ``None``: it is no such thing."""
    if other.layout is not None or other.literal is None:
        return other.layout
    if sign in ("like", "glob"):
        return "%Y-%m-%d %H:%M:%S" if _PATTERN.fullmatch(other.literal) else None
    return next((layout for pattern, layout in _LAYOUTS if pattern.fullmatch(other.literal)), None)


def _is_whole(other: Expression) -> bool:
    return other.number is not None and other.number.is_integer() and other.number >= 0


def _is_year(other: Expression) -> bool:
    return _is_whole(other) and other.literal is None and 1900 <= (other.number or 0) <= 2100


def _plausible(unit: TimeKind, number: float) -> bool:
    """Whether a number is a moment of these decades in a unit."""
    moment = in_epoch(unit, number)
    return moment is not None and 15 * YEAR <= moment <= 80 * YEAR
