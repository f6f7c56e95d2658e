"""Real SQLite files for the tests, and a picture of a folder to compare before and after."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import apsw

from planner_cli.database import Database
from tests.running import children_computed, cpu_seconds

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT);
INSERT INTO customers VALUES (1, 'Ann', 'Rome'), (2, 'Bob', NULL), (3, 'Cy', 'Oslo');
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers, total REAL);
INSERT INTO orders VALUES (1, 1, 10.5), (2, 1, 4.5), (3, 3, 7.0);
CREATE VIEW big_orders AS SELECT * FROM orders WHERE total > 5;
CREATE TRIGGER on_big INSTEAD OF INSERT ON big_orders BEGIN DELETE FROM orders; END;
CREATE VIRTUAL TABLE notes USING fts5(body);
INSERT INTO notes VALUES ('hello world');
CREATE VIRTUAL TABLE old_notes USING fts3(body);
INSERT INTO old_notes VALUES ('hello world');
CREATE VIRTUAL TABLE boxes USING rtree(id, low, high);
INSERT INTO boxes VALUES (1, 2, 3);
"""


def build(path: Path, sql: str = SHOP, *, before: str = "") -> Path:
    """An SQLite file made from ``sql``; ``before`` runs first, outside of a transaction."""
    with closing(apsw.Connection(str(path))) as connection:
        run(connection, before)
        with connection:
            run(connection, sql)
    return path


def run(connection: apsw.Connection, sql: str) -> list[Any]:
    return connection.execute(sql).fetchall()


def hack_schema(path: Path, sql: str) -> Path:
    """Change ``sqlite_master`` as only a hostile hand does."""
    with closing(apsw.Connection(str(path))) as connection:
        run(connection, f"PRAGMA writable_schema=ON; {sql}")
    return path


def writer(path: Path, code: str) -> subprocess.Popen[str]:
    """Another process with a connection ``c`` to the file and a function ``wait()``, as the owner's program.

    ``wait()`` says it has come so far and goes on at the next line it is sent (see :func:`go_on`).
    """
    head = (
        f"import apsw, os, sys\nc = apsw.Connection({str(path)!r})\n"
        "def do(sql): return c.execute(sql).fetchall()\n"
        "def wait(): print('ready', flush=True); sys.stdin.readline()\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", head + code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def go_on(process: subprocess.Popen[str], *, until_ready: bool = True) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
    if until_ready:
        ready(process)


def ready(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"


def finish(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def computed(database: Database) -> float:
    """Seconds that this database's workers have computed for, the dead ones too.

    Not seconds of the clock on the wall, which go on while other work has the cores; what computes nothing and never
    answers runs into the time limit of the test.
    """
    alive = 0.0
    if database._link.pid is not None:
        with suppress(FileNotFoundError):  # it has just been ended
            alive = cpu_seconds(database._link.pid)
    return children_computed() + alive


def picture(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Every file below ``folder``: size, mtime and sha256."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_size,
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
