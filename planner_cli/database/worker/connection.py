"""One hardened connection: flags, pragmas, virtual tables, authorizer, limits, in the order that works."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import apsw

from planner_cli.database import shadows
from planner_cli.database.worker.collations import Collations, unknown
from planner_cli.database.worker.cut import check_open
from planner_cli.database.worker.policy import MODULES, Policy
from planner_cli.lexer import quote
from planner_cli.text import nocase

LENGTH = 1_000_000
"""Bytes of one value, including every intermediate one; more where the file may hold larger ones, see
:func:`_longest`."""

SQL_LENGTH = 100_000
"""Bytes of a statement."""

_LIMITS = {
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
"""Columns of a result or table, or the widest table's number if that is more: a table over the limit makes
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
_OVERLOADED = (
    ("match", 2),
    ("snippet", -1),
    ("highlight", -1),
    ("bm25", -1),
    ("offsets", 1),
    ("matchinfo", 1),
    ("matchinfo", 2),
)
"""Functions that full-text tables give a meaning. SQLite registers each under its name without marking it as
harmless, and then refuses views that use one as "unsafe"; here it is registered again with that mark."""

_PRAGMAS = "PRAGMA query_only=1; PRAGMA cell_size_check=1; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0"
_PROGRESS_OPS = 1000
"""Its cost is in the noise; at 100 it is a quarter of the run time."""


class Work:
    """What statements cost as SQLite counts it: the same on every machine, unlike seconds.

    No dataclass: importing that module is an eighth of what the worker's start takes.
    """

    __slots__ = ("scanned", "steps")

    def __init__(self) -> None:
        self.steps = 0
        """Instructions of its virtual machine."""
        self.scanned = 0
        """Rows visited in full table scans; rows found through an index do not count."""


class Connection:
    """An open database. Raises :class:`apsw.Error` from its constructor when it cannot be read."""

    def __init__(
        self, uri: str, *, busy_seconds: float, widest: int, heap: int, redacted: Collection[tuple[str, str]] = ()
    ) -> None:
        """``heap``: the bytes SQLite may allocate. ``redacted``: see :class:`.policy.Policy`."""
        self._uri = uri
        self.deadline = 0.0
        """``time.monotonic()`` value at which a running statement is stopped."""
        self.raw: Any = apsw.Connection(
            uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI, statementcachesize=0
        )
        try:
            self._harden(busy_seconds, widest, heap, redacted)
        except BaseException:
            self.close()
            raise

    def _harden(self, busy_seconds: float, widest: int, heap: int, redacted: Collection[tuple[str, str]]) -> None:
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
        self.tables = {nocase(name): name for name, _ in names}
        """All tables and views, by their lower case."""
        self.unknown_collations = self._unknown_collations()
        self.collations = Collations(raw, self.unknown_collations, self.text)
        if any(virtual for _, virtual in names):
            for name, arguments in _OVERLOADED:
                raw.create_scalar_function(name, _out_of_place(name), arguments, flags=apsw.SQLITE_INNOCUOUS)
        for name, virtual in names:
            if virtual:
                # Connecting a virtual table runs statements of its own (CREATE, even INSERT) that the
                # authorizer would refuse; once connected it needs none.
                with suppress(apsw.Error, UnicodeError):
                    raw.execute(f"SELECT 1 FROM main.{quote(name)} LIMIT 0").fetchall()  # noqa: S608 - quoted name
        size = raw.pragma("page_count") * raw.pragma("page_size")
        hidden, sealed = self._dependent(names, redacted)
        existing = _existing(raw)
        raw.set_progress_handler(lambda: time.monotonic() > self.deadline, _PROGRESS_OPS)
        self.policy = Policy(
            (name for name, _ in names), existing=existing, redacted={*redacted, *hidden}, sealed=sealed
        )
        raw.authorizer = self.policy
        self.length = _longest(size, heap)
        """Bytes of the largest value a query may read or make."""
        raw.limit(apsw.SQLITE_LIMIT_LENGTH, self.length)
        for limit, value in _LIMITS.items():
            raw.limit(limit, value)
        raw.limit(apsw.SQLITE_LIMIT_COLUMN, max(_COLUMNS, widest))

    @contextmanager
    def counting(self) -> Iterator[Work]:
        """The work of the statements that end meanwhile, including those inside virtual tables.

        Not for statements that may contain text that is not UTF-8: apsw passes their text too, and fails.
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

    def _unknown_collations(self) -> tuple[str, ...]:
        found = self.raw.execute(
            "SELECT CAST(sql AS BLOB) FROM main.sqlite_master WHERE sql LIKE '%collate%' AND length(sql) <= 100000"
        )
        return unknown(self.text(sql) for (sql,) in found)

    def _dependent(
        self, names: list[tuple[str, bool]], redacted: Collection[tuple[str, str]]
    ) -> tuple[set[tuple[str, str]], set[str]]:
        """What is redacted along with the columns: columns with the same content, and tables that may not be read.

        The columns are those generated in their tables, and those of a table that a redacted index keeps its content
        in. A virtual table is sealed, with its shadow tables, when it has a redacted column, or when its ``CREATE``
        text names a table that has one or is sealed: it may be an index of its content or words (``content=``,
        ``fts5vocab``). So is an index of the content of a view that reads such a table.
        """
        if not redacted:
            return set(), set()
        found = self.raw.execute(
            "SELECT CAST(name AS BLOB), CAST(sql AS BLOB), type = 'view' FROM main.sqlite_master "
            "WHERE type IN ('table', 'view')"
        ).fetchall()
        texts = {nocase(self.text(name)): self.text(sql) for name, sql, is_view in found if not is_view}
        views = {nocase(self.text(name)): self.text(sql) for name, sql, is_view in found if is_view}
        virtual = {nocase(name): texts.get(nocase(name), "") for name, is_virtual in names if is_virtual}
        hidden = {
            (nocase(content), column)
            for table, column in redacted
            if (content := shadows.content(virtual.get(table, "")))
        }
        tables = {table for table, _ in (*redacted, *hidden)}
        for name, is_virtual in names:
            if nocase(name) in tables and not is_virtual:  # of which nothing is generated, and not all can be read
                found = self.raw.execute(
                    "SELECT CAST(name AS BLOB) FROM pragma_table_xinfo(?) WHERE hidden IN (2, 3)", (name,)
                )
                hidden |= {(nocase(name), nocase(self.text(column))) for (column,) in found}
        reading = _naming(views, tables)
        indexes = {name for name, sql in virtual.items() if nocase(shadows.content(sql) or "") in reading}
        sealed = _naming(virtual, {*tables, *indexes})
        return hidden, sealed.union(*(shadows.names(name, virtual[name]) for name in sealed))

    def text(self, value: bytes | None) -> str:
        """A text that was cast to a blob, with U+FFFD for whatever is invalid in the database's encoding."""
        return (value or b"").decode(self.encoding, "replace")

    def allow_double_quoted_strings(self, allow: bool) -> None:
        self.raw.config(apsw.SQLITE_DBCONFIG_DQS_DML, int(allow))

    def close(self) -> None:
        self.raw.close(True)


def _naming(texts: Mapping[str, str], tables: Collection[str]) -> set[str]:
    """Those whose text names one of the tables, or one whose text does."""
    found: set[str] = set()
    while True:
        naming = re.compile("|".join(rf"(?<!\w){re.escape(table)}(?!\w)" for table in sorted({*tables, *found})))
        more = {name for name, sql in texts.items() if naming.search(nocase(sql))}
        if more <= found:
            return found
        found |= more


def _out_of_place(name: str) -> Callable[..., None]:
    def fail(*_arguments: object) -> None:
        raise apsw.SQLError(f"unable to use function {name} in the requested context")

    return fail


def _existing(raw: Any) -> frozenset[str]:
    """The functions this SQLite has, in lower case."""
    return frozenset(nocase(name) for (name,) in raw.execute("SELECT DISTINCT name FROM pragma_function_list"))


def _longest(size: int, heap: int) -> int:
    """The largest value for a database of ``size`` bytes.

    Documents and photos must be compared and measured whole. No stored value is larger than the file, and two of
    half the heap can be compared; a small file gives a query no more room than before.
    """
    return max(LENGTH, min(heap // 2, 2 * size))
