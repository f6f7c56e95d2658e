"""What a question says that its query passes over: a unit, a column of a list, that all are wanted.

Only what can be read off with certainty: English lists of names that are columns, numbers with a unit, and a LIMIT in
a query for a question that names no number and nothing that is the most or the first of its kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from planner_cli.database.doubts.trap import table_of, text
from planner_cli.database.names import fold
from planner_cli.linking.units import Unit, measures, unit_of
from planner_cli.sql import Select, parse, selects
from planner_cli.types import Doubt, Execution, Schema

_COMPARED = {"eq", "neq", "gt", "gte", "lt", "lte"}

_LIST = re.compile(
    r"(?:please )?(?:show|list|give|find|get|return|display|tell|what (?:are|is))(?: me| us)? (?:all )?(?:of )?"
    r"(?:the )?(?P<list>.+?)(?: (?:of|for|from|in|to|where|who|whose|that|which|by|with|on|at|per|if|when|sorted"
    r"|ordered|belonging|having)\b|[?.;:(]|$)",
    re.IGNORECASE,
)
_SEPARATOR = re.compile(r"\s*,\s*and\s+|\s*,\s*|\s+and\s+", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:the|their|its|his|her|different|distinct|unique|all|both) ", re.IGNORECASE)

_WORD = re.compile(r"[a-z]+", re.IGNORECASE)
_ENGLISH = frozenset("the of which what show list how are is that who have with and give find all".split())  # noqa: SIM905 - shorter so
_FEW = frozenset(
    """
    a an any one two three four five six seven eight nine ten dozen few some several sample example random top first
    last next latest newest oldest most least best worst highest lowest more less only single same previous recent
    recently current common final max min maximum minimum fewest longest shortest biggest smallest largest youngest
    earliest cheapest record preview page begin start
    """.split()  # noqa: SIM905 - seventy quoted words in a list would be harder to read
)
"""Words that may well mean a LIMIT."""


def asked(question: str, sql: str, execution: Execution, schema: Schema) -> tuple[Doubt, ...]:
    """The doubts about a query that ran, from the words of its question."""
    if not execution.ok:
        return ()
    found = [
        *_units(question, sql, schema),
        *_absent(question, sql, execution, schema),
        *_cut(question, sql, execution),
    ]
    return tuple(dict.fromkeys(found))


def _units(question: str, sql: str, schema: Schema) -> Iterator[Doubt]:
    """``milliseconds > 5`` for five minutes."""
    said = tuple(measures(question))
    for select in selects(sql) if said else ():
        for node in select.tree.walk():
            if node.key in _COMPARED and node.parent_select is select.tree:
                for column, literal in ((node.left, node.right), (node.right, node.left)):
                    if column.key == "column" and literal.is_number:
                        yield from _unit(said, column, float(literal.to_py()), text(node), select, schema)


def _unit(
    said: tuple[Any, ...], column: Any, number: float, shown: str, select: Select, schema: Schema
) -> Iterator[Doubt]:
    found = table_of(column, select, schema)
    if found is None:
        return
    stored = next(each for each in found[1].columns if fold(each.name) == fold(column.name))
    units = unit_of(stored.name, stored.comment)
    for measure in said:
        if measure.number == number and _differ(measure.unit, units):
            unit = stored.name if unit_of(stored.name) else f"{stored.name} ({stored.comment})"
            yield Doubt("unit", f"the question says {measure.text}, the query {shown}: {unit} has another unit")
            return


def _differ(unit: Unit, units: tuple[Unit, ...]) -> bool:
    same = [each for each in units if each.dimension == unit.dimension]
    return bool(same) and unit not in same


def _absent(question: str, sql: str, execution: Execution, schema: Schema) -> Iterator[Doubt]:
    """Columns in a list at the beginning of the question, of which the result has less than are listed."""
    listed = _LIST.match(question.strip())
    phrases = [_ARTICLE.sub("", phrase) for phrase in _SEPARATOR.split(listed["list"])] if listed else []
    found = selects(sql)
    tree = parse(sql)
    if len(phrases) < 2 or len(execution.columns) >= len(phrases) or tree is None or tree.is_star:
        return
    names = {(fold(column), fold(column, table)) for table, column in _columns(found, schema)}
    shown = {fold(name) for each in tree.selects for name in _names(each)}
    for phrase in phrases:
        wanted = {name for pair in names if fold(phrase.replace(" ", "")) in pair for name in pair}
        if wanted and not wanted & shown:
            yield Doubt("absent", f"the question asks for {phrase!r}, which the result does not have")


def _columns(found: tuple[Select, ...], schema: Schema) -> Iterator[tuple[str, str]]:
    read = {fold(source.table) for select in found for source in select.tables}
    for table in schema.tables:
        if fold(table.name) in read:
            yield from ((table.name, column.name) for column in table.columns)


def _names(shown: Any) -> Iterator[str]:
    """The names that a column of the result goes by: its alias, and those of all columns in it."""
    yield shown.alias_or_name
    yield from (node.name for node in shown.walk() if node.key == "column")


def _cut(question: str, sql: str, execution: Execution) -> Iterator[Doubt]:
    """A LIMIT that the question does not ask for, and that was reached."""
    tree = parse(sql)
    limit = None if tree is None else tree.args.get("limit")
    if limit is None or not limit.expression.is_int or len(execution.rows) != int(limit.expression.name):
        return
    words = {word.casefold() for word in _WORD.findall(question)}
    superlative = any(len(word) > 4 and word.endswith("est") for word in words)
    if words & _FEW or superlative or re.search(r"\d", question) or len(words & _ENGLISH) < 2:
        return
    yield Doubt("cut", f"LIMIT {limit.expression.name} cuts the result, and the question does not ask for one")
