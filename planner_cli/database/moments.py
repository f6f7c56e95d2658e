"""How a column keeps moments, judging by its name and some of its values.

Epochs of several units, Julian days, dates as text, years. A number alone is little evidence, as phone numbers and
random keys are large too: seconds are believed where the name or type speaks of a time as well, finer units also where
several values all fall within some decades. What is not covered: times of day, durations, texts of several layouts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from planner_cli.text import nocase
from planner_cli.types import Column, Table, TimeKind, Value

ENOUGH = 5
"""Different values that are evidence without a word for it."""

_YEAR = 31_556_952
_SINCE_1601, _SINCE_2001 = 11_644_473_600, -978_307_200
"""Seconds from the beginning of an epoch to 1970."""

_HINT = re.compile(
    "date|time|stamp|epoch|creat|modif|updat|chang|delet|expir|visit|access|start|begin|since|until|seen|join|"
    "publish|schedul|deadline|datum|zeit|erstellt|fecha|heure|ended|added|posted|sent|received|opened|closed|logged|"
    "login|birth|born|taken|captured|recorded|moment|日|時"
)
_HINT_WORDS = frozenset("at on ts dt day due end when first last mod dob utc jd julian tag am".split())  # noqa: SIM905 - words
_AGAINST = re.compile(
    "phone|mobile|isbn|barcode|serial|bytes|amount|price|total|population|hash|checksum|account|iban|balance|"
    "revenue|budget|duration|elapsed|length"
)
_AGAINST_WORDS = frozenset(
    "no num number tel fax ean upc zip plz size crc code sku lat lon views hits count qty".split()  # noqa: SIM905 - words
)
_YEARS = re.compile("year|jahr|annee|année|built|founded|establish|first_flight|vintage|season")
_YEAR_WORDS = frozenset("yr jahr ano año born since opened released".split())  # noqa: SIM905 - words
_CODES = frozenset(
    """
    status state stat st type typ kind kat kategorie category class code flag level lang language gender sex currency
    unit uom priority prio severity role channel method mode format phase stage cause reason art zustand
    """.split()  # noqa: SIM905 - words
)
_MOST_CODES, _WIDEST_CODE, _WIDEST_CODES = 8, 16, 60

_BORDER = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_\d]+")
_ISO = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d+)?)?( ?(Z|[+-]\d\d:\d\d))?)?")
_DAY_FIRST = re.compile(r"(\d\d)[./-](\d\d)[./-]\d{4}( .*)?")
_COMPACT = re.compile(r"\d{8}")
_READ = re.compile(r"\s*(-?\d{4}-\d\d-\d\d|\d\d:\d\d|now\s*\Z|-?[\d.]+\s*\Z)", re.IGNORECASE)
"""The beginning of a text that they read."""
_DIGITS = re.compile(r"\d{9,19}")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a column besides its values."""

    name: str
    declared_type: str
    key: bool = False
    """Whether it is a primary key."""


def kind_of(column: Known, values: Sequence[Value], *, least: int = ENOUGH) -> TimeKind | None:
    """How it keeps moments; ``least`` different values are enough where the name does not speak of a time."""
    held = [value for value in values if value not in (None, "", 0, -1)]
    texts = [value for value in held if isinstance(value, str)]
    if not held or any(isinstance(value, bytes) for value in held):
        return None
    hint = _is_hinted(column)
    if texts and len(texts) == len(held) and not all(map(_DIGITS.fullmatch, texts)):
        return _kind_of_texts(texts, hint=hint or (hint is None and len(set(held)) >= least)) or _year(column, texts)
    if texts and len(texts) != len(held):
        return None
    numbers = [float(value) for value in held if isinstance(value, int | float | str)]
    return _kind_of_numbers(column, numbers, hint, least) or _year(column, held)


def _words(name: str) -> list[str]:
    return [word.casefold() for word in _BORDER.split(name) if word]


def _is_hinted(column: Known) -> bool | None:
    """Whether name or type speaks of a time; ``False``: of something else, ``None``: of nothing known."""
    if column.key:
        return None
    words, name = frozenset(_words(column.name)), column.name.casefold()
    if re.search("date|time", column.declared_type.casefold()):
        return True
    speaks = bool(_HINT.search(name)) or bool(words & _HINT_WORDS)
    if _AGAINST.search(name) or words & _AGAINST_WORDS:
        return False
    return True if speaks else None


# ------------------------------------------------------------------------------------------------- numbers


_UNITS: Mapping[TimeKind, tuple[float, int]] = {
    "seconds": (1, 0),
    "milliseconds": (1e3, 0),
    "microseconds": (1e6, 0),
    "webkit": (1e6, _SINCE_1601),
    "nanoseconds": (1e9, 0),
}
"""Units in a second, and where they begin; no two of them overlap from 1985 to 2100."""


def in_epoch(kind: TimeKind, value: float) -> float | None:
    """The seconds since 1970 that a number stands for in a column of that kind; ``None``: it is no such number."""
    if kind in _UNITS:
        unit, since = _UNITS[kind]
        return value / unit - since
    if kind == "apple":
        return value - _SINCE_2001
    if kind == "apple-nanoseconds":
        return value / 1e9 - _SINCE_2001
    return (value - 2440587.5) * 86_400 if kind == "julian" else None


def _within(kind: TimeKind, numbers: Sequence[float], first: int, last: int) -> bool:
    found = (in_epoch(kind, number) for number in numbers)
    return all(moment is not None and first <= 1970 + moment / _YEAR <= last for moment in found)


def _kind_of_numbers(column: Known, numbers: Sequence[float], hint: bool | None, least: int) -> TimeKind | None:
    if hint is False:
        return None
    many = len(set(numbers)) >= least
    if all(number.is_integer() and is_compact(str(int(number))) for number in numbers) and (hint or many):
        return "compact"
    if not hint:
        fine = (kind for kind in _UNITS if kind != "seconds")
        return next((kind for kind in fine if many and _within(kind, numbers, 2000, 2036)), None)
    if _is_core_data(column) and _within("apple", numbers, 2001, 2037) and max(numbers) > 1e8:
        return "apple"
    if min(numbers) >= 1e17 and _within("apple-nanoseconds", numbers, 2004, 2035):
        return "apple-nanoseconds"
    found = next((kind for kind in _UNITS if _within(kind, numbers, 1985, 2100)), None)
    if found is None and _within("julian", numbers, 1950, 2100):
        return "julian"
    return found


def _is_core_data(column: Known) -> bool:
    """Whether the name is as Apple's Core Data writes it: ``ZCREATIONDATE``."""
    return column.name.startswith("Z") and column.name.isupper()


# --------------------------------------------------------------------------------------------------- texts


def _kind_of_texts(texts: Sequence[str], *, hint: bool) -> TimeKind | None:
    if all(map(_ISO.fullmatch, texts)):
        return "iso"
    if hint and all(map(is_compact, texts)):
        return "compact"
    pairs = [(int(match[1]), int(match[2])) for text in texts if (match := _DAY_FIRST.fullmatch(text))]
    if len(pairs) < len(texts):
        return None
    first, second = (max(column) for column in zip(*pairs, strict=True))
    if first > 31 or second > 31 or (first > 12 and second > 12):
        return None
    if first > 12 or "." in texts[0]:
        return None if second > 12 else "day-month-year"
    return "month-day-year" if second > 12 else None


def is_compact(text: str) -> bool:
    """Whether eight digits are a date of these centuries."""
    if not _COMPACT.fullmatch(text):
        return False
    return 1900 <= int(text[:4]) <= 2100 and 1 <= int(text[4:6]) <= 12 and 1 <= int(text[6:]) <= 31


def _year(column: Known, values: Sequence[Value]) -> TimeKind | None:
    name = column.name.casefold()
    if column.key or not (_YEARS.search(name) or _YEAR_WORDS & frozenset(_words(name))):
        return None
    years = [str(value) for value in values]
    return "year" if all(re.fullmatch(r"(1[5-9]|20)\d\d", year) for year in years) else None


# --------------------------------------------------------------------------------------------------- codes


def may_be_codes(column: Known) -> bool:
    """Whether the name is one of what has few values that stand for something."""
    return not column.key and not _CODES.isdisjoint(_words(column.name))


def codes(values: Sequence[Value]) -> tuple[Value, ...]:
    """The values, if they are few and short: all texts, or all whole numbers; none otherwise."""
    texts = [str(value) for value in values]
    alike = all(isinstance(value, str) for value in values) or all(type(value) is int for value in values)
    if not 2 <= len(values) <= _MOST_CODES or not alike or max(map(len, texts)) > _WIDEST_CODE:
        return ()
    return tuple(values) if sum(map(len, texts)) + 4 * len(texts) <= _WIDEST_CODES else ()


def holds_no_date(column: Column) -> bool:
    """Whether none of a column's first values is anything that SQLite's functions read as a date or time."""
    return bool(column.samples) and not any(map(_is_date, column.samples))


def _is_date(value: Value) -> bool:
    if isinstance(value, str):
        return _READ.match(value) is not None
    return isinstance(value, int | float) and 1_721_059.5 <= value < 5_373_484.5


# ------------------------------------------------------------------------------------------------- a table


def unclear(table: Table) -> list[str]:
    """The columns whose first values may be moments or codes, so that it is worth reading more of them."""
    return [column.name for column in table.columns if _is_unclear(table, column)]


def _is_unclear(table: Table, column: Column) -> bool:
    if not column.samples or _points(table, column):
        return False
    known = _known(column)
    kind = kind_of(known, column.samples, least=1)
    return kind not in (None, "iso") or (kind is None and may_be_codes(known))


def with_meaning(table: Table, more: Mapping[str, Sequence[Value]]) -> Table:
    """The table with what its columns' values are; ``more`` has those of unclear ones that were read beyond samples."""
    return replace(table, columns=tuple(_meaning(table, column, more.get(column.name)) for column in table.columns))


def _meaning(table: Table, column: Column, more: Sequence[Value] | None) -> Column:
    if not column.samples or _points(table, column):
        return column
    known = _known(column)
    kind = kind_of(known, more or column.samples)  # none: there was no time to read them
    found = codes(more) if more is not None and kind is None and may_be_codes(known) else ()
    return replace(column, time=kind, codes=found) if kind is not None or found else column


def _known(column: Column) -> Known:
    return Known(column.name, column.declared_type, column.primary_key)


def _points(table: Table, column: Column) -> bool:
    """Whether it is part of a foreign key."""
    return any(nocase(column.name) in map(nocase, key.columns) for key in table.foreign_keys)
