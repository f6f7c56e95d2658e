"""Which part of a schema is shown, on schemas made for each case and on a generated wide one."""

from __future__ import annotations

import random

import pytest

from planner_cli.linking import Linker, shown_text
from planner_cli.linking.linker import LEAST_TABLES, MOST_COLUMNS, MOST_TABLES
from planner_cli.types import Column, ForeignKey, Schema, Table, ValueHint

ROOMS = ("alpha", "bravo", "delta", "gamma", "kappa", "lambda", "omega", "sigma")


def table(name, *columns, comment=None, keys=()):
    made = tuple(Column(c, primary_key=c == "id") if isinstance(c, str) else c for c in ("id", *columns))
    links = tuple(ForeignKey((column,), parent, ("id",)) for column, parent in keys)
    return Table(name, made, foreign_keys=links, comment=comment)


def filler(count=40):
    """Tables that nobody asks about, in a seeded order of words."""
    draw = random.Random(7)
    return [
        table(f"{draw.choice(ROOMS)}_{draw.choice(ROOMS)}_{number}", "note", "stamp", "flag") for number in range(count)
    ]


def everything(_part):
    return True


def wide(*tables):
    rest = filler()
    return Schema((*rest[:20], *tables, *rest[20:]))


FOUND = [
    # name, tables besides the filler, question, mentions, the tables that must be shown
    ("by its name", [table("customers")], "How many customers are there?", (), {"customers"}),
    ("by a column", [table("t17", "unit_price")], "What is the highest unit price?", (), {"t17"}),
    ("by an abbreviation", [table("dept")], "Which departments are there?", (), {"dept"}),
    ("by words joined in a name", [table("highschooler")], "Name each high schooler", (), {"highschooler"}),
    ("by its comment", [table("kna1", comment="customers of all branches")], "List the customers", (), {"kna1"}),
    ("by a column's comment", [table("x1", Column("c4", comment="net weight"))], "total weight", (), {"x1"}),
    ("without its accent", [table("Stra\u00dfen")], "Wie viele Strassen gibt es?", (), {"Stra\u00dfen"}),
    (
        "in Japanese",
        [table("\u9867\u5ba2")],
        "\u9867\u5ba2\u306f\u4f55\u4eba\u3044\u307e\u3059\u304b",
        (),
        {"\u9867\u5ba2"},
    ),
    (
        "by a stored value",
        [table("t9", "place")],
        "How many are in Lisbon?",
        [[ValueHint("t9", "place", "Lisbon")]],
        {"t9"},
    ),
    (
        "the table between two",
        [
            table("students"),
            table("courses"),
            table("enrolment_x", "s", "c", keys=[("s", "students"), ("c", "courses")]),
        ],
        "Which students take which courses?",
        (),
        {"students", "courses", "enrolment_x"},
    ),
    (
        "the table between two, by the names of its columns alone",
        [table("students"), table("courses"), table("sc", "student_id", "course_id")],
        "Which students take which courses?",
        (),
        {"students", "courses", "sc"},
    ),
    (
        "its parent, for the name that is asked for",
        [table("orders", "who", keys=[("who", "partners")]), table("partners", "label")],
        "Who placed the most orders?",
        (),
        {"orders", "partners"},
    ),
]


@pytest.mark.parametrize(
    ("tables", "question", "mentions", "expected"), [case[1:] for case in FOUND], ids=[case[0] for case in FOUND]
)
def test_a_table_is_found(tables, question, mentions, expected):
    part = Linker(wide(*tables)).choose(question, mentions, everything)
    names = [table.name for table in part.tables]
    assert expected <= set(names)
    assert len(names) <= LEAST_TABLES + len(tables)
    assert names == [table.name for table in wide(*tables).tables if table.name in names]  # in the database's order


def test_the_better_match_comes_first_where_only_one_fits():
    schema = wide(table("student_addresses"), table("students"), table("student_notes"))
    part = Linker(schema).choose("How many students?", (), lambda part: len(part.tables) == 1)
    assert [table.name for table in part.tables] == ["students"]


def test_a_question_about_nothing_still_shows_tables():
    part = Linker(wide()).choose("Tell me everything", (), everything)
    assert part.tables == wide().tables[:LEAST_TABLES]


def test_as_many_as_fit_are_shown_and_never_too_many():
    schema = Schema(tuple(table(f"order_{number}") for number in range(300)))
    for most in (1, 2, 7, MOST_TABLES - 1):
        part = Linker(schema).choose("orders", (), lambda part, most=most: len(part.tables) <= most)
        assert len(part.tables) == most
    assert len(Linker(schema).choose("orders", (), everything).tables) == MOST_TABLES


def test_the_choice_is_the_same_each_time():
    schema = wide(table("customers"), table("customer_orders"), table("customer_notes"))
    chosen = [Linker(schema).choose("customers and their orders", (), everything) for _ in range(2)]
    assert chosen[0] == chosen[1]


# ----------------------------------------------------------------------------------------------- columns


def broad(count=300):
    columns = [Column(f"field_{number}") for number in range(count - 3)]
    key = ForeignKey(("site",), "sites", ("id",))
    return Table(
        "readings",
        (*columns, Column("net_weight"), Column("site"), Column("id", primary_key=True)),
        foreign_keys=(key,),
    )


def test_keys_and_what_is_asked_for_stay_of_a_broad_table():
    part = Linker(Schema((broad(), table("sites")))).choose("What is the net weight at each site?", (), everything)
    names = [column.name for column in part.tables[0].columns]
    assert len(names) == MOST_COLUMNS
    assert names[-3:] == ["net_weight", "site", "id"]
    assert names[:-3] == [f"field_{number}" for number in range(MOST_COLUMNS - 3)]
    assert len(part.tables) == 2


def test_a_column_stays_that_has_a_value_of_the_question():
    mentions = [[ValueHint("readings", "field_250", "Lisbon")]]
    part = Linker(Schema((broad(),))).choose("How many in Lisbon?", mentions, everything)
    assert "field_250" in [column.name for column in part.tables[0].columns]


def test_a_single_table_is_cut_until_it_fits():
    def fits(part):
        return sum(len(table.columns) for table in part.tables) <= 10

    part = Linker(Schema((broad(), table("sites")))).choose("net weight", (), fits)
    assert [table.name for table in part.tables] == ["readings"]
    assert len(part.tables[0].columns) <= 10
    assert {"id", "site", "net_weight"} <= {column.name for column in part.tables[0].columns}


# ---------------------------------------------------------------------------------------------- second round


def test_a_second_choice_has_what_was_named_and_the_next_best():
    schema = Schema((*(table(f"order_{number}") for number in range(60)), table("zebra")))
    linker = Linker(schema)
    first = linker.choose("orders", (), everything)
    second = linker.others("orders", (), everything, first, {"zebra"})
    names = {table.name for table in second.tables}
    assert "zebra" in names
    assert {table.name for table in first.tables[:8]} <= names  # the better half
    assert names - {table.name for table in first.tables} > {"zebra"}
    assert len(names) <= MOST_TABLES


def test_a_second_choice_has_the_columns_that_were_named():
    schema = Schema((broad(), table("sites")))
    first = Linker(schema).choose("net weight", (), everything)
    second = Linker(schema).others("net weight", (), everything, first, {"field_299", "field_290"})
    assert "field_290" in [column.name for column in second.tables[0].columns]
    assert "field_290" not in [column.name for column in first.tables[0].columns]


# ------------------------------------------------------------------------------------------------ the line

LINES = [
    # name, part, whole, the line
    ("all named", ["a", "b"], "abc", "2 of 3 tables shown: a, b"),
    (
        "many",
        [f"t{n}" for n in range(14)],
        20,
        f"14 of 20 tables shown: {', '.join(f't{n}' for n in range(12))}, 2 more",
    ),
    ("a name with a comma", ["a,b"], ["a,b", "c"], '1 of 2 tables shown: "a,b"'),
]


@pytest.mark.parametrize(("part", "whole", "line"), [case[1:] for case in LINES], ids=[case[0] for case in LINES])
def test_the_line_says_what_was_shown(part, whole, line):
    names = [f"t{n}" for n in range(whole)] if isinstance(whole, int) else list(whole)
    assert shown_text(Schema(tuple(map(table, part))), Schema(tuple(map(table, names)))) == line


def test_the_line_says_how_many_columns():
    schema = Schema((broad(),))
    part = Linker(schema).choose("net weight", (), everything)
    assert shown_text(part, schema) == "1 of 1 table shown: readings (60 of 300 columns)"
