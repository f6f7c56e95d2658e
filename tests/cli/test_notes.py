"""``planner notes``, and what a mark teaches the next question."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from planner_cli.app.notes import places
from planner_cli.cli.remembering import learnt
from planner_cli.history import History
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, Candidate, Example, Execution
from tests.running import planner

WRITTEN = """
[terms]
"active customer" = "ordered within 90 days"
[tables.customers.columns]
city = "where the invoice goes"
[[examples]]
question = "How many?"
sql = "select count(*) from customers"
"""


def test_nothing_is_written_at_first(shop):
    done = planner("notes", shop)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"planner: nothing is written about {shop} (planner notes {shop} --edit)\n"


def test_notes_are_shown_and_fit(shop):
    file = places(shop)[0]
    file.write_text(WRITTEN)
    assert planner("notes", shop).stdout.splitlines() == [
        str(file), "", "active customer: ordered within 90 days", "", "customers", "  city: where the invoice goes", "",
        "How many?", "  select count(*) from customers",
    ]  # fmt: skip
    done = planner("notes", shop, "--check")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "1 description, 1 term, 1 example: all of them fit\n"
    assert "where the invoice goes" in planner("schema", shop, "customers").stdout


def test_what_does_not_fit_is_listed(shop):
    places(shop)[0].write_text(WRITTEN.replace("city", "town").replace("count(*)", "name, nope"))
    done = planner("notes", shop, "--check")
    assert done.returncode == 2
    assert done.stdout == "no column customers.town\nexample 1 fails: no such column: nope\n"


def test_a_new_file_has_the_names_that_there_are(tmp_path, monkeypatch):
    path = tmp_path / "odd.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('create table "a ""b""\n" (id integer primary key, größe text)')
    before = path.read_bytes()
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nsed -i \'s/^# note = ""/note = "all of them"/; s/^# \\[tables/[tables/\' "$1"\n')
    editor.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(editor))
    done = planner("notes", path, "--edit")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert done.stderr == f"{path}.planner.toml is new\n1 description, 0 terms, 0 examples: all of them fit\n"
    text = Path(f"{path}.planner.toml").read_text()
    assert '[tables."a \\"b\\"\\u000a".columns]\n# id = ""\n# "größe" = ""\n' in text
    assert path.read_bytes() == before


def test_no_editor(shop, monkeypatch):
    monkeypatch.setenv("VISUAL", "/nowhere/an-editor")
    done = planner("notes", shop, "--edit")
    assert done.returncode == 2
    assert "set EDITOR, or write" in done.stderr


class Asked:
    """What :func:`learnt` needs of a planner."""

    def __init__(self, path, *, takes_notes=True):
        self.database = self
        self.path = path
        self.takes_notes = takes_notes
        self.learnt = ()

    def learn(self, examples):
        self.learnt = examples


def answer(sql):
    return Answer((Candidate(0, sql),), (Execution(("n",), ((1,),)),), (), (), (), 0, 0.5, 1.0, "the only one")


def keep(path, question, sql):
    with History.open() as history:
        return history.record(
            question=question, database=path, answer=answer(sql), models=(), settings=PlanSettings(), level="metadata"
        )


def test_what_is_marked_is_an_example_at_once(shop):
    right, wrong, other = (
        keep(shop, text, f"select {n} as n") for n, text in enumerate(["right?", "wrong?", "other?"])
    )
    keep(shop.with_name("another.sqlite"), "elsewhere?", "select 3")
    asked = Asked(shop)
    learnt(asked)
    assert asked.learnt == ()
    assert planner("history", "mark", right, "right").returncode == 0
    assert planner("history", "mark", wrong, "wrong", "--sql", "select count(*) from customers").returncode == 0
    assert planner("history", "mark", other, "wrong").returncode == 0
    learnt(asked)
    assert asked.learnt == (Example("wrong?", "select count(*) from customers"), Example("right?", "select 0 as n"))
    untrained = Asked(shop, takes_notes=False)
    learnt(untrained)
    assert untrained.learnt == ()


def test_a_broken_history_costs_no_answer(shop, private_home, capsys):
    keep(shop, "right?", "select 1")
    with History.open() as history:
        history.path.write_bytes(b"nothing of the kind" * 100)
    learnt(Asked(shop))
    assert "what was marked right is not used: " in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--edit", "--check"])
def test_a_database_is_needed(tmp_path, option):
    done = planner("notes", tmp_path / "nothing.sqlite", option)
    assert done.returncode == 2
    assert "nothing.sqlite" in done.stderr
    assert list(tmp_path.iterdir()) == []
