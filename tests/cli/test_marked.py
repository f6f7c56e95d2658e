"""Answers marked right or wrong, and the data set they make."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from cli_values import ANSWER

from planner_cli.cli import main
from planner_cli.cli.bench.marked import from_history
from planner_cli.errors import PlannerError
from planner_cli.history import History
from planner_cli.settings import PlanSettings


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("create table t(n); insert into t values (1), (2), (3)")
    return path


def keep(database, question="How many?", answer=ANSWER):
    with History.open() as history:
        return history.record(
            question=question, database=database, answer=answer, models=(), settings=PlanSettings(), level="metadata"
        )


def test_mark_and_measure(database, capsys):
    for question in ("How many?", "Which?", "Who?"):
        keep(database, question)
    assert main(["history", "mark", "1", "right"]) == 0
    assert main(["history", "mark", "2", "wrong", "--sql", "select n from t"]) == 0
    assert main(["history", "mark", "3", "wrong"]) == 0
    assert main(["history", "list", "--json"]) == 0
    printed = capsys.readouterr().out
    assert [entry["mark"] for entry in json.loads(printed[printed.index("[") :])] == ["wrong", "wrong", "right"]

    items = from_history(needs_gold=False, limit=None, shard=None).items
    assert [(i.id, i.question, i.gold) for i in items] == [
        ("1", "How many?", ANSWER.candidates[0].sql),
        ("2", "Which?", "select n from t"),
        ("3", "Who?", None),
    ]
    assert [[(c.sql, c.label) for c in i.candidates] for i in items] == [
        [(ANSWER.candidates[0].sql, None)],  # its label comes from running it
        [(ANSWER.candidates[0].sql, None)],
        [(ANSWER.candidates[0].sql, False)],
    ]
    assert [i.id for i in from_history(needs_gold=True, limit=None, shard=None).items] == ["1", "2"]
    assert "1 marked question left out: their right query is not known" in capsys.readouterr().err


def test_databases_of_one_name_are_told_apart(database, tmp_path):
    other = tmp_path / "other" / "shop.sqlite"
    other.parent.mkdir()
    other.write_bytes(database.read_bytes())
    for number, path in enumerate((database, other), 1):
        keep(path)
        assert main(["history", "mark", str(number), "right"]) == 0
    names = [item.database_id for item in from_history(needs_gold=True, limit=None, shard=None).items]
    assert names == [str(database), str(other)]


def test_a_database_that_is_gone_is_left_out_and_told(database, capsys):
    keep(database)
    keep(database.with_name("gone.sqlite"))
    for number in ("1", "2"):
        assert main(["history", "mark", number, "right"]) == 0
    assert len(from_history(needs_gold=True, limit=None, shard=None).items) == 1
    assert "left out: their database no longer exists" in capsys.readouterr().err


BAD = [
    ("no such question", ["9", "right"], "no question 9"),
    ("right with a query", ["1", "right", "--sql", "select 1"], "--sql goes with wrong"),
    ("a query that does not run", ["1", "wrong", "--sql", "select x from t"], "no such column: x"),
    ("a query that writes", ["1", "wrong", "--sql", "delete from t"], "--sql does not run"),
]


@pytest.mark.parametrize(("arguments", "named"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_marks_are_one_line(database, arguments, named, capsys):
    keep(database)
    before = database.read_bytes()
    assert main(["history", "mark", *arguments]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error
    assert database.read_bytes() == before


def test_nothing_marked(database):
    with pytest.raises(PlannerError, match="no answer in the history is marked"):
        from_history(needs_gold=True, limit=None, shard=None)
    keep(database, answer=replace(ANSWER, best=None))
    with pytest.raises(PlannerError, match="no answer in the history is marked"):
        from_history(needs_gold=True, limit=None, shard=None)
