"""What the worker asks the system for, as strace sees it: no file opened for writing, made, renamed or removed, no socket."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from database_files import build, picture
from test_corpus import lines, one_in, parsed
from test_hazards import BOMBS, SIDE_EFFECTS

from tests.corpus.statements import SEED, TARGET, statements

STRACE = shutil.which("strace")
CALLS = (
    "execve,open,openat,creat,unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat,rmdir,"
    "truncate,ftruncate,fallocate,pwrite64,pwritev,chmod,fchmod,chown,socket,connect,bind,kill"
)
RUN = """
import json, sys
from planner_cli.database import Database
from planner_cli.settings import Limits
with Database.open(sys.argv[1], limits=Limits(seconds=0.5)) as database:
    print(json.dumps([database.execute(sql).error_kind for sql in json.load(open(sys.argv[2]))]))
"""
FREE = re.compile(r"\bO_RDONLY\b|execve\(|\+\+\+|---|/dev/null.*EACCES|resumed>")
"""Calls that change nothing; the last but one is the test of Landlock at the start."""


def traced(folder: Path, *command: str) -> dict[str, list[str]]:
    """The calls of each process, by what it was started as: the worker's hold ``-I`` and ``-S``."""
    if STRACE is None:
        pytest.skip("no strace(1)")
    logs = folder / "logs"
    logs.mkdir()
    arguments = [STRACE, "-ff", "-qq", "-s", "300", "-e", f"trace={CALLS}", "-o", str(logs / "log"), *command]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=280)
    if "ptrace" in done.stderr.lower():
        pytest.skip("this system lets nobody trace")
    assert done.returncode == 0, done.stderr
    return {log.name: log.read_text(errors="replace").splitlines() for log in logs.iterdir()}


def of_worker(calls: list[str]) -> list[str]:
    """What a process did after it became a worker; nothing for others."""
    starts = [place for place, line in enumerate(calls) if line.startswith("execve(") and '"-I", "-S"' in line]
    return calls[starts[-1] :] if starts else []


def run_traced(folder: Path, queries: list[str], script: str | None = None) -> None:
    """Runs the queries on a database of their own (``script`` makes it); fails for a call that changes anything."""
    (folder / "database").mkdir()
    path = folder / "database" / "a.db"
    build(path) if script is None else build(path, script)
    before = picture(path.parent)
    places = {"{folder}": str(path.parent), "{path}": str(path)}
    for mark, place in places.items():
        queries = [sql.replace(mark, place) for sql in queries]
    (folder / "queries.json").write_text(json.dumps(queries))
    logs = traced(folder, sys.executable, "-c", RUN, str(path), str(folder / "queries.json"))
    workers = [calls for calls in map(of_worker, logs.values()) if calls]
    assert workers
    assert any(str(path) in line for calls in workers for line in calls), "the worker's calls were not seen"
    changing = [line for calls in workers for line in calls if not FREE.search(line)]
    assert changing == []
    assert picture(path.parent) == before
    sys.stdout.write(
        f"{len(queries)} statements, {sum(map(len, workers))} calls of {len(workers)} workers, 0 that change\n"
    )


@pytest.mark.skipif(sys.platform != "linux", reason="strace")
def test_the_worker_changes_nothing(tmp_path: Path) -> None:
    queries = [sql for _, sql, _ in SIDE_EFFECTS] + [sql for _, sql, kinds in BOMBS if kinds == {"size"}]
    run_traced(tmp_path, queries)


@pytest.mark.skipif(sys.platform != "linux", reason="strace")
def test_one_in_forty_of_the_statements_of_every_kind_changes_nothing(tmp_path: Path) -> None:
    run_traced(tmp_path, [one.sql for one in one_in(40, statements())], TARGET)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform != "linux", reason="strace")
def test_all_of_them_change_nothing(tmp_path: Path) -> None:
    run_traced(tmp_path, [one.sql for one in statements()], TARGET)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(sys.platform != "linux", reason="strace")
def test_9000_of_sqlites_own_change_nothing(tmp_path: Path) -> None:
    run_traced(tmp_path, [one.sql for one in parsed(random.Random(SEED).sample(lines(), 9000))], TARGET)


@pytest.mark.skipif(sys.platform != "linux", reason="strace")
def test_a_change_would_be_seen(tmp_path: Path) -> None:
    """The control: plain SQLite, asked to attach a new file."""
    code = (
        f"import apsw; apsw.Connection(':memory:').execute(\"ATTACH '{tmp_path}/new.db' AS z; CREATE TABLE z.t (a)\")"
    )
    logs = traced(tmp_path, sys.executable, "-c", code)
    assert any("new.db" in line and not FREE.search(line) for calls in logs.values() for line in calls)
