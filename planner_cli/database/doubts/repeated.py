"""Sums and averages over a join that repeats their rows.

``select avg(students.age) from students join has_pet using (stuid)`` counts a student once for each pet. What is
covered: ``sum`` and ``avg`` of columns of one table, over a join in which, within a group, a row of it does occur more
than once. What is not: DISTINCT, expressions over several tables (a price times a quantity), views.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from planner_cli.database.doubts.trap import Probe, own_columns, rows_of, table_of, text, with_given
from planner_cli.lexer import quote
from planner_cli.sql import Select, Source, selects
from planner_cli.text import nocase
from planner_cli.types import Doubt, Schema


def repeated(sql: str, schema: Schema) -> Iterator[Probe]:
    """How often a row of the table is in one group, for the first group in which it is there more than once."""
    for select in selects(sql):
        if len(select.tables) < 2 or select.derived or not select.tree.args.get("joins"):
            continue
        summed = [each for each in select.tree.walk() if each.key in ("sum", "avg")]
        owners = {text(each): _owner(each, select, schema) for each in summed if each.parent_select is select.tree}
        counted = {owner: _counted(owner, select) for owner in owners.values() if owner is not None}
        for aggregate, owner in owners.items():
            # rows of another table that are summed too, and not repeated, are what the query is about
            if owner is not None:
                others = [count for each, count in counted.items() if each != owner]
                yield _probe(aggregate, owner, [counted[owner], *others], select)


def _owner(aggregate: Any, select: Select, schema: Schema) -> Source | None:
    """The one table whose columns are summed; ``None`` where there are several, or none is certain."""
    found = [table_of(column, select, schema) for column in own_columns(aggregate, select)]
    tables = {Source(each[0], each[1].name) for each in found if each is not None and each[1].kind == "table"}
    plain = aggregate.this.key != "distinct" and aggregate.parent.key not in ("window", "filter")
    return next(iter(tables)) if plain and len(tables) == 1 and None not in found else None


def _counted(owner: Source, select: Select) -> str:
    row = f"{quote(owner.called)}.rowid"
    group = select.tree.args.get("group")
    keys = [*(_key(each, select) for each in (group.expressions if group is not None else ())), row]
    where = select.tree.args.get("where")
    there = f"{row} IS NOT NULL" + (f" AND ({text(where.this)})" if where is not None else "")
    return f"(SELECT count(*) {rows_of(select, there)} GROUP BY {', '.join(keys)} HAVING count(*) > 1 LIMIT 1)"


def _probe(aggregate: str, owner: Source, counted: Sequence[str], select: Select) -> Probe:
    joined = [source.table for source in select.tables if nocase(source.called) != nocase(owner.called)]

    def say(counts: Sequence[int]) -> Doubt | None:
        if not all(counts):
            return None
        times = f"{aggregate} counts one row of {owner.table} {counts[0]:,} times"
        return Doubt("repeated", f"{times}: joining {' and '.join(joined)} repeats it")

    return Probe(with_given(select, f"SELECT {', '.join(counted)}"), say)


def _key(node: Any, select: Select) -> str:
    """A key of GROUP BY, where it is a number or an alias as what that stands for."""
    shown = select.tree.expressions
    if node.is_int and 1 <= int(node.name) <= len(shown):
        return text(shown[int(node.name) - 1].unalias())
    named = {nocase(each.alias): each.unalias() for each in shown if each.alias}
    return text(named.get(nocase(node.name), node) if node.key == "column" and not node.table else node)
