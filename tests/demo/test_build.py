"""The demo database: the same rows every time, sound, awkward on purpose, and never over somebody's file."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from planner_cli.demo import build
from planner_cli.demo.schema import TABLES
from planner_cli.errors import DatabaseError


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite"
    build(path)
    return path


def query(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_same_seed_gives_the_same_bytes(demo, tmp_path):
    build(tmp_path / "again.sqlite")
    assert (tmp_path / "again.sqlite").read_bytes() == demo.read_bytes()


def test_rows_are_the_ones_the_questions_were_written_for(demo):
    # Pinned: another Python or platform must draw the same numbers.
    assert query(demo, "SELECT count(*), sum(amount * 100), max(invoice_date) FROM invoices") == [
        (1015, pytest.approx(67446699), "2024-12-31")
    ]
    assert query(demo, "SELECT sum(minutes), count(ReasonCode) FROM downtime") == [(26581, 376)]


def test_another_seed_gives_other_rows(demo, tmp_path):
    build(tmp_path / "other.sqlite", seed=8)
    assert dump(tmp_path / "other.sqlite") != dump(demo)
    assert query(tmp_path / "other.sqlite", "PRAGMA foreign_key_check") == []


def test_it_is_sound(demo):
    assert query(demo, "PRAGMA integrity_check") == [("ok",)]
    assert query(demo, "PRAGMA foreign_key_check") == []
    assert query(demo, "PRAGMA journal_mode") == [("delete",)]
    assert list(demo.parent.iterdir()) == [demo]


def test_every_table_has_rows_and_keys(demo):
    assert [name for (name,) in query(demo, "SELECT name FROM sqlite_master WHERE type = 'table'")] == list(TABLES)
    sizes = {table: query(demo, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}
    assert min(sizes.values()) > 10
    assert 5_000 < sum(sizes.values()) < 10_000
    for table in TABLES:
        assert any(column[5] for column in query(demo, f"PRAGMA table_info({table})")), f"{table} has no primary key"


AWKWARD = [
    ("apostrophe", "SELECT 1 FROM customers WHERE name = 'O''Brien & Sons'"),
    ("umlaut", "SELECT 1 FROM customers WHERE name = 'Müller GmbH'"),
    ("polish letters", "SELECT 1 FROM customers WHERE city = 'Łódź'"),
    ("japanese", "SELECT 1 FROM customers WHERE name = '日本電機'"),
    ("double quotes", "SELECT 1 FROM customers WHERE name LIKE '%\"%'"),
    ("percent sign", "SELECT 1 FROM customers WHERE name LIKE '100\\%%' ESCAPE '\\'"),
    ("reserved word as column", "SELECT 1 FROM machines WHERE \"group\" = 'turning'"),
    ("mixed case values", "SELECT 1 FROM downtime WHERE ReasonCode = 'Tool Wear'"),
    ("null email", "SELECT 1 FROM customers WHERE email IS NULL"),
    ("null manager", "SELECT 1 FROM employees WHERE manager_id IS NULL"),
    ("customer without orders", "SELECT 1 FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)"),
    ("machine without downtime", "SELECT 1 FROM machines WHERE id NOT IN (SELECT machine_id FROM downtime)"),
    (
        "invoice paid in parts",
        "SELECT 1 FROM payments GROUP BY invoice_id HAVING count(*) = 2",
    ),
]


@pytest.mark.parametrize("sql", [sql for _, sql in AWKWARD], ids=[name for name, _ in AWKWARD])
def test_it_holds_what_real_databases_hold(demo, sql):
    assert query(demo, sql)


CONSISTENT = [
    (
        "invoice is the sum of its lines",
        """SELECT i.id FROM invoices i JOIN order_lines l USING (order_id) GROUP BY i.id
        HAVING abs(i.amount - sum(l.quantity * l.unit_price * (1 - l.discount))) > 0.006""",
    ),
    (
        "nobody pays more than the invoice",
        """SELECT i.id FROM invoices i JOIN payments p ON p.invoice_id = i.id GROUP BY i.id
        HAVING sum(p.amount) > i.amount + 0.006""",
    ),
    ("shipped orders alone have a date", "SELECT id FROM orders WHERE (status = 'shipped') <> (shipped_date IS NOT NULL)"),
    ("shipped orders alone are invoiced", "SELECT id FROM orders WHERE (status = 'shipped') <> (id IN (SELECT order_id FROM invoices))"),
    ("nothing before its cause", "SELECT id FROM orders WHERE shipped_date <= order_date"),
    ("orders after signup", "SELECT o.id FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.order_date < c.signup_date"),
    ("sellers were hired", "SELECT o.id FROM orders o JOIN employees e ON e.id = o.employee_id WHERE o.order_date < e.hired_date"),
    ("no order is empty", "SELECT id FROM orders WHERE id NOT IN (SELECT order_id FROM order_lines)"),
    ("the future has not happened", "SELECT 1 FROM payments WHERE payment_date > '2024-12-31'"),
    ("no work on Sundays", "SELECT 1 FROM downtime WHERE strftime('%w', start_time) = '0'"),
]  # fmt: skip


@pytest.mark.parametrize("sql", [sql for _, sql in CONSISTENT], ids=[name for name, _ in CONSISTENT])
def test_its_facts_agree_with_each_other(demo, sql):
    assert query(demo, sql) == []


def test_an_unchanged_demo_is_left_as_it_is(tmp_path):
    path = tmp_path / "demo.sqlite"
    assert build(path) is True
    before = path.stat()
    assert build(path) is False
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    assert path.stat().st_ino == before.st_ino
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM")  # other bytes, the same rows
    assert build(path) is False


CHANGED = [
    ("a row", "UPDATE customers SET city = 'x' WHERE id = 1"),
    ("a table", "CREATE TABLE mine (x)"),
    ("an index", "CREATE INDEX mine ON customers(city)"),
]


@pytest.mark.parametrize("sql", [sql for _, sql in CHANGED], ids=[name for name, _ in CHANGED])
def test_a_demo_that_its_user_changed_is_kept_unless_forced(tmp_path, sql):
    path = tmp_path / "demo.sqlite"
    build(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(sql)
        connection.commit()
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="was changed"):
        build(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert build(path, force=True) is True
    assert build(path) is False


def test_a_damaged_demo_is_kept_unless_forced(tmp_path):
    path = tmp_path / "demo.sqlite"
    build(path)
    path.write_bytes(path.read_bytes()[:20_000])
    with pytest.raises(DatabaseError, match="was changed"):
        build(path)
    assert build(path, force=True) is True


def foreign_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE mine (x)")


FOREIGN = [
    ("text file", lambda path: path.write_text("notes")),
    ("empty file", lambda path: path.touch()),
    ("another database", foreign_database),
]


@pytest.mark.parametrize("make", [make for _, make in FOREIGN], ids=[name for name, _ in FOREIGN])
def test_a_foreign_file_is_left_alone_unless_forced(tmp_path, make):
    path = tmp_path / "mine.sqlite"
    make(path)
    before = path.read_bytes()
    with pytest.raises(DatabaseError, match="not a demo database"):
        build(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    build(path, force=True)
    assert query(path, "SELECT count(*) FROM customers") == [(150,)]


REFUSED = [
    ("folder", lambda folder: folder, "is a folder"),
    ("no such folder", lambda folder: folder / "no" / "demo.sqlite", "no folder"),
]


@pytest.mark.parametrize(("target", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_targets_that_cannot_be(tmp_path, target, message):
    with pytest.raises(DatabaseError, match=message):
        build(target(tmp_path), force=True)


def test_a_fifo_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DatabaseError, match="not a regular file"):
        build(tmp_path / "pipe", force=True)


def test_a_database_in_use_is_not_pulled_away(tmp_path):
    path = tmp_path / "demo.sqlite"
    build(path)
    with closing(sqlite3.connect(path)) as user:
        user.execute("PRAGMA journal_mode = wal")
        user.execute("INSERT INTO customers VALUES (999, 'x', 'x', 'x', NULL, NULL, 'x')")
        user.commit()
        with pytest.raises(DatabaseError, match="in use"):
            build(path)
    assert query(path, "SELECT count(*) FROM customers") == [(151,)]


def test_a_link_keeps_pointing_to_the_replaced_file(demo, tmp_path):
    (tmp_path / "link.sqlite").symlink_to(tmp_path / "target.sqlite")
    build(tmp_path / "link.sqlite")
    assert (tmp_path / "link.sqlite").is_symlink()
    assert (tmp_path / "target.sqlite").read_bytes() == demo.read_bytes()
