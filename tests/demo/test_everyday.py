"""Everyday questions: each right query is confirmed by a second one on every instance, and is not right by chance."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from contextlib import closing, contextmanager

import pytest
import sqlglot

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday import DATABASES, SEEDS, THIRDS, TODAY, digest, made, questions, third, write
from planner_cli.demo.everyday.questions import KINDS, UNANSWERABLE, expanded
from planner_cli.demo.everyday.sets import SOURCES
from planner_cli.errors import DatabaseError, PlannerError

QUESTIONS = questions()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("everyday")


def of(database):
    return [question for question in QUESTIONS if question.database == database]


def test_what_there_is():
    assert len(DATABASES) >= 20
    assert set(SOURCES) == set(DATABASES)
    assert len(QUESTIONS) >= 200
    assert len({q.id for q in QUESTIONS}) == len({(q.database, q.ask) for q in QUESTIONS}) == len(QUESTIONS)
    assert all(Counter(q.third for q in QUESTIONS)[part] >= 60 for part in THIRDS)
    assert {kind for q in QUESTIONS for kind in q.kinds} == set(KINDS)
    unanswered = [q for q in QUESTIONS if not q.golds]
    assert 0.1 <= len(unanswered) / len(QUESTIONS) <= 0.2
    assert all(bool(set(q.kinds) & set(UNANSWERABLE)) is (not q.golds) for q in QUESTIONS)
    assert all((q.check is None) is (not q.golds) for q in QUESTIONS)


def test_a_table_of_300_columns_and_a_schema_of_300_tables():
    counted = []
    for name, sql in (
        ("survey", "SELECT count(*) FROM pragma_table_info('answers')"),
        ("corporate", "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"),
    ):
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.executescript(SOURCES[name].SCHEMA)
            counted.append(connection.execute(sql).fetchone()[0])
    assert counted == [300, 300]


def test_thirds_are_dealt_in_turn_and_none_has_moved():
    assert [third(name) for name in DATABASES[:4]] == ["train", "tune", "test", "train"]
    assert [name for name in DATABASES if third(name) == "test"] == [
        "budget", "crm", "flashcards", "grades", "payroll", "survey", "workouts",
    ]  # fmt: skip


def test_a_follow_up_follows_an_earlier_question_about_the_same_database():
    place = {question.id: at for at, question in enumerate(QUESTIONS)}
    found = [question for question in QUESTIONS if question.follows is not None]
    assert len(found) >= 10
    for question in found:
        earlier = QUESTIONS[place[question.follows]]
        assert earlier.database == question.database
        assert place[earlier.id] < place[question.id]
        assert "follow-up" in question.kinds
        assert question.text.startswith(f"{earlier.ask} {question.ask}")


def test_today_is_named_where_a_date_counts_from_it():
    dated = {q.text.endswith(f"(today is {TODAY})") for q in QUESTIONS if "relative" in q.kinds}
    plain = {"today is" in q.text for q in QUESTIONS if "relative" not in q.kinds}
    assert (dated, plain) == ({True}, {False})


# ------------------------------------------------------------------------------------------- right queries


def rounded(rows):
    return sorted(
        (tuple(float(f"{v:.7g}") if isinstance(v, int | float) else v for v in row) for row in rows), key=repr
    )


INDEXED = {
    "warenwirtschaft": "CREATE INDEX i ON auftraege (kdnr); CREATE INDEX j ON rechnungen (aufnr)",
    "library": "CREATE INDEX i ON copy (isbn); CREATE INDEX j ON loan (barcode)",
}
"""For second queries that look through a whole table for each row of another: seconds otherwise."""


@contextmanager
def checking(name, connection):
    """Where the second queries run: a copy with indexes where there are any to add."""
    if name not in INDEXED:
        yield connection
        return
    with closing(sqlite3.connect(":memory:")) as copy:
        connection.backup(copy)
        copy.executescript(INDEXED[name])
        yield copy


@pytest.mark.parametrize("name", DATABASES)
def test_right_queries_are_right(folder, name):
    paths = made(name, folder)
    assert len(paths) == len(SEEDS) >= 2
    assert all(path.stat().st_size < 3_000_000 for path in paths)
    results = {question.id: [] for question in of(name)}
    for path in paths:
        with (
            closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection,
            checking(name, connection) as checked,
        ):
            for question in of(name):
                for gold in question.golds[1:]:
                    assert connection.execute(gold).description, question.id
                if question.golds:
                    results[question.id].append(connection.execute(question.golds[0]).fetchall())
                    assert rounded(checked.execute(question.check)) == rounded(results[question.id][-1]), question.id
                    assert not tied(connection, question.golds[0]), f"{question.id}: a tie at the limit"
    for question in of(name):
        found = results[question.id]
        if found:
            assert any(value is not None for value in sum(found[0], ())), f"{question.id} finds nothing"
            assert any(one != found[0] for one in found), f"{question.id}: the same on every instance"


def tied(connection, sql):
    """Whether a row beyond the LIMIT has the sort keys of the last one before it."""
    query = sqlglot.parse_one(sql, dialect="sqlite")
    limit, order = query.args.get("limit"), query.args.get("order")
    if limit is None or order is None:
        return False
    count = int(limit.expression.this)
    keys = [ordered.this.copy() for ordered in order.expressions]
    query.set("limit", None)
    found = [row[-len(keys) :] for row in connection.execute(query.select(*keys).sql(dialect="sqlite"))]
    return len(found) < count or (len(found) > count and found[count] == found[count - 1])


EXPANDED = [
    # (name, as it is written, every query that it allows)
    ("nothing open", "SELECT 1", ["SELECT 1"]),
    ("may be left out", "SELECT a{, b} FROM t", ["SELECT a FROM t", "SELECT a, b FROM t"]),
    ("either", "SELECT {a|b|} FROM t", ["SELECT a FROM t", "SELECT b FROM t", "SELECT  FROM t"]),
    ("SQL's own bars", "SELECT {a || 'x'|b}", ["SELECT a || 'x'", "SELECT b"]),
    ("one in the other", "{a{ b|c}|d}", ["a b", "ac", "d"]),
    ("rounded", "{~x}", ["x", "round(x, 0)", "round(x, 1)", "round(x, 2)"]),
    ("rounded, either sign", "{~{-}x}", ["x", "-x"] + [f"round({s}x, {n})" for n in (0, 1, 2) for s in ("", "-")]),
    (
        "a share", "{%x}",
        ["x", *(f"round(x, {n})" for n in (2, 3, 4)), "100.0 * (x)", *(f"round(100.0 * (x), {n})" for n in (0, 1, 2))],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "queries"), [e[1:] for e in EXPANDED], ids=[e[0] for e in EXPANDED])
def test_expanded(text, queries):
    assert list(expanded(text)) == queries


def test_a_brace_must_be_closed():
    with pytest.raises(ValueError, match="not closed"):
        list(expanded("SELECT {a"))


# ------------------------------------------------------------------------------------------- files


def test_a_seed_fixes_every_byte(tmp_path):
    one, again, other = (tmp_path / name for name in ("one.sqlite", "again.sqlite", "other.sqlite"))
    write(one, "football", 1)
    write(again, "football", 1)
    write(other, "football", 2)
    assert one.read_bytes() == again.read_bytes()
    assert one.read_bytes() != other.read_bytes()
    assert one.read_bytes()[96:100] == bytes(4)  # no SQLite version, which would differ between machines


ROWS = [
    # (database, sha256 of its rows for the first seed, its beginning): what was measured holds for these
    ("football", "984d9524b423038e"),
    ("payroll", "4a4f165366aed883"),
    ("events", "868d4fd40ab992f7"),
]


@pytest.mark.parametrize(("name", "expected"), ROWS, ids=[r[0] for r in ROWS])
def test_the_rows_are_those_that_were_measured(name, expected):
    content = repr([(table, list(rows)) for table, rows in SOURCES[name].rows(Dice(SEEDS[0])).items()])
    assert hashlib.sha256(content.encode()).hexdigest()[:16] == expected


def test_they_are_made_once_and_only_for_their_owner(tmp_path):
    paths = made("football", tmp_path / "cache")
    before = [path.stat().st_mtime_ns for path in paths]
    assert [path.stat().st_mtime_ns for path in made("football", tmp_path / "cache")] == before
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}
    assert {folder.stat().st_mode & 0o777 for folder in (paths[0].parent, tmp_path / "cache")} == {0o700}
    assert paths[0].parent.name == f"football-{digest('football')}"
    assert sorted(paths[0].parent.iterdir()) == sorted(paths)


def test_an_event_log_of_any_length(tmp_path):
    path = tmp_path / "events.sqlite"
    write(path, "events", 1, size=25_000)
    with closing(sqlite3.connect(path)) as connection:
        ((count, first, last),) = connection.execute(
            "SELECT count(*), date(min(ts), 'unixepoch'), date(max(ts), 'unixepoch') FROM events"
        )
    assert (count, first, last) == (25_000, "2025-03-20", "2025-06-17")


REFUSED = [
    ("no such database", {"name": "moon"}, PlannerError, "there is no everyday database 'moon'"),
    ("a size for another", {"name": "football", "size": 9}, PlannerError, "the size of football cannot be chosen"),
]


@pytest.mark.parametrize(("options", "error", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(tmp_path, options, error, message):
    with pytest.raises(error, match=message):
        write(tmp_path / "x.sqlite", seed=1, **options)


def test_a_folder_that_is_a_file(tmp_path):
    (tmp_path / "folder").write_text("")
    with pytest.raises(DatabaseError, match="cannot write"):
        made("football", tmp_path / "folder")
