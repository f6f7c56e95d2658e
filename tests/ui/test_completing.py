"""What is a query, whether it goes on, and what may come next."""

import pytest

from planner_cli.types import Column, Schema, Table
from planner_cli.ui.completing import Words, is_open, is_sql

SQL = [
    ("select 1", True),
    ("  SELECT\n1", True),
    ("with a as (select 1) select * from a", True),
    ("with recursive a(x) as (select 1) select * from a", True),
    ('with "a b" as (select 1) select 1', False),
    ("values (1)", True),
    ("explain query plan select 1", True),
    ("pragma table_info(t)", True),
    ("With which customers do we earn most?", False),
    ("values above 100 in orders", False),
    ("explain the orders of 2024", False),
    ("selected customers", False),
    ("How many customers are there?", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "expected"), SQL)
def test_a_query_is_known_by_how_it_begins(text, expected):
    assert is_sql(text) == expected


OPEN = [
    ("select 1", False),
    ("select (1", True),
    ("select (1)", False),
    ("select ')'", False),
    ("select '(", True),
    ("select 'it''s'", False),
    ("select 'it''", True),
    ('select "a', True),
    ("select [a", True),
    ("select [a]", False),
    ("select 1 -- (", False),
    ("", False),
]


@pytest.mark.parametrize(("text", "expected"), OPEN)
def test_a_query_goes_on_where_something_is_not_closed(text, expected):
    assert is_open(text) == expected


SCHEMA = Schema(
    (
        Table("customers", (Column("id", "INTEGER"), Column("name", "TEXT"), Column("zip code", "TEXT"))),
        Table("orders", (Column("id", "INTEGER"), Column("customer_id"), Column("total", "REAL"))),
        Table("evil\x1b[2J", (Column("esc\x1b", "TEXT"),)),
    )
)
NEXT = [
    ("a command", "\\sch", ["\\schema"]),
    ("all commands", "\\", ["\\schema", "\\mark"]),
    ("its argument", "\\mark r", ["right"]),
    ("a table of it", "\\schema o", ["orders"]),
    ("a table", "select * from o", ["orders"]),
    ("tables only", "select * from ", ["customers", "orders"]),
    ("behind a comma", "select * from orders, c", ["customers"]),
    ("after a join", "select * from orders join cu", ["customers"]),
    ("a column by its table", "select orders.t", ["total"]),
    ("by an alias", "select * from customers as c where c.n", ["name"]),
    ("by an alias without as", "select * from customers c where c.n", ["name"]),
    ("a quoted name", "select * from customers where customers.z", ['"zip code"']),
    ("columns of the query's tables first", "select * from orders where tot", ["total"]),
    ("in a question", "how many cust", ["customers", "customer_id"]),
    ("nothing in a question without a letter", "how many ", []),
    ("names that could drive a terminal are left out", "select * from ev", []),
]


@pytest.mark.parametrize(("before", "expected"), [n[1:] for n in NEXT], ids=[n[0] for n in NEXT])
def test_what_may_come_next(before, expected):
    arguments = {"mark": ["right", "wrong"], "schema": [table.name for table in SCHEMA.tables]}
    words = Words(SCHEMA, {"schema": "List columns.", "mark": "Mark."}, lambda command: arguments.get(command, ()))
    found = words.suggestions(before)
    assert [each.text for each in found] == expected
    assert all(
        before[len(before) + each.start :] in each.text.strip('"\\') or each.text.startswith("\\") for each in found
    )


def test_a_column_of_the_querys_table_comes_before_those_of_others():
    words = Words(SCHEMA, {})
    found = [(each.text, each.about) for each in words.suggestions("select * from orders where i")]
    assert found[:2] == [("id", "orders"), ("id", "customers")]
    assert ("in", "") in found
