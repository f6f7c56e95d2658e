"""Queries from published data sets, written for an SQLite that takes ``"text"`` as a string if no such name exists.

The sandbox does not (a misspelt column would silently become its own name), so such queries are converted to
standard SQL before they run.
"""

from __future__ import annotations

import itertools

from planner_cli.lexer import Token, code
from planner_cli.text import nocase
from planner_cli.types import Schema


def standard_strings(sql: str, schema: Schema) -> str:
    """The query with ``"text"`` as ``'text'`` wherever it cannot be a name.

    Names are the tables that the query mentions, their columns, and its own aliases.
    """
    found = code(sql)
    quoted = [at for at, token in enumerate(found) if token.text.startswith('"')]
    if not quoted:
        return sql
    names = _names(found, schema)
    for at in reversed(quoted):  # from the back: offsets before it stay true
        token = found[at]
        text = token.identifier or ""
        if nocase(text) not in names and not _qualified(found, at):
            sql = sql[: token.start] + "'" + text.replace("'", "''") + "'" + sql[token.end :]
    return sql


def drop_distinct(sql: str) -> str:
    """The query without DISTINCT, as Spider's test-suite evaluation compares by default."""
    for token in reversed(code(sql)):
        if token.kind == "word" and nocase(token.text) == "distinct":
            sql = sql[: token.start] + sql[token.end :]
    return sql


def _names(found: list[Token], schema: Schema) -> set[str]:
    mentioned = {nocase(token.identifier or "") for token in found}
    tables = [table for table in schema.tables if nocase(table.name) in mentioned]
    aliases = {
        nocase(after.identifier or "")
        for before, after in itertools.pairwise(found)
        if before.kind == "word" and nocase(before.text) == "as"
    }
    columns = {nocase(column.name) for table in tables for column in table.columns}
    return {nocase(table.name) for table in tables} | columns | aliases


def _qualified(found: list[Token], at: int) -> bool:
    """Whether a dot is next to it."""
    beside = (*found[max(0, at - 1) : at], *found[at + 1 : at + 2])
    return any(token.text == "." for token in beside)
