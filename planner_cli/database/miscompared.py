"""Times that a query compares with what they are not: a part of :mod:`.misdated`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from planner_cli.database.dated import YEAR, Edit, Fault, Query
from planner_cli.database.expressions import NUMERIC, Expression
from planner_cli.database.moments import in_epoch, is_compact
from planner_cli.prompts.times import as_argument, in_seconds, is_epoch
from planner_cli.text import nocase
from planner_cli.types import TimeKind

_LEAST_MOMENT = 1_000_000
"""No number under it is a moment but a year: Julian days of these decades are 2.4 million."""

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
_FORMS = ["%Y", "%Y-%m", "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"]
"""From the coarsest on."""
_LENGTHS = (4, 7, 10, 19)
"""Characters of such a text."""
_EQUALS = ("=", "==", "!=", "<>", "in")
_PATTERN = re.compile(r"[%_]*(19|20)\d\d(-[-\d%_: T]*|[%_]*)|%-\d\d-%")
"""What LIKE and GLOB are given to look for a date as a text."""
_OWN = {
    "day-month-year": (re.compile(r"(\d\d)[./-](\d\d)[./-](\d{4})"), (3, 2, 1)),
    "month-day-year": (re.compile(r"(\d\d)[./-](\d\d)[./-](\d{4})"), (3, 1, 2)),
}


@dataclass(frozen=True, slots=True)
class Comparisons(Query):
    def faults(self) -> Iterator[Fault]:
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
            yield from self._with_another_form(side, sign, others, start, end)
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

    def _with_another_form(
        self, side: Expression, sign: str, others: Sequence[Expression], start: int, end: int
    ) -> Iterator[Fault]:
        """A text of a function that can equal none of the texts: a month and a day; of months, if these are."""
        forms = [_layout(other, sign) for other in others if other.literal is not None]
        known = side.layout in _FORMS and len(forms) == len(others) and all(form in _FORMS for form in forms)
        if sign not in _EQUALS or not known or side.layout in forms or not side.layout:
            return
        same = forms[0] is not None and len(set(forms)) == 1 and _FORMS.index(forms[0]) < _FORMS.index(side.layout)
        arguments = ", ".join(self._between(*argument, None) for argument in side.arguments)
        edits = (self._put(side, f"strftime('{forms[0]}', {arguments})"),) if same and arguments else ()
        yield Fault(f"{self._between(start, end)} compares texts of the form {side.layout} with another form", edits)

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
        forms = dict.fromkeys(_layout(other, sign) for other in others)
        form = next(iter(forms)) if len(forms) == 1 and sign in _EQUALS else None
        lengths = [len(sample) for sample in read.column.samples if isinstance(sample, str)]
        if form in _FORMS and lengths and all(length > _LENGTHS[_FORMS.index(form)] for length in lengths):
            function = "date(" if form == "%Y-%m-%d" else f"strftime('{form}', "
            return (self._put(side, f"{function}{read.text})"),)  # no moment equals its day
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

    def _in_unit(self, side: Expression, unit: TimeKind, wanted: TimeKind) -> str | None:
        text = self._wrapped(side)
        seconds = in_seconds(unit, text) if is_epoch(unit) else f"({text} - 2440587.5) * 86400"
        factors: dict[TimeKind, str] = {"milliseconds": " * 1000", "microseconds": " * 1000000", "seconds": ""}
        return None if wanted not in factors else f"({seconds}){factors[wanted]}" if factors[wanted] else seconds

    @staticmethod
    def _year(kind: TimeKind, text: str) -> str:
        return f"substr({text}, {1 if kind == 'compact' else 7}, 4)"


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
