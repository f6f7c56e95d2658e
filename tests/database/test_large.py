"""Cells of over a megabyte: compared, counted and measured whole; what is fetched of them is cut, and it is said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from database_files import build, picture

from planner_cli.database import Database, same_result
from planner_cli.types import Execution

SIZE = 3_000_000
FILE = f"""
CREATE TABLE docs (id INTEGER PRIMARY KEY, title TEXT, body TEXT, photo BLOB);
INSERT INTO docs VALUES (1, 'small', 'a few words', x'0102'),
  (2, 'large', 'start ' || printf('%.*c', {SIZE}, 'x') || ' needle', zeroblob({SIZE})),
  (3, 'large too', 'start ' || printf('%.*c', {SIZE}, 'x') || ' thread', zeroblob({SIZE})),
  (4, 'letters', replace(hex(zeroblob(700000)), '0', 'é'), NULL);
CREATE VIEW long AS SELECT id, body FROM docs WHERE length(body) > 1000000;
CREATE VIRTUAL TABLE words USING fts5(title, body);
INSERT INTO words SELECT title, body FROM docs WHERE id < 4;
CREATE TABLE other (doc INTEGER, body TEXT);
INSERT INTO other SELECT id, body FROM docs WHERE id = 2;
"""
HEAD = "start " + "x" * 9994


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = build(tmp_path_factory.mktemp("large") / "a.db", FILE)
    before = picture(path.parent)
    with Database.open(path) as database:
        yield database
    assert picture(path.parent) == before


WHOLE = [
    # name, query, rows
    ("like", "SELECT id FROM docs WHERE body LIKE '%needle'", ((2,),)),
    ("equal", "SELECT docs.id FROM docs JOIN other ON docs.body = other.body", ((2,),)),
    ("length", "SELECT id, length(body), length(photo) FROM docs WHERE id > 2", ((3, SIZE + 13, SIZE), (4, 1_400_000, None))),
    ("octets", "SELECT octet_length(body) FROM docs WHERE id = 4", ((2_800_000,),)),
    ("substr", "SELECT substr(body, -6) FROM docs WHERE id IN (2, 3)", (("needle",), ("thread",))),
    ("count distinct", "SELECT count(DISTINCT body), count(DISTINCT photo), count(body) FROM docs", ((4, 2, 4),)),
    ("group", "SELECT count(*) FROM docs GROUP BY photo ORDER BY 1", ((1,), (1,), (2,))),
    ("match", "SELECT title FROM words WHERE words MATCH 'needle'", (("large",),)),
    ("instr", "SELECT instr(body, 'thread') FROM docs WHERE id = 3", ((SIZE + 8,),)),
    ("order", "SELECT id FROM docs ORDER BY body DESC LIMIT 1", ((4,),)),
    ("max", "SELECT max(length(body)) FROM docs", ((SIZE + 13,),)),
    ("upper", "SELECT substr(upper(body), 1, 5) FROM docs WHERE id = 2", (("START",),)),
    ("a view that measures", "SELECT id FROM long", ((2,), (3,), (4,))),
    ("in", "SELECT id FROM docs WHERE body IN (SELECT body FROM other)", ((2,),)),
    ("except", "SELECT count(*) FROM (SELECT body FROM docs EXCEPT SELECT body FROM other)", ((3,),)),
    ("another column of the row", "SELECT title FROM docs WHERE id = 2", (("large",),)),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), [w[1:] for w in WHOLE], ids=[w[0] for w in WHOLE])
def test_large_values_are_compared_and_measured(large: Database, sql: str, rows: tuple[object, ...]) -> None:
    result = large.execute(sql)
    assert (result.error, result.rows, result.notes) == (None, rows, ())


CUT = [
    # name, query, rows, how many values are cut
    ("one text", "SELECT body FROM docs WHERE id = 2", ((HEAD,),), 1),
    ("small ones stay whole", "SELECT body FROM docs WHERE id < 3", (("a few words",), (HEAD,)), 1),
    ("blobs", "SELECT id, photo FROM docs ORDER BY id", ((1, b"\1\2"), (2, bytes(10_000)), (3, bytes(10_000)), (4, None)), 2),
    ("within a letter", "SELECT 'x' || body FROM docs WHERE id = 4", (("x" + "é" * 4999,),), 1),
    ("a view", "SELECT body FROM long WHERE id = 3", ((HEAD,),), 1),
    ("full text", "SELECT body FROM words WHERE words MATCH 'thread'", ((HEAD,),), 1),
    ("an expression", "SELECT zeroblob(2000000)", ((bytes(10_000),),), 1),
    ("a row over all bytes", "SELECT zeroblob(900000) a, 7 b, zeroblob(900000) c, zeroblob(900000) d", ((bytes(500_000), 7, bytes(500_000), bytes(500_000)),), 3),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows", "cut"), [c[1:] for c in CUT], ids=[c[0] for c in CUT])
def test_what_is_fetched_of_them_is_cut(large: Database, sql: str, rows: tuple[object, ...], cut: int) -> None:
    result = large.execute(sql)
    assert (result.error, result.truncated) == (None, False)
    assert result.rows == rows
    assert len(result.cut_values) == cut
    (note,) = result.notes
    assert "cut" in note


def test_all_columns(large: Database) -> None:
    result = large.execute("SELECT * FROM docs")
    assert [row[1] for row in result.rows] == ["small", "large", "large too", "letters"]
    assert result.notes == ("5 values are cut to their beginnings; the largest has 3,000,013 bytes",)


def test_text_that_is_no_unicode_is_cut_too(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db", "CREATE TABLE t (a, b)")
    with apsw.Connection(str(path)) as connection:
        connection.execute("INSERT INTO t VALUES (CAST(x'41ff' || zeroblob(1500000) AS TEXT), 1)")
    connection.close()
    with Database.open(path) as database:
        result = database.execute("SELECT a, b FROM t")
        assert result.rows == (("A\ufffd" + "\0" * 9998, 1),)
        assert result.cut_values == (1_500_002,)


def test_samples_of_a_table_with_large_values(large: Database) -> None:
    (docs,) = large.schema.select(("docs",)).tables
    assert [len(column.samples) for column in docs.columns] == [3, 3, 3, 0]


def test_a_small_file_gives_no_room_for_large_values(tmp_path: Path) -> None:
    with Database.open(build(tmp_path / "a.db")) as database:
        assert database.execute("SELECT length(zeroblob(1000000))").rows == ((1_000_000,),)
        assert database.execute("SELECT length(hex(zeroblob(500001)))").error_kind == "size"


def test_over_the_memory_bound_it_is_said(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db", "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, zeroblob(70000000))")
    with Database.open(path) as database:
        assert database.execute("SELECT a, length(b), typeof(b) FROM t").rows == ((1, 70_000_000, "blob"),)
        assert database.execute("SELECT b FROM t").error == "value too large (over 67,108,864 bytes)"


def test_results_whose_beginnings_are_equal_are_not() -> None:
    one, other = (Execution(rows=(("x",),), cut_values=(size,)) for size in (2_000_000, 2_000_001))
    assert same_result(one, one)
    assert not same_result(one, other)
