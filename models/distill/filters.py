"""Random draws from a domain, and conditions on a table in SQL and in words."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.distill.everyday import Domain, Field
from models.distill.renaming import plural, singular, words
from planner_cli.prompts.schema import quote

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_NUMBERS = (1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 250, 500, 1000, 5000)
_PIECES = ("an", "S", "er", "New", "Pro", "lake", "x", "ing", "B", "the", "old", "gmail.com", "West")
_PLACES = frozenset({"city", "country", "county", "location", "branch", "nationality"})
_VERBS = {
    "order": "placed", "hire": "hired", "loan": "borrowed", "signup": "signed up", "birth": "born",
    "start": "started", "fine": "given", "treatment": "given", "due": "due", "departs": "departing",
}  # fmt: skip


@cache
def wordings() -> dict[str, list[str]]:
    """How people ask, by what they want."""
    text = Path(__file__).with_name("wordings.toml").read_text(encoding="utf-8")
    found: dict[str, list[str]] = tomllib.loads(text)
    return found


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on one table."""

    column: str
    sql: str
    """With ``{}`` for what qualifies the column."""
    behind: str
    """In words, behind the rows it is about."""
    before: str | None = None
    """In words, in front of them, where that is possible."""
    value: str | None = None
    """What the column equals, where it is that and a text."""

    def on(self, table: str) -> str:
        return self.sql.format(f"{quote(table)}.")

    @property
    def bare(self) -> str:
        return self.sql.format("")


class Draw:
    """Random choices from one domain."""

    def __init__(self, domain: Domain, rng: random.Random) -> None:
        self.domain, self.rng = domain, rng

    def say(self, what: str, **slots: object) -> str:
        """One of the wordings, filled in."""
        return self.rng.choice(wordings()[what]).format(**slots)

    def fields(self, table: str, *kinds: str) -> list[Field]:
        return [field for field in self.domain.fields[table] if field.kind in kinds]

    def field(self, table: str, *kinds: str) -> Field | None:
        found = self.fields(table, *kinds)
        return self.rng.choice(found) if found else None

    def label(self, table: str) -> Field | None:
        """What a row is called by."""
        named = self.fields(table, "label") or self.fields(table, "text", "category")
        return named[0] if named else None

    def shown(self, table: str) -> Field:
        """What to show of a row, mostly what it is called by."""
        label = self.label(table)
        if label and self.rng.random() < 0.75:
            return label
        return self.rng.choice(self.domain.fields[table])

    def filter(self, table: str) -> Filter | None:
        """Any condition on the table; ``None`` where what was drawn does not fit it."""
        made = self.rng.choices([kind for kind, _ in _KINDS], [weight for _, weight in _KINDS])[0]
        return made(self, table)


def many(table: str) -> str:
    parts = words(table)
    return " ".join([*parts[:-1], plural(parts[-1])])


def one(table: str) -> str:
    parts = words(table)
    return " ".join([*parts[:-1], singular(parts[-1])])


def said(field: Field) -> str:
    """A column in plain words."""
    parts = words(field.name)
    if len(parts) > 1 and parts[-1] in ("on", "at") and field.kind == "date":
        return f"{' '.join(parts[:-1])} date"
    return " ".join(parts)


def verb(field: Field) -> str:
    """``order_date`` -> placed; a date that is no verb stays a noun."""
    first = words(field.name)[0]
    if first.endswith(("ed", "wn")) or first in ("born", "sent", "bought", "paid", "built", "sold"):
        return first
    return _VERBS.get(first, f"with a {said(field)}")


def text(value: str) -> str:
    """A value as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def number(draw: Draw, field: Field) -> int:
    """Something a number or year may be compared with."""
    return draw.rng.randint(1950, 2023) if field.kind == "year" else draw.rng.choice(_NUMBERS)


def rows(draw: Draw, table: str, condition: Filter) -> str:
    """The rows that satisfy a condition, in words."""
    if condition.before and draw.rng.random() < 0.6:
        return f"{condition.before} {many(table)}"
    return f"{many(table)} {condition.behind}"


# ------------------------------------------------------------------------------------------- kinds


def category(draw: Draw, table: str) -> Filter | None:
    """A text equals one of its known values; sometimes typed without capitals."""
    field = draw.field(table, "category", "category", "label")
    if field is None or not field.values:
        return None
    value = draw.rng.choice(field.values)
    typed = draw.rng.choice([value, value, value, value.lower()])
    wording = "place" if field.name in _PLACES else "category"
    behind = draw.say(wording, column=said(field), value=typed)
    before = typed if field.kind == "category" and wording == "category" and typed.islower() else None
    return Filter(field.name, f"{{}}{quote(field.name)} = {text(value)}", behind, before, value)


def _number(draw: Draw, table: str) -> Filter | None:
    field = draw.field(table, "number", "year")
    if field is None:
        return None
    value, name = number(draw, field), quote(field.name)
    if draw.rng.random() < 0.15:
        high = value + draw.rng.choice([5, 10, 50, 100])
        behind = draw.say("between", column=said(field), low=value, high=high)
        return Filter(field.name, f"{{}}{name} between {value} and {high}", behind)
    word, sign = draw.rng.choice(MORE)
    behind = draw.say("number", column=said(field), word=word, value=value)
    return Filter(field.name, f"{{}}{name} {sign} {value}", behind)


def _date(draw: Draw, table: str) -> Filter | None:
    field = draw.field(table, "date")
    if field is None:
        return None
    year, month, day = draw.rng.randint(2015, 2025), draw.rng.randint(1, 12), draw.rng.randint(1, 28)
    name, kind = quote(field.name), draw.rng.random()
    slots = {"column": said(field), "verb": verb(field), "year": year}
    if kind < 0.35:
        return Filter(field.name, f"strftime('%Y', {{}}{name}) = '{year}'", draw.say("year", **slots))
    if kind < 0.55:
        digits = f"{year}-{month:02}"
        behind = draw.say("month", month=_MONTHS[month - 1], digits=digits, **slots)
        return Filter(field.name, f"strftime('%Y-%m', {{}}{name}) = '{digits}'", behind)
    word, sign = draw.rng.choice((("after", ">"), ("since", ">="), ("before", "<"), ("until", "<="), ("on", "=")))
    date = f"{year}-{month:02}-{day:02}"
    if kind > 0.8 and word in ("since", "before"):
        behind = draw.say("date", word=word, date=year, **slots)
        return Filter(field.name, f"{{}}{name} {sign} '{year}-01-01'", behind)
    return Filter(field.name, f"{{}}{name} {sign} '{date}'", draw.say("date", word=word, date=date, **slots))


def _null(draw: Draw, table: str) -> Filter | None:
    field = draw.field(table, "text", "date", "key")
    if field is None:
        return None
    column = one(field.name.removesuffix("_id")) if field.kind == "key" else said(field)
    if draw.rng.random() < 0.7:
        return Filter(field.name, f"{{}}{quote(field.name)} is null", draw.say("missing", column=column))
    return Filter(field.name, f"{{}}{quote(field.name)} is not null", draw.say("present", column=column))


def _like(draw: Draw, table: str) -> Filter | None:
    field = draw.field(table, "label", "text", "category")
    if field is None:
        return None
    piece = draw.rng.choice(_PIECES)
    word, pattern = draw.rng.choice(
        (
            ("contains", f"%{piece}%"),
            ("includes", f"%{piece}%"),
            ("starts with", f"{piece}%"),
            ("begins with", f"{piece}%"),
            ("ends with", f"%{piece}"),
        )
    )
    behind = draw.say("like", column=said(field), word=word, piece=piece)
    return Filter(field.name, f"{{}}{quote(field.name)} like {text(pattern)}", behind)


def _flag(draw: Draw, table: str) -> Filter | None:
    field = draw.field(table, "flag")
    if field is None:
        return None
    word = said(field).removeprefix("is ")
    if draw.rng.random() < 0.7:
        return Filter(field.name, f"{{}}{quote(field.name)} = 1", f"that are {word}", word)
    return Filter(field.name, f"{{}}{quote(field.name)} = 0", f"that are not {word}")


MORE = (
    ("more than", ">"), ("over", ">"), ("above", ">"), ("greater than", ">"), ("at least", ">="),
    ("less than", "<"), ("under", "<"), ("below", "<"), ("at most", "<="),
)  # fmt: skip
MEASURES = (
    ("average", "avg"), ("mean", "avg"), ("total", "sum"), ("sum of the", "sum"), ("maximum", "max"),
    ("highest", "max"), ("minimum", "min"), ("lowest", "min"), ("largest", "max"), ("smallest", "min"),
)  # fmt: skip
"""Words for an aggregate, and the function."""

_KINDS: tuple[tuple[Callable[[Draw, str], Filter | None], float], ...] = (
    (category, 9), (_number, 5), (_date, 5), (_null, 1.5), (_like, 1.5), (_flag, 1),
)  # fmt: skip
