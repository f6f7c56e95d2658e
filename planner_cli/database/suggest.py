"""The nearest thing that does exist, for a query that names one that does not.

no such column: cutomers.nmae; did you mean customers.name?
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

from planner_cli.database.lexer import Token, code
from planner_cli.types import Schema, Table

_COLUMN = re.compile(
    r"no such column: (?P<name>.+?)(?: - should this be a string literal in single-quotes\?)?", re.DOTALL
)
_TABLE = re.compile(r"no such (?:table|view): (?P<name>.+)", re.DOTALL)
_FUNCTION = re.compile(r"no such function: (?P<name>.+)", re.DOTALL)

_CUTOFF = 0.6
"""Least similarity in [0, 1] that is worth a suggestion."""

_USED_BONUS = 0.15
"""A column of a table the query reads is likelier than one of another table."""

_MOST_NAMES = 20_000
"""Names compared; beyond these (thousands of tables) it would take seconds."""

_ELSEWHERE: Mapping[str, str] = {
    "curdate": "date('now')",
    "date_add": "date(x, '+1 day')",
    "date_diff": "julianday(a) - julianday(b)",
    "date_format": "strftime('%Y-%m', x)",
    "date_part": "strftime('%Y', x)",
    "date_sub": "date(x, '-1 day')",
    "date_trunc": "strftime('%Y-%m', x)",
    "datediff": "julianday(a) - julianday(b)",
    "day": "strftime('%d', x)",
    "getdate": "datetime('now')",
    "isnull": "ifnull(a, b)",
    "left": "substr(x, 1, n)",
    "len": "length(x)",
    "month": "strftime('%m', x)",
    "now": "datetime('now')",
    "nvl": "ifnull(a, b)",
    "regexp": "LIKE or GLOB",
    "right": "substr(x, -n)",
    "stddev": "sqrt(avg(x*x) - avg(x)*avg(x))",
    "to_char": "strftime('%Y-%m', x)",
    "to_date": "date(x)",
    "year": "strftime('%Y', x)",
}
"""Functions of other databases, and how SQLite says it."""


def improve(message: str, sql: str, schema: Schema) -> str:
    """``message`` with the nearest existing name behind it, or unchanged when nothing is near."""
    better = None
    if match := _COLUMN.fullmatch(message):
        name = match["name"].strip().strip('"')
        message = f"no such column: {name}"
        better = _column(name, sql, schema)
    elif match := _TABLE.fullmatch(message):
        better = _nearest(match["name"].rpartition(".")[2], [table.name for table in schema.tables])
    elif match := _FUNCTION.fullmatch(message):
        instead = _ELSEWHERE.get(match["name"].lower())
        return f"{message}; in SQLite: {instead}" if instead else message
    return f"{message}; did you mean {better}?" if better else message


def _column(name: str, sql: str, schema: Schema) -> str | None:
    qualifier, _, column = name.rpartition(".")
    used = _tables_in(sql, schema)
    tables = list(dict.fromkeys(used.values()))
    # c.nmae with c standing for customers: only its columns, unless none of them is near.
    owner = used.get(qualifier.casefold())
    for group in ([owner] if owner else [], tables, schema.tables):
        if group and (found := _best_column(column, qualifier if owner is None else "", group, tables)):
            return found
    return None


def _best_column(column: str, qualifier: str, group: Iterable[Table], used: list[Table]) -> str | None:
    best, best_score = None, 0.0
    names = 0
    for table in group:
        bonus = _USED_BONUS if table in used else 0.0
        if qualifier:
            bonus += 0.1 * _similarity(qualifier, table.name)
        for other in table.columns:
            names += 1
            score = _similarity(column, other.name, at_least=_CUTOFF)
            if score >= _CUTOFF and score + bonus > best_score:
                best, best_score = f"{table.name}.{other.name}", score + bonus
        if names > _MOST_NAMES:
            break
    return best


def _nearest(name: str, others: Iterable[str]) -> str | None:
    scored = ((_similarity(name, other, at_least=_CUTOFF), other) for other in list(others)[:_MOST_NAMES])
    score, best = max(scored, key=lambda pair: pair[0], default=(0.0, None))
    return best if score >= _CUTOFF else None


def _similarity(left: str, right: str, *, at_least: float = 0.0) -> float:
    """In [0, 1]; 0 as soon as it is clear that it is under ``at_least``."""
    left, right = left.casefold(), right.casefold()
    if left == right:
        return 1.0
    matcher = SequenceMatcher(None, left, right)
    if matcher.real_quick_ratio() < at_least or matcher.quick_ratio() < at_least:
        return 0.0
    return matcher.ratio()


def _tables_in(sql: str, schema: Schema) -> dict[str, Table]:
    """The tables a query names, by name and by alias, case-folded, in the order of appearance."""
    by_name = {table.name.casefold(): table for table in schema.tables}
    parts = code(sql)
    found: dict[str, Table] = {}
    for place, token in enumerate(parts):
        table = by_name.get((token.identifier or "").casefold())
        if table is None or not _follows_from(parts[:place]):
            continue
        found[table.name.casefold()] = table
        alias = _alias(parts[place + 1 : place + 3])
        if alias is not None:
            found[alias.casefold()] = table
    return found


def _follows_from(before: list[Token]) -> bool:
    """Whether a table can stand here: behind FROM, JOIN, a comma, an opening bracket or ``main.``."""
    return bool(before) and before[-1].text.lower() in ("from", "join", ",", "(", ".")


def _alias(after: list[Token]) -> str | None:
    if after and after[0].text.lower() == "as":
        after = after[1:]
    if not after or after[0].identifier is None:
        return None
    is_keyword = after[0].kind == "word" and after[0].text.lower() in _KEYWORDS
    return None if is_keyword else after[0].identifier


_KEYWORDS = frozenset(
    """
    as cross except full group having indexed inner intersect join left limit natural not on order outer right
    union using where window
    """.split()  # noqa: SIM905 - one name a line would be a page
)
"""Words that can follow a table and are no alias."""
