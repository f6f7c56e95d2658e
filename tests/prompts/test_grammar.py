"""The grammar of queries over a schema, as llama.cpp reads it."""

from __future__ import annotations

import ctypes

import pytest

from planner_cli.prompts.grammar import MOST_NAMES, schema_grammar
from planner_cli.types import Column, Schema, Table

pytestmark = pytest.mark.model

SCHEMA = Schema(
    (
        Table("Customers", (Column("id"), Column("Name"), Column("order"))),
        Table("orders", (Column("id"), Column("customer_id"), Column('od"d\\name'), Column("größe"))),
    )
)

ALLOWED = [
    " select count(*) from customers",
    " select name, count(*) from customers group by name order by count(*) desc limit 3",
    " select customers.name from customers join orders on customers.id = orders.customer_id where orders.id >= 10.5",
    " select name from customers where name like '%no such column%' and name = 'O''Neill'",
    ' select "order" from customers where id not in (select customer_id from orders)',
    " select t1.name from customers as t1 join customers as t2 on t1.id = t2.id",
    ' select "od""d\\name", "größe" from orders',
    " select strftime('%y', name) from customers where id between 1 and 2 union select id from orders",
]
REFUSED = [
    (" select nme from customers", " select n"),
    (" select customers.customer_id from customers", " select customers."),
    (" select names from customers", " select name"),
    (" select count(*) from customer", " select count(*) from customer"),
    (" selectcount(*) from customers", " select"),
    (" select name from customers uniont1.name", " select name from customers union"),
    ("select name", ""),
]


@pytest.fixture(scope="module")
def follow(base_engine):
    """How much of a text the grammar lets be written, and whether it may end there."""
    from planner_cli.engine.library import L

    vocabulary = base_engine.vocabulary
    text = schema_grammar(SCHEMA)
    assert text is not None

    def followed(written: str) -> tuple[str, bool]:
        handle = L.llama_sampler_init_grammar(vocabulary.handle, text.encode(), b"root")
        assert handle

        def allows(token: int) -> bool:
            data = (L.llama_token_data * 1)(L.llama_token_data(token, 1.0, 0.0))
            tokens = L.llama_token_data_array(data, 1, -1, False)
            L.llama_sampler_apply(handle, ctypes.byref(tokens))
            return bool(data[0].logit > -1e30)

        passed = ""
        for character in written:  # one at a time, so that no token hides where it stops
            for token in vocabulary.encode(character):
                if not allows(token):
                    L.llama_sampler_free(handle)
                    return passed, False
                L.llama_sampler_accept(handle, token)
            passed += character
        ends = allows(vocabulary.endings[0])
        L.llama_sampler_free(handle)
        return passed, ends

    return followed


@pytest.mark.parametrize("sql", ALLOWED)
def test_queries_over_names_that_exist_are_allowed(follow, sql):
    assert follow(sql) == (sql, True)


@pytest.mark.parametrize(("sql", "until"), REFUSED)
def test_an_invented_name_is_not(follow, sql, until):
    passed, ends = follow(sql)
    assert passed.startswith(until)
    assert (passed, ends) != (sql, True)


def test_too_many_names_are_not_held_to():
    table = Table("t", tuple(Column(f"c{i}") for i in range(MOST_NAMES)))
    assert schema_grammar(Schema((table,))) is None
