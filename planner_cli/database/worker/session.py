"""The requests for one database, answered one by one. Whatever goes wrong becomes a reply."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import apsw

from planner_cli.database.wire import Message, unpack_path
from planner_cli.database.worker import describe, errors, files, query, texts
from planner_cli.database.worker.connection import LENGTH, Connection
from planner_cli.database.worker.cut import check_closed
from planner_cli.database.worker.limits import FileBelt
from planner_cli.database.worker.mend import mend
from planner_cli.database.worker.stream import Stream

_HEAP_SHARE = 4
"""SQLite may use this part of the address space; the rest is Python, its libraries and the reply."""

_BUSY_SECONDS = 0.5
_OPEN_SECONDS = 5.0

_WITHOUT_SQLITE: Mapping[str, Callable[[Message], Any]] = {
    "look": lambda request: files.look(unpack_path(request["path"])),
    "sha256": lambda request: files.sha256(unpack_path(request["path"])),
    "copy": lambda request: files.copy(
        [(unpack_path(source), unpack_path(target), size) for source, target, size in request["files"]]
    ),
    "mend": lambda request: mend(unpack_path(request["path"])),
}
"""Operations that need no connection, and run while none is open (see :mod:`.files`)."""


class Session:
    """Holds the connection, and renews it after every error."""

    def __init__(self, settings: Message) -> None:
        self._seconds: float = settings["seconds"]
        self._limit: float = self._seconds
        """Of the query that runs: the parent may give one of them more time than the others."""
        self._rows: int = settings["rows"]
        self._bytes: int = settings["bytes"]
        time.tzset() if hasattr(time, "tzset") else None  # 'localtime' reads its file now, while it still can
        self._heap: int = settings["memory"] // _HEAP_SHARE
        apsw.hard_heap_limit(self._heap)  # process-wide, and no PRAGMA can raise it
        self._belt = FileBelt()
        self._connection: Connection | None = None
        self._uri = ""
        self._widest = 0
        self._redacted: frozenset[tuple[str, str]] = frozenset()
        self._stream: Stream | None = None

    def answer(self, request: Message) -> Message:
        """``{"ok": ...}`` or ``{"error", "kind", "name", "code", "offset"}``; ``seconds`` in both."""
        started = time.monotonic()
        connection = None
        try:
            if request["op"] == "open":
                self._uri, self._widest = request["uri"], request["widest"]
                self._redacted = frozenset((table, column) for table, column in request["redacted"])
                self._drop()
            if request["op"] in _WITHOUT_SQLITE:
                self._drop()
                self._belt.loosen()
                return {"ok": _WITHOUT_SQLITE[request["op"]](request)}
            connection = self._connect()
            if request["op"] == "more":
                return self._more(connection, request["seconds"])
            self._end_stream()
            reply: Message = {"ok": self._act(connection, request)}
        except (Exception, MemoryError) as error:  # noqa: BLE001 - a value of any kind must come back
            reply = self._explain(error, connection)
            self._drop()
        reply["seconds"] = time.monotonic() - started
        return reply

    def _act(self, connection: Connection, request: Message) -> Any:
        connection.policy.denied, connection.policy.query = None, ""
        match request["op"]:
            case "open":
                return True
            case "tables":
                connection.deadline = time.monotonic() + _OPEN_SECONDS
                return describe.tables(connection, request["after"])
            case "columns":
                return describe.columns(connection, request["rows"], request["seconds"])
            case "samples":
                wanted, count, both_ends = request["wanted"], request["count"], request["both_ends"]
                return describe.samples(connection, wanted, count, request["seconds"], both_ends=both_ends)
            case "texts":
                wanted, count, length = request["wanted"], request["count"], request["length"]
                return texts.texts(connection, wanted, count, length, request["seconds"])
            case "query":
                connection.deadline = time.monotonic() + self._within(request)
                return query.run(connection, request["sql"], rows=self._rows, size=self._bytes)
            case "stream":
                connection.deadline = time.monotonic() + self._within(request)
                self._stream = Stream(connection, request["sql"])
                return self._stream.started
            case other:
                raise ValueError(f"unknown request {other}")

    def _within(self, request: Message) -> float:
        self._limit = float(request.get("seconds", self._seconds))
        return self._limit

    def _more(self, connection: Connection, seconds: float) -> Message:
        """The next rows of the stream, each time within ``seconds``."""
        if self._stream is None:
            raise ValueError("nothing is streamed")
        self._limit, connection.deadline = seconds, time.monotonic() + seconds
        return {"ok": True, **self._stream.more()}

    def _end_stream(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _connect(self) -> Connection:
        if self._connection is None:
            self._belt.loosen()
            try:
                self._connection = Connection(
                    self._uri,
                    busy_seconds=min(_BUSY_SECONDS, self._seconds / 2),
                    widest=self._widest,
                    heap=self._heap,
                    redacted=self._redacted,
                )
            except (apsw.CorruptError, apsw.NotADBError):
                check_closed(self._uri)
                raise
            self._belt.tighten()
        return self._connection

    def _drop(self) -> None:
        self._end_stream()
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _explain(self, error: Exception, connection: Connection | None) -> Message:
        denied, length = (connection.policy.denied, connection.length) if connection else (None, LENGTH)
        kind, text = errors.describe(error, denied, length)
        if kind == "time":
            text = f"over the time limit of {self._limit:g} s"
        return {
            "error": text,
            "kind": kind,
            "name": type(error).__name__,
            "code": getattr(error, "extendedresult", None),
            "offset": getattr(error, "error_offset", None),
        }
