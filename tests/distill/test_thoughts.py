"""Traces for the discriminator: clauses, slips, and thoughts whose verdicts follow from what was executed."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing

import pytest

from models.distill.clauses import clauses, differing, said
from models.distill.edits import edited
from models.distill.queries import resolve, write
from models.distill.thoughts import check_text, facts_text, thoughts, write_thoughts
from planner_cli.database import Database
from planner_cli.types import Execution

CLAUSES = [
    ("all", "select name from singer where age > 20 group by name having count(*) > 1 order by age desc limit 1", "show name; from singer; where age > 20; per name; having count(*) > 1; sort by age desc; first 1"),
    ("joins", "select a.x from a join b on a.i = b.i join c on b.j = c.j", "show a.x; from a, b, c"),
    ("nested", "select x from a where i not in (select i from b where z = 1 limit 2)", "show x; from a; where i not in (select i from b where z = 1 limit 2)"),
    ("set operation", "select x from a except select x from b where y = 1", "show x; from a; except select x from b where y = 1"),
    ("words in strings", "select x from a where y = 'where from limit'", "show x; from a; where y = 'where from limit'"),
    ("names like words", 'select "limit" from "order" order by "group"', 'show "limit"; from "order"; sort by "group"'),
]  # fmt: skip

DIFFERENCES = [
    ("none", "select a, b from t where x = 1 and y = 2", "select b, a from t where y = 2 and x = 1", []),
    ("a condition", "select a from t where x = 1", "select a from t where x > 1", ["where"]),
    ("a clause", "select a from t", "select a from t order by a", ["sort by"]),
    ("order of sorting counts", "select a from t order by a, b", "select a from t order by b, a", ["sort by"]),
    ("tables and what is shown", "select a from t", "select t.a, u.b from t join u on t.i = u.i", ["show", "from"]),
    ("between", "select a from t where x between 1 and 2", "select a from t where x between 1 and 3", ["where"]),
]


@pytest.mark.parametrize(("sql", "expected"), [c[1:] for c in CLAUSES], ids=[c[0] for c in CLAUSES])
def test_clauses(sql, expected):
    assert said(clauses(sql)) == expected


@pytest.mark.parametrize(("one", "other", "expected"), [d[1:] for d in DIFFERENCES], ids=[d[0] for d in DIFFERENCES])
def test_differences(one, other, expected):
    assert differing(clauses(one), clauses(other)) == expected


def test_the_verdict_follows_from_the_check():
    plan, given = clauses("select a from t where x = 1"), clauses("select a from t where x > 1")
    assert check_text(plan, plan, correct=True).endswith("where x = 1. As planned.")
    assert check_text(plan, given, correct=False).endswith("where x > 1. Differs: where.")
    assert check_text(plan, given, correct=True).endswith("Other where, same meaning.")


def test_facts():
    assert facts_text(Execution(("a", "b"), ((1, "x"),))) == '1 row, 2 columns; [1, "x"]'
    assert facts_text(Execution(("a",), ((1,), (2,), (3,)))) == "3 rows, 1 column; [1]; [2]"
    assert facts_text(Execution(("a",), ())) == "0 rows, 1 column"


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    (folder / "databases" / "shop").mkdir(parents=True)
    with closing(sqlite3.connect(folder / "databases" / "shop" / "shop.sqlite")) as connection:
        connection.executescript(
            """
            CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT, city TEXT, age INT);
            CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INT REFERENCES customers(id), total REAL);
            INSERT INTO customers VALUES (1, 'Ann', 'Paris', 30), (2, 'Bo', 'Rome', 41), (3, 'Cy', 'Paris', 50);
            INSERT INTO orders VALUES (1, 1, 5), (2, 1, 7), (3, 3, 1)
            """
        )
    asked = [
        ("How many customers are in paris ?", "SELECT count(*) FROM customers WHERE city = 'Paris'"),
        ("Who is the oldest customer?", "SELECT name FROM customers ORDER BY age DESC LIMIT 1"),
        ("Total per customer", "SELECT T2.name, sum(T1.total) FROM orders AS T1 JOIN customers AS T2 ON T1.customer_id = T2.id GROUP BY T2.id"),
    ]  # fmt: skip
    lines = [{"qid": f"q{i}", "db_id": "shop", "question": q, "query": s} for i, (q, s) in enumerate(asked)]
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return folder


def test_thoughts_are_balanced_and_true(pack, tmp_path):
    found = list(thoughts(pack, [], edits=3, seed=1))
    assert sum(t.correct for t in found) == sum(not t.correct for t in found) == 3
    with Database.open(pack / "databases" / "shop" / "shop.sqlite") as database:
        for thought in found:
            right = next(t for t in found if t.question == thought.question and t.origin == "gold")
            same = database.execute(thought.sql).rows == database.execute(right.sql).rows
            assert same == thought.correct
            assert thought.plan == right.plan
    assert {h.value for h in found[0].hints} == {"Paris"}
    assert write_thoughts(tmp_path / "t.jsonl", iter(found)) == {"gold, right": 3, "edit, wrong": 3}
    assert found == list(thoughts(pack, [], edits=3, seed=1))


def test_slips_are_queries_of_the_schema(pack):
    rng = random.Random(1)
    with Database.open(pack / "databases" / "shop" / "shop.sqlite") as database:
        gold = resolve("select name, max(age) from customers where city = 'Paris' group by name", database.schema)
        slips = {write(slip) for _ in range(300) if (slip := edited(gold, database.schema, rng)) is not None}
        assert len(slips) > 20
        assert write(gold) not in slips
        assert all(database.execute(slip).ok for slip in slips)
