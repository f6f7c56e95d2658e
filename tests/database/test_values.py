"""Stored values in questions: the matching, and the reading of them from real files."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from database_files import build, picture

from planner_cli.database import Database
from planner_cli.database.values import LONGEST, ValueIndex
from planner_cli.errors import DatabaseError
from planner_cli.types import ValueHint

INDEX = ValueIndex(
    {
        ("customers", "name"): ["O'Brien & Sons", "Anna Becker", "Zakład Łódzki", "100", "x" * (LONGEST + 1)],
        ("customers", "city"): ["New York", "York", "Berlin", "Łódź"],
        ("suppliers", "city"): ["Berlin", "BERLIN"],
        ("orders", "status"): ["open", "Shipped", "on hold"],
        ("orders", "category"): ["order", "price", "Ball Bearing 6204"],
        ("machines", "hall"): ["A", "B"],
        ("aa", "cc"): ["Rome"],
        ("bb", "cc"): ["Rome"],
        ("cc", "cc"): ["Rome"],
        ("dd", "cc"): ["Rome"],
    }
)

FORMS = ValueIndex(
    {
        ("places", "name"): [
            "Cafe\u0301 Zu\u0308rich",
            "D\u00fcsseldorf",
            "\uff21\uff22\uff23 Corp",
            "\u0926\u093f\u0932\u094d\u0932\u0940",
            "\u0926\u0932",
        ],
        ("places", "city"): ["Berlin      ", "New  York", "a\tb", "Rome", "rome", "ROME"],
        ("places", "both"): ["No\u0308rd", "N\u00f6rd"],
        ("places", "korean"): ["\u1109\u1165\u110b\u116e\u11af"],
    }
)

STORED = [
    # name, question, the value as it is stored
    ("stored decomposed, asked composed", "in Caf\u00e9 Z\u00fcrich", "Cafe\u0301 Zu\u0308rich"),
    ("stored composed, asked decomposed", "in Du\u0308sseldorf", "D\u00fcsseldorf"),
    ("in another case too", "in CAF\u00c9 Z\u00dcRICH", "Cafe\u0301 Zu\u0308rich"),
    ("full-width letters", "of ABC corp", "\uff21\uff22\uff23 Corp"),
    ("vowel signs belong to the word", "in \u0926\u093f\u0932\u094d\u0932\u0940", "\u0926\u093f\u0932\u094d\u0932\u0940"),
    ("and make another word of it", "in \u0926\u0932", "\u0926\u0932"),
    ("syllables of one character and of several", "in \uc11c\uc6b8", "\u1109\u1165\u110b\u116e\u11af"),
    ("both are stored, asked composed", "in N\u00f6rd", "N\u00f6rd"),
    ("both are stored, asked decomposed", "in No\u0308rd", "No\u0308rd"),
    ("several cases are stored", "in rome", "rome"),
    ("a case that is not", "in rOME", "Rome"),
    ("without accents", "in cafe zurich", "Cafe\u0301 Zu\u0308rich"),
    ("an umlaut as two letters", "in Duesseldorf", "D\u00fcsseldorf"),
    ("accents that are not stored", "in B\u00e9rl\u00edn", "Berlin      "),
    ("full-width letters in the question", "in \uff22\uff45\uff52\uff4c\uff49\uff4e", "Berlin      "),
    ("blanks at the end", "in Berlin", "Berlin      "),
    ("two blanks", "in new york", "New  York"),
    ("a tab", "with 'a b'", "a\tb"),
]  # fmt: skip


@pytest.mark.parametrize(("question", "stored"), [s[1:] for s in STORED], ids=[s[0] for s in STORED])
def test_a_mention_gives_the_value_as_it_is_stored(question: str, stored: str) -> None:
    assert [hint.value for hint in FORMS.match(question)] == [stored]


MENTIONS = [
    ("another case", "how many orders are SHIPPED?", ["orders.status = Shipped"]),
    ("several words", "orders on hold", ["orders.status = on hold"]),
    ("the longest wins", "customers in new york", ["customers.city = New York"]),
    ("no punctuation", "orders of obrien & sons", ["customers.name = O'Brien & Sons"]),
    ("punctuation and case", "orders of o'brien and sons, o'brien & sons", ["customers.name = O'Brien & Sons"]),
    ("letters of other alphabets", "customers in łódź", ["customers.city = Łódź"]),
    ("several columns", "everything in Berlin", ["customers.city = Berlin", "suppliers.city = Berlin"]),
    ("at most three columns", "Rome", ["aa.cc = Rome", "bb.cc = Rome", "cc.cc = Rome"]),
    ("spelled nearly", "orders of Anna Beckers", ["customers.name = Anna Becker"]),
    ("number behind a word", "stock of the ball bearing 6204", ["orders.category = Ball Bearing 6204"]),
    ("a capital letter", "machines in hall B", ["machines.hall = B"]),
    ("an article", "a machine in a hall", []),
    ("a number", "orders over 100", []),
    ("a word of the schema", "the status of every order", []),
    ("a word of the schema in quotes", 'of category "order"', ["orders.category = order"]),
    ("a common word", "the lowest order of all", []),
    ("a short word that is nearly a value", "how many princes", []),
    ("in the order of their length", "open orders in New York", ["customers.city = New York", "orders.status = open"]),
    ("nothing", "", []),
]  # fmt: skip


@pytest.mark.parametrize(("question", "expected"), [m[1:] for m in MENTIONS], ids=[m[0] for m in MENTIONS])
def test_mentions(question: str, expected: list[str]) -> None:
    assert [f"{h.table}.{h.column} = {h.value}" for h in INDEX.match(question)] == expected


def test_no_more_than_asked_for() -> None:
    assert len(INDEX.match("Berlin and Rome and New York", most=2)) == 2


def test_every_place_of_a_value_is_known() -> None:
    """What a question's tables are chosen by; a hint in a prompt has three at most."""
    rome, york = INDEX.everywhere("Rome or New York")[::-1]
    assert [hint.table for hint in rome] == ["aa", "bb", "cc", "dd"]
    assert york == (ValueHint("customers", "city", "New York"),)
    assert [hint.table for hint in INDEX.match("Rome")] == ["aa", "bb", "cc"]


def test_prose_and_numbers_are_not_kept() -> None:
    assert len(ValueIndex({("t", "c"): ["a", "12", "2024-01-01", "x" * (LONGEST + 1), " ", "B"]})) == 2


def test_a_database_knows_what_a_question_mentions(shop: Database) -> None:
    assert shop.mentioned("How many orders are shipped?") == shop.mentioned("SHIPPED orders")


@pytest.fixture
def cities(tmp_path: Path) -> Path:
    return build(
        tmp_path / "cities.db",
        """
        CREATE TABLE "big cities" ("the name" TEXT, size INTEGER, note);
        INSERT INTO "big cities" VALUES ('Paris', 5, x'00ff'), ('Rome', 'Oslo', NULL), ('Paris', 7, 'capital');
        CREATE VIEW seen AS SELECT 'Bonn' AS city
        """,
    )


def test_values_of_a_file(cities: Path) -> None:
    before = picture(cities.parent)
    with Database.open(cities) as database:
        paris = database.mentioned("how big is paris")
        assert paris == (ValueHint("big cities", "the name", "Paris"),)
        # a text in a column of numbers counts
        assert [hint.column for hint in database.mentioned("oslo, the capital")] == ["size", "note"]
        assert database.mentioned("Bonn") == ()  # views are not read
        assert database.execute("select 1").rows == ((1,),)
    assert picture(cities.parent) == before
    with pytest.raises(DatabaseError, match="is closed"):
        database.mentioned("Paris")


def test_without_values_nothing_is_read(cities: Path) -> None:
    with Database.open(cities, samples=0) as database:
        assert database.mentioned("Paris") == ()


@pytest.mark.parametrize("sql", ["INSERT INTO t VALUES (CAST(x'ff' AS TEXT))", "INSERT INTO t VALUES (zeroblob(90))"])
def test_odd_values_hide_no_others(tmp_path: Path, sql: str) -> None:
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(f"CREATE TABLE t (a); {sql}; CREATE TABLE u (b); INSERT INTO u VALUES ('Paris')")
    connection.close()
    with Database.open(path) as database:
        assert database.mentioned("Paris") == (ValueHint("u", "b", "Paris"),)


def test_a_large_column_is_read_in_part(tmp_path: Path) -> None:
    path = tmp_path / "large.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a)")
        connection.executemany("INSERT INTO t VALUES (?)", ((f"customer {n}",) for n in range(5000)))
    connection.close()
    with Database.open(path) as database:
        assert database.mentioned("customer 7")
        assert (
            not database.mentioned("customer 4999") or database.mentioned("customer 4999")[0].value != "customer 4999"
        )
