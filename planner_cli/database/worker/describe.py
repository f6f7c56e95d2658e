"""Read the schema for the parent: tables in pages, columns and keys, a few values.

Names are cast to blobs, because apsw refuses text that is not valid UTF-8; tables are addressed
by their row in ``sqlite_master``, because such a name could not be written into a statement.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import apsw

from planner_cli.database import wire
from planner_cli.database.worker import errors
from planner_cli.database.worker.collations import UnknownOrderError
from planner_cli.database.worker.connection import Connection
from planner_cli.lexer import Token, code, quote
from planner_cli.text import nocase

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

_BATCH_SECONDS = 1.0

_FAILURES = (apsw.Error, UnicodeError, MemoryError, ValueError, UnknownOrderError)
"""What a hostile or broken table raises."""

_PAGE_BYTES = 4_000_000
_SQL_LENGTH = 100_000
_NAME_LENGTH = 1000
_MERGING = frozenset({"distinct", "union", "intersect", "except", "group", "over"})
"""Words of views whose rows are made by what is equal in others."""
_SAMPLE_ROWS = 300
SAMPLE_LENGTH = 100
"""Characters of a sample value that are kept."""

_TABLES = f"""
SELECT rowid, type, CAST(name AS BLOB), CASE WHEN length(sql) <= {_SQL_LENGTH} THEN CAST(sql AS BLOB) END
FROM main.sqlite_master
WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND length(name) <= {_NAME_LENGTH}
  AND rowid > ? ORDER BY rowid
"""  # noqa: S608 - only our own numbers
_COLUMNS = """
SELECT CAST(x.name AS BLOB), CAST(x.type AS BLOB), x.pk, x.hidden = 2
FROM main.sqlite_master AS m, pragma_table_xinfo(m.name, 'main') AS x
WHERE m.rowid = ? AND x.hidden <> 1 ORDER BY x.cid
"""
_GENERATED = """
SELECT m.rowid, CAST(m.name AS BLOB), CAST(x.name AS BLOB)
FROM main.sqlite_master AS m, pragma_table_xinfo(m.name, 'main') AS x
WHERE m.type = 'table' AND m.sql LIKE '% AS %(%' AND x.hidden = 2
"""
_VIEWS = f"""
SELECT CAST(name AS BLOB), CAST(sql AS BLOB) FROM main.sqlite_master
WHERE type = 'view' AND length(sql) <= {_SQL_LENGTH}
"""  # noqa: S608 - only our own number
_KEYS = """
SELECT k.id, CAST(k."table" AS BLOB), CAST(k."from" AS BLOB), CAST(k."to" AS BLOB)
FROM main.sqlite_master AS m, pragma_foreign_key_list(m.name, 'main') AS k
WHERE m.rowid = ? ORDER BY k.id DESC, k.seq
"""


def tables(connection: Connection, after: int) -> wire.Message:
    """A page of ``[row, type, name, create text]``, whether more follow, and the collations SQLite does not have."""
    found: list[list[Any]] = []
    used = 0
    for row, kind, name, sql in _own(connection, _TABLES, (after,)):
        if used > _PAGE_BYTES:
            return {"tables": found, "more": True, "collations": connection.unknown_collations}
        used += len(name) + len(sql or b"")
        found.append([row, kind, connection.text(name), connection.text(sql)])
    return {"tables": found, "more": False, "collations": connection.unknown_collations}


def columns(connection: Connection, rows: Sequence[int], seconds: float) -> wire.Message:
    """For each table ``{"columns": [[name, type, key]], "failed": {column: why}, "keys": [[id, table, from, to]]}``.

    ``{"why": ...}`` for one that cannot be read.

    Takes up to ``seconds`` for each; stops early, with fewer answers, when they take too long in total.
    """

    def describe(row: int) -> wire.Message:
        connection.deadline = time.monotonic() + seconds
        try:
            return _describe(connection, row)
        except _FAILURES as error:
            return {"why": _why(connection, error)}

    return {"columns": list(_in_time(describe, rows))}


def _describe(connection: Connection, row: int) -> wire.Message:
    text = connection.text
    found = [(text(name), text(kind), key, made) for name, kind, key, made in _own(connection, _COLUMNS, (row,))]
    failed = {name: why for name, _, _, made in found if made and (why := _uncomputed(connection, row, name))}
    return {
        "columns": [[name, kind, key] for name, kind, key, _ in found if name not in failed],
        "failed": failed,
        "keys": [
            [number, text(table), text(ours), None if theirs is None else text(theirs)]
            for number, table, ours, theirs in _own(connection, _KEYS, (row,))
        ],
    }


def _uncomputed(connection: Connection, row: int, column: str) -> str | None:
    """Why a generated column cannot be computed here: usually it calls a function of the program that made it."""
    ((table,),) = _own(connection, "SELECT CAST(name AS BLOB) FROM main.sqlite_master WHERE rowid = ?", (row,))
    try:
        _own(connection, f"SELECT {quote(column)} FROM main.{quote(connection.text(table))} LIMIT 0", ())  # noqa: S608 - quoted
    except apsw.SQLError as error:
        return _why(connection, error)
    return None


def uncomputed(connection: Connection) -> frozenset[tuple[str, str]]:
    """All generated columns that cannot be computed here, as (table, column) in lower case."""
    found = _own(connection, _GENERATED, ())
    return frozenset(
        (nocase(connection.text(table)), nocase(connection.text(column)))
        for row, table, column in found
        if _uncomputed(connection, row, connection.text(column))
    )


def computed_with(connection: Connection, query: Sequence[Token]) -> set[str]:
    """The names in a query, in lower case, and those that its views use for more than to list them.

    A column of theirs cannot be left empty: the other values, or how many rows there are, would be wrong.
    """
    views = {nocase(connection.text(name)): code(connection.text(sql)) for name, sql in _own(connection, _VIEWS, ())}
    found = {nocase(token.identifier or "") for token in query}
    reached: set[str] = set()
    while new := (found | _all_names(views, reached)) & views.keys() - reached:
        reached |= new
    return found.union(*(_used(views[name]) for name in reached))


def _all_names(views: Mapping[str, Sequence[Token]], reached: Iterable[str]) -> set[str]:
    return {nocase(token.identifier or "") for name in reached for token in views[name]}


def _used(view: Sequence[Token]) -> set[str]:
    """The names that stand anywhere but alone between the commas of a list behind SELECT."""
    texts = [nocase(token.text) for token in view]
    start = texts.index("as") if "as" in texts else 0
    merged = not _MERGING.isdisjoint(texts)
    found: set[str] = set()
    lists = [False]
    """For each open bracket, and outside of them: whether it is in such a list."""
    for at in range(start, len(view)):
        text, name = texts[at], view[at].identifier
        if text == "(":
            lists.append(False)
        elif text == ")" and len(lists) > 1:
            lists.pop()
        elif text in ("select", "from"):
            lists[-1] = text == "select"
        elif name is not None:
            before = at - 2 if texts[at - 1] == "." else at
            alone = texts[before - 1] in ("select", ",") and (*texts, ";")[at + 1] in (",", "from", ";")
            if merged or not lists[-1] or not alone:
                found.add(nocase(name))
    return found


def _why(connection: Connection, error: Exception) -> str:
    kind, text = errors.describe(error, None, connection.length)
    return "its columns cannot be read in time" if kind == "time" else text


def samples(
    connection: Connection, wanted: Sequence[tuple[str, Sequence[str]]], count: int, seconds: float, *, both_ends: bool
) -> wire.Message:
    """For each ``(table, columns)`` a list of values per column; empty ones where the table cannot be read.

    ``both_ends``: of the last rows too. Times as for :func:`columns`.
    """

    def sample(table: tuple[str, Sequence[str]]) -> list[list[Any]]:
        return [wire.pack_row(values) for values in _sample(connection, *table, count, seconds, both_ends=both_ends)]

    return {"samples": list(_in_time(sample, wanted))}


def _sample(
    connection: Connection, table: str, names: Sequence[str], count: int, seconds: float, *, both_ends: bool
) -> list[list[Any]]:
    until = time.monotonic() + seconds

    def first_values(of: Sequence[str]) -> list[list[Any]] | None:
        left = until - time.monotonic()
        read = partial(_first_values, connection, table, of, count, both_ends=both_ends)
        return _guarded(connection, left, read) if left > 0 else None

    # One value over a limit must not hide the samples of all the other columns.
    return first_values(names) or [(first_values([name]) or [[]])[0] for name in names]


def _first_values(
    connection: Connection, table: str, names: Sequence[str], count: int, *, both_ends: bool
) -> list[list[Any]]:
    # Cut inside SQLite, so that large texts and blobs never reach Python.
    cells = ", ".join(
        f"CASE typeof({name}) WHEN 'text' THEN substr({name}, 1, {SAMPLE_LENGTH}) WHEN 'blob' THEN NULL ELSE {name} END"
        for name in map(quote, names)
    )
    kept: list[dict[tuple[type, Any], Any]] = [{} for _ in names]
    connection.allow_double_quoted_strings(True)  # for legacy views; every name here is known to exist
    orders = ("", " ORDER BY rowid DESC") if both_ends else ("",)
    for order in orders:
        sql = f"SELECT {cells} FROM {quote(table)}{order} LIMIT {_SAMPLE_ROWS}"  # noqa: S608 - quoted names
        try:
            found = connection.raw.execute(connection.collations.safe(sql, connection.tables))
        except apsw.SQLError:
            if order:  # a table without rowid has no other cheap end
                break
            raise
        for row in found:
            for values, value in zip(kept, row, strict=True):
                if value is not None and len(values) < count:
                    values.setdefault((type(value), value), value)
            if all(len(values) == count for values in kept):
                break
    return [list(values.values()) for values in kept]


def _in_time(answer: Callable[[_Item], _Result], items: Sequence[_Item]) -> Iterator[_Result]:
    until = time.monotonic() + _BATCH_SECONDS
    for item in items:
        yield answer(item)
        if time.monotonic() > until:
            return


def _guarded(connection: Connection, seconds: float, read: Callable[[], _Result]) -> _Result | None:
    """What ``read`` returns within ``seconds``, ``None`` when this one table cannot be read."""
    connection.deadline = time.monotonic() + seconds
    try:
        return read()
    except _FAILURES:
        return None


def _own(connection: Connection, sql: str, bindings: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """Run one of the fixed statements above.

    Without the authorizer: they need two PRAGMAs, and apsw cannot pass it names that are not valid text.
    With double-quoted strings, as a legacy view's columns are found by preparing it.
    """
    connection.raw.authorizer = None
    connection.allow_double_quoted_strings(True)
    try:
        rows: list[tuple[Any, ...]] = connection.raw.execute(sql, bindings).fetchall()
    finally:
        connection.raw.authorizer = connection.policy
    return rows
