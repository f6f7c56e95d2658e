"""Which tables are linked: by foreign keys that are declared, and by columns named like another table's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner_cli.linking.words import name_words
from planner_cli.text import nocase
from planner_cli.types import Schema, Table

_MOST_TARGETS = 4
"""A key's name that more tables have says nothing of which one is meant."""

_USUAL = frozenset(("id", "code", "key", "no", "number", "name", "date", "year", "uuid", "rowid"))
"""Names of keys that say nothing of their table."""


@dataclass(frozen=True, slots=True)
class Links:
    """Tables by their position in the schema."""

    declared: Sequence[frozenset[int]]
    """For each table those that it refers to, and that refer to it."""
    inferred: Sequence[frozenset[int]]
    """The same by names alone, without those that are declared."""
    keys: Sequence[frozenset[str]]
    """For each table its columns that link it, folded: its primary key and both ends of its links."""


def links_of(schema: Schema) -> Links:
    """All of them, in time linear in the number of columns."""
    tables = schema.tables
    at = {nocase(table.name): place for place, table in enumerate(tables)}
    declared: list[set[int]] = [set() for _ in tables]
    inferred: list[set[int]] = [set() for _ in tables]
    keys = [{nocase(column.name) for column in table.columns if column.primary_key} for table in tables]
    for place, table in enumerate(tables):
        for key in table.foreign_keys:
            other = at.get(nocase(key.ref_table))
            keys[place].update(map(nocase, key.columns))
            if other is not None:
                keys[other].update(map(nocase, key.ref_columns))
                declared[place].add(other)
                declared[other].add(place)
    targets = _targets(tables)
    for place, table in enumerate(tables):
        for column in table.columns:
            others = targets.get("".join(name_words(column.name)), ())
            if len(others) > _MOST_TARGETS:
                continue
            for other in others:
                if other != place:
                    keys[place].add(nocase(column.name))
                    inferred[place].add(other)
                    inferred[other].add(place)
    return Links(
        declared=[frozenset(others - {place}) for place, others in enumerate(declared)],
        inferred=[frozenset(others - declared[place]) for place, others in enumerate(inferred)],
        keys=[frozenset(names) for names in keys],
    )


def _targets(tables: Sequence[Table]) -> Mapping[str, list[int]]:
    """How a column would be called that refers to a table with a key of one column: ``customerid``, or as the key."""
    found: dict[str, list[int]] = {}
    for place, table in enumerate(tables):
        primary = [column.name for column in table.columns if column.primary_key]
        if len(primary) != 1:
            continue
        key, name = "".join(name_words(primary[0])), "".join(name_words(table.name))
        for called in dict.fromkeys((f"{name}id", f"{name}code", f"{name}no", key)):
            if called not in _USUAL:
                found.setdefault(called, []).append(place)
    return found
