"""Exact-set match: whether two queries have the same parts, by Spider's definition.

Not compared, as there: values, DISTINCT, and the conditions of joins (only their words and operators). Columns
that a foreign key links are the same column. A nested query in a condition, though, must be the same in every
part but its values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace

from planner_cli.bench.spider.form import ColumnUnit, Condition, Conditions, Form, ValueUnit
from planner_cli.bench.spider.names import Columns
from planner_cli.bench.spider.parse import UnreadableError, read
from planner_cli.text import nocase
from planner_cli.types import Schema


def exact_match(predicted: str, gold: str, schema: Schema | None = None) -> bool:
    """Whether all parts agree.

    Without a schema, bare columns of joined tables keep no table and foreign keys link nothing. A query that
    cannot be read matches nothing.
    """
    parts = component_match(predicted, gold, schema)
    return parts is not None and all(parts.values())


def component_match(predicted: str, gold: str, schema: Schema | None = None) -> dict[str, bool] | None:
    """For each of :data:`COMPONENTS`, whether both queries agree; ``None`` where one of them cannot be read."""
    columns = _columns(schema)
    try:
        forms = read(predicted, columns), read(gold, columns)
    except UnreadableError:
        return None
    links = _linked_columns(schema)
    a, b = (_neutral(form, {name for name in form.tables if isinstance(name, str)}, links) for form in forms)
    return _compare(a, b)


# ------------------------------------------------------------------------------------ neutral names


def _columns(schema: Schema | None) -> Columns:
    tables = schema.tables if schema else ()
    return {nocase(table.name): frozenset(nocase(column.name) for column in table.columns) for table in tables}


def _linked_columns(schema: Schema | None) -> Mapping[str, str]:
    """One name for all columns that foreign keys link."""
    groups: list[set[str]] = []
    for table in schema.tables if schema else ():
        for key in table.foreign_keys:
            for mine, theirs in zip(key.columns, key.ref_columns, strict=True):
                pair = {nocase(f"{table.name}.{mine}"), nocase(f"{key.ref_table}.{theirs}")}
                # the first group that has one of them, as Spider's script does: groups are never joined later
                group = next((group for group in groups if group & pair), None)
                if group is None:
                    groups.append(pair)
                else:
                    group |= pair
    return {column: min(group) for group in groups for column in group}


def _neutral(form: Form, tables: set[str], links: Mapping[str, str]) -> Form:
    """Linked columns under one name, DISTINCT gone; ``tables`` are those of the outermost FROM."""

    def column(unit: ColumnUnit) -> ColumnUnit:
        known = unit.column in links and unit.column.partition(".")[0] in tables
        return replace(unit, column=links[unit.column] if known else unit.column, distinct=None)

    def value(unit: ValueUnit) -> ValueUnit:
        return replace(unit, left=column(unit.left), right=None if unit.right is None else column(unit.right))

    def conditions(all_of: Conditions) -> Conditions:
        return replace(all_of, units=tuple(replace(unit, value=value(unit.value)) for unit in all_of.units))

    return replace(
        form,
        distinct=None,
        select=tuple(replace(selected, value=value(selected.value)) for selected in form.select),
        on=conditions(form.on),
        where=conditions(form.where),
        group=tuple(map(column, form.group)),
        having=conditions(form.having),
        order=tuple(map(value, form.order)),
        other=None if form.other is None else _neutral(form.other, tables, links),
    )


# ---------------------------------------------------------------------------------------- comparing


def _same_bag(key: Callable[[Form], Iterable[Hashable]]) -> Callable[[Form, Form], bool]:
    return lambda a, b: Counter(key(a)) == Counter(key(b))


def _order(form: Form) -> Hashable:
    """The limit's presence counts here only beside an ORDER BY."""
    return (form.order, form.direction, form.limit is not None) if form.order else None


def _having(form: Form) -> Hashable:
    return (form.group, form.having.units, form.having.words) if form.group else None


def _other(a: Form, b: Form) -> bool:
    if a.other is None or b.other is None:
        return a.other is b.other
    return a.operation == b.operation and a.every == b.every and all(_compare(a.other, b.other).values())


def _keywords(form: Form) -> frozenset[str]:
    present = {
        "where": form.where.units,
        "group": form.group,
        "having": form.having.units,
        "order": form.order,
        form.direction: form.order,
        "limit": form.limit,
        "parentheses": any(conditions.grouped for conditions in (form.on, form.where, form.having)),
    }
    groups = (form.on, form.where, form.having)
    units: list[Condition] = [unit for conditions in groups for unit in conditions.units]
    words = {word for conditions in groups for word in conditions.words} & {"or"}
    operators = {unit.operator for unit in units} & {"in", "like"}
    negation = {"not"} if any(unit.negated for unit in units) else set()
    return frozenset({name for name, there in present.items() if there} | words | operators | negation | form.joins)


_PARTS: dict[str, Callable[[Form, Form], bool]] = {
    "select": _same_bag(lambda form: form.select),
    "select columns": _same_bag(lambda form: [selected.value for selected in form.select]),
    "tables": _same_bag(lambda form: form.tables),
    "where": _same_bag(lambda form: form.where.units),
    "where columns": _same_bag(lambda form: [unit.value for unit in form.where.units]),
    "and/or": lambda a, b: set(a.where.words) == set(b.where.words),
    "group columns": _same_bag(lambda form: [unit.column.rpartition(".")[2] for unit in form.group]),
    "group": lambda a, b: _having(a) == _having(b),
    "order": lambda a, b: _order(a) == _order(b),
    "set operation": _other,
    "keywords": lambda a, b: _keywords(a) == _keywords(b),
}
COMPONENTS = tuple(_PARTS)


def _compare(a: Form, b: Form) -> dict[str, bool]:
    return {name: same(a, b) for name, same in _PARTS.items()}
