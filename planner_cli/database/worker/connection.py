"""One hardened connection: flags, pragmas, virtual tables, authorizer, limits, in the order that works."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import apsw

from planner_cli.database.worker.cut import check_open
from planner_cli.database.worker.policy import MODULES, Policy
from planner_cli.lexer import quote
from planner_cli.text import nocase

LENGTH = 1_000_000
"""Bytes of one value, also of every intermediate one."""

SQL_LENGTH = 100_000
"""Bytes of a statement."""

_LIMITS = {
    apsw.SQLITE_LIMIT_LENGTH: LENGTH,
    apsw.SQLITE_LIMIT_SQL_LENGTH: SQL_LENGTH,
    apsw.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    apsw.SQLITE_LIMIT_EXPR_DEPTH: 200,
    apsw.SQLITE_LIMIT_VDBE_OP: 50_000,
    apsw.SQLITE_LIMIT_FUNCTION_ARG: 32,
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 500,
    apsw.SQLITE_LIMIT_VARIABLE_NUMBER: 100,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
"""SQLite's own "high-security" values refuse honest queries (12 ANDs at depth 10)."""

_COLUMNS = 500
"""Columns of a result or table, or the widest table's count where that is more: a table over the limit makes
the whole schema unreadable."""

_SETTINGS = (
    (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
    (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
    (apsw.SQLITE_DBCONFIG_WRITABLE_SCHEMA, 0),
    # Schemas that hold "double-quoted strings" still load with this off (SQLite exempts them).
    (apsw.SQLITE_DBCONFIG_DQS_DDL, 0),
    (apsw.SQLITE_DBCONFIG_DQS_DML, 0),
)
_PRAGMAS = "PRAGMA query_only=1; PRAGMA cell_size_check=1; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0"
_PROGRESS_OPS = 1000
"""Cost in the noise; at 100 it is a quarter of the run time."""


@dataclass(slots=True)
class Work:
    """What statements cost, as SQLite counts it: the same on every machine, unlike seconds."""

    steps: int = 0
    """Instructions of its virtual machine."""
    scanned: int = 0
    """Rows stepped over in full table scans; rows found through an index do not count."""


class Connection:
    """An open database. Raises :class:`apsw.Error` from its constructor when it cannot be read."""

    def __init__(
        self, uri: str, *, busy_seconds: float, widest: int, redacted: Collection[tuple[str, str]] = ()
    ) -> None:
        """``redacted``: see :class:`.policy.Policy`."""
        self._uri = uri
        self.deadline = 0.0
        """``time.monotonic()`` value at which a running statement is stopped."""
        self.raw: Any = apsw.Connection(
            uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, statementcachesize=0
        )
        try:
            self._harden(busy_seconds, widest, redacted)
        except BaseException:
            self.close()
            raise

    def _harden(self, busy_seconds: float, widest: int, redacted: Collection[tuple[str, str]]) -> None:
        raw = self.raw
        raw.set_busy_timeout(int(busy_seconds * 1000))
        for option, value in _SETTINGS:
            raw.config(option, value)
        for _ in raw.execute(_PRAGMAS):
            pass
        raw.drop_modules(list(MODULES))
        self.encoding = "utf-8" if raw.pragma("encoding") == "UTF-8" else raw.pragma("encoding").lower()
        check_open(raw, self._uri)
        names = self._names()
        for name, virtual in names:
            if virtual:
                # Connecting a virtual table runs statements of its own (CREATE, even INSERT) that the
                # authorizer would refuse; once connected it needs none.
                with suppress(apsw.Error, UnicodeError):
                    raw.execute(f"SELECT 1 FROM main.{quote(name)} LIMIT 0").fetchall()  # noqa: S608 - quoted name
        generated, sealed = self._dependent(names, redacted)
        raw.set_progress_handler(lambda: time.monotonic() > self.deadline, _PROGRESS_OPS)
        self.policy = Policy((name for name, _ in names), {*redacted, *generated}, sealed)
        raw.authorizer = self.policy
        for limit, value in _LIMITS.items():
            raw.limit(limit, value)
        raw.limit(apsw.SQLITE_LIMIT_COLUMN, max(_COLUMNS, widest))

    @contextmanager
    def counting(self) -> Iterator[Work]:
        """The work of the statements that end meanwhile, those inside virtual tables included.

        Not for statements that may hold text which is not UTF-8: apsw hands their text over too, and fails.
        """
        work = Work()

        def take(profile: dict[str, Any]) -> None:
            counters = profile["stmt_status"]
            work.steps += counters["SQLITE_STMTSTATUS_VM_STEP"]
            work.scanned += counters["SQLITE_STMTSTATUS_FULLSCAN_STEP"]

        self.raw.trace_v2(apsw.SQLITE_TRACE_PROFILE, take, id=take)
        try:
            yield work
        finally:
            self.raw.trace_v2(0, None, id=take)

    def _names(self) -> list[tuple[str, bool]]:
        """Tables and views, and whether each is virtual. Reading them also makes SQLite parse the schema."""
        rows = self.raw.execute(
            "SELECT CAST(name AS BLOB), type = 'table' AND sql LIKE 'create virtual%' FROM main.sqlite_master "
            "WHERE type IN ('table', 'view') AND length(name) <= 1000"
        )
        return [(self.text(name), bool(virtual)) for name, virtual in rows]

    def _dependent(
        self, names: list[tuple[str, bool]], redacted: Collection[tuple[str, str]]
    ) -> tuple[set[tuple[str, str]], set[str]]:
        """What goes with redacted columns: the generated columns of their tables, and virtual tables.

        A virtual table is sealed when it has one, or when its ``CREATE`` text names a table that has: it may be an
        index of that table's content or words (``content=``, ``fts5vocab``).
        """
        tables = {table for table, _ in redacted}
        if not tables:
            return set(), set()
        found = self.raw.execute(
            "SELECT CAST(name AS BLOB), CAST(sql AS BLOB) FROM main.sqlite_master WHERE type = 'table'"
        )
        virtual = {nocase(name) for name, is_virtual in names if is_virtual}
        texts = {nocase(self.text(name)): nocase(self.text(sql)) for name, sql in found}
        naming = re.compile("|".join(rf"(?<!\w){re.escape(table)}(?!\w)" for table in tables))
        sealed = {name for name, sql in texts.items() if name in virtual and naming.search(sql)}
        generated = set()
        for name, _ in names:
            if nocase(name) in tables:
                found = self.raw.execute(
                    "SELECT CAST(name AS BLOB) FROM pragma_table_xinfo(?) WHERE hidden IN (2, 3)", (name,)
                )
                generated |= {(nocase(name), nocase(self.text(column))) for (column,) in found}
        return generated, sealed

    def text(self, value: bytes | None) -> str:
        """A text that was cast to a blob, with U+FFFD for what is not valid in the database's encoding."""
        return (value or b"").decode(self.encoding, "replace")

    def allow_double_quoted_strings(self, allow: bool) -> None:
        self.raw.config(apsw.SQLITE_DBCONFIG_DQS_DML, int(allow))

    def close(self) -> None:
        self.raw.close(True)
