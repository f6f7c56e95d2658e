"""All rows of a query, a block at a time: the same values as SQLite's own, in bounded memory, or an error."""

import resource
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from database_files import build, picture

from planner_cli.control import Control
from planner_cli.database import Database, block, wire
from planner_cli.errors import ExitCode, ExportError, Interrupted
from planner_cli.settings import Limits
from planner_cli.ui.formats import write_blocks

FILE = """
CREATE TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n;
CREATE TABLE v(t TEXT, r REAL, b BLOB, m);
INSERT INTO v VALUES ('a', 1.5, x'00ff', 1), ('b,"', 9e999, x'', NULL), ('日本', -9e999, x'41', 'x'), ('', 0.1, x'42', 2.5);
CREATE TABLE nul AS SELECT 'a' || char(0) || 'b' AS t UNION ALL SELECT 'c';
CREATE TABLE bad AS SELECT i, CASE WHEN i = 700 THEN CAST(x'41ff42' AS TEXT) ELSE 'ok' END AS t FROM n WHERE i <= 1000;
CREATE TABLE large AS SELECT i, CASE WHEN i % 50 = 0 THEN zeroblob(900000) END AS b FROM n WHERE i <= 300;
CREATE TABLE big AS SELECT 9223372036854775807 AS i UNION ALL SELECT -9223372036854775808;
"""
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i < 6000"
QUERIES = {
    "none": "SELECT i FROM n WHERE i < 0",
    "one": "SELECT 1",
    "many blocks": "SELECT i, i * 0.5 AS h, 'row ' || i AS t FROM n",
    "ordered": "SELECT i FROM n ORDER BY i % 7, i DESC",
    "values of all kinds": "SELECT * FROM v",
    "NUL in texts": "SELECT * FROM nul",
    "the largest integers": "SELECT * FROM big",
    "rows of very different sizes": "SELECT i, b FROM large",
    "a name in double quotes": 'SELECT "i" FROM n WHERE "i" < 3; -- and a comment',
    "wide": "SELECT " + ", ".join(f"{i} AS c{i}" for i in range(400)),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("export") / "t.db", FILE)


@pytest.fixture(scope="module")
def database(path):
    with Database.open(path, limits=Limits(seconds=0.5, patience=60, rows=10)) as database:
        yield database


@pytest.mark.parametrize("sql", QUERIES.values(), ids=QUERIES)
def test_the_rows_are_those_of_sqlite(database, path, sql):
    before = picture(path.parent)
    with closing(sqlite3.connect(path)) as plain:
        expected = plain.execute(sql.partition(";")[0]).fetchall()
    blocks = list(database.blocks(sql))
    assert [row for each in blocks for row in each.rows()] == expected
    assert all(0 < len(each) <= 5000 for each in blocks)
    assert picture(path.parent) == before


def test_text_that_is_not_utf_8_is_as_in_a_result(database):
    rows = [row for each in database.blocks("SELECT i, t FROM bad") for row in each.rows()]
    assert [number for number, _ in rows] == [*range(1, 1001)]
    assert [text for _, text in rows if text != "ok"] == ["A\ufffdB"]
    first = database.execute("SELECT t FROM bad WHERE i = 700")
    assert [*next(database.blocks("SELECT t FROM bad WHERE i = 700")).rows()] == [*first.rows]


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("DELETE FROM n", "refused"),
        ("SELECT i FROM n; SELECT 1", "more than one statement"),
        ("SELECT nope FROM n", "no such column"),
        ("EXPLAIN SELECT 1", "EXPLAIN"),
        ("ATTACH 'x.db' AS x", "refused"),
        ("-- nothing", "not a query"),
    ],
)
def test_what_is_no_query_of_this_file_is_refused(database, sql, why):
    with pytest.raises(ExportError, match=f"ends after 0 rows: .*{why}") as caught:
        list(database.blocks(sql))
    assert caught.value.exit_code is ExitCode.OUTPUT
    assert database.execute("SELECT 1").ok


def test_a_query_that_does_not_end_is_ended(path):
    with Database.open(path, limits=Limits(seconds=0.1, patience=0)) as database:
        with pytest.raises(ExportError, match=r"over the time limit of 0\.1 s") as caught:
            list(database.blocks(ENDLESS))
        assert "--query-patience" in caught.value.hint
        assert database.execute("SELECT 1").ok


def test_ctrl_c_ends_it(path):
    control = Control()
    with Database.open(path) as database:
        blocks = database.blocks("SELECT a.i FROM n AS a, n AS b", control)
        next(blocks)
        control.cancel()
        with pytest.raises(Interrupted):
            list(blocks)


def test_who_stops_early_can_go_on_asking(database):
    blocks = database.blocks("SELECT a.i FROM n AS a, n AS b")
    assert len(next(blocks)) > 1000
    blocks.close()
    assert database.execute("SELECT count(*) FROM n").rows == ((10_000,),)


ROWS = [(1, 0.5, "a", b"x", None), (2, -1.0, "b", b"", "c")]


def test_a_block_travels_unchanged():
    made = block.block(ROWS)
    assert made.kinds == ("i", "r", "t", "b", "m")
    assert [*block.unpack(block.pack(made.kinds, made.columns)).rows()] == ROWS
    assert [*made.first(1).rows()] == ROWS[:1]


@pytest.mark.parametrize(
    "damage",
    [
        {"count": 3},
        {"count": -1},
        {"payload": b""},
        {"columns": [["i", 15]]},
        {"columns": [["x", 1]]},
        {"columns": [["m", 3]], "payload": b"[1]", "count": 2},
        {"columns": [["m", 6]], "payload": b"[true]", "count": 1},
        {"columns": [["m", 5]], "payload": b"[[1]]", "count": 1},
        {"columns": [["t", 1]], "payload": b"\xff", "count": 1},
        {"columns": [["b", 8]], "payload": b"\xff" * 8, "count": 1},
        {"columns": None},
        {"columns": [["i"]]},
    ],
    ids=str,
)
def test_what_is_no_block_is_refused(damage):
    made = block.block(ROWS)
    with pytest.raises(wire.WireError):
        block.unpack({**block.pack(made.kinds, made.columns), **damage})


@pytest.mark.slow
def test_three_million_rows(tmp_path):
    path = build(tmp_path / "t.db", FILE)
    sql = "SELECT a.i, b.i AS j, 'text ' || a.i AS t FROM n AS a, n AS b WHERE b.i <= 300"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with Database.open(path) as database, (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as stream:
        write_blocks(("i", "j", "t"), database.blocks(sql), format="csv", stream=stream)
        status = Path(f"/proc/{database._link.pid}/status").read_text()
    worker = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert worker + grown < 300_000
    with (tmp_path / "t.csv").open() as lines:
        assert sum(1 for _ in lines) == 3_000_001
