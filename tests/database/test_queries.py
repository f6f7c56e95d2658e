"""What an execution holds: values, caps, column names, order, and why there is no result."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest
from database_files import build

from planner_cli.database import Database
from planner_cli.settings import Limits
from planner_cli.types import Row, Value

VALUES: list[tuple[str, str, Value]] = [
    ("null", "NULL", None),
    ("zero", "0", 0),
    ("smallest integer", "-9223372036854775807 - 1", -(2**63)),
    ("largest integer", "9223372036854775807", 2**63 - 1),
    ("over the largest integer", "9223372036854775808", 9.223372036854775808e18),
    ("float that is whole", "1.0", 1.0),
    ("smallest float", "5e-324", 5e-324),
    ("a third", "1.0 / 3", 1 / 3),
    ("infinity", "9e999", math.inf),
    ("negative infinity", "-9e999", -math.inf),
    ("not a number is null", "9e999 - 9e999", None),
    ("division by zero is null", "1 / 0", None),
    ("empty text", "''", ""),
    ("quotes", "'it''s \"x\"'", 'it\'s "x"'),
    ("controls", "char(27) || '[2J' || char(7, 0, 127)", "\x1b[2J\x07\x00\x7f"),
    ("astral", "'𝄞€'", "𝄞€"),
    ("line ends", "char(13, 10, 8232)", "\r\n\u2028"),
    ("empty blob", "x''", b""),
    ("blob", "x'00ff7b7d'", b"\x00\xff{}"),
    ("text that looks like a frame's blob", """'{"b": "00"}'""", '{"b": "00"}'),
]


@pytest.mark.parametrize(("sql", "expected"), [v[1:] for v in VALUES], ids=[v[0] for v in VALUES])
def test_values_arrive_exactly(shop: Database, sql: str, expected: Value) -> None:
    result = shop.execute(f"SELECT {sql} AS v")
    assert result.columns == ("v",)
    assert result.rows == ((expected,),)
    assert type(result.rows[0][0]) is type(expected)


NAMES = [
    ("aliases", 'SELECT 1 AS one, 2 AS "two words"', ("one", "two words")),
    ("repeated", "SELECT id, id FROM customers", ("id", "id")),
    ("expressions", "SELECT count(*), 1 + 1", ("count(*)", "1 + 1")),
    ("no rows", "SELECT id, name FROM customers WHERE 0", ("id", "name")),
    ("star", "SELECT * FROM orders LIMIT 0", ("id", "customer_id", "total")),
    ("control characters", 'SELECT 1 AS "\x1b[2J"', ("\x1b[2J",)),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), [n[1:] for n in NAMES], ids=[n[0] for n in NAMES])
def test_column_names(shop: Database, sql: str, expected: tuple[str, ...]) -> None:
    assert shop.execute(sql).columns == expected


def test_the_work_of_a_query_is_counted_and_not_timed(shop: Database) -> None:
    scan, one = (shop.execute(f"SELECT * FROM orders WHERE {where}") for where in ("total + 0 > 1", "id = 1"))
    again = shop.execute("SELECT * FROM orders WHERE total + 0 > 1")
    rows = shop.execute("SELECT count(*) FROM orders").rows[0][0]
    assert scan.scanned == rows - 1  # SQLite counts steps from one row to the next
    assert one.scanned == 0
    assert scan.steps > one.steps > 0
    assert (again.steps, again.scanned) == (scan.steps, scan.scanned)
    failed = shop.execute("SELECT nothing FROM orders")
    assert (failed.steps, failed.scanned) == (None, None)


ORDERED = [
    ("none", "SELECT total FROM orders", False),
    ("top level", "SELECT total FROM orders ORDER BY total", True),
    ("in a subquery only", "SELECT * FROM (SELECT total FROM orders ORDER BY total)", False),
    ("in a window only", "SELECT row_number() OVER (ORDER BY total) FROM orders", False),
]


@pytest.mark.parametrize(("sql", "expected"), [o[1:] for o in ORDERED], ids=[o[0] for o in ORDERED])
def test_ordered(shop: Database, sql: str, expected: bool) -> None:
    assert shop.execute(sql).ordered is expected


COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {n}) SELECT {what} FROM n"
CAPS = [
    # name, rows made, each one, rows kept, cut by  (caps: 10 rows, 1,000 bytes)
    ("under", 9, "i", 9, None),
    ("exactly", 10, "i", 10, None),
    ("one more", 11, "i", 10, "rows"),
    ("many more", 100_000, "i", 10, "rows"),
    ("bytes exactly", 10, "hex(zeroblob(50))", 10, None),
    ("bytes exactly, one more row", 11, "hex(zeroblob(50))", 10, "rows"),
    ("bytes over", 10, "hex(zeroblob(100))", 5, "bytes"),
    ("bytes of utf-8", 10, "replace(hex(zeroblob(50)), '0', 'é')", 5, "bytes"),
    ("blobs", 10, "zeroblob(500)", 2, "bytes"),
    ("text that is no utf-8, rows", 11, "CAST(x'FF' AS TEXT)", 10, "rows"),
    ("text that is no utf-8, bytes", 10, "CAST(x'FF' || zeroblob(200) AS TEXT)", 4, "bytes"),
]


@pytest.fixture(scope="module")
def capped(shop_path: Path) -> Iterator[Database]:
    with Database.open(shop_path, limits=Limits(rows=10, bytes=1000)) as database:
        yield database


@pytest.mark.parametrize(("made", "what", "kept", "cut_by"), [c[1:] for c in CAPS], ids=[c[0] for c in CAPS])
def test_caps(capped: Database, made: int, what: str, kept: int, cut_by: str | None) -> None:
    result = capped.execute(COUNT.format(n=made, what=what))
    assert (len(result.rows), result.cut_by) == (kept, cut_by)
    assert result.truncated is (cut_by is not None)


ERRORS = [
    # name, sql, kind, error
    ("column", "SELECT nmae FROM customers", "missing", "no such column: nmae; did you mean customers.name?"),
    ("quoted column", 'SELECT "nmae" FROM customers', "missing", "no such column: nmae; did you mean customers.name?"),
    ("table", "SELECT * FROM costumers", "missing", "no such table: costumers; did you mean customers?"),
    ("function", "SELECT year('2024')", "missing", "no such function: year; in SQLite: strftime('%Y', x)"),
    ("syntax", "SELEC 1", "syntax", 'near "SELEC": syntax error'),
    ("ambiguous", "SELECT id FROM customers, orders", "other", "ambiguous column name: id"),
    ("arguments", "SELECT abs(1, 2)", "other", "wrong number of arguments to function abs()"),
    ("aggregate", "SELECT name FROM customers WHERE count(*) > 1", "other", "misuse of aggregate function count()"),
    ("refused", "DELETE FROM orders", "refused", "refused: DELETE is not allowed, only reading this database is"),
    ("pragma", "PRAGMA user_version", "refused", "refused: PRAGMA user_version is not allowed, only reading this database is"),
    ("create", "CREATE TABLE x (a)", "refused", "refused: INSERT is not allowed, only reading this database is"),
    ("empty", "", "not_a_query", "not a query: there is no query in it"),
    ("explain", "EXPLAIN SELECT 1", "not_a_query", "not a query: EXPLAIN describes a query and does not answer it"),
    ("two", "SELECT 1; SELECT 2", "not_a_query", "not a query: it is more than one statement"),
    ("parameter", "SELECT ?", "not_a_query", "not a query: it has parameters (such as ?1 or :name) without values"),
    ("value too large", "SELECT zeroblob(1000001)", "size", "value too large (over 1,000,000 bytes)"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "kind", "error"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS])
def test_errors(shop: Database, sql: str, kind: str, error: str) -> None:
    result = shop.execute(sql)
    assert (result.error_kind, result.error) == (kind, error)
    assert result.columns == ()
    assert result.rows == ()


def test_one_candidate_leaves_nothing_for_the_next(shop: Database) -> None:
    before = shop.execute("SELECT name FROM customers").rows
    for sql in (
        "CREATE TEMP TABLE customers (name)",
        "PRAGMA case_sensitive_like=1",
        "SELECT printf('%d', last_insert_rowid())",
    ):
        assert not shop.execute(sql).ok
        assert shop.execute("SELECT name FROM customers").rows == before
        assert shop.execute("SELECT 'A' LIKE 'a'").rows == ((1,),)


def test_a_new_table_of_a_live_writer_can_be_asked(tmp_path: Path) -> None:
    import apsw

    path = build(tmp_path / "a.db")
    owner = apsw.Connection(str(path))
    owner.execute("PRAGMA journal_mode=WAL").fetchall()
    owner.execute("CREATE TABLE first (a)").fetchall()
    with Database.open(path) as database:
        assert database.execute("SELECT body FROM notes WHERE notes MATCH 'hello'").ok
        owner.execute(
            "CREATE TABLE later (a); INSERT INTO later VALUES (1); CREATE VIRTUAL TABLE late_notes USING fts5(b)"
        ).fetchall()
        owner.execute("INSERT INTO late_notes VALUES ('hi')").fetchall()
        expected: tuple[Row, ...] = ((1,),)
        assert database.execute("SELECT a FROM later").rows == expected
        assert database.execute("SELECT b FROM late_notes WHERE late_notes MATCH 'hi'").rows == (("hi",),)
        assert database.execute("SELECT body FROM notes WHERE notes MATCH 'hello'").rows == (("hello world",),)
    owner.close()
