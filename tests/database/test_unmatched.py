"""Comparisons that no stored row meets."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from planner_cli.database import Database, unmatched

BUT = "but for white space or Unicode normal form"
FOUND = [
    # name, query, what no row meets
    ("a text that is there", "select * from customers where city = 'Paris'", []),
    ("one that is not", "select * from customers where city = 'Berlin'", ["customers.city = 'Berlin'"]),
    ("another case", "select * from customers where city = 'paris'", ["customers.city = 'paris' (nearest: 'Paris')"]),
    ("a number", "select count(*) from orders where customer_id = 9", ["orders.customer_id = 9"]),
    ("a text for a number", "select count(*) from orders where id = '1'", []),
    ("two", "select * from customers where city == 'X' or name = 'Y'", ["customers.city = 'X'", "customers.name = 'Y'"]),
    ("through an alias", "select * from orders as o where o.status = 'lost'", ["orders.status = 'lost'"]),
    (
        "within a nested query",
        "select name from customers where id not in (select customer_id from orders where status = 'x')",
        ["orders.status = 'x'"],
    ),
    ("in a join", "select * from customers c join orders o on c.id = o.customer_id where city = 'X'", ["customers.city = 'X'"]),
    ("a quote in it", "select * from customers where name = 'O''Neill'", ["customers.name = 'O''Neill'"]),
    ("a column of both tables", "select 1 from customers, orders where id = 77", []),
    ("an inequality", "select * from customers where city != 'Berlin'", []),
    ("at least", "select * from orders where id >= 99", []),
    ("an expression", "select * from customers where city = 'Ber' || 'lin'", []),
    ("a sum", "select * from orders where id = 90 + 9", []),
    ("another collation", "select * from customers where city = 'paris' collate nocase", []),
    ("a column with a column", "select * from customers c join orders o on c.id = o.customer_id", []),
    ("an expression of the column", "select * from customers where lower(city) = 'berlin'", []),
    ("a view's column", "select * from parisians where name = 'Ben'", []),
    ("twice the same", "select * from customers where city = 'X' union select * from customers where city = 'X'", ["customers.city = 'X'"]),
    ("another normal form", "select * from places where name = 'Café'", [f"places.name = 'Café' ({BUT} 'Cafe\u0301')"]),
    ("the stored form", "select * from places where name = 'Cafe\u0301'", []),
    ("compatible characters", "select * from places where name = 'ﬁrma'", [f"places.name = 'ﬁrma' ({BUT} 'firma')"]),
    ("blanks at the end of what is stored", "select * from places where name = 'Berlin'", [f"places.name = 'Berlin' ({BUT} 'Berlin      ')"]),
    ("blanks at the end of what is asked for", "select * from places where name = 'firma '", [f"places.name = 'firma ' ({BUT} 'firma')"]),
    ("two blanks", "select * from places where name = 'New York'", [f"places.name = 'New York' ({BUT} 'New  York')"]),
    ("a line break", "select * from places where name = 'Bad Ems'", [f"places.name = 'Bad Ems' ({BUT} 'Bad' || char(10) || 'Ems')"]),
    ("a no-break space", "select * from places where name = '10 km'", [f"places.name = '10 km' ({BUT} '10\u00a0km')"]),
    ("a narrow no-break space", "select * from places where name = '5 kg'", [f"places.name = '5 kg' ({BUT} '5\u202fkg')"]),
    ("a thin space for none", "select * from places where name = '7m'", [f"places.name = '7m' ({BUT} '7\u2009m')"]),
    ("a blank of no width", "select * from places where name = 'Sankt Pölten'", [f"places.name = 'Sankt Pölten' ({BUT} 'Sankt \u200bPölten')"]),
    ("a byte order mark", "select * from places where name = 'Aachen'", [f"places.name = 'Aachen' ({BUT} '\ufeffAachen')"]),
    ("a soft hyphen", "select * from places where name = 'Donaudampf'", [f"places.name = 'Donaudampf' ({BUT} 'Donau\u00addampf')"]),
    ("such a blank that is asked for", "select * from places where name = 'fir\u200bma'", [f"places.name = 'fir\u200bma' ({BUT} 'firma')"]),
    ("a quote and blanks", "select * from places where name = 'O''Neil'", [f"places.name = 'O''Neil' ({BUT} ' O''Neil')"]),
    ("a quote that a normal form makes", "select * from places where name = 'O\uff07Neil'", [f"places.name = 'O\uff07Neil' ({BUT} ' O''Neil')"]),
    ("a typing error", "select * from customers where city = 'Prais'", ["customers.city = 'Prais' (nearest: 'Paris')"]),
    ("a part of it", "select * from places where name = 'Donaudampfer'", ["places.name = 'Donaudampfer' (nearest: 'Donau\u00addampf')"]),
    ("a number with nothing near", "select * from orders where customer_id = 3", ["orders.customer_id = 3"]),
    ("another case and blanks", "select * from places where name = 'berlin'", ["places.name = 'berlin' (nearest: 'Berlin      ')"]),
    ("only blanks", "select * from places where name = ' '", ["places.name = ' '"]),
    ("a number is no text", "select * from places where name = 10", ["places.name = 10"]),
    ("other letters", "select * from places where name = 'Cafè'", ["places.name = 'Cafè' (nearest: 'Cafe\u0301')"]),
    ("letters that only SQLite tells apart", "select * from places where É = 'a' and é = 'a'", ["places.é = 'a'"]),
    ("a table that only SQLite tells apart", "select * from ä where x = 1", ["ä.x = 1"]),
    ("what does not run", "select nothing from customers where city = 'Berlin'", []),
]  # fmt: skip


def built(path: Path) -> Path:
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            create table customers (id integer primary key, name text, city text);
            create table orders (id integer primary key, customer_id integer, status text);
            create view parisians as select name from customers where city = 'Paris';
            insert into customers values (1, 'Anna', 'Paris'), (2, 'Ben', 'Rome');
            insert into orders values (1, 1, 'open'), (2, 2, 'shipped');
            create table places (name text, É text, é text);
            insert into places values ('Cafe\u0301', 'a', 'b'), ('firma', 'a', 'b');
            insert into places (name) values ('Berlin      '), ('New  York'), ('Bad' || char(10) || 'Ems'), ('10\u00a0km'),
                                             (' O''Neil'), (''), ('5\u202fkg'), ('7\u2009m'), ('Sankt \u200bPölten'),
                                             ('\ufeffAachen'), ('Donau\u00addampf');
            create table Ä (x);
            create table ä (x);
            insert into Ä values (1);
            """
        )
    connection.close()
    return path


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with Database.open(built(tmp_path_factory.mktemp("unmatched") / "shop.sqlite")) as database:
        yield database


@pytest.mark.parametrize(("sql", "unmet"), [case[1:] for case in FOUND], ids=[case[0] for case in FOUND])
def test_comparisons_that_no_row_meets(opened, sql, unmet):
    assert list(map(str, opened.execute(sql).unmatched)) == unmet


def test_nothing_is_said_of_a_redacted_column(tmp_path):
    with Database.open(built(tmp_path / "shop.sqlite"), redact=("customers.city",)) as database:
        assert database.execute("select * from customers where city = 'Paris'").unmatched == ()
        assert database.execute("select * from customers where name = 'X'").unmatched != ()


def test_a_change_of_the_file_is_seen(tmp_path):
    shop = built(tmp_path / "shop.sqlite")
    sql = "select * from customers where city = 'Berlin'"
    with Database.open(shop) as database:
        assert len(database.execute(sql).unmatched) == 1
        with sqlite3.connect(shop) as connection:
            connection.execute("insert into customers values (9, 'Ida', 'Berlin')")
        connection.close()
        assert database.execute(sql).unmatched == ()


def test_what_takes_too_long_to_look_up_is_not_said(tmp_path, monkeypatch):
    path = tmp_path / "large.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table t (a)")
        connection.execute(
            "insert into t with recursive n(i) as (select 1 union all select i + 1 from n limit 500000) select i from n"
        )
    connection.close()
    for seconds, said in ((60.0, 1), (0.001, 0)):
        monkeypatch.setattr(unmatched, "SECONDS", seconds)
        with Database.open(path) as database:
            execution = database.execute("select 1 from t where a = 'x' or 1 limit 1")
            assert (execution.rows, len(execution.unmatched)) == (((1,),), said)


def test_reading_a_query_takes_no_time_from_the_look_ups(tmp_path, monkeypatch):
    """As the first query of a process does, which imports the parser: half a second on a busy machine."""
    real, late = time.monotonic, [0.0]
    comparisons = unmatched.comparisons

    def slow(*arguments):
        late[0] += 2 * unmatched.SECONDS
        return comparisons(*arguments)

    monkeypatch.setattr(unmatched, "comparisons", slow)
    with Database.open(built(tmp_path / "shop.sqlite")) as database:
        monkeypatch.setattr(time, "monotonic", lambda: real() + late[0])
        found = database.execute("select * from customers where city = 'Berlin'")
    assert [str(comparison) for comparison in found.unmatched] == ["customers.city = 'Berlin'"]
