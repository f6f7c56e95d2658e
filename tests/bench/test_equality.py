"""What counts as the same answer: on one database, and over several instances of it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace

import pytest
from bench_values import PACK, needs_pack

from planner_cli.bench.datasets import Item, load
from planner_cli.bench.equality import Gold, execute_given, matches
from planner_cli.bench.instances import Instances
from planner_cli.bench.legacy import drop_distinct, standard_strings
from planner_cli.database import Database
from planner_cli.errors import PlannerError

SCRIPT = """
CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, city TEXT, score INT);
INSERT INTO t VALUES (1, 'ann', 'Bonn', 5), (2, 'bob', 'Ulm', 7), (3, 'cid', 'Ulm', 7), (4, 'dan', 'Bonn', 9);
"""


def build(path, script=SCRIPT):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    with Database.open(build(tmp_path_factory.mktemp("equality") / "t.sqlite")) as opened:
        yield opened


CASES = [
    # (name, gold, candidate, same)
    ("order of rows is free", "SELECT name FROM t", "SELECT name FROM t ORDER BY name DESC", True),
    ("order of columns is free", "SELECT name, score FROM t", "SELECT score, name FROM t", True),
    ("rows are counted", "SELECT city FROM t", "SELECT DISTINCT city FROM t", False),
    ("a column more", "SELECT name FROM t", "SELECT name, city FROM t", False),
    ("1 is 1.0", "SELECT score FROM t", "SELECT score * 1.0 FROM t", True),
    ("text is no number", "SELECT score FROM t", "SELECT CAST(score AS TEXT) FROM t", False),
    ("gold orders", "SELECT name FROM t ORDER BY id", "SELECT name FROM t ORDER BY id DESC", False),
    ("gold orders, the candidate happens to", "SELECT name FROM t ORDER BY id", "SELECT name FROM t", True),
    ("ties may come in any order", "SELECT name FROM t ORDER BY score", "SELECT name FROM t ORDER BY score, name DESC", True),
    ("but only ties", "SELECT name FROM t ORDER BY score", "SELECT name FROM t ORDER BY score DESC, name", False),
    ("ties by a shown column", "SELECT score, name FROM t ORDER BY 1", "SELECT score, name FROM t ORDER BY 1, 2 DESC", True),
    ("ties by an alias", "SELECT score AS s, name FROM t ORDER BY s", "SELECT score, name FROM t ORDER BY 1, 2 DESC", True),
    ("ties by an alias of a sum", "SELECT name, score + 1 AS s FROM t ORDER BY s", "SELECT name, score + 1 FROM t ORDER BY 2, 1 DESC", True),
    ("ties under *", "SELECT * FROM t ORDER BY city", "SELECT * FROM t ORDER BY city, id DESC", True),
    ("ties of groups", "SELECT city FROM t GROUP BY city ORDER BY count(*)", "SELECT DISTINCT city FROM t ORDER BY city DESC", True),
    ("ties of a union", "SELECT score, name FROM t UNION SELECT score, name FROM t ORDER BY score", "SELECT score, name FROM t ORDER BY 1, 2 DESC", True),
    ("a key that DISTINCT hides keeps gold's order", "SELECT DISTINCT name FROM t ORDER BY score", "SELECT name FROM t ORDER BY score, name DESC", False),
    ("tied columns may be swapped too", "SELECT name, city FROM t ORDER BY score", "SELECT city, name FROM t ORDER BY score, id DESC", True),
    ("ORDER BY of a subquery does not order", "SELECT name FROM (SELECT name FROM t ORDER BY id)", "SELECT name FROM t ORDER BY id DESC", True),
    ("no rows on both sides", "SELECT name FROM t WHERE 0 ORDER BY id", "SELECT city FROM t WHERE 0", True),
    ("does not run", "SELECT name FROM t", "SELECT nam FROM t", False),
    ("does not run, gold is empty", "SELECT name FROM t WHERE 0", "SELECT nam FROM t", False),
    ("does not run, gold orders", "SELECT name FROM t ORDER BY id", "SELECT nam FROM t", False),
    ("strings in double quotes", 'SELECT name FROM t WHERE city = "Ulm"', "SELECT name FROM t WHERE city = 'Ulm'", True),
]  # fmt: skip


@pytest.mark.parametrize(("gold", "candidate", "same"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_matches(database, gold, candidate, same):
    assert matches(Gold.run(database, gold), database.execute(candidate)) is same


SETTLED = [
    ("no limit", "SELECT name FROM t ORDER BY score", True),
    ("the limit parts two scores", "SELECT name FROM t ORDER BY score LIMIT 1", True),
    ("the limit parts equal scores", "SELECT name FROM t ORDER BY score LIMIT 2", False),
    ("behind all equal ones", "SELECT name FROM t ORDER BY score LIMIT 3", True),
    ("from the other end", "SELECT name FROM t ORDER BY score DESC LIMIT 2", False),
    ("equal rows do not matter", "SELECT city FROM t WHERE score = 7 ORDER BY score LIMIT 1", True),
    ("with an offset", "SELECT name FROM t ORDER BY score LIMIT 1 OFFSET 1", False),
    ("groups", "SELECT city FROM t GROUP BY city ORDER BY count(*) DESC LIMIT 1", False),
    ("a limit over all rows", "SELECT name FROM t ORDER BY score LIMIT 99", True),
]


@pytest.mark.parametrize(("sql", "settled"), [s[1:] for s in SETTLED], ids=[s[0] for s in SETTLED])
def test_gold_knows_whether_its_limit_cuts_a_tie(database, sql, settled):
    assert Gold.run(database, sql).settled is settled


def test_gold_that_does_not_run_is_an_error_of_the_data(database):
    with pytest.raises(PlannerError, match="no such column: nam"):
        Gold.run(database, "SELECT nam FROM t")


STRINGS = [
    ("a value", 'SELECT name FROM t WHERE city = "Ulm"', "SELECT name FROM t WHERE city = 'Ulm'"),
    ("a quote in it", 'SELECT "it\'s"', "SELECT 'it''s'"),
    ("a doubled quote in it", 'SELECT "a""b"', "SELECT 'a\"b'"),
    ("a column stays", 'SELECT "NAME" FROM t', 'SELECT "NAME" FROM t'),
    ("a column of another table is a value", 'SELECT x FROM u WHERE x = "name"', "SELECT x FROM u WHERE x = 'name'"),
    ("a table stays", 'SELECT name FROM "t"', 'SELECT name FROM "t"'),
    ("qualified stays", 'SELECT a."other" FROM t AS a', 'SELECT a."other" FROM t AS a'),
    ("an alias stays", 'SELECT score AS "s x" FROM t ORDER BY "s x"', 'SELECT score AS "s x" FROM t ORDER BY "s x"'),
    ("in a string", "SELECT 'say \"Ulm\"'", "SELECT 'say \"Ulm\"'"),
    ("in a comment", 'SELECT 1 -- "Ulm"', 'SELECT 1 -- "Ulm"'),
]


@pytest.mark.parametrize(("sql", "expected"), [s[1:] for s in STRINGS], ids=[s[0] for s in STRINGS])
def test_standard_strings(database, sql, expected):
    assert standard_strings(sql, database.schema) == expected


def test_distinct_is_dropped_outside_quotes_only():
    sql = "SELECT DISTINCT count(distinct a), 'distinct', \"distinct\" FROM t -- distinct"
    assert drop_distinct(sql) == "SELECT  count( a), 'distinct', \"distinct\" FROM t -- distinct"


# -------------------------------------------------------------------------------- several instances


@pytest.fixture
def item(tmp_path):
    """The main database and three instances; in the last one two cities tie."""
    other = SCRIPT + "UPDATE t SET city = 'Ulm' WHERE id = 1;"
    paths = [build(tmp_path / name, other) for name in ("t.sqlite", "0.sqlite", "1.sqlite")]
    tied = build(tmp_path / "2.sqlite")
    gold = "SELECT city FROM t GROUP BY city ORDER BY count(*) DESC LIMIT 1"
    return Item("q", "t", paths[0], (*paths[1:], tied), "?", gold)


def test_a_candidate_must_be_right_on_every_instance(item):
    with Instances() as instances:
        assert instances.matches(item, item.gold)
        assert instances.matches(item, "SELECT 'Ulm'")  # right wherever gold has one answer
        assert not instances.matches(item, "SELECT 'Bonn'")
        assert not instances.matches(item, "SELECT nope")


def test_each_alternative_must_be_right_everywhere_itself(item):
    asked = replace(item, gold="SELECT 'Ulm', 1", others=("SELECT 'Bonn'", "SELECT city FROM t WHERE id = 1"))
    with Instances() as instances:
        assert len(instances.golds(asked)) == 3
        assert instances.matches(asked, "SELECT t.city FROM t WHERE id < 2")
        assert not instances.matches(asked, "SELECT city FROM t WHERE id = 2")
        assert instances.golds(replace(item, gold=None, unanswerable=True)) == ()
        assert instances.matches(replace(item, gold=None, unanswerable=True), "SELECT 1") is False


def test_a_lucky_guess_is_found_out(item, tmp_path):
    lonely = build(tmp_path / "lonely.sqlite", SCRIPT + "DELETE FROM t WHERE id < 4;")
    with Instances() as instances:
        assert not instances.matches(
            Item("q", "t", item.database_path, (*item.suite, lonely), "?", item.gold), "SELECT 'Ulm'"
        )


def test_instances_change_with_the_database(item, tmp_path):
    second = build(tmp_path / "second.sqlite")
    with Instances() as instances:
        assert instances.matches(item, item.gold)
        assert instances.matches(Item("r", "second", second, (), "?", "SELECT 4"), "SELECT count(*) FROM t")
        assert instances.matches(item, item.gold)


# ---------------------------------------------------------------------------------------- the pack


@needs_pack
@pytest.mark.parametrize(("step", "count"), [(40, None), pytest.param(1, 6977, marks=pytest.mark.slow)])
def test_execution_equality_is_the_packs_on_public_candidates(step, count):
    """``label_ex`` of the pack: plain match on the original database, DISTINCT dropped from both."""
    paths = {item.id: item.database_path for item in load(PACK / "public").items}
    found: Counter[bool] = Counter()
    opened: Database | None = None
    for line in (PACK / "public" / "candidates.jsonl").read_text().splitlines()[::step]:
        data = json.loads(line)
        if opened is None or opened.path != paths[data["qid"]]:
            if opened is not None:
                opened.close()
            opened = Database.open(paths[data["qid"]], samples=0)
        gold = Gold.run(opened, drop_distinct(data["query"]))
        for candidate in data["candidates"]:
            if candidate["label_ex"] is not None:
                result = execute_given(opened, drop_distinct(candidate["sql"]))
                found[matches(gold, result) == bool(candidate["label_ex"])] += 1
    assert opened is not None
    opened.close()
    assert found.total() == count or (count is None and found.total() > 150)
    assert found[True] / found.total() >= 0.99


@needs_pack
@pytest.mark.slow
def test_suite_accuracy_is_the_packs_label_but_for_ties():
    """The pack looks for ties by chance and for more kinds of them: 99.4 % agree."""
    agree = total = 0
    with Instances() as instances:
        for item in load(PACK, part="public").items[::8]:
            for candidate in item.candidates:
                agree += instances.matches(item, candidate.sql) == candidate.label
                total += 1
    assert agree / total >= 0.99
