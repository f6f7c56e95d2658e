"""Journal and WAL states, permissions and live writers: right data or a clear refusal, and never a changed byte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from database_files import build, finish, go_on, picture, ready, writer

from planner_cli.database import Database
from planner_cli.errors import DatabaseError
from planner_cli.settings import Limits

ROWS = "INSERT INTO t SELECT i, randomblob(300) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) SELECT i FROM n)"
TABLE = "CREATE TABLE t (a, b); INSERT INTO t VALUES (0, 'first')"
Maker = Callable[[Path], Path]


def killed(path: Path, code: str) -> Path:
    """The file as a writer leaves it that is killed in the middle of ``code``."""
    process = writer(path, code + "\nos.kill(os.getpid(), 9)")
    process.communicate()
    return path


def delete_mode(path: Path) -> Path:
    return build(path, TABLE)


def kept_journal(mode: str) -> Maker:
    return lambda path: build(path, TABLE, before=f"PRAGMA journal_mode={mode}")


def wal_closed(path: Path) -> Path:
    return build(path, TABLE, before="PRAGMA journal_mode=WAL")


def wal_waiting(path: Path) -> Path:
    """Killed with a second row in the -wal only."""
    wal_closed(path)
    return killed(path, "do('INSERT INTO t VALUES (1, 2)')")


def wal_all_in_wal(path: Path) -> Path:
    """Killed before anything but the header reached the main file."""
    return killed(path, f"do('PRAGMA journal_mode=WAL'); do({TABLE!r})")


def without(suffix: str, make: Maker) -> Maker:
    def made(path: Path) -> Path:
        make(path)
        Path(f"{path}{suffix}").unlink()
        return path

    return made


def with_empty(*suffixes: str) -> Maker:
    def made(path: Path) -> Path:
        wal_closed(path)
        for suffix in suffixes:
            Path(f"{path}{suffix}").touch()
        return path

    return made


def left_by_reader(path: Path) -> Path:
    """-wal (0 bytes) and -shm as a plain read-only connection leaves them."""
    wal_closed(path)
    uri = f"{path.as_uri()}?mode=ro"
    code = f"import apsw; apsw.Connection({uri!r}, 65).execute('SELECT * FROM t').fetchall()"
    subprocess.run([sys.executable, "-c", code], check=True)
    assert Path(f"{path}-shm").exists()
    return path


def hot(mode: str) -> Maker:
    def made(path: Path) -> Path:
        delete_mode(path)
        killed(path, f"do('PRAGMA journal_mode={mode}'); do('PRAGMA cache_size=5'); do('BEGIN'); do({ROWS!r})")
        assert Path(f"{path}-journal").stat().st_size
        return path

    return made


STATES: list[tuple[str, Maker, int | str]] = [
    # name, how it arises, rows of t or words of the refusal
    ("rollback", delete_mode, 1),
    ("rollback, truncated journal beside", kept_journal("TRUNCATE"), 1),
    ("rollback, persistent journal beside", kept_journal("PERSIST"), 1),
    ("wal, cleanly closed", wal_closed, 1),
    ("wal, content waiting", wal_waiting, 2),
    ("wal, everything waiting", wal_all_in_wal, 1),
    ("wal, content waiting, no shm", without("-shm", wal_waiting), "changes wait in its -wal"),
    ("wal, empty -wal without -shm", with_empty("-wal"), 1),
    ("wal, empty -wal and empty -shm", with_empty("-wal", "-shm"), 1),
    ("wal, -shm without -wal", with_empty("-shm"), 1),
    ("wal, siblings a reader left", left_by_reader, 1),
    ("hot journal", hot("DELETE"), "was cut off"),
    ("hot truncate journal", hot("TRUNCATE"), "was cut off"),
    ("hot persistent journal", hot("PERSIST"), "was cut off"),
    ("memory journal, nothing beside", kept_journal("MEMORY"), 1),
]


@pytest.mark.parametrize(("make", "expected"), [s[1:] for s in STATES], ids=[s[0] for s in STATES])
def test_states(tmp_path: Path, make: Maker, expected: int | str) -> None:
    path = make(tmp_path / "a b?mode=rwc&x=#%41.db")
    before = picture(tmp_path)
    if isinstance(expected, str):
        with pytest.raises(DatabaseError, match=expected) as caught:
            Database.open(path)
        assert caught.value.hint
        assert "\n" not in caught.value.message
    else:
        with Database.open(path) as database:
            for _ in range(2):
                assert database.execute("SELECT count(*) FROM t").rows == ((expected,),)
            assert not database.execute("SELECT nothing FROM t").ok
            assert database.execute("SELECT a, b FROM t LIMIT 1").rows == ((0, "first"),)
    assert picture(tmp_path) == before


AS_ANOTHER = """
import ctypes, os, sys
if os.geteuid() == 0 and len(sys.argv) == 2:  # root, but without its power over other users' files
    for capability in (1, 2):
        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0
    os.execv(sys.executable, [sys.executable, "-c", sys.orig_argv[2], sys.argv[1], "again"])
from planner_cli.database import Database
from planner_cli.errors import DatabaseError
try:
    with Database.open(sys.argv[1]) as database:
        print(database.execute("SELECT count(*) FROM t").rows[0][0])
except DatabaseError as error:
    print(error.message)
"""
NOBODY = 65534

PERMISSIONS = [
    # name, state, mode of the files, mode of the folder, expected output
    ("read-only file", delete_mode, 0o444, 0o755, "1"),
    ("read-only folder", delete_mode, 0o444, 0o555, "1"),
    ("read-only folder, wal closed", wal_closed, 0o444, 0o555, "1"),
    ("read-only folder, wal waiting", wal_waiting, 0o444, 0o555, "2"),
    ("read-only folder, wal waiting, no shm", without("-shm", wal_waiting), 0o444, 0o555, "changes wait"),
    ("no permission", delete_mode, 0o000, 0o755, "permission denied"),
    ("no permission for the folder", delete_mode, 0o444, 0o000, "permission denied"),
]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0 and sys.platform != "linux", reason="root may do all")
@pytest.mark.parametrize(
    ("make", "mode", "folder_mode", "expected"), [p[1:] for p in PERMISSIONS], ids=[p[0] for p in PERMISSIONS]
)
def test_permissions(tmp_path: Path, make: Maker, mode: int, folder_mode: int, expected: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = make(folder / "a.db")
    before = picture(folder)
    for entry, its_mode in [*((file, mode) for file in folder.iterdir()), (folder, folder_mode)]:
        entry.chmod(its_mode)
        if os.geteuid() == 0:
            os.chown(entry, NOBODY, NOBODY)
    done = subprocess.run([sys.executable, "-c", AS_ANOTHER, str(path)], text=True, capture_output=True, check=False)
    folder.chmod(0o755)
    assert expected in done.stdout, done
    for file in folder.iterdir():
        file.chmod(0o644)
    assert picture(folder) == before


def test_live_wal_writer_is_followed(tmp_path: Path) -> None:
    path = wal_closed(tmp_path / "a.db")
    process = writer(path, "do('INSERT INTO t VALUES (1, 1)'); wait(); do('INSERT INTO t VALUES (2, 2)'); wait()")
    try:
        ready(process)
        before = picture(tmp_path)
        with Database.open(path) as database:
            assert database.execute("SELECT count(*) FROM t").rows == ((2,),)
            assert picture(tmp_path) == before
            go_on(process)
            before = picture(tmp_path)
            assert database.execute("SELECT count(*) FROM t").rows == ((3,),)
            assert picture(tmp_path) == before
    finally:
        finish(process)


def test_wal_writer_that_starts_while_the_file_is_open(tmp_path: Path) -> None:
    path = wal_closed(tmp_path / "a.db")
    with Database.open(path) as database:
        assert database.execute("SELECT count(*) FROM t").rows == ((1,),)  # immutable
        process = writer(path, "do('INSERT INTO t VALUES (1, 1)'); wait(); c.close(); wait()")
        try:
            ready(process)
            assert database.execute("SELECT count(*) FROM t").rows == ((2,),)  # from the -wal
            go_on(process)
            before = picture(tmp_path)
            assert database.execute("SELECT count(*) FROM t").rows == ((2,),)
            assert picture(tmp_path) == before
        finally:
            finish(process)


def test_change_to_wal_while_open_leaves_no_siblings(tmp_path: Path) -> None:
    path = delete_mode(tmp_path / "a.db")
    with Database.open(path) as database:
        assert database.execute("SELECT count(*) FROM t").rows == ((1,),)
        writer(path, "do('PRAGMA journal_mode=WAL'); do('INSERT INTO t VALUES (1, 1)'); c.close()").communicate()
        before = picture(tmp_path)
        assert list(before) == ["a.db"]
        assert database.execute("SELECT count(*) FROM t").rows == ((2,),)
        assert picture(tmp_path) == before


def test_locked_by_a_rollback_writer(tmp_path: Path, quick: Limits) -> None:
    path = delete_mode(tmp_path / "a.db")
    with Database.open(path, limits=quick) as database:
        process = writer(path, "do('BEGIN EXCLUSIVE'); wait(); do('COMMIT'); wait()")
        try:
            ready(process)
            before = picture(tmp_path)
            result = database.execute("SELECT count(*) FROM t")
            assert result.error_kind == "busy", result
            with pytest.raises(DatabaseError, match="locked"):
                Database.open(path, limits=quick)
            assert picture(tmp_path) == before
            go_on(process)
            assert database.execute("SELECT count(*) FROM t").rows == ((1,),)
        finally:
            finish(process)


def test_uncommitted_rows_of_a_live_writer_are_not_seen(tmp_path: Path) -> None:
    path = delete_mode(tmp_path / "a.db")
    process = writer(path, "do('BEGIN IMMEDIATE'); do('INSERT INTO t VALUES (1, 1)'); wait(); do('COMMIT'); wait()")
    try:
        ready(process)
        with Database.open(path) as database:
            assert database.execute("SELECT count(*) FROM t").rows == ((1,),)
            go_on(process)
            assert database.execute("SELECT count(*) FROM t").rows == ((2,),)
    finally:
        finish(process)


def test_a_writer_that_dies_while_the_file_is_open(tmp_path: Path) -> None:
    path = delete_mode(tmp_path / "a.db")
    with Database.open(path) as database:
        assert database.execute("SELECT count(*) FROM t").rows == ((1,),)
        killed(path, f"do('PRAGMA cache_size=5'); do('BEGIN'); do({ROWS!r})")
        before = picture(tmp_path)
        result = database.execute("SELECT count(*) FROM t")
        assert result.error_kind == "busy"
        assert "was cut off" in (result.error or "")
        assert picture(tmp_path) == before


REPLACED: list[tuple[str, Callable[[Path], object], tuple[object, str | None]]] = [
    # name, what happens to the file, then: first value or None, error kind
    ("renamed over", lambda path: build(path.with_name("new"), "CREATE TABLE t (a); INSERT INTO t VALUES (7)").rename(path), (7, None)),
    ("removed", lambda path: path.unlink(), (None, "other")),
    ("turned into text", lambda path: path.write_text("a,b\n1,2\n"), (None, "other")),
    ("emptied", lambda path: path.write_bytes(b""), (None, "other")),
    ("truncated", lambda path: os.truncate(path, 5000), (None, "other")),
    ("a directory", lambda path: (path.unlink(), path.mkdir()), (None, "other")),
    ("a fifo", lambda path: (path.unlink(), os.mkfifo(path)), (None, "other")),
]  # fmt: skip


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize(("change", "expected"), [r[1:] for r in REPLACED], ids=[r[0] for r in REPLACED])
def test_changed_while_open(
    tmp_path: Path, mode: str, change: Callable[[Path], object], expected: tuple[object, str | None]
) -> None:
    path = build(tmp_path / "a.db", TABLE + ";" + ROWS, before=f"PRAGMA journal_mode={mode}")
    with Database.open(path) as database:
        assert database.execute("SELECT count(*) FROM t").rows == ((2001,),)
        change(path)
        result = database.execute("SELECT max(a) FROM t")
        assert (result.rows[0][0] if result.ok else None, result.error_kind) == expected, result
