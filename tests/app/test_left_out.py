"""What ``--tables`` says of a name that the schema leaves out: why, and not that it does not exist."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from planner_cli.app.opening import part_of
from planner_cli.database import Database
from planner_cli.errors import DatabaseError

FILE = """
CREATE TABLE good (a TEXT);
CREATE VIRTUAL TABLE texts USING fts5(body);
CREATE VIEW found AS SELECT body FROM texts WHERE texts MATCH 'x';
CREATE VIEW broken AS SELECT * FROM nowhere;
CREATE VIEW heard AS SELECT soundslike(a) FROM good;
"""
NAMED = [
    # name, words of the message
    ("broken", "broken cannot be asked: no such table: main.nowhere"),
    ("HEARD", "HEARD cannot be asked: no such function: soundslike"),
    ("texts_data", "texts_data cannot be asked: it is a part of texts"),
    ("nothing", "no table 'nothing'"),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("left") / "a.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(FILE)
    with Database.open(path) as opened:
        yield opened


@pytest.mark.parametrize(("name", "words"), NAMED)
def test_a_name_that_is_left_out(database: Database, name: str, words: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        part_of(database.schema, (name,), Path("a.db"))
    assert words in caught.value.message
    assert caught.value.hint == "it has good, texts, found"


def test_a_view_over_full_text_is_there(database: Database) -> None:
    assert [table.name for table in part_of(database.schema, ("found",), Path("a.db")).tables] == ["found"]
