"""Run one query: a single read-only statement, fetched up to its caps, or as an export asks for it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal

import apsw

from planner_cli.database import wire
from planner_cli.database.worker import describe
from planner_cli.database.worker.connection import Connection
from planner_cli.database.worker.errors import NotAQueryError, NotReadOnlyError, RedactedJoinError
from planner_cli.lexer import code, is_blank, tokens, without_semicolon
from planner_cli.text import nocase

_NUMBER_BYTES = 8

_NO_COLUMN = re.compile(
    r"no such column: (?:\"(?P<quoted>.*)\" - should this be a string literal in single-quotes\?|(?P<plain>.*))",
    re.DOTALL,
)

_LARGE, _HEAD = 1_000_000, 10_000
"""Of a value of over that many bytes, so many are fetched: a result should hold rows, and no query needs more to
count, compare and measure it."""


Act = Callable[[str], wire.Message]
"""What is done with a query: given its text as SQLite is to read it, a message with its ``columns``."""


def run(connection: Connection, sql: str, *, rows: int, size: int) -> wire.Message:
    """``{"columns", "rows", "cut_by", "cut", "unread", "steps", "scanned"}``; raises what :mod:`.errors` explains.

    At most ``rows`` rows and ``size`` bytes of values are fetched. ``cut_by`` is the limit that was reached where
    there are more, otherwise ``None``; ``cut`` are the sizes of values of which only the beginning was fetched;
    ``unread`` are generated columns that cannot be computed here and read as NULL, as a ``*`` may ask for them.
    ``steps`` and ``scanned`` are ``None`` where the result is not all UTF-8.
    """
    return act_on(connection, sql, lambda text: _whole(connection, text, rows, size))


def act_on(connection: Connection, sql: str, act: Act) -> wire.Message:
    """What ``act`` gives, and ``unread``. It may be called again where SQLite has to read the text in another way."""
    connection.policy.query = nocase(sql)
    _refuse_hidden_joins(sql, connection.policy.redacted)
    try:
        return {**_by_origin(connection, sql, act), "unread": []}
    except apsw.SQLError as error:
        # "no such function" refers to the query's own text, this to a generated column's
        if not str(error).startswith("unknown function: "):
            raise
        named = describe.computed_with(connection, code(sql))
        skipped = frozenset(pair for pair in describe.uncomputed(connection) if pair[1] not in named)
        if not skipped:
            raise
    policy = connection.policy
    policy.uncomputed, policy.unread = skipped, {}
    try:
        return {**_by_origin(connection, sql, act), "unread": list(policy.unread)}
    finally:
        policy.uncomputed = ()


def _by_origin(connection: Connection, sql: str, act: Act) -> wire.Message:
    """Views keep the "double-quoted strings" that old schemas hold; in the query itself they are names only.

    SQLite has one switch for both. So where a view needs the switch, the query's own quotes become ones that never hold
    a string; only then, since its messages and the names of columns are better with the query as it is.
    """
    if '"' not in sql:
        connection.allow_double_quoted_strings(True)
        return act(_safe(connection, sql))
    connection.allow_double_quoted_strings(False)
    try:
        return act(_safe(connection, sql))
    except apsw.SQLError as error:
        missing = _missing_column(error)
        if missing is None:
            raise
        first = error
    connection.allow_double_quoted_strings(True)
    try:
        reply = act(_safe(connection, in_backticks(sql)))
    except apsw.SQLError as error:
        name = _missing_column(error)
        if name == missing:
            raise first from None
        if name is not None and any(token.text[0] == '"' and token.identifier == name for token in code(sql)):
            text = f'no such column: "{name}" - should this be a string literal in single-quotes?'
            raise apsw.SQLError(text) from None  # as SQLite reports a name in such quotes
        raise
    return {**reply, "columns": names(connection, sql)}


def _missing_column(error: Exception) -> str | None:
    found = _NO_COLUMN.fullmatch(str(error))
    return found and found[found.lastgroup or 0]  # perhaps an empty one: WHERE name <> ""


def in_backticks(sql: str) -> str:
    """With every double-quoted name in backticks instead, which SQLite never takes for a string's quotes."""
    return "".join(
        f"`{(token.identifier or '').replace('`', '``')}`" if token.text[0] == '"' else token.text
        for token in tokens(sql)
    )


def _safe(connection: Connection, sql: str) -> str:
    return connection.collations.safe(sql, connection.tables)


def _whole(connection: Connection, sql: str, rows: int, size: int) -> wire.Message:
    try:
        with connection.counting() as work:
            reply = _fetch(connection, sql, rows, size)
    except UnicodeDecodeError as error:
        return {**_fetch_bytewise(connection, sql, rows, size, error), "steps": None, "scanned": None}
    return {**reply, "steps": work.steps, "scanned": work.scanned}


def _refuse_hidden_joins(sql: str, redacted: frozenset[tuple[str, str]]) -> None:
    """Refuse a join on a redacted column that does not name it in an expression.

    SQLite compares the columns of ``USING`` and ``NATURAL`` without asking the authorizer, so a join with a list
    of guesses would reveal which of them are right.
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


class Statement:
    """Checks a statement as SQLite itself sees it, before its first step."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.columns: list[str] | None = None
        self._accepted = False

    def __call__(self, cursor: Any, statement: str, _bindings: object) -> bool:
        if self._accepted:  # what follows it is blank, as was checked then
            return True
        if not cursor.has_vdbe:
            raise NotAQueryError("there is no query in it")
        if cursor.is_explain:
            raise NotAQueryError("EXPLAIN describes a query and does not answer it")
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
    statement = Statement(sql)
    cap = _Cap(rows, size)
    cursor = connection.raw.cursor()
    cursor.exec_trace = statement
    try:
        found = cursor.execute(sql, can_cache=False)
        if statement.columns == []:
            raise NotAQueryError("it gives no columns")
        cap.take(found)
    finally:
        # An unfinished statement would hold its lock and stop the owner's writer.
        cursor.close(True)
    columns = statement.columns
    if columns is None:
        width = len(cap.kept[0]) if cap.kept else 0
        columns = [f"column {number}" for number in range(1, width + 1)]
    return {
        "columns": columns,
        "rows": [wire.pack_row(row) for row in cap.kept],
        "cut_by": cap.cut_by,
        "cut": cap.cut,
    }


class _Cap:
    """Rows up to a number and a size, with large values cut."""

    def __init__(self, rows: int, size: int) -> None:
        self._rows = rows
        self._left = size
        self.kept: list[tuple[Any, ...]] = []
        self.cut_by: Literal["rows", "bytes"] | None = None
        self.cut: list[int] = []
        """The original sizes of values that were cut."""

    def take(self, found: Iterable[tuple[Any, ...]]) -> None:
        """One row more than fits is requested, so that whether there are more is known and not guessed."""
        for row in islice(found, min(self._rows, sys.maxsize - 1) + 1):
            if len(self.kept) == self._rows:
                self.cut_by = "rows"
                return
            sizes = [_size(value) for value in row]
            cells = [_HEAD if size > _LARGE else size for size in sizes]
            if sum(cells) > self._left:
                if self.kept:
                    self.cut_by = "bytes"
                    return
                share = self._left // len(row)  # a first row of many large values: each gets its share
                cells = [min(size, share) for size in cells]
            self._left -= sum(cells)
            self.cut += [size for size, cell in zip(sizes, cells, strict=True) if cell < size]
            self.kept.append(tuple(map(_cut, row, sizes, cells)))


def _size(value: Any) -> int:
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "replace"))
    return len(value) if isinstance(value, bytes) else _NUMBER_BYTES


def _cut(value: Any, size: int, kept: int) -> Any:
    """The first ``kept`` of the value's ``size`` bytes; numbers stay."""
    if kept >= size or not isinstance(value, str | bytes):
        return value
    return value[:kept] if isinstance(value, bytes) else value[:kept].encode()[:kept].decode("utf-8", "ignore")


def _fetch_bytewise(connection: Connection, sql: str, rows: int, size: int, error: UnicodeDecodeError) -> wire.Message:
    """Like ``_fetch`` for text that is not valid UTF-8, which apsw refuses: such text gets U+FFFD in it."""
    columns = names(connection, sql)
    if not columns:
        raise error
    raw = connection.raw
    usual = raw.limit(apsw.SQLITE_LIMIT_COLUMN)
    raw.limit(apsw.SQLITE_LIMIT_COLUMN, max(usual, 2 * len(columns)))
    try:
        cells = _fetch(connection, cast_texts(sql, len(columns)), rows, size)
    finally:
        raw.limit(apsw.SQLITE_LIMIT_COLUMN, usual)
    decoded = [list(decode(connection, wire.unpack_row(row))) for row in cells["rows"]]
    return {**cells, "columns": columns, "rows": [wire.pack_row(row) for row in decoded]}


def names(connection: Connection, sql: str) -> list[str]:
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


def cast_texts(sql: str, width: int) -> str:
    names = [f"c{number}" for number in range(width)]
    cells = ", ".join(
        f"CASE typeof({name}) WHEN 'text' THEN CAST({name} AS BLOB) ELSE {name} END, typeof({name}) = 'text'"
        for name in names
    )
    # The newline ends a trailing comment; LIMIT keeps the inner ORDER BY, which SQLite may drop otherwise.
    inner = f"SELECT * FROM (\n{without_semicolon(sql)}\n) LIMIT -1"  # noqa: S608 - it only ever runs in the sandbox
    return f"WITH r({', '.join(names)}) AS ({inner}) SELECT {cells} FROM r"  # noqa: S608 - as above


def decode(connection: Connection, cells: tuple[Any, ...]) -> Iterator[Any]:
    for value, is_text in zip(cells[::2], cells[1::2], strict=True):
        yield connection.text(value) if is_text else value
