"""Spider's four levels of hardness: how many clauses, nested queries and further parts a query has."""

from __future__ import annotations

from planner_cli.bench.rows import Hardness
from planner_cli.bench.spider.form import ColumnUnit, Condition, Conditions, Form
from planner_cli.bench.spider.parse import UnreadableError, read


def hardness(sql: str) -> Hardness | None:
    """The level of a query; ``None`` where it cannot be read (see :mod:`planner_cli.bench.spider`)."""
    try:
        form = read(sql)
    except UnreadableError:
        return None
    clauses, nested, further = _clauses(form), len(_nested(form)), _further(form)
    if clauses <= 1 and further == 0 and nested == 0:
        return "easy"
    if nested == 0 and ((further <= 2 and clauses <= 1) or (clauses <= 2 and further < 2)):
        return "medium"
    if nested == 0 and ((further > 2 and clauses <= 2) or (2 < clauses <= 3 and further <= 2)):
        return "hard"
    if clauses <= 1 and further == 0 and nested <= 1:
        return "hard"
    return "extra"


def _all(form: Form) -> tuple[Conditions, Conditions, Conditions]:
    return form.on, form.where, form.having


def _units(form: Form) -> list[Condition]:
    return [unit for conditions in _all(form) for unit in conditions.units]


def _clauses(form: Form) -> int:
    """WHERE, GROUP BY, ORDER BY, LIMIT, each join, each OR, each LIKE."""
    present = (form.where.units, form.group, form.order, form.limit)
    words = [word for conditions in _all(form) for word in conditions.words]
    likes = sum(unit.operator == "like" for unit in _units(form))
    return sum(map(bool, present)) + len(form.tables) - 1 + words.count("or") + likes


def _nested(form: Form) -> list[Form]:
    """Queries in conditions and after set operations; those in FROM do not count."""
    inside = [operand for unit in _units(form) for operand in unit.operands if operand is not None]
    return inside if form.other is None else [*inside, form.other]


def _further(form: Form) -> int:
    """More than one aggregate, selected column, condition, grouping column: a point each."""
    several = (len(form.select), len(form.where.units), len(form.group))
    return (_aggregates(form) > 1) + sum(count > 1 for count in several)


def _aggregates(form: Form) -> int:
    """As Spider's script counts them.

    It looks at the first field of each part, which is the aggregate in SELECT, GROUP BY and ORDER BY, but the
    negation in a condition; and in HAVING it takes the words between conditions for parts too.
    """
    ordered = [unit for value in form.order for unit in (value.left, value.right) if unit is not None]
    grouped: list[ColumnUnit] = [*form.group, *ordered]
    return (
        sum(selected.aggregate is not None for selected in form.select)
        + sum(unit.aggregate is not None for unit in grouped)
        + sum(unit.negated for unit in (*form.where.units, *form.having.units))
        + len(form.having.words)
    )
