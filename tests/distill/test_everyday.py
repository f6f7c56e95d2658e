"""Everyday schemas and questions: every query runs, is in normal form, and means what the question says."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from itertools import islice

import pytest

from models.distill.everyday import domains, thinned
from models.distill.filters import wordings
from models.distill.generated import everyday_items
from models.distill.renaming import Renaming, plural, singular, words
from models.distill.templates import questions
from planner_cli.prompts.normal_form import resolve, write
from planner_cli.prompts.schema import quote


@pytest.mark.parametrize("domain", domains(), ids=lambda domain: "-".join(domain.fields)[:40])
def test_every_query_runs(domain):
    rng = random.Random(1)
    for copy in (domain, thinned(domain, rng)):
        with closing(sqlite3.connect(":memory:")) as connection:
            for table in copy.schema.tables:
                columns = ", ".join(f"{quote(c.name)} {c.declared_type}" for c in table.columns)
                connection.execute(f"CREATE TABLE {quote(table.name)} ({columns})")
            made = questions(copy, rng, 60)
            assert len(made) == 60
            for question, sql in made:
                connection.execute(sql)
                assert write(resolve(sql, copy.schema)) == sql
                assert "{" not in question


def test_the_same_seed_gives_the_same_questions():
    first, second, other = ([*islice(everyday_items(1, seed, {}), 50)] for seed in (5, 5, 6))
    assert first == second
    assert first != other


def test_values_are_known_for_some_and_not_for_all():
    items = [
        item for item in islice(everyday_items(3, 1, {}), 600) if any(str(part).startswith("'") for part in item.parts)
    ]
    with_hint = sum(any(f"'{hint.value}'" in item.parts for hint in item.hints) for item in items)
    assert 0.2 * len(items) < with_hint < 0.95 * len(items)


def test_there_are_several_wordings_of_everything():
    assert all(len(set(texts)) > 1 for what, texts in wordings().items() if what not in ("value_per", "between"))


WORDS = [("ProductName", ["product", "name"]), ("order_items", ["order", "items"]), ("URLPath", ["url", "path"]), ("x", ["x"])]  # fmt: skip
NUMBERS = [("cities", "city"), ("boxes", "box"), ("orders", "order"), ("bus", "bus"), ("class", "class"), ("status", "status")]  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), WORDS)
def test_words(name, expected):
    assert words(name) == expected


@pytest.mark.parametrize(("several", "single"), NUMBERS)
def test_numbers(several, single):
    assert singular(several) == single
    assert single in ("bus", "class", "status") or plural(single) == several


def test_renaming_is_consistent_and_unambiguous():
    seen = set()
    for seed in range(140):
        domain = domains()[seed % len(domains())]
        names = Renaming(domain.schema, random.Random(seed))
        tables = [names(_name(table)) for table in domain.schema.tables]
        assert len({name.lower() for name in tables}) == len(tables)
        for table in domain.schema.tables:
            columns = [names(_name(table, column)) for column in table.columns]
            assert len({name.lower() for name in columns}) == len(columns)
            seen |= set(columns)
    assert {"id", "customer_id", "customer_name", "name", "qty", "customername"} <= seen


def _name(table, column=None):
    from planner_cli.prompts.normal_form import Name

    return Name(table.name, column and column.name)
