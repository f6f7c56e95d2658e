"""How a column keeps moments, by its name and values; what only looks like one."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from planner_cli.database import Database
from planner_cli.database.moments import Known, codes, kind_of

MS = [1_718_700_000_123 + n * 86_399_001 for n in range(8)]

COLUMNS = [
    # name, column, declared type, values, kind
    ("seconds", "created_at", "INTEGER", [1_718_700_000], "seconds"),
    ("seconds with fractions", "ts", "REAL", [1_718_700_000.25], "seconds"),
    ("seconds by their type", "x", "TIMESTAMP", [1_718_700_000], "seconds"),
    ("seconds as texts", "last_seen", "TEXT", ["1718700000", "1718700999"], "seconds"),
    ("and nothing", "expires", "INTEGER", [0, None, -1, 1_718_700_000], "seconds"),
    ("milliseconds", "mod", "INTEGER", [1_718_700_000_123], "milliseconds"),
    ("milliseconds as a key", "id", "INTEGER", MS, "milliseconds"),
    ("milliseconds without a word for it", "x", "INTEGER", MS, "milliseconds"),
    ("microseconds", "dateAdded", "INTEGER", [1_718_700_000_123_456], "microseconds"),
    ("nanoseconds", "start_time_ns", "INTEGER", [1_718_700_000_123_456_789], "nanoseconds"),
    ("microseconds since 1601", "last_visit_time", "INTEGER", [13_363_173_600_123_456], "webkit"),
    ("seconds since 2001", "ZCREATIONDATE", "TIMESTAMP", [740_392_800.5], "apple"),
    ("nanoseconds since 2001", "message_date", "INTEGER", [740_392_800_000_000_000], "apple-nanoseconds"),
    ("Julian days", "observed_date", "REAL", [2_460_479.75], "julian"),
    ("ISO dates", "x", "TEXT", ["2024-06-18", "2024-06-19 10:00"], "iso"),
    ("ISO times", "x", "TEXT", ["2024-06-18T10:00:00Z", "2024-06-18 10:00:00.123+02:00"], "iso"),
    ("eight digits", "moved_on", "TEXT", ["20240618"], "compact"),
    ("a number of eight digits", "order_date", "INTEGER", [20_240_618, 20_231_231], "compact"),
    ("days first", "datum", "TEXT", ["18.06.2024", "01.02.2023"], "day-month-year"),
    ("days first with slashes", "due", "TEXT", ["18/06/2024", "01/02/2023"], "day-month-year"),
    ("months first", "due", "TEXT", ["06/18/2024 10:00", "01/02/2023 11:30"], "month-day-year"),
    ("years", "first_flight", "INTEGER", [1998, 2023], "year"),
    ("years as texts", "Baujahr", "TEXT", ["1998"], "year"),
    # what only looks like one
    ("a key", "id", "INTEGER", [1_718_700_000 + n for n in range(9)], None),
    ("phone numbers", "phone", "INTEGER", [1_718_700_000 + n * 77 for n in range(9)], None),
    ("large numbers", "x", "INTEGER", [1_718_700_000 + n * 77 for n in range(9)], None),
    ("sizes", "last_size", "INTEGER", [1_718_700_000], None),
    ("one large number", "x", "INTEGER", [1_718_700_000_123], None),
    ("book numbers", "isbn13", "INTEGER", [9_781_234_567_890 + n for n in range(9)], None),
    ("random keys", "hash", "INTEGER", MS, None),
    ("durations", "time_ms", "INTEGER", [350, 120_000], None),
    ("seconds of a day", "start_time", "INTEGER", [0, 43_200, 86_399], None),
    ("counts of visits", "visit_count", "INTEGER", [3, 1_718_700], None),
    ("some other numbers among them", "updated", "INTEGER", [1_718_700_000, 12], None),
    ("years of something else", "seats", "INTEGER", [1998, 2023], None),
    ("eight digits that are no dates", "due_date", "TEXT", ["20241318"], None),
    ("days or months first", "due", "TEXT", ["01/02/2023", "03/04/2023"], None),
    ("two layouts", "due", "TEXT", ["18.06.2024", "2024-06-18"], None),
    ("times of day", "start_time", "TEXT", ["10:00", "11:30"], None),
    ("words", "updated", "TEXT", ["yesterday"], None),
    ("bytes", "updated", "BLOB", [b"1718700000"], None),
    ("nothing", "updated", "INTEGER", [None, 0], None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "declared", "values", "kind"), [c[1:] for c in COLUMNS], ids=[c[0] for c in COLUMNS]
)
def test_kinds(column, declared, values, kind):
    assert kind_of(Known(column, declared, key=column == "id"), values) == kind


CODES = [
    ("a few words", ["open", "closed", "new"], ("open", "closed", "new")),
    ("a few numbers", [2, 3, 5], (2, 3, 5)),
    ("one", ["open"], ()),
    ("many", list("abcdefghi"), ()),
    ("long ones", ["waiting for somebody to answer", "x"], ()),
    ("of two kinds", ["a", 1], ()),
    ("fractions", [0.5, 1.5], ()),
]


@pytest.mark.parametrize(("values", "shown"), [c[1:] for c in CODES], ids=[c[0] for c in CODES])
def test_codes(values, shown):
    assert codes(values) == shown


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    path = tmp_path_factory.mktemp("moments") / "a.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(
            "CREATE TABLE jobs (id INTEGER PRIMARY KEY, status TEXT, kind INTEGER, updated INTEGER, due INTEGER);"
            "CREATE TABLE parts (job INTEGER REFERENCES jobs(id), kind TEXT, at INTEGER, PRIMARY KEY (job, kind)) WITHOUT ROWID;"
            "CREATE VIEW late AS SELECT * FROM jobs"
        )
        for n in range(1000):
            status = "new" if n < 400 else "open" if n < 999 else "lost"
            due = 1_718_700_000 if n < 999 else 3
            connection.execute("INSERT INTO jobs VALUES (?, ?, ?, ?, ?)", (n, status, n % 3, 1_718_700_000 + n, due))
            connection.execute("INSERT INTO parts VALUES (?, ?, ?)", (n, "ab"[n % 2], 1_718_700_000 + n))
    with Database.open(path) as database:
        yield {(table.name, column.name): column for table in database.schema.tables for column in table.columns}


def test_both_ends_of_a_table_are_looked_at(stored):
    assert stored["jobs", "updated"].time == "seconds"
    assert stored["jobs", "due"].time is None
    assert stored["jobs", "status"].codes == ("new", "lost", "open")
    assert stored["jobs", "kind"].codes == (0, 1, 2)


def test_one_end_is_enough_where_there_is_no_other(stored):
    assert stored["parts", "at"].time == "seconds"
    assert stored["late", "updated"].time == "seconds"
    assert stored["late", "status"].codes == ()


def test_the_first_values_stay_those_of_before(stored):
    assert stored["jobs", "updated"].samples == (1_718_700_000, 1_718_700_001, 1_718_700_002)
