"""What does exist, for a query that names something that does not.

no such column: custmers.nmae; did you mean customers.name?
no such column: country; customers has a column country, but the query does not read customers
no such table: departments; employees has a column department
near "order": syntax error; did you mean "order"? it needs double quotes

A column that exists under just this name comes first, then close names in tables the query reads, then
close names elsewhere; where nothing is close there is no suggestion.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from planner_cli.database import unquoted
from planner_cli.database.names import fold, similarity, spelled
from planner_cli.sql import sources
from planner_cli.text import nocase
from planner_cli.types import Schema, Table

_QUOTED = re.compile(r'no such column: "(?P<name>.*)" - should this be a string literal in single-quotes\?', re.DOTALL)
_COLUMN = re.compile(r"no such column: (?P<name>.+)", re.DOTALL)
_TABLE = re.compile(r"no such (?:table|view): (?P<name>.+)", re.DOTALL)
_AMBIGUOUS = re.compile(r"ambiguous column name: (?P<name>.+)", re.DOTALL)
_FUNCTION = re.compile(r"no such function: (?P<name>.+)", re.DOTALL)

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


def improve(message: str, sql: str, schema: Schema, offset: int | None = None) -> str:
    """SQLite's ``message`` about a missing name or bad syntax with a suggestion behind it, if there is one.

    ``offset`` is where in ``sql`` SQLite saw the error, in bytes of UTF-8; ``None`` or negative: unknown.
    """
    if offset is not None and offset >= 0 and (name := unquoted.find(sql, schema, offset)):
        return f"{message}; did you mean {name}? it needs double quotes"
    hint: str | None = None
    if match := _QUOTED.fullmatch(message):
        name = match["name"]
        message = f"no such column: {name}"
        text = name.replace("'", "''")
        hint = _column(name, sql, schema, far=False) or f"did you mean the text '{text}'?"
    elif match := _COLUMN.fullmatch(message):
        hint = _column(match["name"], sql, schema)
    elif match := _TABLE.fullmatch(message):
        hint = _table(match["name"].rpartition(".")[2], sql, schema)
    elif match := _FUNCTION.fullmatch(message):
        instead = _ELSEWHERE.get(nocase(match["name"]))
        hint = f"in SQLite: {instead}" if instead else None
    if hint and match and _differs_in_form(match["name"], hint):
        hint += " it is written in another Unicode normal form"
    return f"{message}; {hint}" if hint else message


def _differs_in_form(name: str, hint: str) -> bool:
    """Whether what is suggested looks the same as ``name``, and is not."""
    return (
        not name.isascii()
        and name not in hint
        and unicodedata.normalize("NFC", name) in unicodedata.normalize("NFC", hint)
    )


def missing_column(error: str) -> str | None:
    """The column that SQLite's message, or one improved here, says does not exist, as the query wrote it."""
    message = error.partition("; ")[0]
    match = _QUOTED.fullmatch(message) or _COLUMN.fullmatch(message)
    return match["name"] if match else None


def missing_table(error: str) -> str | None:
    """As :func:`missing_column`, of tables."""
    match = _TABLE.fullmatch(error.partition("; ")[0])
    return match["name"] if match else None


def ambiguous_column(error: str) -> str | None:
    """The column that SQLite's message says several tables have."""
    match = _AMBIGUOUS.fullmatch(error)
    return match["name"] if match else None


# --------------------------------------------------------------------------------------- missing columns


def _column(asked: str, sql: str, schema: Schema, *, far: bool = True) -> str | None:
    """``far``: also names that are only close, in tables the query does not read."""
    owner, _, name = asked.rpartition(".")
    owner = owner.rpartition(".")[2]  # without main.
    read = read_tables(sql, schema)
    used = {table.name for table in read.values()}
    others = [table for table in schema.tables if table.name not in used]
    return (
        _same_name_read(owner, name, read)
        or _same_name_elsewhere(owner, name, list(read.values()), others)
        or _close_name(owner, name, read, others if far else [])
    )


def _same_name_read(owner: str, name: str, read: Mapping[str, Table]) -> str | None:
    for called, table in read.items():
        column = column_of(table, name)
        if column is None:
            continue
        if nocase(owner) in ("", nocase(called)):
            return f"{spelled(table.name)} has a column {spelled(column)}, but it is out of scope there"
        return f"did you mean {spelled(called)}.{spelled(column)}?"
    return None


def _same_name_elsewhere(owner: str, name: str, read: Sequence[Table], others: Iterable[Table]) -> str | None:
    having = [(table, column) for table in others if (column := column_of(table, name)) is not None]
    if not having:
        return None

    def likeliness(found: tuple[Table, str]) -> tuple[float, bool]:
        table, _ = found
        return similarity(fold(owner), fold(table.name)), any(_are_linked(table, other) for other in read)

    best, column = max(having, key=likeliness)
    table = spelled(best.name)
    return f"{table} has a column {spelled(column)}, but the query does not read {table}"


def _close_name(owner: str, name: str, read: Mapping[str, Table], others: Iterable[Table]) -> str | None:
    # c.nmae with c standing for customers: first only its columns.
    owned = [(called, table) for called, table in read.items() if nocase(called) == nocase(owner)]
    for group in (owned, list(read.items()), [(table.name, table) for table in others]):
        best, best_score = None, 0.0
        for called, table, column in islice(_columns(group), _MOST_NAMES):
            score = similarity(fold(name, table.name), fold(column, table.name))
            if score and owner:  # of two that are as close, the one in the table that is meant
                score += 0.1 * similarity(fold(owner), fold(called))
            if score > best_score:
                best, best_score = f"{spelled(called)}.{spelled(column)}", score
        if best:
            return f"did you mean {best}?"
    return None


def _columns(tables: Iterable[tuple[str, Table]]) -> Iterator[tuple[str, Table, str]]:
    return ((called, table, column.name) for called, table in tables for column in table.columns)


def column_of(table: Table, name: str) -> str | None:
    """The column of that name, as the schema spells it."""
    wanted = nocase(name)
    return next((column.name for column in table.columns if nocase(column.name) == wanted), None)


def _are_linked(left: Table, right: Table) -> bool:
    """Whether a foreign key joins the two."""
    return any(
        nocase(key.ref_table) == nocase(other.name)
        for table, other in ((left, right), (right, left))
        for key in table.foreign_keys
    )


# ---------------------------------------------------------------------------------------- missing tables


def _table(asked: str, sql: str, schema: Schema) -> str | None:
    wanted = fold(asked)
    scored = ((similarity(wanted, fold(table.name)), table.name) for table in schema.tables[:_MOST_NAMES])
    score, best = max(scored, key=lambda pair: pair[0], default=(0.0, ""))
    if score:
        return f"did you mean {spelled(best)}?"
    for _, table, column in _columns([*read_tables(sql, schema).items(), *((t.name, t) for t in schema.tables)]):
        if fold(column, table.name) == wanted:
            return f"{spelled(table.name)} has a column {spelled(column)}"
    return None


# --------------------------------------------------------------------------------- what the query reads


def read_tables(sql: str, schema: Schema) -> dict[str, Table]:
    """The tables behind FROM and JOIN, by the name the query calls them, in the order of appearance."""
    by_name = {nocase(table.name): table for table in schema.tables}
    read = [(called, by_name[nocase(name)]) for called, name in sources(sql) if nocase(name) in by_name]
    return {table.name if nocase(called) == nocase(table.name) else called: table for called, table in read}
