"""Mending against real schemas and SQLite's real messages: what comes out runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from database_files import build

from planner_cli.database import Database
from planner_cli.database.mend import mend, respell
from planner_cli.types import Comparison


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path: Path = build(
        tmp_path_factory.mktemp("mend") / "m.db",
        """
        CREATE TABLE customers (id INTEGER PRIMARY KEY, name, city, "e-mail");
        CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id REFERENCES customers, order_date, total);
        CREATE TABLE "order lines" (order_id REFERENCES orders, product, quantity);
        CREATE TABLE Ärzte (É, "a  b", "City\nName");
        CREATE TABLE "Cafe\u0301s" ("re\u0301gion", größe)
        """,
    )
    with Database.open(path) as opened:
        yield opened


MENDED = [
    ("an accent in another case", "select é from Ärzte where é = 'é'", "select Ärzte.É from Ärzte where Ärzte.É = 'é'"),
    ("a table in another case", "select É from ärzte", "select É from Ärzte"),
    ("a blank for two", 'select "a b" from Ärzte', 'select Ärzte."a  b" from Ärzte'),
    ("a table in another normal form", "select größe from Cafés", "select größe from Cafe\u0301s"),
    ("a column in another normal form", 'select région from "Cafe\u0301s" order by région', 'select Cafe\u0301s.re\u0301gion from "Cafe\u0301s" order by Cafe\u0301s.re\u0301gion'),
    ("and the other way round", 'select "gro\u0308ße" from "Cafe\u0301s"', 'select Cafe\u0301s.größe from "Cafe\u0301s"'),
    ("without its accent", "select e from Ärzte", "select Ärzte.É from Ärzte"),
    ("a table without its accent", "select É from ARZTE", "select É from Ärzte"),
    ("full-width letters", "select \uff4e\uff41\uff4d\uff45 from customers", "select customers.name from customers"),
    ("a table in full-width letters", "select name from \uff43ustomers", "select name from customers"),
    ("two blanks for three", 'select "a   b" from Ärzte', 'select Ärzte."a  b" from Ärzte'),
    ("a blank for a line break", 'select "city name" from Ärzte order by "city name"', 'select Ärzte."City\nName" from Ärzte order by Ärzte."City\nName"'),
    ("typo", "select nmae from customers", "select customers.name from customers"),
    ("table's name in front", "select customer_name from customers", "select customers.name from customers"),
    ("the table's own key", "select orders.order_id from orders", "select orders.id from orders"),
    ("in the other table", "select orders.city from orders join customers on orders.customer_id = customers.id", "select customers.city from orders join customers on orders.customer_id = customers.id"),
    ("everywhere", "select dat from orders where dat > 'dat' order by dat", "select orders.order_date from orders where orders.order_date > 'dat' order by orders.order_date"),
    ("alias", "select o.date from orders as o", "select o.order_date from orders as o"),
    ("not the same name elsewhere", "select c.nmae, o.total as nmae from customers c, orders o", "select c.name, o.total as nmae from customers c, orders o"),
    ("quotes", "select mail from customers", 'select customers."e-mail" from customers'),
    ("of the table it belongs to", "select city, count(*) from orders group by city", "select customers.city, count(*) from orders join customers on orders.customer_id = customers.id group by customers.city"),
    ("of a table that belongs to it", "select customers.name, sum(total) from customers group by customers.id", "select customers.name, sum(orders.total) from customers join orders on orders.customer_id = customers.id group by customers.id"),
    ("a linked table under an alias", "select c.name, sum(c.total) from customers as c", "select c.name, sum(orders.total) from customers as c join orders on orders.customer_id = c.id"),
    ("the table between two", 'select l.product, c.name from "order lines" as l join customers c on l.customer_id = c.id', 'select l.product, c.name from "order lines" as l join orders on l.order_id = orders.id join customers c on orders.customer_id = c.id'),
    ("the table between two, the other way round", 'select product from "order lines" l left join customers c on c.id = l.customer_id', 'select product from "order lines" l join orders on l.order_id = orders.id left join customers c on c.id = orders.customer_id'),
    ("several have it", "select id, name from orders join customers on orders.customer_id = customers.id", "select orders.id, name from orders join customers on orders.customer_id = customers.id"),
    ("table", "select name from customer", "select name from customers"),
    ("table and its columns", "select customer.name from customer", "select customers.name from customers"),
    ("table that needs quotes", "select product from order_lines", 'select product from "order lines"'),
]  # fmt: skip

BEYOND = [
    ("nothing near", "select xyzzy from customers"),
    ("no table near", "select a from xyzzy"),
    ("in a table that is not linked", "select product from customers"),
    ("in a nested query", "select 1 from customers where id in (select city from orders where total > (select 1))"),
    ("syntax", "select from customers"),
    ("a function", "select dateadd(1) from orders"),
]


@pytest.mark.parametrize(("sql", "expected"), [m[1:] for m in MENDED], ids=[m[0] for m in MENDED])
def test_mended(database: Database, sql: str, expected: str) -> None:
    found = mend(sql, database.execute(sql).error or "", database.schema)
    assert found == expected
    assert database.execute(found).ok


@pytest.mark.parametrize("sql", [b[1] for b in BEYOND], ids=[b[0] for b in BEYOND])
def test_beyond_mending(database: Database, sql: str) -> None:
    assert mend(sql, database.execute(sql).error or "", database.schema) is None


SPELLED = [
    # name, query, what no row has and what a row has, the query with it
    ("blanks at the end", "select 1 from t where a = 'x'", [("a", "'x'", "'x  '")], "select 1 from t where a = 'x  '"),
    ("under an alias", "select 1 from t as b where b.A='x' and 1", [("a", "'x'", "'x '")], "select 1 from t as b where b.A='x ' and 1"),
    ("two equals signs", "select 1 from t where \"a\" == 'x'", [("a", "'x'", "'x '")], "select 1 from t where \"a\" == 'x '"),
    ("a line break", "select 1 from t where a = 'x y'", [("a", "'x y'", "'x' || char(10) || 'y'")], "select 1 from t where a = 'x' || char(10) || 'y'"),
    ("twice", "select 1 from t where a = 'x' union select 2 from t where a = 'x'", [("a", "'x'", "'x '")], "select 1 from t where a = 'x ' union select 2 from t where a = 'x '"),
    ("not in another column", "select 1 from t where b = 'x' and a = 'x'", [("a", "'x'", "'x '")], "select 1 from t where b = 'x' and a = 'x '"),
    ("not elsewhere", "select 'x', a from t where a = 'x' and b <> 'x'", [("a", "'x'", "'x '")], "select 'x', a from t where a = 'x ' and b <> 'x'"),
    ("two columns", "select 1 from t where a = 'x' and b = 'y'", [("a", "'x'", "'x '"), ("b", "'y'", "' y'")], "select 1 from t where a = 'x ' and b = ' y'"),
    ("no row has the like", "select 1 from t where a = 'x'", [("a", "'x'", None)], None),
    ("nothing is missing", "select 1 from t where a = 'x'", [], None),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "unmatched", "expected"), [s[1:] for s in SPELLED], ids=[s[0] for s in SPELLED])
def test_respelled(sql: str, unmatched: list[tuple[str, str, str | None]], expected: str | None) -> None:
    found = [Comparison("t", column, literal, stored) for column, literal, stored in unmatched]
    assert respell(sql, found) == expected
