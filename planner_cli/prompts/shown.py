"""How a candidate and its result are shown to a discriminator: limited, quoted, on lines of their own."""

from __future__ import annotations

import json
from dataclasses import dataclass

from planner_cli.lexer import Token, tokens
from planner_cli.text import nocase, without_breaks
from planner_cli.types import Candidate, Execution, Schema, Value

CELL_WIDTH = 100
ALIAS_WIDTH = 30
"""Characters of a result's cell and column name shown; both are untrusted text."""
SHOWN_COLUMNS = 20
SHOWN_CHARACTERS = 2_000
"""Limits of a whole result: one wide table must not crowd the others out of the context."""


FACTS_WIDTH = 160
"""Characters of a result in one line."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A candidate to judge, and what running it gave."""

    candidate: Candidate
    execution: Execution


def quiet_sql(sql: str, schema: Schema) -> str:
    """A query as the judge sees it: without the free text by which its writer could address the judge.

    Comments are left out, literals cut like cells, and quoted names that the schema does not have (aliases) like the
    names of a result's columns: the generator can write anything there (``benchmarks/injection.py`` measures it).
    """
    known = {
        nocase(name) for table in schema.tables for name in (table.name, *(column.name for column in table.columns))
    }

    def quiet(token: Token) -> str:
        if token.kind == "comment":
            return " "
        if token.kind not in ("string", "name") or nocase(token.identifier or "") in known:
            return token.text
        inside = token.text[1:-1]
        width = CELL_WIDTH if token.kind == "string" else ALIAS_WIDTH
        return token.text if len(inside) <= width else f"{token.text[0]}{inside[:width]}...{token.text[-1]}"

    return "".join(map(quiet, tokens(sql)))


def result_text(execution: Execution, rows: int) -> str:
    """The first rows of a result as JSON lines, names and cells cut, with what is left out stated."""
    if execution.error is not None:
        return f"error: {_cut(without_breaks(execution.error), CELL_WIDTH)}"
    columns = execution.columns[:SHOWN_COLUMNS]
    lines = [json.dumps([_cut(name, ALIAS_WIDTH) for name in columns], ensure_ascii=False)]
    for row in execution.rows[:rows]:
        line = json.dumps([_cell(value) for value in row[:SHOWN_COLUMNS]], ensure_ascii=False)
        if sum(map(len, lines)) + len(line) > SHOWN_CHARACTERS:
            break
        lines.append(line)
    shown = len(lines) - 1
    facts = [f"{len(execution.rows)}{' or more' if execution.truncated else ''} rows"]
    if shown < len(execution.rows):
        facts.append(f"the first {shown} shown")
    if len(columns) < len(execution.columns):
        facts.append(f"the first {len(columns)} of {len(execution.columns)} columns shown")
    return "\n".join([*lines, f"({', '.join(facts)})"])


def facts_text(execution: Execution, rows: int) -> str:
    """A result in one line: how many rows and columns, values asked for that no row has, and the first rows."""
    if execution.error is not None:
        return result_text(execution, 0)
    count, columns = len(execution.rows), len(execution.columns)
    more = " or more" if execution.truncated else ""
    size = f"{count}{more} row{'' if count == 1 and not more else 's'}, {columns} column{'s' if columns != 1 else ''}"
    absent = [
        f"no row has {_cut(without_breaks(comparison.literal), ALIAS_WIDTH)}" for comparison in execution.unmatched
    ]
    return _cut("; ".join([size, *absent, *result_text(execution, rows).split("\n")[1:-1]]), FACTS_WIDTH)


def _cell(value: Value) -> int | float | str | None:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, str):
        return _cut(value, CELL_WIDTH)
    return value


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width] + "..."
