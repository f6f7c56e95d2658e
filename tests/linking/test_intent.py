"""Wishes to change something, questions about the database itself, and words that it does not know."""

from __future__ import annotations

import pytest

from planner_cli.linking.intent import intent
from planner_cli.linking.known import share_known, unknown_words
from planner_cli.types import Column, Schema, Table, ValueHint

SHOP = Schema(
    (
        Table("orders", (Column("id"), Column("status", comment="open, shipped or lost"))),
        Table("Customers", (Column("id"), Column("city"))),
    )
)
RESTAURANT = Schema((Table("tables", (Column("id"), Column("seats"))), Table("guests", (Column("name"),))))

WRITES = [
    # name, question, what can be asked instead; None: it is a question
    ("delete", "delete all orders of 2020", "show all orders of 2020"),
    ("please", "Please remove the lost orders", "show the lost orders"),
    ("please at its end", "cancel my orders of next week, please", "show my orders of next week"),
    ("can you", "Can you delete the customers from Paris?", "show the customers from Paris"),
    ("I want to", "I want to delete every order", "show every order"),
    ("a new value", "change the status of order 5 to shipped", ""),
    ("a new row", "insert a new customer named Bob", ""),
    ("a number of things", "book 20 fuses into the van", ""),
    ("a table's name", "drop orders", ""),
    ("SQL", "DROP TABLE orders", ""),
    ("one of a table", "rename order 5", ""),
    ("into something", "move the lost orders to the archive", "show the lost orders"),
    ("everything", "delete everything", ""),
    ("German", "Lösche alle Kunden", ""),
    ("what was deleted", "show deleted orders", None),
    ("adding up", "Add up all the totals of orders", None),
    ("a noun", "book prices over 20", None),
    ("an adjective", "close games this year", None),
    ("a list", "set list of the concert", None),
    ("a report", "create a report of all orders", None),
    ("a report in words", "record the number of orders and show them", None),
    ("who did", "who cancelled all orders?", None),
    ("how many were", "how many orders did we cancel?", None),
    ("sort", "sort all orders by status", None),
    ("a question in the middle", "which orders should I delete?", None),
    ("an update", "updates of the orders", None),
]


@pytest.mark.parametrize(("question", "instead"), [case[1:] for case in WRITES], ids=[case[0] for case in WRITES])
def test_a_wish_to_change_something(question, instead):
    found = intent(question, SHOP)
    assert (None if found is None else (found.kind, found.instead)) == (None if instead is None else ("write", instead))


ABOUT = [
    # name, question, its kind and table; None: it is about the data
    ("what tables", "What tables are there?", ("tables", None)),
    ("which tables", "which tables exist", ("tables", None)),
    ("list", "List all the tables in this database.", ("tables", None)),
    ("show", "show tables", ("tables", None)),
    ("do you have", "what tables do you have", ("tables", None)),
    ("names", "show me the names of all tables", ("tables", None)),
    ("the schema", "show me the schema", ("tables", None)),
    ("about", "What is this database about?", ("tables", None)),
    ("what is in it", "what's in this file?", ("tables", None)),
    ("how many", "How many tables are there in this database?", ("count", None)),
    ("columns", "what columns does orders have?", ("columns", "orders")),
    ("columns in", "which columns are in the table customers", ("columns", "Customers")),
    ("describe", "describe orders", ("columns", "orders")),
    ("describe the table", "describe the customers table", ("columns", "Customers")),
    ("structure", "show the structure of orders", ("columns", "orders")),
    ("in the singular", "what are the columns of order", ("columns", "orders")),
    ("rows of tables", "list tables with more than 5 rows", None),
    ("no table", "describe the weather", None),
    ("a column", "describe status", None),
    ("columns with a condition", "which columns of orders are empty", None),
    ("how many rows", "how many orders are there?", None),
    ("what is in a row", "what is in order 5?", None),
    ("what can be bought", "what can I buy here?", None),
    ("tables in the plural", "which tables and chairs do we sell?", None),
    ("the database as a topic", "how many customers are in this database?", None),
]


@pytest.mark.parametrize(("question", "expected"), [case[1:] for case in ABOUT], ids=[case[0] for case in ABOUT])
def test_a_question_about_the_database_itself(question, expected):
    found = intent(question, SHOP)
    assert (found and (found.kind, found.table and found.table.name)) == expected


@pytest.mark.parametrize("question", ["which tables are there?", "how many tables are there?", "show all tables"])
def test_a_table_that_is_called_tables_is_meant(question):
    assert intent(question, RESTAURANT) is None


KNOWN = [
    # name, question, values that it mentions, its share of known words, those that are not
    ("all of them", "orders of customers by city", [], 1.0, ()),
    ("half of them", "orders of suppliers", [], 0.5, ("supplier",)),
    ("none", "who won the world cup?", [], 0.0, ("won", "world", "cup")),
    ("a comment", "which are lost?", [], 1.0, ()),
    ("a value", "everything about Anna Berg", ["Anna Berg"], 1.0, ()),
    ("a value it does not have", "everything about Anna Berg", [], 0.0, ("anna", "berg")),
    ("no words of its own", "how many are there in all?", [], 1.0, ()),
    ("words for any database", "what is the average number of rows in 2024?", [], 1.0, ()),
    ("alike", "cust without an order", [], 1.0, ()),
]


@pytest.mark.parametrize(
    ("question", "values", "share", "words"), [case[1:] for case in KNOWN], ids=[case[0] for case in KNOWN]
)
def test_what_the_database_knows_of_a_question(question, values, share, words):
    mentioned = [ValueHint("customers", "name", value) for value in values]
    assert share_known(question, SHOP, mentioned) == pytest.approx(share)
    assert unknown_words(question, SHOP, mentioned) == words


def test_the_words_of_notes_are_known():
    question = "How many frobnicated customers are there?"
    notes = ("frobnicated customer: ordered within 90 days",)
    assert unknown_words(question, SHOP) == ("frobnicated",)
    assert unknown_words(question, SHOP, (), notes) == ()
    assert share_known(question, SHOP, (), notes) == 1.0
