"""What is written down about a database, where it is read, and what of it a question's prompt gets."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from planner_cli.app.configuration import config_path
from planner_cli.app.fitting import MOST_NOTES, similar, with_known
from planner_cli.app.notes import Notes, places, read_notes, unknown, with_notes
from planner_cli.database import Database
from planner_cli.errors import PlannerError
from planner_cli.prompts.discriminator import discriminator_prompt
from planner_cli.prompts.generator import generator_prompt
from planner_cli.prompts.judging import View
from planner_cli.prompts.schema import create_tables
from planner_cli.prompts.shown import Subject
from planner_cli.types import Candidate, Column, Earlier, Example, Execution, Question, Schema, Table
from tests.scripted import ScriptedEngine

WRITTEN = """
note = "All amounts\\nare in cents."
[terms]
"active customer" = "ordered within 90 days"
"VIP" = "more than 10 orders"
"常連" = "5回以上"
[tables.Orders]
note = "cancelled ones too"
[tables.Orders.columns]
Total = "without tax"
fee = { note = "of the carrier", unit = "cents" }
status = { codes = { B = "booked", D = "done" } }
[[examples]]
question = "How many active customers are there?"
sql = "select count(*) from customers where active;"
"""
SCHEMA = Schema(
    (
        Table(
            "orders",
            (Column("id", comment="a key"), Column("total", comment="in EUR"), Column("fee"), Column("status")),
            comment="one line for each",
        ),
        Table("customers", (Column("id"),)),
    )
)


@pytest.fixture
def database(tmp_path):
    return tmp_path / "shop.sqlite"


def written(database, text=WRITTEN):
    places(database)[0].write_text(text, "utf-8")
    return read_notes(database)


def test_notes_take_the_place_of_comments(database):
    assert create_tables(with_notes(SCHEMA, written(database))) == (
        "-- cancelled ones too\n"
        "CREATE TABLE orders (\n"
        "  id, -- a key\n"
        "  total, -- without tax\n"
        "  fee, -- of the carrier; in cents\n"
        "  status -- B booked, D done\n"
        ");\n"
        "CREATE TABLE customers (\n"
        "  id\n"
        ");\n"
    )


def test_a_note_is_shown_longer_than_a_comment(database):
    long = "x" * 150
    noted = with_notes(SCHEMA, written(database, f"[tables.orders.columns]\ntotal = '{long}'\n[tables.orders]\n"))
    assert f"{long}\n" in create_tables(noted)


def test_without_notes_the_schema_is_the_same(database):
    assert read_notes(database) == Notes()
    assert with_notes(SCHEMA, Notes()) is SCHEMA


def test_the_configuration_folder_is_second(database):
    beside, configured = places(database)
    configured.parent.mkdir(parents=True)
    assert configured.parent.parent == config_path().parent
    configured.write_text("note = 'configured'")
    assert read_notes(database).note == "configured"
    beside.write_text("note = 'beside'")
    assert read_notes(database).note == "beside"
    assert read_notes(database.with_name("other.sqlite")) == Notes()


DATASETTE = [
    ("descriptions", {"orders": {"description": "all", "columns": {"total": "gross"}}}, {"total": "gross"}, "all"),
    ("units", {"orders": {"units": {"total": "EUR"}}}, {"total": "in EUR"}, None),
    ("both", {"orders": {"columns": {"total": "gross"}, "units": {"total": "EUR"}}}, {"total": "gross; in EUR"}, None),
]


@pytest.mark.parametrize(("tables", "columns", "note"), [d[1:] for d in DATASETTE], ids=[d[0] for d in DATASETTE])
def test_datasettes_metadata_is_read(database, tables, columns, note):
    database.with_name("metadata.json").write_text(json.dumps({"databases": {"shop": {"tables": tables}}}))
    (table,) = read_notes(database).tables
    assert (table.columns, table.note) == (columns, note)


def test_notes_win_over_datasettes(database):
    tables = {
        "orders": {"description": "all", "columns": {"total": "gross", "id": "a number"}},
        "more": {"description": "x"},
    }
    database.with_name("metadata.json").write_text(json.dumps({"databases": {"shop": {"tables": tables}}}))
    found = written(database)
    orders = found.about("orders")
    assert orders.note == "cancelled ones too"
    assert orders.columns["Total"] == "without tax"
    assert orders.columns["id"] == "a number"
    assert found.about("more").note == "x"
    assert len(found.files) == 2


OTHERS = [
    "",
    "[1]",
    '{"databases": 1}',
    '{"databases": {"shop": {"tables": {"orders": 5}}}}',
    '{"name": "npm"}',
    "{" * 9,
]


@pytest.mark.parametrize("text", OTHERS)
def test_another_programs_metadata_is_left_alone(database, text):
    database.with_name("metadata.json").write_text(text)
    assert read_notes(database) == Notes()


WRONG = [
    ("no TOML", "note = ", "not valid TOML"),
    ("a number", "note = 5", "note is not a text"),
    ("an empty text", "note = ''", "note is not a text"),
    ("a slip", "[term]\na = 'b'", "term means nothing (did you mean terms?)"),
    (
        "a column's slip",
        "[tables.a.columns]\nb = { unti = 'x' }",
        "tables.a.columns.b.unti means nothing (did you mean unit?)",
    ),
    ("a list of columns", "[tables.a]\ncolumns = []", "tables.a.columns is not a table"),
    ("a column of nothing", "[tables.a.columns]\nb = {}", "tables.a.columns.b is not a text, or a table with"),
    ("an example without a query", "[[examples]]\nquestion = 'a'", "example 1 lacks its sql"),
    ("one example", "examples = 'a'", "examples is not a list"),
    ("too large", f"note = '{'x' * 1_000_001}'", "is over 1,000,000 bytes"),
]


@pytest.mark.parametrize(("text", "said"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_what_is_wrong_is_named(database, text, said):
    with pytest.raises(PlannerError) as caught:
        written(database, text)
    assert str(places(database)[0]) in caught.value.message
    assert said in f"{caught.value.message} ({caught.value.hint})"


def test_what_is_not_there_is_named(database):
    text = "[tables.ordrs]\nnote = 'a'\n[tables.orders.columns]\ntotl = 'b'\nTOTAL = 'c'\n[tables.nothing]\nnote = 'd'"
    assert unknown(written(database, text), SCHEMA) == [
        "no table ordrs; did you mean orders?",
        "no column orders.totl; did you mean total?",
        "no table nothing",
    ]


TERMS = [
    ("its words", "How many ACTIVE customers?", ["active customer: ordered within 90 days"]),
    ("in another order", "customers that are active", ["active customer: ordered within 90 days"]),
    ("only one of them", "How many customers?", []),
    ("case", "list the vips", ["VIP: more than 10 orders"]),
    ("without blanks", "常連は何人?", ["常連: 5回以上"]),
]


@pytest.mark.parametrize(("text", "terms"), [t[1:] for t in TERMS], ids=[t[0] for t in TERMS])
def test_the_terms_of_a_question_are_shown(database, text, terms):
    question = with_known(Question(text, SCHEMA, "shop"), written(database), ())
    assert list(question.notes) == ["All amounts are in cents.", *terms]


def test_what_is_shown_is_bounded(database):
    terms = "\n".join(f"a{n} = '{'x' * 400}'" for n in range(9))
    text = " ".join(f"a{n}" for n in range(9))
    question = with_known(Question(text, SCHEMA, "shop"), written(database, f"[terms]\n{terms}"), ())
    assert len(question.notes) == MOST_NOTES
    assert max(map(len, question.notes)) < 310


EXAMPLES = tuple(
    Example(text, f"select {n}")
    for n, text in enumerate([
        "How many customers ordered in Berlin?", "revenue by country in 2024", "list all products",
        "How many customers ordered in Paris?", "How many customers ordered in Berlin?",
    ])
)  # fmt: skip
SIMILAR = [
    ("the same", "How many customers ordered in Berlin?", ["select 0", "select 3"]),
    ("similar", "how many customers ordered in rome", ["select 3", "select 0"]),
    ("in other words", "revenue in 2023 by country", ["select 1"]),
    ("none", "Which machine stood still the longest?", []),
]


@pytest.mark.parametrize(("text", "shown"), [s[1:] for s in SIMILAR], ids=[s[0] for s in SIMILAR])
def test_similar_examples_are_shown(text, shown):
    assert sorted(e.sql for e in similar(text, EXAMPLES)) == sorted(shown)


def test_the_first_of_two_queries_for_a_question_counts():
    assert next(e.sql for e in similar(EXAMPLES[4].question, EXAMPLES)) == "select 0"
    assert similar("list all products", [Example("list all products", "select " + "1, " * 300 + "1")]) == ()


def test_general_models_are_shown_notes_and_examples(database):
    asked = Question("active customers?", SCHEMA, "shop", earlier=Earlier("How many\ncustomers are there?", "select 1"))
    question = with_known(asked, written(database), (Example("active\ncustomers?", "select 2 -- two"),))
    text = "".join(span.text for span in generator_prompt("chat").build(question, ScriptedEngine()))
    assert (
        "\nNote: All amounts are in cents.\nNote: active customer: ordered within 90 days"
        "\nSimilar question: active customers?\nIts query: select 2"
        "\nSimilar question: How many active customers are there?\nIts query: select count(*) from customers where active"
    ) in text
    subject = Subject(Candidate(0, "select 1"), Execution(("1",), ((1,),)))
    judged = discriminator_prompt("chat").build(question, [subject], ScriptedEngine(), View())
    assert "\nNote: active customer: ordered within 90 days" in "".join(span.text for span in judged)
    trained = "".join(span.text for span in generator_prompt("compact-values").build(question, ScriptedEngine()))
    assert "Note" not in trained
    assert "Similar" not in trained


def test_opening_puts_notes_into_the_schema(tmp_path):
    from planner_cli.app.opening import noted

    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("create table orders (id integer primary key, total integer)")
    places(path)[0].write_text(
        "[tables.orders.columns]\ntotal = 'in cents'\nnothing = 'x'\nmore = 'y'\n[tables.orders]\n"
    )
    said = []
    with Database.open(path) as opened:
        noted(opened, said.append)
        assert opened.schema.tables[0].columns[1].comment == "in cents"
    assert said == [
        f"the notes name what is not there: no column orders.nothing and 1 more; planner notes {path} --check lists it"
    ]
