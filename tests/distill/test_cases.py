"""Right and wrong queries for the discriminator's training, labelled by execution."""

from __future__ import annotations

import random

import pytest

from models.distill import edits
from models.distill.cases import find_cases, read_cases, write_cases
from models.distill.edits import edited
from planner_cli.database import Database
from planner_cli.prompts.normal_form import resolve, write


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
