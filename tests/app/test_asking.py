"""What the models are shown of a schema: all of it where it fits its share, otherwise a part."""

import sqlite3

import pytest

from planner_cli.app.asking import Asking, question_about
from planner_cli.database import Database
from planner_cli.discriminator import Discriminator
from planner_cli.generator import Generator
from planner_cli.planning import Lacking
from planner_cli.types import Earlier
from tests.scripted import ScriptedEngine

SHARES = [
    # name, schema_tokens, the generator's context, the judge's, whether a schema of 41 tables is shown whole
    ("the usual share", 4096, None, None, True),
    ("a smaller share", 100, None, None, False),
    ("half the generator's context", 4096, 200, None, False),
    ("half the judge's context", 4096, None, 200, False),
    ("contexts that are long enough", 4096, 8192, 8192, True),
    ("fewer tokens than names", 10, None, None, False),
]


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    path = tmp_path_factory.mktemp("wide") / "wide.sqlite"
    with sqlite3.connect(path) as connection:
        for number in range(40):
            connection.execute(f"create table filler_{number} (id integer primary key, note text, place text)")
            connection.execute(f"insert into filler_{number} values (1, 'n{number}', 'Turin')")
        connection.execute("create table customers (id integer primary key, name text, city text)")
        connection.execute("insert into customers values (1, 'Anna', 'Lisbon'), (2, 'Ben', 'Turin')")
    connection.close()
    with Database.open(path) as opened:
        yield opened


def asking(database, *, most=4096, context=None, judge_context=None):
    writer, thinker = ScriptedEngine(), ScriptedEngine()
    writer.longest, thinker.longest = context, judge_context
    return Asking(database, Generator(writer, "compact-values"), Discriminator(thinker, "chat"), most=most)


def text_of(question):
    generator = Generator(ScriptedEngine(), "compact-values")
    return "".join(span.text for span in generator.prompt.build(question, generator.engine))


@pytest.mark.parametrize(
    ("most", "context", "judge_context", "whole"), [case[1:] for case in SHARES], ids=[case[0] for case in SHARES]
)
def test_a_part_is_shown_of_what_is_over_its_share(database, most, context, judge_context, whole):
    question = asking(database, most=most, context=context, judge_context=judge_context).question(
        "How many customers are in Lisbon?"
    )
    assert "customers" in [table.name for table in question.schema.tables]
    assert (question.whole is None) is whole
    assert (len(question.schema.tables) == len(database.schema.tables)) is whole


def test_what_fits_is_asked_as_ever(database):
    text = "How many customers are in Lisbon or Turin?"
    made = asking(database).question(text)
    prompts = [Generator(ScriptedEngine(), "compact-values").prompt]
    assert made == question_about(text, database, prompts)
    assert text_of(made) == text_of(question_about(text, database, prompts))


def test_the_part_fits_the_share(database):
    made = asking(database, most=60)
    part = made.question("Which notes of the fillers are there?")
    assert ScriptedEngine().count(made._generator.prompt.build(part, ScriptedEngine())) <= 60 + 10  # and the question
    assert len(part.schema.tables) > 1


def test_values_are_those_of_what_is_shown(database):
    question = asking(database, most=100).question("How many customers are in Turin?")
    shown = {table.name for table in question.schema.tables}
    assert {hint.table for hint in question.hints} <= shown
    assert any(hint.value == "Turin" for hint in question.hints)


def test_a_value_alone_finds_its_table(database):
    question = asking(database, most=100).question("Who lives in Lisbon?")
    assert "customers" in [table.name for table in question.schema.tables]


def test_a_prompt_without_values_has_none_but_uses_them_to_choose(database):
    made = asking(database, most=100)
    made._prompts = ()  # every family that there is takes values
    question = made.question("Who lives in Lisbon?")
    assert question.hints == ()
    assert question.whole is not None
    assert "customers" in [table.name for table in question.schema.tables]


def test_other_tables_are_shown_in_a_second_round(database):
    made = asking(database, most=100)
    first = made.question("How many customers?")
    hidden = next(t.name for t in database.schema.tables if t.name not in {s.name for s in first.schema.tables})
    second = made.others(first, Lacking(frozenset({hidden}), "it was named"))
    assert hidden in [table.name for table in second.schema.tables]
    assert (second.text, second.whole) == (first.text, first.whole)


def test_what_a_question_continues_is_shown_too(database):
    made = asking(database, most=100)
    earlier = Earlier("How many customers are there?", "select count(*) from customers")
    alone, continued = made.question("and with a note?"), made.question("and with a note?", earlier)
    assert "customers" not in [table.name for table in alone.schema.tables]
    assert "customers" in [table.name for table in continued.schema.tables]
    assert continued.earlier == earlier
    assert made.others(continued, Lacking(frozenset(), "nothing runs")).earlier == earlier
    assert asking(database).question("and with a note?", earlier).earlier == earlier
