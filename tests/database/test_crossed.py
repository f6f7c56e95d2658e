"""Joins by keys that stand for different things."""

from __future__ import annotations

import pytest

from planner_cli.database.crossed import crossed_joins
from planner_cli.types import Column, ForeignKey, Schema, Table


def table(name, *columns, **foreign):
    """The first column is the primary key."""
    made = tuple(Column(column, primary_key=at == 0) for at, column in enumerate(columns))
    keys = tuple(ForeignKey((column,), *target) for column, target in foreign.items())
    return Table(name, made, foreign_keys=keys)


SCHEMA = Schema(
    (
        table("Customers", "id", "name", "city_id", city_id=("cities", ("id",))),
        table(
            "orders", "id", "customer_id", "city_id", customer_id=("customers", ("ID",)), city_id=("cities", ("id",))
        ),
        table("cities", "id", "name"),
        table("student", "stuid", "age"),
        table("athlete", "stuid", "sport"),
        table("staff", "staff_id", "boss_id", boss_id=("staff", ("staff_id",))),
        table("ring_a", "a", "other", other=("ring_b", ("other",))),
        table("ring_b", "b", "other", other=("ring_a", ("other",))),
        Table("links", (Column("order_id", primary_key=True), Column("city_id", primary_key=True))),
    )
)

JOINS = [
    # name, condition, what of it is crossed
    ("a foreign key", "customers c join orders o on c.id = o.customer_id", []),
    ("the other way round", "customers join orders on orders.customer_id = customers.id", []),
    ("two that lead to one key", "customers c join orders o on c.city_id = o.city_id", []),
    ("two primary keys", "customers c join orders o on c.id = o.id", ["Customers.id = orders.id"]),
    ("a foreign key and another table", "orders o join cities on o.customer_id = cities.id", ["orders.customer_id = cities.id"]),
    ("other names", "staff join student on staff.staff_id = student.stuid", ["staff.staff_id = student.stuid"]),
    ("a table and its extension", "student join athlete on student.stuid = athlete.stuid", []),
    ("columns that are no keys", "customers join cities on customers.name = cities.name", []),
    ("one that is none", "customers join cities on customers.name = cities.id", []),
    ("a table with itself", "staff a join staff b on a.staff_id = b.boss_id", []),
    ("a column with itself", "customers join orders on customers.id = customers.id", ["Customers.id = Customers.id"]),
    ("in WHERE", "customers, cities where customers.id = cities.id", ["Customers.id = cities.id"]),
    ("twice", "customers, cities where customers.id = cities.id and customers.id = cities.id", ["Customers.id = cities.id"]),
    ("a ring of foreign keys", "ring_a join ring_b on ring_a.other = ring_b.other", []),
    ("a key of two columns", "links join orders on links.order_id = orders.id", []),
    ("a nested query", "cities where id in (select customers.id from customers join orders on customers.id = orders.id)", ["Customers.id = orders.id"]),
    ("one alias for two tables", "customers a join cities x on a.city_id = x.id where exists (select 1 from orders x)", []),
    ("of a query around it", "customers where exists (select 1 from cities where cities.id = customers.id)", ["cities.id = Customers.id"]),
    ("a table's name for a query", "orders where id in (with cities as (select customer_id as id from orders) select o.id from orders o join cities on o.customer_id = cities.id)", []),
    ("an expression", "customers join cities on customers.id = cities.id + 1", []),
    ("two equals signs", "customers join cities on customers.id == cities.id", ["Customers.id = cities.id"]),
    ("an unknown table", "customers join nothing on customers.id = nothing.id", []),
    ("quoted", 'customers join "cities" on "customers"."id" = "cities"."ID"', ["Customers.id = cities.id"]),
]  # fmt: skip


@pytest.mark.parametrize(("rest", "expected"), [join[1:] for join in JOINS], ids=[join[0] for join in JOINS])
def test_joins_by_keys_of_different_things(rest, expected):
    assert list(crossed_joins(f"select 1 from {rest}", SCHEMA)) == expected
