"""Right and wrong queries for the discriminator's training, labelled by execution."""

from __future__ import annotations

import json
import random
import sqlite3
from contextlib import closing

import pytest

from models.distill import edits
from models.distill.cases import find_cases, read_cases, write_cases
from models.distill.edits import edited
from planner_cli.database import Database
from planner_cli.prompts.normal_form import resolve, write


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


def test_labels_are_what_execution_says(pack, tmp_path):
    found = list(find_cases(pack, [], edits=3, seed=1))
    assert [case.question for case in found] == ["How many customers are in paris?", "Who is the oldest customer?", "Total per customer"]  # fmt: skip
    with Database.open(pack / "databases" / "shop" / "shop.sqlite") as database:
        for case in found:
            gold = database.execute(write(case.gold)).rows
            assert case.candidates[0].parts == case.gold
            assert {c.correct for c in case.candidates} == {True, False}
            for candidate in case.candidates:
                rows = database.execute(write(candidate.parts)).rows
                assert (sorted(rows) == sorted(gold)) == candidate.correct
                assert candidate.facts.startswith(f"{len(rows)} row")
    assert {h.value for h in found[0].hints} == {"Paris"}
    counts = write_cases(tmp_path / "cases.jsonl", iter(found))
    assert (counts["questions"], counts["gold, right"]) == (3, 3)
    assert read_cases(tmp_path / "cases.jsonl") == found == list(find_cases(pack, [], edits=3, seed=1))


LISTS = [
    ("more", edits._column_more, "select name from customers", {"select name, id from customers", "select name, name from customers", "select name, city from customers", "select name, age from customers"}),
    ("fewer", edits._column_fewer, "select name, max(age), city from customers group by name", {"select name, city from customers group by name", "select name, max(age) from customers group by name"}),
    ("fewer of one", edits._column_fewer, "select max(age) from customers", {"select max(age) from customers"}),
    ("count distinct", edits._count_distinct, "select count(city) from customers", {"select count(distinct city) from customers"}),
    ("count", edits._count_distinct, "select count(distinct city) from customers", {"select count(city) from customers"}),
    ("count all", edits._count_distinct, "select count(*) from customers", {"select count(*) from customers"}),
]  # fmt: skip


@pytest.mark.parametrize(("edit", "sql", "expected"), [e[1:] for e in LISTS], ids=[e[0] for e in LISTS])
def test_slips_in_what_is_shown(edit, sql, expected, pack):
    with Database.open(pack / "databases" / "shop" / "shop.sqlite") as database:
        found = set()
        for seed in range(40):
            parts = list(resolve(sql, database.schema))
            edit(parts, database.schema, random.Random(seed))
            found.add(write(parts))
    assert found == expected


def test_slips_are_queries_of_the_schema(pack):
    rng = random.Random(1)
    with Database.open(pack / "databases" / "shop" / "shop.sqlite") as database:
        gold = resolve("select name, max(age) from customers where city = 'Paris' group by name", database.schema)
        slips = {write(slip) for _ in range(300) if (slip := edited(gold, database.schema, rng)) is not None}
        assert len(slips) > 20
        assert write(gold) not in slips
        assert all(database.execute(slip).ok for slip in slips)
