"""From SQL text to :class:`Form`, via sqlglot's tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sqlglot import exp

from planner_cli.bench.spider.form import (
    ColumnUnit,
    Condition,
    Conditions,
    Form,
    Selected,
    SetOperation,
    ValueUnit,
)
from planner_cli.bench.spider.names import Columns, Scope
from planner_cli.sql import parse
from planner_cli.text import nocase

_AGGREGATES = {exp.Max: "max", exp.Min: "min", exp.Count: "count", exp.Sum: "sum", exp.Avg: "avg"}
_SIGNS = {exp.Sub: "-", exp.Add: "+", exp.Mul: "*", exp.Div: "/"}
_COMPARISONS = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.GT: ">",
    exp.LT: "<",
    exp.GTE: ">=",
    exp.LTE: "<=",
    exp.Like: "like",
    exp.Is: "is",
}
_SET_OPERATIONS: dict[type, SetOperation] = {exp.Union: "union", exp.Intersect: "intersect", exp.Except: "except"}

_STAR = ColumnUnit("*")


class UnreadableError(Exception):
    """The text is not a query that has a form."""


def read(sql: str, columns: Columns | None = None) -> Form:
    """Take a query apart. ``columns`` says which table a bare column belongs to where several are joined.

    Raises:
        UnreadableError: sqlglot cannot read it, or it is no SELECT from tables.

    """
    tree = parse(sql)
    if tree is None or _arg(tree, "with") is not None:
        raise UnreadableError(sql)
    try:
        return _query(tree, Scope(columns or {}, {}))
    except RecursionError as error:
        raise UnreadableError(sql) from error


def _arg(node: Any, name: str) -> Any:
    """By name; sqlglot put an underscore behind keyword-like names (``from_``) in version 28."""
    return node.args.get(name) or node.args.get(f"{name}_")


# ------------------------------------------------------------------------------------------ queries


def _query(tree: Any, outer: Scope) -> Form:
    tree = tree.unnest()  # parentheses around a whole query
    if type(tree) in _SET_OPERATIONS:
        return _set_operation(tree, outer)
    if not isinstance(tree, exp.Select):
        raise UnreadableError(tree.sql(dialect="sqlite"))
    return _select(tree, outer)


def _set_operation(tree: Any, outer: Scope) -> Form:
    """Spider reads on to the right: what follows an operation, with ORDER BY and LIMIT, is one query.

    sqlglot's tree leans the other way, with ORDER BY and LIMIT at its root.
    """
    operations = [tree]
    while type(operations[-1].this.unnest()) in _SET_OPERATIONS:
        operations.append(operations[-1].this.unnest())
    queries = [operation.expression for operation in operations[1:]] + [operations[-1].this]
    form = _ordered(_query(tree.expression, outer), tree, _scope(tree.expression.unnest(), outer))
    for operation, query in zip(operations, queries, strict=True):
        before = _query(query, outer)
        if before.other is not None:  # a set operation in parentheses; SQLite refuses it too
            raise UnreadableError(tree.sql(dialect="sqlite"))
        every = operation.args.get("distinct") is False
        form = replace(before, operation=_SET_OPERATIONS[type(operation)], every=every, other=form)
    return form


def _select(tree: Any, outer: Scope) -> Form:
    scope = _scope(tree, outer)
    tables: list[str | Form] = []
    joins: set[str] = set()
    on = Conditions()
    for source, join in _sources(tree):
        tables.append(_table_name(source) if isinstance(source, exp.Table) else _query(source, outer))
        if join is not None:
            kind = " ".join(word for word in (join.method, join.side, join.kind) if word and word != "INNER")
            joins |= {kind.lower()} if kind and kind != "CROSS" else set()
            on += _clause(join.args.get("on"), scope)
    if not tables:
        raise UnreadableError(tree.sql(dialect="sqlite"))
    form = Form(
        select=tuple(_selected(node, scope) for node in tree.expressions),
        tables=tuple(tables),
        distinct=tree.args.get("distinct") is not None,
        joins=frozenset(joins),
        on=on,
        where=_clause(_inner(tree, "where"), scope),
        group=tuple(_column(node, scope) for node in _listed(tree, "group")),
        having=_clause(_inner(tree, "having"), scope),
    )
    return _ordered(form, tree, scope)


def _ordered(form: Form, tree: Any, scope: Scope) -> Form:
    """With the ORDER BY and LIMIT of ``tree``, where it has them."""
    keys = _listed(tree, "order")
    written = [key for key in keys if key.args.get("desc") is not None]
    limit = tree.args.get("limit")
    return replace(
        form,
        order=tuple(_value(key.this, scope) for key in keys) or form.order,
        direction=("desc" if written[-1].args["desc"] else "asc") if written else form.direction,
        limit=form.limit if limit is None else limit.expression.sql(dialect="sqlite"),
    )


def _inner(tree: Any, name: str) -> Any:
    node = tree.args.get(name)
    return None if node is None else node.this


def _listed(tree: Any, name: str) -> list[Any]:
    node = tree.args.get(name)
    return [] if node is None else list(node.expressions)


def _sources(tree: Any) -> Iterator[tuple[Any, Any]]:
    """What is in FROM, each with the join that brings it in (``None`` for the first)."""
    first = _arg(tree, "from")
    if first is None:
        return
    yield first.this, None
    # a join may hang on the table before it rather than on the SELECT
    for join in [*first.this.args.get("joins", ()), *tree.args.get("joins", ())]:
        yield join.this, join
        for inner in join.this.args.get("joins") or ():
            yield inner.this, inner


def _table_name(source: Any) -> str:
    return nocase(str(source.name))


def _scope(tree: Any, outer: Scope) -> Scope:
    aliases: dict[str, str | None] = {}
    for source, _ in _sources(tree):
        name = _table_name(source) if isinstance(source, exp.Table) else None
        aliases[nocase(str(source.alias_or_name))] = name
    return Scope(outer.columns, aliases, outer)


# -------------------------------------------------------------------------------------- expressions


def _selected(node: Any, scope: Scope) -> Selected:
    node = node.unalias()
    aggregate = _AGGREGATES.get(type(node))
    if aggregate is None:
        return Selected(_value(node, scope))
    inside, distinct = _argument(node)
    value = _value(inside, scope)
    return Selected(replace(value, left=replace(value.left, distinct=distinct)), aggregate)


def _argument(node: Any) -> tuple[Any, bool]:
    """What an aggregate is taken of, and whether of distinct values only."""
    inside = node.this
    if isinstance(inside, exp.Distinct):
        return inside.expressions[0], True
    return inside, False


def _value(node: Any, scope: Scope) -> ValueUnit:
    node = node.unnest()
    sign = _SIGNS.get(type(node))
    if sign is None:
        return ValueUnit(_column(node, scope))
    return ValueUnit(_column(node.this, scope), sign, _column(node.expression, scope))


def _column(node: Any, scope: Scope) -> ColumnUnit:
    node = node.unnest()
    if isinstance(node, exp.Distinct):
        return replace(_column(node.expressions[0], scope), distinct=True)
    if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
        return _STAR
    if isinstance(node, exp.Column):
        return ColumnUnit(scope.resolve(nocase(node.table), nocase(node.name)))
    aggregate = _AGGREGATES.get(type(node))
    if aggregate is not None and node.this is not None:
        inside, distinct = _argument(node)
        return ColumnUnit(_column(inside, scope).column, aggregate, distinct)
    return ColumnUnit(_opaque(node, scope))


def _opaque(node: Any, scope: Scope) -> str:
    """Its text, columns resolved and values left out."""

    def neutral(part: Any) -> Any:
        if isinstance(part, exp.Literal):
            return exp.Placeholder()
        if isinstance(part, exp.Column) and not isinstance(part.this, exp.Star):
            return exp.Var(this=scope.resolve(nocase(part.table), nocase(part.name)))
        return part

    return str(node.transform(neutral).sql(dialect="sqlite", comments=False))


# --------------------------------------------------------------------------------------- conditions


def _clause(node: Any, scope: Scope) -> Conditions:
    """What Spider's script sees of a clause: behind ``a < b`` with a column b it reads on to the next AND.

    So of ``a < b OR a > c`` only the first half counts. Parentheses it cannot read at all.
    """
    every = _conditions(node, scope)
    if every.grouped or not every.units:
        return every
    units, words = [every.units[0]], []
    for word, unit in zip(every.words, every.units[1:], strict=True):
        if word == "or" and units[-1].to_column:
            continue
        units.append(unit)
        words.append(word)
    return Conditions(tuple(units), tuple(words))


def _conditions(node: Any, scope: Scope) -> Conditions:
    if node is None:
        return Conditions()
    if isinstance(node, exp.And | exp.Or):
        left, right = _conditions(node.this, scope), _conditions(node.expression, scope)
        word = "and" if isinstance(node, exp.And) else "or"
        return Conditions(left.units + right.units, (*left.words, word, *right.words), left.grouped or right.grouped)
    if isinstance(node, exp.Paren):
        inside = _conditions(node.this, scope)
        return replace(inside, grouped=inside.grouped or len(inside.units) > 1)
    if isinstance(node, exp.Not) and isinstance(node.this.unnest(), exp.And | exp.Or):
        inside = _conditions(node.this, scope)
        return replace(inside, units=tuple(replace(u, negated=not u.negated) for u in inside.units), grouped=True)
    return Conditions((_condition(node, scope),))


def _condition(node: Any, scope: Scope) -> Condition:
    node = node.unnest()
    if isinstance(node, exp.Not):
        inside = _condition(node.this, scope)
        return replace(inside, negated=not inside.negated)
    negated = bool(node.args.get("negate"))
    if isinstance(node, exp.Between):
        bounds = (_operand(node.args["low"], scope), _operand(node.args["high"], scope))
        return Condition(_value(node.this, scope), "between", negated, bounds)
    if isinstance(node, exp.In):
        return Condition(_value(node.this, scope), "in", negated, (_operand(node.args.get("query"), scope),))
    if isinstance(node, exp.Exists):
        return Condition(ValueUnit(_STAR), "exists", negated, (_operand(node.this, scope),))
    operator = _COMPARISONS.get(type(node))
    if operator is None:
        return Condition(_value(node, scope), "true", negated)
    right = node.expression
    # in double quotes it is a string to Spider, as it mostly is to SQLite
    to_column = isinstance(right, exp.Column) and not right.this.quoted
    return Condition(_value(node.this, scope), operator, negated, (_operand(right, scope),), to_column)


def _operand(node: Any, scope: Scope) -> Form | None:
    """The query it is; ``None`` for a value or a column, which Spider does not compare."""
    if node is None:
        return None
    node = node.unnest()
    return _query(node, scope) if isinstance(node, exp.Query) else None
