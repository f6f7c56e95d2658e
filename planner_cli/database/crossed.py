"""Joins by keys that stand for different things: ``products.id = staff.id``.

Such a query runs, and pairs rows that have nothing to do with each other; so does one that compares a column with
itself. A column stands for the key that its foreign keys lead to, a primary key of one column for itself. What is
covered: ``a.x = b.y`` between two tables that the query reads, both columns known to be keys. What is not: columns
without a declared key; two primary keys of one name other than ``id``, which may well be the same (a table and its
extension).
"""

from __future__ import annotations

from planner_cli.database.suggest import column_of
from planner_cli.sql import Source, equalities
from planner_cli.text import nocase
from planner_cli.types import Schema, Table

Key = tuple[str, str]
"""Table and column, folded by :func:`planner_cli.text.nocase`."""


def crossed_joins(sql: str, schema: Schema) -> tuple[str, ...]:
    """Each such condition once, as ``table.column = table.column``, in the order of the text."""
    tables = {nocase(table.name): table for table in schema.tables}
    stands_for = _keys(schema)
    found = []
    for left, right in equalities(sql):
        one, other = (_column(tables, source.table, name) for source, name in (left, right))
        itself = _folded(left) == _folded(right)
        if one is None or other is None or (one[0] == other[0] and not itself):
            continue
        keys = [stands_for.get((nocase(owner), nocase(column))) for owner, column in (one, other)]
        same_name = nocase(one[1]) == nocase(other[1]) != "id"
        if itself or (None not in keys and keys[0] != keys[1] and not same_name):
            found.append(f"{'.'.join(one)} = {'.'.join(other)}")
    return tuple(dict.fromkeys(found))


def _folded(side: tuple[Source, str]) -> Key:
    return nocase(side[0].called), nocase(side[1])


def _column(tables: dict[str, Table], of: str, name: str) -> tuple[str, str] | None:
    """The table and column as the schema spells them."""
    table = tables.get(nocase(of))
    column = None if table is None else column_of(table, name)
    return None if table is None or column is None else (table.name, column)


def _keys(schema: Schema) -> dict[Key, Key]:
    """What each key column stands for."""
    leads_to: dict[Key, Key] = {}
    for table in schema.tables:
        for foreign in table.foreign_keys:
            for name, target in zip(foreign.columns, foreign.ref_columns, strict=True):
                leads_to[nocase(table.name), nocase(name)] = (nocase(foreign.ref_table), nocase(target))
    found: dict[Key, Key] = {}
    for table in schema.tables:
        primary = [column.name for column in table.columns if column.primary_key]
        for column in table.columns:
            key = (nocase(table.name), nocase(column.name))
            if key in leads_to:
                found[key] = _end(key, leads_to)
            elif primary == [column.name]:
                found[key] = key
    return found


def _end(key: Key, leads_to: dict[Key, Key]) -> Key:
    """Where a chain of foreign keys ends; within a ring, where it began."""
    seen = [key]
    while (key := leads_to.get(key, key)) not in seen:
        seen.append(key)
    return min(seen[seen.index(key) :])
