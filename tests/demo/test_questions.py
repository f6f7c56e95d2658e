"""Each demo question has a reference query that runs, finds something, and has only one right result."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing

import pytest
import sqlglot

from planner_cli.demo import TOUR, build, questions, tour

QUESTIONS = questions()


@pytest.fixture(scope="module")
def connection(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite"
    build(path)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        yield connection


def test_there_are_sixty_over_four_levels():
    assert Counter(q.hardness for q in QUESTIONS) == {"easy": 20, "medium": 20, "hard": 12, "extra": 8}
    assert len({q.id for q in QUESTIONS}) == len({q.question for q in QUESTIONS}) == 60


def test_the_tour_goes_from_easy_to_an_aggregate_over_two_joins():
    levels = ["easy", "medium", "hard", "extra"]
    ranks = [levels.index(question.hardness) for question in tour()]
    assert len(ranks) == len(TOUR) == 5
    assert ranks == sorted(ranks)
    assert (tour()[-1].sql.count("JOIN"), tour()[-1].sql.count("sum(")) == (2, 1)


@pytest.mark.parametrize("question", QUESTIONS, ids=[q.id for q in QUESTIONS])
def test_reference_query_finds_something(connection, question):
    rows = connection.execute(question.sql).fetchall()
    assert rows
    assert any(value is not None for row in rows for value in row)


@pytest.mark.parametrize("question", QUESTIONS, ids=[q.id for q in QUESTIONS])
def test_result_does_not_depend_on_the_order_of_rows_in_the_file(connection, question):
    ordered = sqlglot.parse_one(question.sql, dialect="sqlite").args.get("order") is not None
    results = []
    for reverse in (0, 1):
        connection.execute(f"PRAGMA reverse_unordered_selects = {reverse}")
        rows = [
            tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in connection.execute(question.sql)
        ]
        results.append(rows if ordered else sorted(rows, key=repr))
    assert results[0] == results[1]


LIMITED = [q for q in QUESTIONS if "LIMIT" in q.sql]


@pytest.mark.parametrize("question", LIMITED, ids=[q.id for q in LIMITED])
def test_no_tie_at_the_limit(connection, question):
    query = sqlglot.parse_one(question.sql, dialect="sqlite")
    limit = int(query.args["limit"].expression.this)
    keys = [ordered.this.copy() for ordered in query.args["order"].expressions]
    query.set("limit", None)
    rows = connection.execute(query.select(*keys).sql(dialect="sqlite")).fetchall()
    ranks = [row[-len(keys) :] for row in rows]
    assert len(ranks) > limit
    assert len(set(ranks[: limit + 1])) == limit + 1, "a tie among the first rows"
