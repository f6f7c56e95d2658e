"""The public face of the database: open it, read its schema, execute candidates."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from planner_cli.control import Control
from planner_cli.database import copying, doubts, paths, redaction, schema, separate, suggest, unmatched, wire
from planner_cli.database.block import Block, block, unpack
from planner_cli.database.copying import PrivateCopy
from planner_cli.database.crossed import crossed_joins
from planner_cli.database.link import Link
from planner_cli.database.misdated import misdated
from planner_cli.database.paths import MustWriteError, NotNowError
from planner_cli.database.process import WorkerAbortedError, WorkerDiedError, WorkerStartError, WorkerTimeoutError
from planner_cli.database.separate import Separation
from planner_cli.errors import DatabaseError, ExportError
from planner_cli.lexer import code
from planner_cli.prompts.schema import literal
from planner_cli.settings import Limits
from planner_cli.types import Comparison, Doubt, ErrorKind, Execution, Row, Schema, ValueHint

if TYPE_CHECKING:
    from planner_cli.database.values import ValueIndex

_DEFAULT_LIMITS = Limits()
_GRACE_SECONDS = 1.0
"""Seconds between SQLite's own stop at the time limit and the kill; never more than the limit itself."""

_MOST_LEFT_OUT = 5
"""How many a note names."""

_SHORTEST = 0.01
"""Least time limit of a query in seconds."""
_LONGEST_SQL = 100_000
"""Bytes, as in the worker's limits; a longer query is refused before it is sent."""


class Database:
    """An SQLite file, only ever read; a context manager.

    Every statement runs in one worker process, which is killed when it does not answer in time and
    started again for the next one. Not a byte of the file or next to it is ever written: states that
    would require it are refused (:mod:`planner_cli.database.paths`), or read from a private copy. One query
    runs at a time; calls from several threads wait for each other.
    """

    def __init__(
        self,
        path: Path,
        link: Link,
        found: Schema,
        limits: Limits,
        *,
        values: bool,
        private: PrivateCopy | None = None,
    ) -> None:
        """Use :meth:`open`."""
        self.path = path
        """As it was given."""
        self.name = path.stem
        """The file's name without folder and suffix."""
        self.private_copy = private
        """What is read instead of the file; ``None`` where the file itself is read. Removed by :meth:`close`."""
        self.schema = found
        """As it was when the database was opened."""
        self.guessed: tuple[str, ...] = ()
        """Of a database made of other files: what was guessed about them, one line each."""
        self._limits = limits
        self._link = link
        self._lock = threading.Lock()
        self._closed = False
        self._values = values
        self._index: ValueIndex | None = None
        self.late_columns: tuple[str, ...] = ()
        """Those whose texts :meth:`mentioned` could not all read in time."""
        self._lookups: dict[tuple[paths.Opening | None, str], Row | None] = {}
        """What was looked up in the file as it was then."""

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        limits: Limits = _DEFAULT_LIMITS,
        samples: int = 3,
        private_copy: bool = False,
        redact: Sequence[str] = (),
    ) -> Database:
        """Check the file, start the worker and read the schema.

        ``samples`` is the number of distinct values kept for each column; 0 reads none, and no question mentions
        any (:meth:`mentioned`). ``private_copy`` is the user's consent to a temporary copy
        (:mod:`planner_cli.database.copying`), made only where the file cannot be read without writing. ``redact``
        names columns, as ``TABLE.COLUMN``, that read as NULL (:mod:`planner_cli.database.redaction`). Raises
        :class:`DatabaseError` for whatever is no readable database with at least one table, and for a column to
        redact that is not there.
        """
        path = Path(path)
        try:
            link, found = _read(path, limits, samples, redact)
        except MustWriteError:
            if not private_copy:
                raise
        else:
            return cls(path, link, found, limits, values=samples > 0)
        made = copying.make(paths.resolve(path), limits)
        try:
            link, found = _read(made.path, limits, samples, redact)
        except DatabaseError as error:
            made.remove()
            text = error.message.replace(str(made.path), f"{path} (a private copy of it)")
            raise DatabaseError(text, hint=error.hint) from error
        except BaseException:
            made.remove()
            raise
        return cls(path, link, found, limits, values=samples > 0, private=made)

    @classmethod
    def of_files(
        cls,
        files: Sequence[Path],
        *,
        limits: Limits = _DEFAULT_LIMITS,
        samples: int = 3,
        redact: Sequence[str] = (),
        control: Control | None = None,
        progress: Callable[[str], None] = lambda _text: None,
    ) -> Database:
        """A private temporary database of files of CSV, TSV or JSON lines; :meth:`close` removes it.

        Raises :class:`DatabaseError` as :meth:`open` does, and what the control says.
        """
        from planner_cli.database import importing

        made = importing.build(files, control or Control(), progress)
        try:
            link, found = _read(made.copy.path, limits, samples, redact)
        except BaseException:
            made.copy.remove()
            raise
        opened = cls(files[0], link, found, limits, values=samples > 0, private=made.copy)
        opened.guessed = made.said
        return opened

    def __enter__(self) -> Database:  # noqa: PYI034 - Self needs Python 3.11 or another dependency
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the worker. May be called again; :meth:`execute` may not."""
        with self._lock:
            self._closed = True
            self._link.close()
            if self.private_copy is not None:
                self.private_copy.remove()

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how the file is read, one line each."""
        notes = []
        missing = [left for left in self.schema.left_out if not left.internal]
        if missing:
            shown = "; ".join(f"{left.name}: {left.reason}" for left in missing[:_MOST_LEFT_OUT])
            more = f"; and {len(missing) - _MOST_LEFT_OUT} more" if len(missing) > _MOST_LEFT_OUT else ""
            notes.append(f"not readable here, so left out: {shown}{more}")
        unknown = self.schema.unknown_collations
        if unknown:
            names = f"{'collations' if len(unknown) > 1 else 'collation'} {', '.join(unknown)}"
            notes.append(
                f"SQLite does not have the {names}: such texts are compared exactly, and sorted without regard to case "
                "and accents"
            )
        if self.schema.unsampled:
            notes.append(
                f"there was no time to read values of {self.schema.unsampled:,} of its {len(self.schema.tables):,} "
                "tables: the models see none of them"
            )
        return tuple(notes)

    @property
    def layers(self) -> dict[str, bool]:
        """What the operating system was seen to enforce on the worker (:mod:`.worker.limits`)."""
        with self._lock:
            return self._link.layers

    def mentioned(self, question: str) -> tuple[ValueHint, ...]:
        """The stored values that ``question`` mentions, as of the first call.

        The first call reads the texts of all tables, within about two seconds; they stay in memory. What cannot be
        read in time is not recognised. Raises :class:`DatabaseError` after :meth:`close`.
        """
        index = self._value_index()
        return () if index is None else index.match(question)

    def mentioned_everywhere(self, question: str) -> tuple[tuple[ValueHint, ...], ...]:
        """The same as :meth:`mentioned`, without limits: for each value every column that has it."""
        index = self._value_index()
        return () if index is None else index.everywhere(question)

    def _value_index(self) -> ValueIndex | None:
        """The index, made when first needed; ``None`` where values are not to be read."""
        # Not at the top: rapidfuzz behind it is for generators that are shown values.
        from planner_cli.database.values import LONGEST, ValueIndex

        if not self._values:
            return None
        with self._lock:
            if self._closed:
                raise DatabaseError(f"{self.path}: is closed")
            if self._index is None:
                texts: dict[tuple[str, str], list[str]] = {}
                with suppress(WorkerDiedError, WorkerTimeoutError, wire.WireError, NotNowError):
                    texts, late = self._link.consistent(lambda: schema.read_texts(self._link, self.schema, LONGEST))
                    self.late_columns = tuple(".".join(place) for place in late)
                self._index = ValueIndex(texts)
            return self._index

    def execute(self, sql: str, control: Control | None = None, *, seconds: float | None = None) -> Execution:
        """Run one candidate. Whatever is wrong with it, or by now with the file, is in the result.

        Returns within about twice ``seconds``, by default ``limits.seconds`` (the second half, at most a second, is
        for queries that SQLite cannot stop on its own), plus what :mod:`.unmatched` may take, or soon after
        ``control.should_abort()``. Raises :class:`DatabaseError`
        only when the worker cannot be started at all, or after :meth:`close`.
        """
        with self._lock:
            if self._closed:
                raise DatabaseError(f"{self.path}: is closed")
            if control is not None and control.should_abort():
                return _failed("time", "stopped before it ran")
            if len(sql.encode("utf-8", "surrogatepass")) > _LONGEST_SQL:
                return _failed("size", f"the query is longer than {_LONGEST_SQL:,} bytes")
            return self._execute(sql, control, self._limits.seconds if seconds is None else seconds)

    def _execute(self, sql: str, control: Control | None, limit: float) -> Execution:
        patience = limit + min(_GRACE_SECONDS, limit)
        request: wire.Message = {"op": "query", "sql": sql, "seconds": limit}
        try:
            reply = self._link.consistent(lambda: self._link.ask(request, patience, control))
            execution = self._execution(sql, reply)
        except WorkerTimeoutError:
            execution = _failed("time", f"over the time limit of {limit:g} s", patience)
        except WorkerAbortedError:
            return _failed("time", "stopped while it ran")
        except (WorkerDiedError, wire.WireError) as error:
            self._link.close()
            return _failed("crash", f"the sandbox process died while it ran this ({error})")
        except WorkerStartError:
            raise
        except NotNowError as error:
            return _failed("busy", error.message)
        except DatabaseError as error:
            return _failed("other", error.message)
        if execution.error_kind == "time":
            late = self._misdated(sql)
            return replace(execution, limit=limit, crossed=crossed_joins(sql, self.schema), odd=late)
        if not execution.ok:
            return execution
        if "=" in sql:
            execution = replace(execution, unmatched=self._unmatched(sql), crossed=crossed_joins(sql, self.schema))
        return replace(execution, odd=(*self._misdated(sql), *self._odd(sql, execution)))

    def separating(self, one: str, other: str, *, seconds: float = separate.SECONDS) -> Separation | None:
        """The rows on which two queries differ (:mod:`.separate`); ``None`` where none are found in time.

        Raises :class:`DatabaseError` after :meth:`close`.
        """
        with self._lock:
            if self._closed:
                raise DatabaseError(f"{self.path}: is closed")
            return separate.separate(self._bare, one, other, self.schema, seconds=seconds)

    def _bare(self, sql: str, seconds: float) -> Execution:
        """What running a query gives, without what is found out about it otherwise."""
        limit = max(_SHORTEST, min(seconds, self._limits.seconds))
        request: wire.Message = {"op": "query", "sql": sql, "seconds": limit}
        try:
            reply = self._link.consistent(lambda: self._link.ask(request, limit + min(_GRACE_SECONDS, limit)))
        except WorkerTimeoutError:
            return _failed("time", f"over the time limit of {limit:g} s", limit)
        except (WorkerDiedError, wire.WireError, DatabaseError) as error:
            return _failed("other", str(error))
        if "error" in reply:
            return _failed(reply["kind"], reply["error"], float(reply["seconds"]))
        return _fetched(reply)

    def blocks(self, sql: str, control: Control | None = None) -> Generator[Block, None, None]:
        """All rows of a query that ran before, in bounded memory: what a result's limits left out is here too.

        Each block has the time of a longer run (``limits.patience``), or of any query if that is more.
        Raises :class:`ExportError` where it ends early, and what the control says.
        """
        seconds = max(self._limits.seconds, self._limits.patience)
        rows = 0
        with self._lock, closing(self._link.stream(sql, seconds, _GRACE_SECONDS, control)) as replies:
            try:
                for reply in replies:
                    if "error" in reply:
                        raise _ended(rows, reply["error"], late=reply["kind"] == "time")
                    if reply.get("count"):
                        found = unpack(reply)
                        rows += len(found)
                        yield found
            except WorkerTimeoutError:
                raise _ended(rows, f"over the time limit of {seconds:g} s", late=True) from None
            except WorkerAbortedError:
                raise (control or Control()).stopped() from None
            except (WorkerDiedError, wire.WireError) as error:
                self._link.close()
                raise _ended(rows, f"the sandbox process died ({error})") from error
            except NotNowError as error:
                raise _ended(rows, error.message) from error

    def whole(self, sql: str, execution: Execution, control: Control | None = None) -> Iterator[Block]:
        """All rows of a query that ran: those of its result, or where that was cut, what it gives when it runs again.

        Raises as :meth:`blocks`.
        """
        if execution.truncated or execution.cut_values:
            yield from self.blocks(sql, control)
        elif execution.rows:
            yield block(execution.rows)

    def _unmatched(self, sql: str) -> tuple[Comparison, ...]:
        """The comparisons of a query that ran which no stored row satisfies; what cannot be known soon is left out."""
        found = [c for c in unmatched.comparisons(sql, self.schema) if not self._link.hides(c.table, c.column)]
        # After it: the first query of a process imports what reads them, which takes longer than all look-ups may.
        until = time.monotonic() + min(unmatched.SECONDS, self._limits.seconds)
        return tuple(
            self._with_stored(comparison, until)
            for comparison in found
            if self._looked_up(unmatched.lookup(comparison), until) == ()
        )

    def _misdated(self, sql: str) -> tuple[Doubt, ...]:
        return tuple(Doubt("misdated", text) for text in misdated(sql, self.schema))

    def _odd(self, sql: str, execution: Execution) -> tuple[Doubt, ...]:
        """What the rules of :mod:`.doubts` find, so far as it can be known soon."""
        if execution.seconds > doubts.SECONDS or self._link.hides_any(code(sql)):
            return ()
        probes = doubts.probes(sql, self.schema, len(execution.columns))
        until = time.monotonic() + min(doubts.SECONDS, self._limits.seconds)
        rows = [(probe, self._looked_up(probe.sql, until)) for probe in probes]
        found = [probe.say([int(count or 0) for count in row]) for probe, row in rows if row]
        return tuple(dict.fromkeys(doubt for doubt in found if doubt is not None))

    def _with_stored(self, comparison: Comparison, until: float) -> Comparison:
        """With the text of the column's that is the same but for its writing, or else the nearest."""
        same, texts = unmatched.lookup_stored(comparison), unmatched.lookup_texts(comparison)
        row = self._looked_up(same, until) if same is not None else None
        if row:
            return replace(comparison, stored=literal(row[0], None))
        row = self._looked_up(texts, until) if texts is not None else None
        near = unmatched.nearest_of(comparison, str(row[0])) if row else None
        return comparison if near is None else replace(comparison, nearest=literal(near, None))

    def _looked_up(self, sql: str, until: float) -> Row | None:
        """The first row of a query on the current file, empty where there is none, ``None`` where it took too long."""
        key = (self._link.opening, sql)
        seconds = until - time.monotonic()
        if key not in self._lookups and seconds > 0:
            request = {"op": "query", "sql": sql, "seconds": seconds}
            reply: wire.Message = {}
            with suppress(WorkerDiedError, WorkerTimeoutError, wire.WireError, DatabaseError):
                reply = self._link.ask(request, seconds + min(_GRACE_SECONDS, self._limits.seconds))
            rows = [wire.unpack_row(row) for row in reply["ok"]["rows"]] if "ok" in reply else [None]
            self._lookups[key] = rows[0] if rows else ()
        return self._lookups.get(key)

    def _execution(self, sql: str, reply: wire.Message) -> Execution:
        # Not at the top: sqlglot behind it is slow to load, and only a query that ran needs it.
        from planner_cli.sql import is_ordered

        seconds = float(reply["seconds"])
        if "error" in reply:
            text = reply["error"]
            if reply["kind"] in ("missing", "syntax"):
                text = suggest.improve(text, sql, self.schema, reply["offset"])
            return _failed(reply["kind"], text, seconds)
        return replace(_fetched(reply), ordered="order" in sql.lower() and is_ordered(sql))


def _read(path: Path, limits: Limits, samples: int, redact: Sequence[str]) -> tuple[Link, Schema]:
    """Open the file as it is. After a :class:`DatabaseError` no worker is left."""
    link = Link(path, limits, redaction.pairs(redact))
    try:
        found = link.consistent(lambda: schema.read(link, samples))
        redaction.check(redact, found, path)
    except (WorkerDiedError, WorkerTimeoutError, wire.WireError) as error:
        link.close()
        raise DatabaseError(f"{path}: its schema cannot be read: {error}", hint="the file may be damaged") from error
    except BaseException:
        link.close()
        raise
    link.allow_columns(max(len(table.columns) for table in found.tables))
    return link, found


def _fetched(reply: wire.Message) -> Execution:
    """What a query that ran gave."""
    result = reply["ok"]
    return Execution(
        columns=tuple(result["columns"]),
        rows=tuple(map(wire.unpack_row, result["rows"])),
        truncated=result["cut_by"] is not None,
        cut_by=result["cut_by"],
        cut_values=tuple(result["cut"]),
        notes=_notes(result),
        seconds=float(reply["seconds"]),
        steps=result["steps"],
        scanned=result["scanned"],
    )


def _notes(result: wire.Message) -> tuple[str, ...]:
    notes = [f"{name} is empty: it calls a function that SQLite does not have" for name in result["unread"]]
    if result["cut"]:
        many = len(result["cut"])
        cut = "values are cut to their beginnings" if many > 1 else "value is cut to its beginning"
        notes.append(f"{many} {cut}; the largest has {max(result['cut']):,} bytes")
    return tuple(notes)


def _failed(kind: ErrorKind, error: str, seconds: float = 0.0) -> Execution:
    return Execution(error=error, error_kind=kind, seconds=seconds)


def _ended(rows: int, why: str, *, late: bool = False) -> ExportError:
    return ExportError(
        f"the result ends after {rows:,} rows: {why}",
        hint="a larger --query-patience gives it more time" if late else None,
    )
