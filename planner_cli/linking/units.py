"""Units of measure in questions and in the names of columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from planner_cli.linking.words import name_words

_UNITS = {
    "time": (
        "nanosecond ns", "microsecond us", "millisecond millisec msec ms", "second sec s", "minute min mins",
        "hour hr hrs h", "day", "week", "month", "year",
    ),
    "length": (
        "millimeter millimetre mm", "centimeter centimetre cm", "meter metre m", "kilometer kilometre km", "mile",
        "foot feet ft", "inch",
    ),
    "mass": ("milligram mg", "gram g", "kilogram kilo kg", "ton tonne", "pound lb lbs", "ounce oz"),
    "data": ("byte", "kilobyte kb kib", "megabyte mb mib", "gigabyte gb gib", "terabyte tb tib"),
    "money": ("cent", "dollar usd eur euro pound gbp $ € £"),
    "power": ("watt w", "kilowatt kw", "megawatt mw"),
    "energy": ("wh", "kwh", "mwh"),
}  # fmt: skip
_NOT_IN_NAMES = frozenset({"min", "us", "second", "pound", "foot", "mile", "mins", "w", "h"})
"""What more often is something else at the end of a name: the least, an ordinal, a place."""
_NUMBERS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), 1)  # noqa: SIM905 - a list of quoted words would be longer
} | {"a": 1, "an": 1}

_AFTER = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?|\b[a-z]+)[\s-]*(?P<unit>[$€£]|[a-z]+)\b", re.IGNORECASE)
_BEFORE = re.compile(r"(?P<unit>[$€£])\s?(?P<number>\d[\d,]*(?:\.\d+)?)")


class Unit(NamedTuple):
    dimension: str
    place: int
    """Of those of its dimension; the same unit has the same place, however it is spelled."""


class Measure(NamedTuple):
    """``5 minutes`` in a question."""

    number: float
    unit: Unit
    text: str


_BY_WORD: dict[str, tuple[Unit, ...]] = {}
for _dimension, _spelled in _UNITS.items():
    for _place, _words in enumerate(_spelled):
        for _word in _words.split():
            _BY_WORD[_word] = (*_BY_WORD.get(_word, ()), Unit(_dimension, _place))


def measures(question: str) -> Iterator[Measure]:
    """Each number with a unit."""
    for pattern in (_AFTER, _BEFORE):
        for match in pattern.finditer(question):
            number = _number(match["number"])
            word = match["unit"].casefold()
            for unit in () if number is None else _BY_WORD.get(word) or _BY_WORD.get(word.removesuffix("s"), ()):
                yield Measure(number or 0.0, unit, match.group().strip())


def unit_of(column: str, comment: str | None = None) -> tuple[Unit, ...]:
    """What the last word of a column's name stands for, or else a comment such as ``in cents``."""
    words = name_words(column)
    if words and words[-1] not in _NOT_IN_NAMES and words[-1] in _BY_WORD and (len(words) > 1 or len(words[-1]) > 3):
        return _BY_WORD[words[-1]]
    said = re.fullmatch(r"(?:.*\b)?in (\w+)|\(?(\w+)\)?", (comment or "").strip(), re.IGNORECASE | re.DOTALL)
    word = next((word for word in said.groups() if word), "").casefold() if said else ""
    return _BY_WORD.get(word) or _BY_WORD.get(word.removesuffix("s"), ())


def _number(text: str) -> float | None:
    if text[0].isdigit():
        return float(text.replace(",", ""))
    return _NUMBERS.get(text.casefold())
