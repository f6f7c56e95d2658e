"""Other names for a schema's tables and columns, such as other people would have chosen.

A small model that sees each schema under one set of names learns those names, and writes them where the schema says
something else; 84 of 143 failures of the study behind this recipe were such names.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from planner_cli.prompts.normal_form import Name
from planner_cli.types import Column, Schema, Table

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

_GROUPS = """
quantity qty | phone telephone tel phone_number | email email_address mail | country nation | city town
salary pay wage | employee staff worker | customer client buyer | student pupil | teacher instructor tutor
product item article | order purchase | number num no nr | year yr | address addr | department dept
description descr summary | date day | amount amt | average avg | maximum max | minimum min | code cd
category cat kind | percent pct | account acct | manager mgr boss | organization org organisation | company firm
price cost | type kind | weight wt | height ht | latitude lat | longitude lng lon | gender sex | population pop
start begin | end finish stop | location place | details info | title heading | picture image photo
quantity amount | position pos | document doc | transaction txn | reference ref | temperature temp | group grp
level lvl | message msg | status state | comment note remark | duration length | language lang | rank ranking
vehicle car | physician doctor | apartment flat | movie film | staff personnel | school academy | county district
"""
_SYNONYMS: dict[str, list[str]] = {}
for _group in re.split(r"[|\n]", _GROUPS):
    for _word in _group.split():
        _SYNONYMS.setdefault(_word, []).extend(other for other in _group.split() if other != _word)

_KEY_WORDS = ("id", "code", "no", "number", "key", "num")
_AWKWARD = ("group", "order", "index", "from", "to", "check", "default", "references", "table", "values", "case", "set")


def words(name: str) -> list[str]:
    """``ProductName``, ``product_name``, ``product name`` -> product, name."""
    return [word.lower() for word in _WORDS.findall(name)] or [name.lower()]


def singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def plural(word: str) -> str:
    if word != singular(word) or word.endswith(("people", "staff")):
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")


class Renaming:
    """One consistent choice for a schema; call it with a :class:`Name`."""

    def __init__(self, schema: Schema, rng: random.Random) -> None:
        self._rng = rng
        self._glued = rng.random() < 0.2  # CustomerName is customername in the lower-case prompt
        self._numbers = rng.choice(("singular", "plural", "keep", "keep"))
        self._swap = rng.choice((0.0, 0.15, 0.4))
        self._own_prefix = rng.choice(("strip", "strip", "add", "keep"))
        self._front = rng.choice(("", "", "", "", "", "tbl_", "t_", "app_", "dim_"))
        self._names: dict[Name, str] = {}
        taken: set[str] = set()
        for table in schema.tables:
            self._names[Name(table.name)] = self._unused(self._table(table.name), table.name, taken)
        self._keys = {table.name: self._key(table) for table in schema.tables}
        for table in schema.tables:
            self._columns(table)

    def __call__(self, name: Name) -> str:
        return self._names[name]

    def _unused(self, wanted: str, otherwise: str, taken: set[str]) -> str:
        for name in (wanted, otherwise.lower(), f"{otherwise.lower()}_2"):
            if name not in taken:
                taken.add(name)
                return name
        raise ValueError(f"no free name for {otherwise!r}")

    def _joined(self, parts: list[str]) -> str:
        return ("" if self._glued else "_").join(parts)

    def _swapped(self, parts: list[str]) -> list[str]:
        found = []
        for part in parts:
            others = _SYNONYMS.get(part)
            found.append(self._rng.choice(others) if others and self._rng.random() < self._swap else part)
        return found

    def _table(self, name: str) -> str:
        parts = self._swapped(words(name))
        number: dict[str, Callable[[str], str]] = {"singular": singular, "plural": plural}
        if self._numbers in number:
            parts[-1] = number[self._numbers](parts[-1])
        return self._front + self._joined(parts)

    def _called(self, table: str) -> str:
        """How other tables refer to one of its rows."""
        parts = words(self._names[Name(table)].removeprefix(self._front))
        return self._joined([*parts[:-1], singular(parts[-1])])

    def _key(self, table: Table) -> str | None:
        """The new name of a lone primary key that is a number or code, ``None`` to treat it as any column."""
        keys = [column for column in table.columns if column.primary_key]
        if len(keys) != 1 or words(keys[0].name)[-1] not in _KEY_WORDS or self._own_prefix == "keep":
            return None
        return "id" if self._own_prefix == "strip" else self._joined([self._called(table.name), "id"])

    def _columns(self, table: Table) -> None:
        taken: set[str] = set()
        key = self._keys[table.name]
        references: dict[str, tuple[str, str]] = {}
        for foreign in table.foreign_keys:
            if len(foreign.columns) == 1:
                references.setdefault(foreign.columns[0].casefold(), (foreign.ref_table, foreign.ref_columns[0]))
        targets = [ref_table for ref_table, _ in references.values()]
        for column in table.columns:
            reference = references.get(column.name.casefold())
            if column.primary_key and key is not None and reference is None:
                wanted = key
            elif reference and targets.count(reference[0]) == 1 and self._points_at_key(*reference):
                wanted = self._joined([self._called(self._actual(reference[0])), "id"])
            else:
                wanted = self._column(column, table)
            self._names[Name(table.name, column.name)] = self._unused(wanted, column.name, taken)

    def _actual(self, table: str) -> str:
        return next(name.table for name in self._names if name.table.casefold() == table.casefold())

    def _points_at_key(self, table: str, column: str) -> bool:
        known = {name.casefold(): key for name, key in self._keys.items()}
        return known.get(table.casefold()) is not None and words(column)[-1] in _KEY_WORDS

    def _column(self, column: Column, table: Table) -> str:
        parts = words(column.name)
        own = words(table.name)
        for front in (own, [*own[:-1], singular(own[-1])], [own[-1]], [singular(own[-1])]):
            if self._own_prefix == "strip" and parts[: len(front)] == front and len(parts) > len(front):
                parts = parts[len(front) :]
                break
        parts = self._swapped(parts)
        if self._own_prefix == "add" and self._rng.random() < 0.7 and singular(own[-1]) not in parts:
            parts = [singular(own[-1]), *parts]
        if self._rng.random() < 0.01:
            return self._rng.choice(_AWKWARD)
        return self._joined(parts) if self._glued or self._swap else "_".join(parts)
