"""Questions that are answered without a model, and wishes that are not granted."""

from __future__ import annotations

import sqlite3

import pytest

from planner_cli.app.aside import aside
from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.errors import ExitCode, UnanswerableError
from planner_cli.events import Answered
from planner_cli.types import Timings


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("aside") / "it's.sqlite"
    with sqlite3.connect(made) as connection:
        connection.executescript(
            """
            create table "it's" (id integer primary key, "a b" text default 'x');
            create table orders (id integer primary key, place integer references "it's" (id));
            insert into "it's" values (1, 'O''Neil');
            create view late as select * from orders;
            create virtual table words using fts5(text);
            """
        )
    connection.close()
    return made


def answer(database, text, *tables):
    schema = database.schema.select(tables) if tables else database.schema
    events = aside(text, schema, database, Control(), Timings())
    last = None if events is None else list(events)[-1]
    return last.answer if isinstance(last, Answered) else None


ASKED = [
    # name, question, the tables that may be asked about, rows
    ("tables", "what tables are there?", (), [("it's", "table"), ("orders", "table"), ("late", "view"), ("words", "table")]),
    ("some of them", "what tables are there?", ("it's", "late"), [("it's", "table"), ("late", "view")]),
    ("how many", "how many tables are there?", (), [(3,)]),
    (
        "columns", "describe orders", (),
        [("orders", "id", "INTEGER", "primary key"), ("orders", "place", "INTEGER", 'references "it\'s".id')],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tables", "rows"), [case[1:] for case in ASKED], ids=[case[0] for case in ASKED])
def test_the_schema_answers(path, text, tables, rows):
    with Database.open(path, samples=0) as database:
        found = answer(database, text, *tables)
        assert list(found.rows) == rows
        assert (found.confidence, found.reason) == (1.0, "read from the schema, no model was asked")
        assert database.execute(found.sql).rows == found.rows


def test_a_question_about_the_data_is_none_of_these(path):
    with Database.open(path) as database:
        assert answer(database, "how many orders are there?") is None


def test_a_change_is_refused(path):
    with Database.open(path) as database, pytest.raises(UnanswerableError, match="nothing was changed") as refused:
        answer(database, "delete all orders")
    assert refused.value.exit_code == ExitCode.ABSTAINED
    assert refused.value.hint == 'planner ask "show all orders" it\'s.sqlite'
