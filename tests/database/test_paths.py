"""What is given as a database and is none: one clear line that names it, and what to do."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from database_files import build, hack_schema, picture

from planner_cli.database import Database, paths
from planner_cli.errors import DatabaseError, ExitCode

TABLE = "CREATE TABLE t (a); INSERT INTO t VALUES (1)"


def fifo(path: Path) -> None:
    os.mkfifo(path)


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)


def zero_tables(path: Path) -> None:
    build(path, "CREATE TABLE t (a); DROP TABLE t")


def half(path: Path) -> None:
    build(path, "CREATE TABLE t (a); INSERT INTO t SELECT randomblob(9000)")
    os.truncate(path, path.stat().st_size // 2)


def first_100_bytes(path: Path) -> None:
    build(path, TABLE)
    os.truncate(path, 100)


def malformed(path: Path) -> None:
    hack_schema(build(path, TABLE), "UPDATE sqlite_master SET sql = 'CREATE TABLE t (('")


def loop(path: Path) -> None:
    path.symlink_to(path)


BAD: list[tuple[str, Callable[[Path], object], str]] = [
    # name, what is there, words of the message
    ("missing", lambda path: None, "no such file"),
    ("missing folder", lambda path: path.with_name("x") / "y", "no such file"),
    ("dangling link", lambda path: path.symlink_to("nowhere"), "no such file"),
    ("link loop", loop, "Symlink loop|symbolic links"),
    ("directory", lambda path: path.mkdir(), "is a directory"),
    ("fifo", fifo, "not a regular file"),
    ("socket", bind, "not a regular file"),
    ("link to a device", lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
    ("zero bytes", lambda path: path.touch(), "is empty"),
    ("text", lambda path: path.write_text("id,name\n1,Ann\n"), "is a text file"),
    ("one character", lambda path: path.write_text("x"), "is a text file"),
    ("encrypted", lambda path: path.write_bytes(bytes(range(255, -1, -1)) * 16), "or an encrypted one"),
    ("header only", first_100_bytes, "is cut off"),
    ("half a file", half, "is cut off"),
    ("malformed schema", malformed, "damaged"),
    ("zero tables", zero_tables, "has no tables"),
    ("nul in the path", lambda path: None, "null"),
]


@pytest.mark.skipif(sys.platform == "win32", reason="FIFO, sockets and links")
@pytest.mark.parametrize(("make", "words"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_unusable(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    make: Callable[[Path], object],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket may not be long
    path = tmp_path / ("a\0b" if "nul" in request.node.name else "data.db")
    make(path)
    before = picture(tmp_path) if path.is_file() else {}
    with pytest.raises(DatabaseError, match=words) as caught:
        Database.open(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == ExitCode.USAGE
    assert (picture(tmp_path) if path.is_file() else {}) == before


NAMES = [
    "plain.db",
    "a.db?mode=rwc&x=",
    "new.db#",
    "with space.sqlite",
    "100%41.db",
    "ünï-表.db",
    "quote'\".db",
    "semi;colon.db",
    "back\\slash.db",
    "file:a.db",
    ":memory:",
    "-dash.db",
]


@pytest.mark.skipif(sys.platform == "win32", reason="characters no Windows file name has")
@pytest.mark.parametrize("name", NAMES)
def test_odd_names_open_the_right_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    build(tmp_path / "source", f"CREATE TABLE t (a); INSERT INTO t VALUES ('{name.encode().hex()}')").rename(
        tmp_path / name
    )
    before = picture(tmp_path)
    monkeypatch.chdir(tmp_path)
    with Database.open(name) as database:
        assert database.execute("SELECT a FROM t").rows == ((name.encode().hex(),),)
        assert database.path == Path(name)
        assert database.name == Path(name).stem
        assert not database.execute("INSERT INTO t VALUES (1)").ok
    assert len({paths.resolve(Path(given)) for given in (tmp_path / name, name, f"./{name}")}) == 1
    assert picture(tmp_path) == before


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="file names are text there")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.db")
    build(tmp_path / "source", TABLE).rename(path)
    with Database.open(path) as database:
        assert database.execute("SELECT a FROM t").rows == ((1,),)


def test_links_lead_to_the_file_and_its_siblings(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    owner = apsw.Connection(str(real / "a.db"))
    owner.execute("PRAGMA journal_mode=WAL").fetchall()
    owner.execute(TABLE).fetchall()
    (tmp_path / "link.db").symlink_to(real / "a.db")
    before = picture(tmp_path)
    with Database.open(tmp_path / "link.db") as database:
        assert database.execute("SELECT a FROM t").rows == ((1,),)
        assert database.name == "link"
    assert picture(tmp_path) == before
    owner.close()


def bytes_read(process: str) -> int:
    """What a process has read, from whatever, as Linux counts it."""
    (line,) = [line for line in Path(f"/proc/{process}/io").read_text().splitlines() if line.startswith("rchar:")]
    return int(line.split()[1])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="Linux counts what a process reads")
def test_a_huge_sparse_file_is_as_quick_as_a_small_one(tmp_path: Path) -> None:
    """Nothing reads, hashes or copies the whole file."""
    path = build(tmp_path / "a.db", TABLE)
    os.truncate(path, 5 << 30)
    if path.stat().st_blocks * 512 > 1 << 30:
        pytest.skip("this file system has no sparse files")
    before = bytes_read("self")
    with Database.open(path) as database:
        assert database.execute("SELECT a FROM t").rows == ((1,),)
        read = bytes_read(str(database._link.pid)) + bytes_read("self") - before
    assert 0 < read < 100 << 20


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="a file of Linux")
def test_a_file_that_only_looks_regular(tmp_path: Path) -> None:
    (tmp_path / "a.db").symlink_to("/proc/self/mem")
    with pytest.raises(DatabaseError, match=r"cannot be opened|permission denied"):
        Database.open(tmp_path / "a.db")
