"""The rows of one query, a block at a time, for an export: as many as there are, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import apsw

from planner_cli.database import block, wire
from planner_cli.database.worker import query
from planner_cli.database.worker.connection import Connection
from planner_cli.database.worker.errors import NotAQueryError

_STEP = 256
"""Rows fetched before their size is looked at; one by one where there is no memory for so many."""
_ROWS, _BYTES = 4096, 1_000_000
"""Of a block, whichever is reached first."""
_LARGE = 8_000_000
"""Bytes of a step whose rows are sent one by one."""
_NUMBER_BYTES = 8


class Stream:
    """One query that runs. The file stays locked for reading, as for any reader, until :meth:`close`."""

    def __init__(self, connection: Connection, sql: str) -> None:
        """Start it. Raises what :mod:`.errors` explains."""
        self._connection = connection
        self._fetched = 0
        self._width = 0
        self._most = _STEP
        self._cursor: Any = None
        self._rows: Iterator[tuple[Any, ...]] = iter(())
        self._large: Iterator[tuple[Any, ...]] = iter(())
        self._sql = ""
        self._bytewise = False
        self.started: wire.Message = query.act_on(connection, sql, self._start)
        """``{"columns", "unread"}``."""

    def _start(self, sql: str) -> wire.Message:
        self._sql = sql
        statement = query.Statement(sql)
        try:
            self._open(sql, statement)
        except UnicodeDecodeError:  # in the first row
            self._read_bytewise()
        names = statement.columns or query.names(self._connection, sql)
        self._width = len(names)
        return {"columns": names}

    def _open(self, sql: str, statement: query.Statement) -> None:
        self.close()
        self._cursor = self._connection.raw.cursor()
        self._cursor.exec_trace = statement
        self._rows = iter(self._cursor.execute(sql, can_cache=False))
        if statement.columns == []:
            raise NotAQueryError("it gives no columns")

    def _again(self) -> None:
        """Run it again, to where it stood."""
        if self._bytewise:
            self._read_bytewise()
            return
        self._open(self._sql, query.Statement(self._sql))
        self._rows = islice(self._rows, self._fetched, None)

    def _read_bytewise(self) -> None:
        """Go on with text that is not valid UTF-8, which apsw refuses: from the start, to where it stood."""
        raw, width = self._connection.raw, len(query.names(self._connection, self._sql))
        usual = raw.limit(apsw.SQLITE_LIMIT_COLUMN)
        raw.limit(apsw.SQLITE_LIMIT_COLUMN, max(usual, 2 * width))
        try:
            sql = query.cast_texts(self._sql, width)
            self._open(sql, query.Statement(sql))
        finally:
            raw.limit(apsw.SQLITE_LIMIT_COLUMN, usual)
        self._rows = (tuple(query.decode(self._connection, cells)) for cells in islice(self._rows, self._fetched, None))
        self._bytewise = True

    def more(self) -> wire.Message:
        """``{"count", "columns", "payload"}`` of the next rows; a count of 0 at the end."""
        columns: list[list[Any]] = [[] for _ in range(self._width)]
        types: list[set[type]] = [set() for _ in range(self._width)]
        size = 0
        while size < _BYTES and len(columns[0]) < _ROWS:
            rows = list(islice(self._large, 1)) or self._step()
            if not rows:
                break
            fetched = list(zip(*rows, strict=True))
            found = [set(map(type, column)) for column in fetched]
            sizes = [_size(kinds, column) for kinds, column in zip(found, fetched, strict=True)]
            if sum(sizes) > _LARGE and len(rows) > 1:
                self._large = iter(rows)
                if columns[0]:
                    break
                continue
            size += sum(sizes)
            for at, column in enumerate(fetched):
                columns[at].extend(column)
                types[at] |= found[at]
        if not columns[0]:
            self.close()
            return {"count": 0, "columns": []}
        return block.pack([block.kind(each) for each in types], columns)

    def _step(self) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        try:
            rows.extend(islice(self._rows, self._most))
        except UnicodeDecodeError:
            if self._bytewise:
                raise
            self._fetched += len(rows)
            self._read_bytewise()
            return rows or self._step()
        except (apsw.NoMemError, MemoryError):
            if self._most == 1:
                raise
            rows.clear()
            self._most = 1
            self._again()
            return self._step()
        self._fetched += len(rows)
        return rows

    def close(self) -> None:
        self._rows = iter(())
        if self._cursor is not None:
            self._cursor.close(True)
            self._cursor = None


def _size(types: set[type], column: tuple[Any, ...]) -> int:
    if types in ({str}, {bytes}):
        return sum(map(len, column))
    numbers = _NUMBER_BYTES * len(column)
    return (
        numbers if types.isdisjoint({str, bytes}) else numbers + sum(len(v) for v in column if type(v) in (str, bytes))
    )
