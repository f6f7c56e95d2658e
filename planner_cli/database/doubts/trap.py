"""What the rules share: a query about the user's rows, and what its answer says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from planner_cli.database.suggest import column_of
from planner_cli.sql import Select
from planner_cli.text import nocase
from planner_cli.types import Doubt, Schema, Table


@dataclass(frozen=True, slots=True)
class Probe:
    """A query for one row of counts, and what they say; NULL counts as 0."""

    sql: str
    say: Callable[[Sequence[int]], Doubt | None] = field(compare=False)


def text(node: Any) -> str:
    """A node as SQL."""
    return str(node.sql(dialect="sqlite"))


def rows_of(select: Select, where: str | None = None) -> str:
    """``FROM ... WHERE ...`` as the SELECT has it; ``where`` replaces its condition."""
    tree = select.tree
    parts = [text(tree.args["from_"]), *(text(join) for join in tree.args.get("joins") or ())]
    condition = tree.args.get("where")
    if where is None and condition is not None:
        where = text(condition.this)
    return " ".join(parts) + (f" WHERE {where}" if where is not None else "")


def with_given(select: Select, sql: str) -> str:
    """The query with what the WITH of the whole query defines."""
    return sql if select.given is None else f"{text(select.given)} {sql}"


def own_columns(node: Any, select: Select) -> Iterator[Any]:
    """The columns in a part of a SELECT that are not within a query nested there."""
    for column in node.find_all(_kind("Column")):
        if column.parent_select is select.tree:
            yield column


def table_of(column: Any, select: Select, schema: Schema) -> tuple[str, Table] | None:
    """What the query calls the table of a column, and the table; ``None`` where that is not certain."""
    known = {nocase(table.name): table for table in schema.tables}
    read = [(source.called, known.get(nocase(source.table))) for source in select.tables]
    if column.table:
        found = [each for each in read if nocase(each[0]) == nocase(column.table)]
    elif select.derived:
        return None
    else:
        found = [each for each in read if each[1] is not None and column_of(each[1], column.name) is not None]
    if len(found) != 1 or found[0][1] is None or column_of(found[0][1], column.name) is None:
        return None
    return found[0][0], found[0][1]


def _kind(name: str) -> Any:
    from sqlglot import exp  # slow to load, and only a query that ran needs it

    return getattr(exp, name)
