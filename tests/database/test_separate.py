"""The rows on which two queries differ."""

from __future__ import annotations

import sqlite3

import pytest

from planner_cli.database import Database
from planner_cli.database.separate import on_rows

SECONDS = 60.0
"""A busy machine."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    path = tmp_path_factory.mktemp("separate") / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            create table customers (id integer primary key, name text, city text);
            create table Orders (id integer primary key, customer_id integer, total real);
            create table keyed (code text primary key, n integer) without rowid;
            create table numbers (n integer primary key);
            create table bare (x integer);
            create view totals as select customer_id, sum(total) as total from orders group by customer_id;
            insert into customers values (1, 'Anna', 'Paris'), (2, 'Ben', 'Rome'), (3, 'Cleo', null);
            insert into orders values (1, 1, 10), (2, 1, 20), (3, 2, 30);
            insert into keyed values ('a', 1), ('b', 2);
            insert into numbers with recursive i(n) as (select 1 union all select n + 1 from i where n < 5000) select n from i;
            """
        )
    connection.close()
    with Database.open(path) as database:
        yield database


INNER = "select name from customers c join orders o on o.customer_id = c.id"
SEPARATED = [
    # name, one query, the other, how many rows of each table are left
    ("a customer without orders", "select name from customers", f"{INNER} group by c.id", {"customers": 1, "Orders": 0}),
    ("a condition", "select name from customers where city = 'Rome'", "select name from customers where city = 'Paris'", {"customers": 1}),
    ("a NULL", "select name from customers where city <> 'Rome'", "select name from customers where city is not 'Rome'", {"customers": 1}),
    ("a row that a join repeats", INNER, f"{INNER} group by c.id", {"customers": 1, "Orders": 2}),
    ("another aggregate", "select sum(total) from orders", "select max(total) from orders", {"Orders": 2}),
    ("an order", "select id from orders order by total", "select id from orders order by total desc", {"Orders": 2}),
    ("its own WITH", "with big as (select * from orders where total > 15) select id from big", "select id from orders", {"Orders": 1}),
    ("WITH RECURSIVE", "with recursive i(n) as (select 1 union all select n + 1 from i where n < 3) select id from orders, i where n = id", "select id from orders where id < 3", {"Orders": 1}),
    ("a nested query", "select id from orders where total > (select avg(total) from orders)", "select id from orders where total >= (select avg(total) from orders)", {"Orders": 1}),
    ("a union", "select name from customers union select city from customers", "select name from customers", {"customers": 1}),
    ("not among the first rows", "select count(*) from numbers where n < 800", "select count(*) from numbers where n <= 800", {"numbers": 1}),
    ("a comment at its end", "select name from customers -- all", "select city from customers", {"customers": 1}),
    ("a table that stays whole", "select n from keyed join customers on n = id", "select n from keyed join customers on n <> id", None),
    ("the same result", "select name from customers", "select customers.name from customers", None),
    ("no table", "select 1", "select 2", None),
    ("a view", "select customer_id from totals where total > 5", "select customer_id from totals where total > 30", None),
    ("its own main.", "select name from main.customers", "select city from main.customers", None),
    ("an empty table", "select x from bare", "select count(*) from bare", {"bare": 0}),
    ("a rowid", "select _rowid_ from customers", "select city from customers", None),
    ("what does not run", "select nme from customers", "select city from customers", None),
    ("further than it looks", "select count(*) from numbers where n < 4000", "select count(*) from numbers where n <= 4000", None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "left"), [case[1:] for case in SEPARATED], ids=[case[0] for case in SEPARATED]
)
def test_the_fewest_rows_on_which_two_queries_differ(opened, one, other, left):
    found = opened.separating(one, other, seconds=SECONDS)
    assert (None if found is None else {table: len(rows.rows) for table, rows in found.tables}) == left
    if found is not None:
        assert found.smallest
        assert found.one.rows != found.other.rows


def test_both_queries_give_on_these_rows_what_is_said(opened, tmp_path):
    one, other = "select name from customers", f"{INNER} group by c.id"
    found = opened.separating(one, other, seconds=SECONDS)
    with sqlite3.connect(tmp_path / "fewer.sqlite") as connection:
        connection.execute("create table customers (id integer primary key, name text, city text)")
        connection.execute("create table orders (id integer primary key, customer_id integer, total real)")
        for table, rows in found.tables:
            connection.executemany(f"insert into {table} values (?, ?, ?)", rows.rows)
        assert connection.execute(one).fetchall() == list(found.one.rows)
        assert connection.execute(other).fetchall() == list(found.other.rows)
    connection.close()


def test_a_redacted_column_is_not_shown(opened):
    with Database.open(opened.path, redact=("customers.city",)) as database:
        found = database.separating("select id from customers", "select name from customers", seconds=SECONDS)
    assert [rows.rows[0][2] for _, rows in found.tables] == [None]


def test_without_time_there_is_none(opened):
    assert opened.separating("select name from customers", "select city from customers", seconds=0.0) is None


SHADOWED = [
    ("select * from t", 'WITH "t" AS (SELECT * FROM main."t" WHERE rowid IN (1, 2)) select * from t'),
    ("with a as (select 1) select * from a, t", 'WITH "t" AS (SELECT * FROM main."t" WHERE rowid IN (1, 2)),  a as (select 1) select * from a, t'),
    ("WITH RECURSIVE a as (select 1) select * from a, t", 'WITH RECURSIVE "t" AS (SELECT * FROM main."t" WHERE rowid IN (1, 2)),  a as (select 1) select * from a, t'),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), SHADOWED)
def test_a_query_on_few_rows(sql, expected):
    assert on_rows(sql, {"t": [1, 2]}) == expected
