"""The locks of a program that has the database open itself, in the process that asks us about it.

POSIX locks belong to a process and a file: closing any descriptor of the file gives them all up, also those that
SQLite holds through another. Whether a lock still stands can only be seen from another process.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from database_files import build

from planner_cli.database import Database, copying
from planner_cli.database.digest import sha256
from planner_cli.errors import DatabaseError
from planner_cli.settings import Limits

TABLE = "CREATE TABLE t (a); INSERT INTO t VALUES (1)"
LIMITS = Limits(seconds=0.5)
WRITES = "BEGIN IMMEDIATE"
READS = "SELECT * FROM t"
ENDS_WAL = "PRAGMA journal_mode=DELETE"
"""Fails while anybody has a database in WAL mode open, by the lock of each on the file itself."""


def other_process(path: Path, sql: str) -> str:
    """What another program gets when it tries ``sql``: ``ok`` or SQLite's message."""
    code = (
        "import sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "try: connection.execute(sys.argv[2]).fetchall()\n"
        "except sqlite3.Error as error: print(error)\n"
        "else: print('ok')\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path), sql], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def asks(path: Path) -> None:
    with Database.open(path, limits=LIMITS) as database:
        assert database.execute("SELECT count(*) FROM t").ok
        assert database.execute("SELECT a FROM t WHERE a = 5").ok
        assert not database.execute("SELECT nothing FROM t").ok
        database.mentioned("anything?")


def is_refused(path: Path) -> None:
    with pytest.raises(DatabaseError, match="locked"):
        Database.open(path, limits=LIMITS)


def writes_between(path: Path) -> None:
    with Database.open(path, limits=LIMITS) as database:
        assert database.execute("SELECT count(*) FROM t").ok
        os.utime(path)  # the file is looked at again
        assert database.execute("SELECT count(*) FROM t").ok


def hashes(path: Path) -> None:
    assert len(sha256(path)) == 64


def copies(path: Path) -> None:
    copying.make(path, LIMITS).remove()


def fails_to_redact(path: Path) -> None:
    with pytest.raises(DatabaseError, match="no column"):
        Database.open(path, limits=LIMITS, redact=["t.nothing"])


def kills_the_worker(path: Path) -> None:
    with Database.open(path, limits=LIMITS) as database:
        database._link.close()
        assert database.execute("SELECT count(*) FROM t").ok


HELD: list[tuple[str, str, str, Callable[[Path], None], str]] = [
    # name, journal mode, what the caller holds, what is done with the file meanwhile, what nobody else may do
    ("exclusive, refused", "DELETE", "BEGIN EXCLUSIVE", is_refused, READS),
    ("exclusive, persistent journal", "PERSIST", "BEGIN EXCLUSIVE", is_refused, READS),
    ("about to write, asked", "DELETE", "BEGIN IMMEDIATE", asks, WRITES),
    ("about to write, touched between", "DELETE", "BEGIN IMMEDIATE", writes_between, WRITES),
    ("about to write, hashed", "DELETE", "BEGIN IMMEDIATE", hashes, WRITES),
    ("about to write, private copy", "DELETE", "BEGIN IMMEDIATE", copies, WRITES),
    ("about to write, wrong redaction", "DELETE", "BEGIN IMMEDIATE", fails_to_redact, WRITES),
    ("about to write, worker replaced", "TRUNCATE", "BEGIN IMMEDIATE", kills_the_worker, WRITES),
    ("WAL, writing", "WAL", "BEGIN IMMEDIATE; INSERT INTO t VALUES (2)", asks, WRITES),
    ("WAL, only open", "WAL", "SELECT * FROM t", asks, ENDS_WAL),
    ("WAL, hashed", "WAL", "SELECT * FROM t", hashes, ENDS_WAL),
    ("WAL, touched between", "WAL", "SELECT * FROM t", writes_between, ENDS_WAL),
]  # fmt: skip


@contextmanager
def held(path: Path, statements: str) -> Iterator[None]:
    with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
        for statement in statements.split("; "):
            connection.execute(statement).fetchall()
        yield
        with suppress(sqlite3.OperationalError):
            connection.execute("ROLLBACK")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
@pytest.mark.parametrize(("mode", "statements", "done", "refused"), [h[1:] for h in HELD], ids=[h[0] for h in HELD])
def test_the_callers_locks_stand(
    tmp_path: Path, mode: str, statements: str, done: Callable[[Path], None], refused: str
) -> None:
    path = build(tmp_path / "a.db", TABLE, before=f"PRAGMA journal_mode={mode}")
    with held(path, statements):
        assert "locked" in other_process(path, refused)
        done(path)
        assert "locked" in other_process(path, refused)
    assert other_process(path, refused) == "ok"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX locks")
def test_a_descriptor_that_is_closed_would_be_seen(tmp_path: Path) -> None:
    """The control: what any reading of the file in this process does."""
    path = build(tmp_path / "a.db", TABLE)
    with held(path, "BEGIN EXCLUSIVE"):
        assert "locked" in other_process(path, READS)
        path.read_bytes()
        assert other_process(path, READS) == "ok"


def test_this_process_never_opens_the_file(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db", TABLE)
    opened: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if watching and event in ("open", "os.open", "sqlite3.connect") and str(arguments[0]).startswith(str(path)):
            opened.append(event)

    sys.addaudithook(hook)
    try:
        for done in (asks, writes_between, hashes, copies, fails_to_redact):
            done(path)
        assert opened == []
        path.read_bytes()
        assert opened == ["open"]  # the control
    finally:
        watching = False
