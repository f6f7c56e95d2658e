"""Whether the part of a wide schema that was shown was not enough, and what it lacked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from planner_cli.lexer import Token, code
from planner_cli.planning.pool import Pool
from planner_cli.settings import Mode, rules_out
from planner_cli.text import nocase
from planner_cli.types import Question, Schema


@dataclass(frozen=True, slots=True)
class Lacking:
    """What is to be shown in a second round."""

    names: frozenset[str]
    """Tables and columns that exist, were not shown, and are in a candidate; folded as SQLite does."""
    why: str


def lacking(question: Question, pool: Pool, mode: Mode) -> Lacking | None:
    """What the candidates needed beyond what was shown; ``None`` where it was enough.

    Whether they run is asked only where the mode lets that decide anything; one that is slow could.
    """
    if question.whole is None:
        return None
    queries = [code(candidate.sql) for candidate in pool.candidates]
    hidden = _tables(question.whole) - _tables(question.schema)
    cut = _columns(_same_tables(question.whole, question.schema)) - _columns(question.schema)
    used = {nocase(token.identifier or "") for query in queries for token in query}
    named = {name for query in queries for name in _read(query)} & hidden
    if named or used & cut:
        return Lacking(frozenset(named | (used & cut)), "a candidate names what was not shown")
    answers = (execution.ok or execution.error_kind == "time" for execution in pool.executions)
    if rules_out(mode) and not any(answers):
        return Lacking(frozenset(used & (_columns(question.whole) - _columns(question.schema))), "no candidate runs")
    return None


def _read(query: Sequence[Token]) -> Iterator[str]:
    """The names behind FROM and JOIN, folded."""
    for before, token in itertools.pairwise(query):
        if nocase(before.text) in ("from", "join") and token.identifier is not None:
            yield nocase(token.identifier)


def _tables(schema: Schema) -> set[str]:
    return {nocase(table.name) for table in schema.tables}


def _columns(schema: Schema) -> set[str]:
    return {nocase(column.name) for table in schema.tables for column in table.columns}


def _same_tables(whole: Schema, part: Schema) -> Schema:
    return whole.select(tuple(table.name for table in part.tables))
