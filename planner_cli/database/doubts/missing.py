"""NULLs that a negation drops without a word.

``x NOT IN (SELECT y ...)`` gives no row at all where one y is NULL; ``x <> 'a'``, ``x NOT IN ('a', 'b')`` and ``x NOT
LIKE 'a'`` leave out the rows whose x is NULL. Nothing is said where the query asks for NULL itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from planner_cli.database.doubts.trap import Probe, rows_of, table_of, text, with_given
from planner_cli.sql import Select, selects
from planner_cli.text import nocase
from planner_cli.types import Doubt, Schema


def missing(sql: str, schema: Schema) -> Iterator[Probe]:
    """What counts the NULLs in the way of each negation."""
    if not any(sign in nocase(sql) for sign in ("<>", "!=", "not")):
        return
    for select in selects(sql):
        where = select.tree.args.get("where")
        for node in where.this.walk() if where is not None else ():
            if node.parent_select is not select.tree:
                continue
            if node.key == "not" and node.this.key == "in" and node.this.args.get("query") is not None:
                yield _of_list(node.this, select)
            else:
                yield from _of_rows(node, select, schema)


def _of_list(node: Any, select: Select) -> Probe:
    inner = text(node.args["query"].this)
    asked = text(node.args["query"].this.expressions[0].unalias())
    sql = f"WITH listed(x) AS ({inner}) SELECT count(*) FROM listed WHERE x IS NULL"  # noqa: S608 - runs in the sandbox only
    if select.given is not None:
        sql = f"{text(select.given)}, {sql.removeprefix('WITH ')}"

    def say(counts: Sequence[int]) -> Doubt | None:
        if not counts[0]:
            return None
        rows = "one row" if counts[0] == 1 else f"{counts[0]:,} rows"
        return Doubt("null_list", f"NOT IN finds nothing, since {asked} in its list is NULL in {rows}")

    return Probe(sql, say)


def _of_rows(node: Any, select: Select, schema: Schema) -> Iterator[Probe]:
    compared = _negated(node)
    found = None if compared is None else table_of(compared, select, schema)
    if compared is None or found is None:
        return
    column = text(compared)
    whole = select.tree.args["where"]
    if any(each.key in ("is", "coalesce") and _names(each, compared) for each in whole.walk()):
        return
    shown = text(node)
    copy = whole.copy()
    twin = next(each for each, mine in zip(copy.walk(), whole.walk(), strict=True) if mine is node)
    twin.replace(_null_test(compared))
    # only rows that nothing but the NULL keeps out: OR may let them in all the same
    there = f"{column} IS NULL AND ({text(copy.this)}) AND ({text(whole.this)}) IS NOT TRUE"
    sql = with_given(select, f"SELECT count(*) {rows_of(select, there)}")

    def say(counts: Sequence[int]) -> Doubt | None:
        if not counts[0]:
            return None
        rows = "one row" if counts[0] == 1 else f"{counts[0]:,} rows"
        return Doubt("nulls", f"{shown} leaves out {rows} where {column} is NULL")

    yield Probe(sql, say)


def _negated(node: Any) -> Any | None:
    """The column of a comparison that is false for what is not NULL."""
    if node.key == "neq":
        left, right = node.this, node.expression
        if left.key == "column" and right.key in ("literal", "neg") and nocase(right.name) != "null":
            return left
    if node.key == "like" and node.args.get("negate"):
        return node.this if node.this.key == "column" and node.expression.key == "literal" else None
    if node.key == "not" and node.this.key in ("in", "like", "eq"):
        inner = node.this
        listed = all(each.key in ("literal", "neg") for each in inner.args.get("expressions") or ())
        if inner.this.key == "column" and listed and inner.args.get("query") is None:
            return inner.this if inner.key == "in" or inner.expression.key == "literal" else None
    return None


def _names(node: Any, column: Any) -> bool:
    return any(each.key == "column" and nocase(each.name) == nocase(column.name) for each in node.walk())


def _null_test(column: Any) -> Any:
    from sqlglot import exp

    return exp.Is(this=column.copy(), expression=exp.Null())
