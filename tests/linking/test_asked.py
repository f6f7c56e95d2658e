"""What a question says that its query passes over."""

from __future__ import annotations

import pytest

from planner_cli.linking.asked import asked
from planner_cli.types import Column, Execution, Schema, Table


def table(name, *columns):
    return Table(name, tuple(Column(*column) if isinstance(column, tuple) else Column(column) for column in columns))


SCHEMA = Schema(
    (
        table("tracks", "id", "name", "Milliseconds", "size_bytes", ("price", "", False, "in cents"), "composer"),
        table("runs", "id", "distance_km", "duration_s", "weight_g", "duration_min", "calories", "city_name"),
        table("people", "id", "first_name", "city", "age", "country", "phone"),
    )
)

UNITS = [
    # name, question, query, whether it is doubted
    ("minutes", "tracks longer than 5 minutes", "select name from tracks where Milliseconds > 5", True),
    ("a hyphen", "5-minute tracks", "select name from tracks where milliseconds = 5", True),
    ("a number word", "tracks under three minutes", "select name from tracks where milliseconds < 3", True),
    ("an hour", "runs of more than an hour", "select id from runs where duration_s > 1", True),
    ("metres", "runs over 800 m", "select id from runs where distance_km > 800", True),
    ("kilograms", "over 2 kg", "select id from runs where weight_g > 2", True),
    ("megabytes", "files above 10 MB", "select name from tracks where size_bytes > 10", True),
    ("euros for cents in a comment", "tracks that cost more than 2 euros", "select name from tracks where price > 2", True),
    ("a sign before it", "tracks above $2", "select name from tracks where price > 2", True),
    ("the number on the left", "tracks longer than 5 minutes", "select name from tracks where 5 < milliseconds", True),
    ("an alias", "tracks longer than 5 minutes", "select t.name from tracks t where t.milliseconds > 5", True),
    ("within a nested query", "who has runs over 2 hours", "select id from people where id in (select id from runs where duration_s > 2)", True),
    ("converted", "tracks longer than 5 minutes", "select name from tracks where milliseconds > 5 * 60000", False),
    ("converted by the model", "tracks longer than 5 minutes", "select name from tracks where milliseconds > 300000", False),
    ("the column is converted", "tracks longer than 5 minutes", "select name from tracks where milliseconds / 60000 > 5", False),
    ("the same unit", "tracks longer than 5000 milliseconds", "select name from tracks where milliseconds > 5000", False),
    ("the same unit, shortened", "runs over 5 kilometers", "select id from runs where distance_km > 5", False),
    ("another dimension", "the 5 minutes of each", "select name from tracks where size_bytes > 5", False),
    ("no unit in the question", "tracks over 5", "select name from tracks where milliseconds > 5", False),
    ("no unit in the name", "people over 30 years", "select id from people where age > 30", False),
    ("the least of something", "runs of 2 hours", "select id from runs where duration_min > 2", False),
    ("an ordinal", "the second track", "select name from tracks where id = 2", False),
    ("cents", "tracks over 99 cents", "select name from tracks where price > 99", False),
    ("another number", "the first 5 minutes of 3 tracks", "select name from tracks where milliseconds > 3", False),
]  # fmt: skip

ABSENT = [
    # name, question, query, whether it is doubted
    ("one of two", "Show the name and composer of all tracks", "select name from tracks", True),
    ("the first one", "Show the name and composer of all tracks", "select composer from tracks", True),
    ("one of three", "List the city, age and phone of everybody", "select city, age from people", True),
    ("two of three", "List the city, age, and phone of everybody", "select age from people", True),
    ("what is", "What is the name and composer of track 5?", "select name from tracks where id = 5", True),
    ("what are", "What are the city and country for each person?", "select country from people", True),
    ("with their", "Give me the name and its composer for the tracks", "select name from tracks", True),
    ("a name of two words", "Return the first name and age of people", "select age from people", True),
    ("a prefix of its table", "Find the city and age of people", "select people.age from people", True),
    ("sorted by it", "Show the city and age of people sorted by age", "select city from people order by age", True),
    ("a count instead", "Show the city and age of people", "select count(*) from people", True),
    ("over a join", "Show the name and city of all", "select name from tracks join people on tracks.id = people.id", True),
    ("all of them", "Show the name and composer of all tracks", "select name, composer from tracks", False),
    ("another order", "Show the name and composer of all tracks", "select composer, name from tracks", False),
    ("everything", "Show the name and composer of all tracks", "select * from tracks", False),
    ("one name", "Show the name of all tracks", "select id from tracks", False),
    ("an alias", "Show the name and composer of all tracks", "select name, upper(composer) as writer from tracks", False),
    ("joined into one", "Show the city and country of people", "select city || ', ' || country from people", False),
    ("names that are no columns", "Show the salary and bonus of people", "select age from people", False),
    ("of a table that is not read", "Show the city and calories of all", "select city from people", False),
    ("two things that are one list", "Show people and runs", "select id from people", False),
    ("as many columns by other names", "Show the city and age of people", "select country, phone from people", False),
    ("no list", "How many people have a city and an age?", "select count(*) from people", False),
    ("conditions", "Which people have no city and age 5?", "select first_name from people", False),
]  # fmt: skip

CUT = [
    # name, question, query, rows that it gives, whether it is doubted
    ("all of them", "Which tracks have no composer?", "select name from tracks where composer is null limit 10", 10, True),
    ("a single one", "What are the names of all tracks?", "select name from tracks limit 1", 1, True),
    ("sorted", "List all tracks sorted by name", "select name from tracks order by name limit 5", 5, True),
    ("grouped", "How many people are there in each city?", "select city, count(*) from people group by city limit 20", 20, True),
    ("a condition", "Show the people who live in Paris", "select id from people where city = 'Paris' limit 3", 3, True),
    ("who", "Who are the people with phones?", "select first_name from people where phone <> '' limit 5", 5, True),
    ("list", "list the cities of the people", "select distinct city from people limit 4", 4, True),
    ("with an OFFSET", "What are the ages of all people?", "select age from people limit 2 offset 2", 2, True),
    ("find", "Find all people and their ages", "select first_name, age from people limit 8", 8, True),
    ("give", "Give me the list of all the tracks", "select name from tracks limit 50", 50, True),
    ("a number", "Which are the 10 longest tracks?", "select name from tracks order by 1 limit 10", 10, False),
    ("a number word", "Show the five tracks that are of use", "select name from tracks limit 5", 5, False),
    ("a superlative", "Which of the tracks is the longest?", "select name from tracks order by milliseconds desc limit 1", 1, False),
    ("most", "Which city do the most people live in?", "select city from people group by 1 order by count(*) desc limit 1", 1, False),
    ("latest", "Show the latest of the runs", "select id from runs order by id desc limit 1", 1, False),
    ("an article", "Give me an example of the tracks", "select name from tracks limit 1", 1, False),
    ("not reached", "Which tracks have no composer?", "select name from tracks where composer is null limit 10", 9, False),
    ("no LIMIT", "Which tracks have no composer?", "select name from tracks where composer is null", 10, False),
    ("a LIMIT further in", "Which tracks have no composer?", "select name from (select name from tracks limit 10)", 10, False),
    ("another language", "welche Personen wohnen in Paris", "select id from people limit 3", 3, False),
    ("a few", "Show a few of the tracks", "select name from tracks limit 3", 3, False),
    ("any other superlative", "Who has the dustiest of all tracks?", "select id from people limit 1", 1, False),
]  # fmt: skip

CASES = [
    *((f"unit: {name}", "unit", question, sql, 3, found) for name, question, sql, found in UNITS),
    *((f"absent: {name}", "absent", question, sql, 3, found) for name, question, sql, found in ABSENT),
    *((f"cut: {name}", "cut", question, sql, rows, found) for name, question, sql, rows, found in CUT),
]


@pytest.mark.parametrize(
    ("kind", "question", "sql", "rows", "found"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_what_the_question_says(kind, question, sql, rows, found):
    shown = 1 + sql.partition(" from ")[0].count(",") if "||" not in sql else 1
    execution = Execution(tuple("c" * shown), ((1,) * shown,) * rows)
    kinds = [doubt.kind for doubt in asked(question, sql, execution, SCHEMA)]
    assert (kind in kinds) == found


TEXTS = [
    (
        "tracks longer than 5 minutes", "select name from tracks where milliseconds > 5",
        ["the question says 5 minutes, the query milliseconds > 5: Milliseconds has another unit"],
    ),
    (
        "tracks that cost more than 2 euros", "select name from tracks where price > 2",
        ["the question says 2 euros, the query price > 2: price (in cents) has another unit"],
    ),
    (
        "Show the name and composer of all tracks", "select name from tracks",
        ["the question asks for 'composer', which the result does not have"],
    ),
    (
        "Show the names of all the tracks", "select name from tracks limit 1",
        ["LIMIT 1 cuts the result, and the question does not ask for one"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("question", "sql", "texts"), TEXTS)
def test_the_evidence_in_words(question, sql, texts):
    assert [doubt.text for doubt in asked(question, sql, Execution(("name",), (("x",),)), SCHEMA)] == texts


def test_a_query_that_failed_has_no_doubts():
    execution = Execution(error="no such column: x", error_kind="missing")
    assert asked("tracks over 5 minutes", "select x from tracks where milliseconds > 5", execution, SCHEMA) == ()
