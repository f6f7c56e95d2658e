"""Hardness and exact-set match against Spider's labels, and on pairs that differ in one thing."""

from __future__ import annotations

import json

import pytest
from bench_values import PACK, needs_pack

from planner_cli.bench.spider import COMPONENTS, component_match, exact_match, hardness
from planner_cli.types import Column, ForeignKey, Schema, Table

SCHEMA = Schema(
    (
        Table("singer", (Column("singer_id", primary_key=True), Column("name"), Column("age"), Column("country"))),
        Table("concert", (Column("concert_id", primary_key=True), Column("title"), Column("year"))),
        Table(
            "appearance",
            (Column("concert_id"), Column("singer_id"), Column("fee")),
            foreign_keys=(
                ForeignKey(("concert_id",), "concert", ("concert_id",)),
                ForeignKey(("singer_id",), "singer", ("singer_id",)),
            ),
        ),
    )
)

LEVELS = [
    ("a count", "SELECT count(*) FROM singer", "easy"),
    ("one condition", "SELECT name FROM singer WHERE age > 20", "easy"),
    ("two columns", "SELECT name, age FROM singer", "medium"),
    ("a join", "SELECT T1.name FROM singer AS T1 JOIN appearance AS T2 ON T1.singer_id = T2.singer_id", "easy"),
    ("order and limit", "SELECT name FROM singer ORDER BY age LIMIT 1", "medium"),
    ("LIKE is a clause more", "SELECT name FROM singer WHERE name LIKE 'a%'", "medium"),
    ("OR is a clause more", "SELECT name FROM singer WHERE age > 1 OR age < 2", "medium"),
    ("OR behind a column operand is not read", "SELECT name FROM singer WHERE age < fee OR age > 2", "easy"),
    ("... but a double-quoted string is none", 'SELECT name FROM singer WHERE name = "a" OR age > 2', "medium"),
    ("a subquery", "SELECT name FROM singer WHERE age = (SELECT max(age) FROM singer)", "hard"),
    ("a subquery in FROM does not count", "SELECT name FROM (SELECT name FROM singer)", "easy"),
    ("a set operation", "SELECT name FROM singer UNION SELECT title FROM concert", "hard"),
    (
        "three clauses",
        "SELECT name FROM singer WHERE age > 1 GROUP BY name ORDER BY count(*) DESC",
        "hard",
    ),
    (
        "four clauses",
        "SELECT name FROM singer WHERE age > 1 GROUP BY name ORDER BY count(*) DESC LIMIT 1",
        "extra",
    ),
    (
        "two nested",
        "SELECT name FROM singer WHERE age = (SELECT max(age) FROM singer) AND age IN (SELECT fee FROM appearance)",
        "extra",
    ),
    (
        "words in HAVING count as aggregates",
        "SELECT count(*) FROM singer GROUP BY age HAVING age > 1 AND age < 3",
        "medium",
    ),
    (
        "parentheses, which Spider cannot read",
        "SELECT name FROM singer WHERE (age > 1 AND fee < 2) OR name = 'x'",
        "medium",
    ),
    ("a function", "SELECT upper(name) FROM singer", "easy"),
    ("no tables", "SELECT 1", None),
    ("a common table expression", "WITH s AS (SELECT 1 AS a) SELECT a FROM s", None),
    ("not SQL", "SELEC name", None),
    ("not a query", "DELETE FROM singer", None),
    ("nothing", "", None),
    ("nested without end", "SELECT " + "(" * 3000 + "1" + ")" * 3000, None),
]


@pytest.mark.parametrize(("sql", "level"), [x[1:] for x in LEVELS], ids=[x[0] for x in LEVELS])
def test_hardness(sql, level):
    assert hardness(sql) == level


@needs_pack
@pytest.mark.parametrize("part", ["public", pytest.param("train", marks=pytest.mark.slow)])
def test_hardness_is_the_packs_on_every_labelled_question(part):
    lines = (PACK / part / "questions.jsonl").read_text().splitlines()
    labelled = [data for line in lines if (data := json.loads(line))["hardness"] is not None]
    assert len(labelled) == {"public": 621, "train": 6997}[part]
    wrong = [(data["qid"], data["hardness"]) for data in labelled if hardness(data["query"]) != data["hardness"]]
    assert wrong == []


JOIN = "SELECT T1.name FROM singer AS T1 JOIN appearance AS T2 ON T1.singer_id = T2.singer_id"

PAIRS = [
    # (name, one, other, whether they match)
    ("values", "SELECT name FROM singer WHERE age > 20", "SELECT name FROM singer WHERE age > 99", True),
    ("kind of value", "SELECT name FROM singer WHERE age = 1", "SELECT name FROM singer WHERE age = 'x'", True),
    ("operator", "SELECT name FROM singer WHERE age > 20", "SELECT name FROM singer WHERE age >= 20", False),
    ("not equal both ways", "SELECT name FROM singer WHERE age != 2", "SELECT name FROM singer WHERE age <> 3", True),
    ("case and space", "select NAME from SINGER", "SELECT  name FROM singer;", True),
    ("order of columns", "SELECT name, age FROM singer", "SELECT age, name FROM singer", True),
    ("a column more", "SELECT name FROM singer", "SELECT name, age FROM singer", False),
    ("a column twice", "SELECT name, name FROM singer", "SELECT name, age FROM singer", False),
    ("names of columns", "SELECT name AS n FROM singer", "SELECT name FROM singer", True),
    ("aliases of tables", JOIN, JOIN.replace("T1", "s").replace("T2", "a"), True),
    (
        "no aliases",
        JOIN,
        JOIN.replace("T1.", "singer.").replace("T2.", "appearance.").replace(" AS T1", "").replace(" AS T2", ""),
        True,
    ),
    ("bare columns of joined tables", JOIN, JOIN.replace("T1.name", "name"), True),
    (
        "order of tables",
        JOIN,
        "SELECT T1.name FROM appearance AS T2 JOIN singer AS T1 ON T1.singer_id = T2.singer_id",
        True,
    ),
    ("INNER", JOIN, JOIN.replace("JOIN", "INNER JOIN"), True),
    ("LEFT", JOIN, JOIN.replace("JOIN", "LEFT JOIN"), False),
    ("join conditions do not count", JOIN, JOIN.replace("T1.singer_id = T2.singer_id", "T1.age = T2.fee"), True),
    ("a comma for a join", JOIN, "SELECT T1.name FROM singer AS T1, appearance AS T2", True),
    ("a table more", JOIN, "SELECT name FROM singer", False),
    (
        "columns linked by a key",
        JOIN.replace("T1.name", "T1.singer_id"),
        JOIN.replace("T1.name", "T2.singer_id"),
        True,
    ),
    ("columns not linked", JOIN, JOIN.replace("T1.name", "T2.fee"), False),
    ("DISTINCT does not count", "SELECT DISTINCT name FROM singer", "SELECT name FROM singer", True),
    ("DISTINCT inside", "SELECT count(DISTINCT name) FROM singer", "SELECT count(name) FROM singer", True),
    ("aggregate", "SELECT max(age) FROM singer", "SELECT min(age) FROM singer", False),
    ("star and column", "SELECT count(*) FROM singer", "SELECT count(name) FROM singer", False),
    (
        "order of conditions",
        "SELECT name FROM singer WHERE age > 1 AND country = 'x'",
        "SELECT name FROM singer WHERE country = 'y' AND age > 2",
        True,
    ),
    (
        "AND for OR",
        "SELECT name FROM singer WHERE age > 1 AND country = 'x'",
        "SELECT name FROM singer WHERE age > 1 OR country = 'x'",
        False,
    ),
    (
        "parentheses",
        "SELECT name FROM singer WHERE age > 1 AND (age > 2 OR age > 3)",
        "SELECT name FROM singer WHERE age > 1 AND age > 2 OR age > 3",
        False,
    ),
    ("NOT", "SELECT name FROM singer WHERE name LIKE 'x'", "SELECT name FROM singer WHERE name NOT LIKE 'x'", False),
    (
        "NOT both ways",
        "SELECT name FROM singer WHERE NOT age IN (1)",
        "SELECT name FROM singer WHERE age NOT IN (2, 3)",
        True,
    ),
    (
        "a nested query's value",
        "SELECT name FROM singer WHERE age IN (SELECT fee FROM appearance WHERE fee > 1)",
        "SELECT name FROM singer WHERE age IN (SELECT fee FROM appearance WHERE fee > 2)",
        True,
    ),
    (
        "a nested query's column",
        "SELECT name FROM singer WHERE age IN (SELECT fee FROM appearance)",
        "SELECT name FROM singer WHERE age IN (SELECT concert_id FROM appearance)",
        False,
    ),
    (
        "BETWEEN",
        "SELECT name FROM singer WHERE age BETWEEN 1 AND 2",
        "SELECT name FROM singer WHERE age BETWEEN 3 AND 4",
        True,
    ),
    ("ascending unless said", "SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age ASC", True),
    ("direction", "SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age DESC", False),
    (
        "order of ORDER BY",
        "SELECT name FROM singer ORDER BY age, name",
        "SELECT name FROM singer ORDER BY name, age",
        False,
    ),
    (
        "how many rows",
        "SELECT name FROM singer ORDER BY age LIMIT 1",
        "SELECT name FROM singer ORDER BY age LIMIT 5",
        True,
    ),
    ("a limit", "SELECT name FROM singer ORDER BY age LIMIT 1", "SELECT name FROM singer ORDER BY age", False),
    ("grouping", "SELECT count(*) FROM singer GROUP BY age", "SELECT count(*) FROM singer GROUP BY country", False),
    (
        "HAVING",
        "SELECT name FROM singer GROUP BY name HAVING count(*) > 1",
        "SELECT name FROM singer GROUP BY name HAVING count(*) > 7",
        True,
    ),
    (
        "another HAVING",
        "SELECT name FROM singer GROUP BY name HAVING count(*) > 1",
        "SELECT name FROM singer GROUP BY name HAVING sum(age) > 1",
        False,
    ),
    (
        "sides of a set operation",
        "SELECT name FROM singer UNION SELECT title FROM concert",
        "SELECT title FROM concert UNION SELECT name FROM singer",
        False,
    ),
    (
        "another set operation",
        "SELECT name FROM singer EXCEPT SELECT title FROM concert",
        "SELECT name FROM singer INTERSECT SELECT title FROM concert",
        False,
    ),
    (
        "UNION ALL",
        "SELECT name FROM singer UNION SELECT title FROM concert",
        "SELECT name FROM singer UNION ALL SELECT title FROM concert",
        False,
    ),
    (
        "a third query",
        "SELECT name FROM singer UNION SELECT title FROM concert UNION SELECT country FROM singer",
        "SELECT name FROM singer UNION SELECT title FROM concert UNION SELECT age FROM singer",
        False,
    ),
    (
        "arithmetic",
        "SELECT age - fee FROM singer JOIN appearance",
        "SELECT fee - age FROM singer JOIN appearance",
        False,
    ),
    ("another function", "SELECT upper(name) FROM singer", "SELECT lower(name) FROM singer", False),
    ("the same function", "SELECT substr(name, 1) FROM singer", "SELECT substr(singer.name, 2) FROM singer", True),
    ("a query in FROM", "SELECT name FROM (SELECT name FROM singer)", "SELECT name FROM singer", False),
    ("unreadable", "SELEC name", "SELECT name FROM singer", False),
]


@pytest.mark.parametrize(("one", "other", "expected"), [p[1:] for p in PAIRS], ids=[p[0] for p in PAIRS])
def test_exact_set_match(one, other, expected):
    assert exact_match(one, other, SCHEMA) is expected
    assert exact_match(other, one, SCHEMA) is expected


def test_every_readable_query_matches_itself():
    for sql in {sql for _, one, other, _ in PAIRS for sql in (one, other)} - {"SELEC name"}:
        assert exact_match(sql, sql, SCHEMA), sql
        assert exact_match(sql, sql), sql


def test_which_part_differs():
    parts = component_match("SELECT name FROM singer ORDER BY age", "SELECT name FROM singer ORDER BY age DESC", SCHEMA)
    assert [name for name, same in parts.items() if not same] == ["order", "keywords"]
    assert tuple(parts) == COMPONENTS
    assert component_match("SELEC", "SELECT name FROM singer") is None


@needs_pack
def test_gold_matches_itself_on_every_public_question():
    for line in (PACK / "public" / "questions.jsonl").read_text().splitlines():
        sql = json.loads(line)["query"]
        assert exact_match(sql, sql), sql
