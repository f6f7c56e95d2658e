"""Run one query: a single read-only statement, fetched to its caps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Literal

import apsw

from planner_cli.database import wire
from planner_cli.database.worker.connection import Connection
from planner_cli.database.worker.errors import NotAQueryError, NotReadOnlyError, RedactedJoinError, RowTooLargeError
from planner_cli.lexer import code, is_blank, without_semicolon
from planner_cli.text import nocase

_NUMBER_BYTES = 8


def run(connection: Connection, sql: str, *, rows: int, size: int) -> wire.Message:
    """``{"columns", "rows", "cut_by", "steps", "scanned"}``. Raises what :func:`.errors.describe` explains.

    At most ``rows`` rows and ``size`` bytes of values are fetched; one more row is asked for, so that it is
    known and not guessed whether there are more. ``cut_by`` is then the limit that was reached, else ``None``.
    ``steps`` and ``scanned`` are ``None`` where the result is not all UTF-8.
    """
    # Without a double quote in the text no string of the *candidate* can hide behind one, so that legacy
    # views of the schema which hold "double-quoted strings" may keep their meaning.
    connection.allow_double_quoted_strings('"' not in sql)
    _refuse_hidden_joins(sql, connection.policy.redacted)
    try:
        with connection.counting() as work:
            reply = _fetch(connection, sql, rows, size)
    except UnicodeDecodeError as error:
        return {**_fetch_bytewise(connection, sql, rows, size, error), "steps": None, "scanned": None}
    return {**reply, "steps": work.steps, "scanned": work.scanned}


def _refuse_hidden_joins(sql: str, redacted: frozenset[tuple[str, str]]) -> None:
    """Refuse to join by a redacted column without naming it in an expression.

    SQLite compares the columns of ``USING`` and ``NATURAL`` without asking the authorizer, so that a join with a list
    of guesses would tell which of them are right.
    """
    if not redacted:
        return
    columns = {column for _, column in redacted}
    listed = False
    before = ""
    for token in code(sql):
        word = nocase(token.text)
        if token.kind == "word" and word == "natural":
            raise RedactedJoinError("NATURAL JOIN")
        listed = (listed or (before == "using" and word == "(")) and word != ")"
        name = token.identifier if token.identifier is not None else token.text[1:-1].replace("''", "'")  # 'name' too
        if listed and nocase(name) in columns:
            raise RedactedJoinError(f"USING ({token.text})")
        before = word if token.kind == "word" else ""


class _Statement:
    """Watches a statement from SQLite's own view of it, before its first step."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.columns: list[str] | None = None
        self._accepted = False

    def __call__(self, cursor: Any, statement: str, _bindings: object) -> bool:
        if self._accepted:  # what follows it is blank, as was seen then
            return True
        if not cursor.has_vdbe:
            raise NotAQueryError("there is no query in it")
        if cursor.is_explain:
            raise NotAQueryError("EXPLAIN describes a query and does not answer")
        if not cursor.is_readonly:
            raise NotReadOnlyError
        if not is_blank(self.sql[len(statement) :]):
            raise NotAQueryError("it is more than one statement")
        try:
            self.columns = [name for name, _ in cursor.get_description()]
        except UnicodeDecodeError:
            self.columns = None
        self._accepted = True
        return True


def _fetch(connection: Connection, sql: str, rows: int, size: int) -> wire.Message:
    statement = _Statement(sql)
    cursor = connection.raw.cursor()
    cursor.exec_trace = statement
    try:
        found = cursor.execute(sql, can_cache=False)
        if statement.columns == []:
            raise NotAQueryError("it gives no columns")
        kept, cut_by = _cap(found, rows, size)
    finally:
        # An unfinished statement would hold its lock and stop the owner's writer.
        cursor.close(True)
    columns = statement.columns
    if columns is None:
        width = len(kept[0]) if kept else 0
        columns = [f"column {number}" for number in range(1, width + 1)]
    return {
        "columns": columns,
        "rows": [wire.pack_row(row) for row in kept],
        "cut_by": cut_by,
    }


def _cap(
    found: Iterable[tuple[Any, ...]], rows: int, size: int
) -> tuple[list[tuple[Any, ...]], Literal["rows", "bytes"] | None]:
    kept: list[tuple[Any, ...]] = []
    used = 0
    for row in islice(found, rows + 1):
        if len(kept) == rows:
            return kept, "rows"
        used += sum(map(_size, row))
        if used > size:
            if not kept:
                raise RowTooLargeError(f"one row is over the limit of {size:,} bytes")
            return kept, "bytes"
        kept.append(row)
    return kept, None


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    return len(value) if isinstance(value, bytes) else _NUMBER_BYTES


def _fetch_bytewise(connection: Connection, sql: str, rows: int, size: int, error: UnicodeDecodeError) -> wire.Message:
    """As ``_fetch`` for text that is not valid UTF-8, which apsw refuses: such text comes with U+FFFD in it."""
    columns = _columns(connection, sql)
    if not columns:
        raise error
    raw = connection.raw
    usual = raw.limit(apsw.SQLITE_LIMIT_COLUMN)
    raw.limit(apsw.SQLITE_LIMIT_COLUMN, max(usual, 2 * len(columns)))
    try:
        cells = _fetch(connection, _cast_texts(sql, len(columns)), rows, size)
    finally:
        raw.limit(apsw.SQLITE_LIMIT_COLUMN, usual)
    decoded = [list(_decode(connection, wire.unpack_row(row))) for row in cells["rows"]]
    return {**cells, "columns": columns, "rows": [wire.pack_row(row) for row in decoded]}


def _columns(connection: Connection, sql: str) -> list[str]:
    """Names of the result's columns, from the statement that was prepared but not run."""
    names: list[str] = []

    def look(cursor: Any, _statement: str, _bindings: object) -> bool:
        try:
            names.extend(name for name, _ in cursor.get_description())
        except UnicodeDecodeError as error:
            names.append(error.object.decode("utf-8", "replace"))
        return False

    cursor = connection.raw.cursor()
    cursor.exec_trace = look
    try:
        cursor.execute(sql, can_cache=False)
    except apsw.ExecTraceAbort:
        pass
    finally:
        cursor.close(True)
    return names


def _cast_texts(sql: str, width: int) -> str:
    names = [f"c{number}" for number in range(width)]
    cells = ", ".join(
        f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END, typeof({name}) = 'text'"
        for name in names
    )
    # The newline ends a trailing comment; LIMIT keeps the inner ORDER BY, which SQLite may drop otherwise.
    inner = f"SELECT * FROM (\n{without_semicolon(sql)}\n) LIMIT -1"  # noqa: S608 - it only ever runs in the sandbox
    return f"WITH r({', '.join(names)}) AS ({inner}) SELECT {cells} FROM r"  # noqa: S608 - as above


def _decode(connection: Connection, cells: tuple[Any, ...]) -> Iterator[Any]:
    for value, is_text in zip(cells[::2], cells[1::2], strict=True):
        yield connection.text(value) if is_text else value
