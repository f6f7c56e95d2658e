"""The private copy: only with consent, right data, nothing beside the original, nothing left behind."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from database_files import picture
from test_states import STATES, Maker, delete_mode, hot, wal_waiting, without

from planner_cli.database import Database, copying
from planner_cli.errors import DatabaseError
from planner_cli.settings import Limits

REFUSED = [(name, make, 1 if "journal" in name else 2) for name, make, expected in STATES if isinstance(expected, str)]


@pytest.fixture(autouse=True)
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder of our own, to see what is left in it."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


@pytest.mark.parametrize(("make", "rows"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_was_refused_can_be_read(tmp_path: Path, temporary: Path, make: Maker, rows: int) -> None:
    path = make(tmp_path / "a b?mode=rwc&x=#%41.db")
    before = picture(tmp_path)
    with Database.open(path, private_copy=True) as database:
        assert database.path == path
        (folder,) = temporary.iterdir()
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
        assert database.execute("SELECT count(*) FROM t").rows == ((rows,),)
        assert database.execute("SELECT a, b FROM t LIMIT 1").rows == ((0, "first"),)
    assert list(temporary.iterdir()) == []
    assert picture(tmp_path) == before


def test_no_copy_where_none_is_needed(tmp_path: Path, temporary: Path) -> None:
    with Database.open(delete_mode(tmp_path / "a.db"), private_copy=True) as database:
        assert database.private_copy is None
        assert list(temporary.iterdir()) == []


def with_super_journal(path: Path, named: Path) -> Path:
    """A hot journal whose end names another file, as SQLite writes it for a commit over several databases."""
    hot("DELETE")(path)
    journal = Path(f"{path}-journal")
    name = os.fsencode(named)
    page = (1 << 30) // 512 + 1
    end = page.to_bytes(4, "big") + name + len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big")
    journal.write_bytes(journal.read_bytes() + end + bytes.fromhex("d9d505f920a163d7"))
    return path


def test_a_journal_cannot_make_it_remove_another_file(tmp_path: Path, temporary: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"x\0")
    path = with_super_journal(tmp_path / "a.db", victim)
    with pytest.raises(DatabaseError, match="several databases"):
        Database.open(path, private_copy=True)
    assert victim.exists()
    assert list(temporary.iterdir()) == []


def test_the_journal_is_one_that_sqlite_obeys(tmp_path: Path) -> None:
    """The control for the test above: SQLite up to 3.40.1 at least removes the file it names; 3.54.1 leaves it alone."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"x\0")
    path = with_super_journal(tmp_path / "a.db", victim)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("SELECT count(*) FROM t").fetchall()
    assert not Path(f"{path}-journal").exists(), "it was read, believed and rolled back"
    if sqlite3.sqlite_version_info <= (3, 40, 1):
        assert not victim.exists(), "the attack is real"


@pytest.mark.skipif(sys.platform != "linux", reason="Landlock")
def test_the_process_that_mends_writes_nowhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the check of the journal's end to fail, Landlock still holds."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"x\0")
    path = with_super_journal(tmp_path / "a.db", victim)
    monkeypatch.setattr(copying, "_refuse_super_journal", lambda *_: None)
    with Database.open(delete_mode(tmp_path / "b.db")) as database:
        if not database.layers["landlock"]:
            pytest.skip("this kernel has no Landlock")
    try:
        Database.open(path, private_copy=True).close()
    except DatabaseError as error:
        assert "mended" in error.message  # noqa: PT017 - either end is right, as long as the victim lives
    assert victim.exists()


def test_too_large_a_file_is_not_copied(tmp_path: Path, temporary: Path) -> None:
    path = hot("DELETE")(tmp_path / "a.db")
    with pytest.raises(DatabaseError, match="too large for a private copy"):
        copying.make(path, Limits(), most=1000)
    assert list(temporary.iterdir()) == []


def test_a_full_temporary_folder_is_said(tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = hot("DELETE")(tmp_path / "a.db")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))  # type: ignore[attr-defined]
    with pytest.raises(DatabaseError, match="does not fit") as caught:
        Database.open(path, private_copy=True)
    assert "TMPDIR" in (caught.value.hint or "")


def test_a_file_that_changes_meanwhile_is_refused(
    tmp_path: Path, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = without("-shm", wal_waiting)(tmp_path / "a.db")
    copy = copying._copy

    def and_change(*arguments: Any) -> None:
        copy(*arguments)
        os.utime(path, ns=(1, 1))

    monkeypatch.setattr(copying, "_copy", and_change)
    with pytest.raises(DatabaseError, match="changed while it was copied"):
        Database.open(path, private_copy=True)
    assert list(temporary.iterdir()) == []


def test_a_damaged_copy_is_named_as_the_file(tmp_path: Path, temporary: Path) -> None:
    path = hot("DELETE")(tmp_path / "a.db")
    data = bytearray(path.read_bytes())
    data[100:400] = b"\xff" * 300
    path.write_bytes(data)
    journal = Path(f"{path}-journal")
    journal.write_bytes(journal.read_bytes()[:512] + b"\xff" * 5000)
    with pytest.raises(DatabaseError) as caught:
        Database.open(path, private_copy=True)
    assert caught.value.message.startswith(str(path))
    assert str(temporary) not in caught.value.message
    assert list(temporary.iterdir()) == []


def test_what_a_killed_planner_left_is_removed(tmp_path: Path, temporary: Path) -> None:
    path = hot("DELETE")(tmp_path / "a.db")
    code = (
        "import os, sys; from planner_cli.database import Database\n"
        "Database.open(sys.argv[1], private_copy=True); os.kill(os.getpid(), 9)"
    )
    env = {**os.environ, "TMPDIR": str(temporary)}
    subprocess.run([sys.executable, "-c", code, str(path)], check=False, env=env)
    (left,) = copying.leftovers()
    (temporary / "planner-copy-1-not-ours-to-remove").mkdir()  # process 1 lives
    with Database.open(path, private_copy=True):
        assert not left.exists()
    assert [folder.name for folder in temporary.iterdir()] == ["planner-copy-1-not-ours-to-remove"]
