"""Access to one database file: its worker, kept running, on the file as it is now."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from planner_cli.control import Control
from planner_cli.database import paths, redaction, wire
from planner_cli.database.process import Worker, WorkerAbortedError
from planner_cli.errors import DatabaseError
from planner_cli.lexer import Token
from planner_cli.settings import Limits
from planner_cli.text import nocase

_OPEN_SECONDS = 2.0
"""Least time for reopening the file; 10,000 tables take 0.1 s."""

_ATTEMPTS = 3
"""A file that changes during every attempt is being written to all the time."""

_AHEAD = 3
"""Blocks of a result that are asked for before they are needed: two processes that share busy cores rarely wait."""

_MOST_COLUMNS = 2000
"""SQLite's own limit, while only our own statements run."""

_SQLITE_CORRUPT, _SQLITE_NOTADB, _SQLITE_BUSY = 11, 26, 5
_SQLITE_READONLY_ROLLBACK, _SQLITE_READONLY_RECOVERY = 776, 264

_Result = TypeVar("_Result")
Replies: TypeAlias = Generator[wire.Message, None, None]


class Link:
    """Starts the worker when there is none, and reopens the file when it has changed."""

    def __init__(self, path: Path, limits: Limits, redacted: Sequence[redaction.Pair] = ()) -> None:
        """Starts nothing yet; ``redacted`` columns read as NULL. Raises :class:`DatabaseError`."""
        self.path = paths.resolve(path)
        self._limits = limits
        self._redacted = redacted
        self._look: paths.Look | None = None
        self._opening: paths.Opening | None = None
        self._opened: paths.Opening | None = None
        self._worker: Worker | None = None
        self._widest = _MOST_COLUMNS

    @property
    def opening(self) -> paths.Opening | None:
        """How the file was last opened; ``None`` before the first time."""
        return self._opening

    def hides(self, table: str, column: str) -> bool:
        """Whether a column reads as NULL."""
        return (nocase(table), nocase(column)) in self._redacted

    def hides_any(self, query: Iterable[Token]) -> bool:
        """Whether a query may name a column that reads as NULL, or read it with a ``*``."""
        if not self._redacted:
            return False
        columns = {column for _, column in self._redacted}
        return any(token.text == "*" or nocase(token.identifier or "") in columns for token in query)

    def consistent(self, read: Callable[[], _Result]) -> _Result:
        """The result of ``read`` over a file that was the same before and after it.

        Where SQLite's locks hold (all states but *immutable*) a writer may change the file meanwhile, but
        it must still be the same file. Raises :class:`.paths.NotNowError` and what ``read`` raises.
        """
        for _ in range(_ATTEMPTS):
            self._opening = before = self._seen()
            result = read()
            if self._is_as(before):
                return result
        raise paths.NotNowError(
            f"{self.path}: is being changed all the time", hint="wait for the program that writes it, or ask a copy"
        )

    def _is_as(self, before: paths.Opening) -> bool:
        now = self._seen()
        return now == before or (not now.immutable and now.same_file(before))

    def stream(self, sql: str, seconds: float, grace: float, control: Control | None) -> Replies:
        """The worker's replies to a query whose rows it sends in blocks, up to an error or the block of no rows.

        The next ones are made while one is used. ``seconds`` is the time for each. Raises what :meth:`consistent` does.
        """
        self._opening = before = self._seen()
        reply = self.ask({"op": "stream", "sql": sql, "seconds": seconds}, seconds + grace, control)
        worker, more = self._running(), {"op": "more", "seconds": seconds}
        ahead = 0
        try:
            while "error" not in reply and reply.get("count") != 0:
                while ahead < _AHEAD:
                    worker.send(more)
                    ahead += 1
                yield reply
                if control is not None and control.should_abort():  # a quick worker is never waited for
                    raise WorkerAbortedError
                reply = worker.receive(seconds + grace, control)
                ahead -= 1
            while ahead:  # what was asked for beyond the end
                worker.receive(seconds + grace, control)
                ahead -= 1
            yield reply
        finally:
            if ahead:  # replies that nobody waits for any more
                self.close()
        if not self._is_as(before):
            raise paths.NotNowError(f"{self.path}: was changed meanwhile", hint="ask again, or ask a copy")

    def _seen(self) -> paths.Opening:
        """How to open the file as it is now. Only the worker opens it, and checks again when it has changed."""
        if self._look is None or not self._look.holds(self.path):
            journal = paths.mark(Path(f"{self.path}-journal"))
            reply = self._running().ask({"op": "look", "path": wire.pack_path(self.path)}, _OPEN_SECONDS)
            self._look = None
            self._look = paths.looked(self.path, reply["ok"], journal)
        return paths.opening(self.path, self._look)

    def ask(self, request: wire.Message, seconds: float, control: Control | None = None) -> wire.Message:
        """The worker's reply, after opening the file if it is not open in its current state.

        Raises what :meth:`.process.Worker.ask` does, and :class:`DatabaseError` when the file cannot be opened.
        """
        worker = self._running()
        if self._opened is None or self._opened != self._opening:
            assert self._opening is not None, "nothing is asked outside of consistent()"
            request_to_open = {
                "op": "open",
                "uri": self._opening.uri,
                "widest": self._widest,
                "redacted": self._redacted,
            }
            reply = worker.ask(request_to_open, max(seconds, _OPEN_SECONDS), control)
            if "error" in reply:
                raise self.refusal(reply)
            self._opened = self._opening
        return worker.ask(request, seconds, control)

    def allow_columns(self, widest: int) -> None:
        """Set how many columns the widest table has, once known; the file is reopened for it."""
        self._widest = widest
        self._opened = None

    def refusal(self, reply: wire.Message) -> DatabaseError:
        """Why the file cannot be used, from an error reply about the file itself."""
        path, code, text = self.path, reply["code"] or 0, reply["error"]
        if code == _SQLITE_READONLY_ROLLBACK:
            return paths.cut_off(path)
        if code & 0xFF == _SQLITE_NOTADB or text == "unsupported file format":
            return paths.not_a_database(path, paths.MAGIC)
        if reply["name"] == "CutOffError":
            return paths.cut_short(path, text)
        if code & 0xFF == _SQLITE_CORRUPT or "malformed" in text:
            return DatabaseError(
                f"{path}: is damaged ({text})", hint="try: sqlite3 FILE .recover | sqlite3 NEW.db, and ask NEW.db"
            )
        if code & 0xFF == _SQLITE_BUSY or code == _SQLITE_READONLY_RECOVERY:
            return paths.NotNowError(
                f"{path}: is locked by a program that writes to it", hint="wait for it to finish, or ask a copy"
            )
        return DatabaseError(f"{path}: cannot be read: {text}", hint="check it with: sqlite3 FILE .schema")

    @property
    def layers(self) -> dict[str, bool]:
        return dict(self._running().layers)

    @property
    def pid(self) -> int | None:
        """Process id of the worker, ``None`` while none runs."""
        return self._worker.pid if self._worker is not None and self._worker.alive else None

    def close(self) -> None:
        """End the worker; the next question starts another one."""
        if self._worker is not None:
            self._worker.close()
        self._worker = None

    def _running(self) -> Worker:
        if self._worker is None or not self._worker.alive:
            self.close()
            self._opened = None
            self._worker = Worker(self._limits)
        return self._worker
