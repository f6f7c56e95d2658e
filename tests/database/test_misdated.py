"""Times that a query reads as what they are not: each wrong use is mended, each right one left alone.

The same moments are in a column of each kind, and as ISO texts, on which the right answer is computed.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest

from planner_cli.database import Database
from planner_cli.database.misdated import misdated, redate
from planner_cli.types import Column, Schema, Table

EPOCHS = {
    # column: the seconds since 1970 in it
    "s_at": "s_at",
    "ms_at": "ms_at / 1000",
    "us_at": "us_at / 1000000",
    "webkit_at": "webkit_at / 1000000 - 11644473600",
    "ZDATE": "ZDATE + 978307200",
}
KINDS = {
    "s_at": "seconds", "ms_at": "milliseconds", "us_at": "microseconds", "webkit_at": "webkit", "ZDATE": "apple",
    "jd_at": "julian", "iso_at": "iso", "compact_on": "compact", "compact_day": "compact", "datum": "day-month-year",
    "us_date": "month-day-year", "year": "year", "amount": None, "id": None,
}  # fmt: skip


def of(x, sql, e="e"):
    """The query about the column x, its seconds e and the ISO texts d."""
    for name, text in (("x", x), ("e", e), ("d", "iso_at")):
        sql = re.sub(rf"(?<!%)\b{name}\b", text, sql)
    return sql


@pytest.fixture(scope="module")
def visits(tmp_path_factory):
    path = tmp_path_factory.mktemp("times") / "times.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE visits (id INTEGER PRIMARY KEY, s_at INTEGER, ms_at INTEGER, us_at INTEGER, webkit_at INTEGER,"
            " ZDATE REAL, jd_at REAL, iso_at TEXT, compact_on TEXT, compact_day INTEGER, datum TEXT, us_date TEXT,"
            " year INTEGER, amount INTEGER)"
        )
        for n in range(120):
            s = 1_672_531_200 + n * 1_313_131  # from 2023-01-01 on, for almost five years
            d = dt.datetime.fromtimestamp(s, dt.timezone.utc)
            day = f"{d:%Y%m%d}"
            connection.execute(
                f"INSERT INTO visits VALUES ({', '.join('?' * 14)})",
                (n, s, s * 1000 + 7, s * 10**6 + 7, (s + 11_644_473_600) * 10**6, float(s - 978_307_200),
                 s / 86400 + 2440587.5 + 1e-6, f"{d:%Y-%m-%d %H:%M:%S}", day, int(day), f"{d:%d.%m.%Y}",
                 f"{d:%m/%d/%Y}", d.year, n % 11 * 100),
            )  # fmt: skip
    with Database.open(path) as database:
        yield database


def test_each_column_is_known_for_what_it_holds(visits):
    (table,) = visits.schema.tables
    assert {column.name: column.time for column in table.columns} == KINDS


IN_FUNCTIONS = [
    # name, wrong use of the column x, the same of the ISO text d
    ("date()", "SELECT date(x) FROM visits", "SELECT date(d) FROM visits"),
    ("datetime()", "SELECT datetime(x) FROM visits", "SELECT datetime(d) FROM visits"),
    ("a month", "SELECT strftime('%Y-%m', x) AS m, count(*) FROM visits GROUP BY strftime('%Y-%m', x)", "SELECT strftime('%Y-%m', d), count(*) FROM visits GROUP BY 1"),
    ("a modifier", "SELECT date(x, 'start of month') FROM visits", "SELECT date(d, 'start of month') FROM visits"),
    ("julianday()", "SELECT round(julianday('2026-01-01') - julianday(v.x)) FROM visits v", "SELECT round(julianday('2026-01-01') - julianday(d)) FROM visits"),
    ("the largest", "SELECT date(max(x)) FROM visits", "SELECT date(max(d)) FROM visits"),
]  # fmt: skip
COMPARED = [
    # the same
    ("a text", "SELECT count(*) FROM visits WHERE x >= '2024-03-01'", "SELECT count(*) FROM visits WHERE date(d) >= '2024-03-01'"),
    ("a text on the left", "SELECT count(*) FROM visits WHERE '2024-03-01' > x", "SELECT count(*) FROM visits WHERE date(d) < '2024-03-01'"),
    ("a text with a time", "SELECT count(*) FROM visits AS v WHERE v.x < '2024-03-01 12:00:00'", "SELECT count(*) FROM visits WHERE d < '2024-03-01 12:00:00'"),
    ("a day", "SELECT id FROM visits WHERE x = '2023-01-31'", "SELECT id FROM visits WHERE date(d) = '2023-01-31'"),
    ("one of several days", "SELECT id FROM visits WHERE x IN ('2023-01-01', '2023-01-31')", "SELECT id FROM visits WHERE date(d) IN ('2023-01-01', '2023-01-31')"),
    ("a month as a text", "SELECT id FROM visits WHERE x = '2024-03'", "SELECT id FROM visits WHERE strftime('%Y-%m', d) = '2024-03'"),
    ("between", "SELECT count(*) FROM visits WHERE x BETWEEN '2024-01-01' AND '2024-06-30'", "SELECT count(*) FROM visits WHERE date(d) BETWEEN '2024-01-01' AND '2024-06-30'"),
    ("not between", "SELECT count(*) FROM visits WHERE x NOT BETWEEN '2024-01-01' AND '2024-06-30'", "SELECT count(*) FROM visits WHERE date(d) NOT BETWEEN '2024-01-01' AND '2024-06-30'"),
    ("like", "SELECT count(*) FROM visits WHERE x LIKE '2024%'", "SELECT count(*) FROM visits WHERE d LIKE '2024%'"),
    ("like a month", "SELECT count(*) FROM visits WHERE x LIKE '2024-03-%'", "SELECT count(*) FROM visits WHERE d LIKE '2024-03-%'"),
    ("not like", "SELECT count(*) FROM visits WHERE x NOT LIKE '%2024%'", "SELECT count(*) FROM visits WHERE d NOT LIKE '%2024%'"),
    ("a year", "SELECT count(*) FROM visits WHERE x = 2024", "SELECT count(*) FROM visits WHERE strftime('%Y', d) = '2024'"),
    ("years", "SELECT count(*) FROM visits WHERE x BETWEEN 2024 AND 2025", "SELECT count(*) FROM visits WHERE strftime('%Y', d) BETWEEN '2024' AND '2025'"),
    ("a year as a text", "SELECT count(*) FROM visits WHERE x = '2024'", "SELECT count(*) FROM visits WHERE strftime('%Y', d) = '2024'"),
    ("eight digits", "SELECT count(*) FROM visits WHERE x >= 20240301", "SELECT count(*) FROM visits WHERE date(d) >= '2024-03-01'"),
    ("date() of now", "SELECT count(*) FROM visits WHERE x >= date('2025-06-18', '-1 year')", "SELECT count(*) FROM visits WHERE date(d) >= date('2025-06-18', '-1 year')"),
    ("datetime() of now", "SELECT count(*) FROM visits WHERE x > datetime('2025-06-18', '-90 days')", "SELECT count(*) FROM visits WHERE d > datetime('2025-06-18', '-90 days')"),
    ("strftime() of now", "SELECT count(*) FROM visits WHERE x >= strftime('%Y-%m-%d', '2025-06-18')", "SELECT count(*) FROM visits WHERE date(d) >= '2025-06-18'"),
    ("today", "SELECT count(*) FROM visits WHERE x < CURRENT_DATE", "SELECT count(*) FROM visits WHERE date(d) < CURRENT_DATE"),
    ("substr() for a year", "SELECT count(*) FROM visits WHERE substr(x, 1, 4) = '2024'", "SELECT count(*) FROM visits WHERE substr(d, 1, 4) = '2024'"),
    ("substr() for a month", "SELECT substr(x, 1, 7), count(*) FROM visits GROUP BY 1", "SELECT substr(d, 1, 7), count(*) FROM visits GROUP BY 1"),
]  # fmt: skip

ONE_KIND = [
    # name, wrong use, what is right
    ("seconds that are divided", "SELECT date(s_at / 1000, 'unixepoch') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("milliseconds that are not", "SELECT datetime(ms_at, 'unixepoch') FROM visits", "SELECT datetime(iso_at) FROM visits"),
    ("milliseconds divided too far", "SELECT datetime(ms_at / 1000000.0, 'unixepoch') FROM visits", "SELECT datetime(iso_at) FROM visits"),
    ("microseconds that are not divided", "SELECT strftime('%Y', us_at, 'unixepoch') FROM visits", "SELECT strftime('%Y', iso_at) FROM visits"),
    ("microseconds as milliseconds", "SELECT date(us_at / 1000, 'unixepoch') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("1601 as 1970", "SELECT date(webkit_at / 1000000, 'unixepoch') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("2001 as 1970", "SELECT date(ZDATE, 'unixepoch') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("Julian days as seconds", "SELECT date(jd_at, 'unixepoch') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("divided, and no epoch", "SELECT date(ms_at / 1000) FROM visits", "SELECT date(iso_at) FROM visits"),
    ("in local time", "SELECT date(ms_at, 'unixepoch', 'utc') FROM visits", "SELECT date(ms_at / 1000, 'unixepoch', 'utc') FROM visits"),
    ("auto of milliseconds", "SELECT date(ms_at, 'auto') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("a CAST", "SELECT date(CAST(us_at / 1000 AS INTEGER), 'unixepoch') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("seconds compared with milliseconds", "SELECT count(*) FROM visits WHERE s_at >= 1709251200000", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("milliseconds compared with seconds", "SELECT count(*) FROM visits WHERE ms_at >= 1709251200", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("microseconds compared with seconds", "SELECT count(*) FROM visits WHERE us_at BETWEEN 1709251200 AND 1711929599", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024-03-%'"),
    ("1601 compared with 1970", "SELECT count(*) FROM visits WHERE webkit_at >= 1709251200", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("a day compared with a month", "SELECT count(*) FROM visits WHERE date(iso_at) = '2024-03'", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024-03-%'"),
    ("a month compared with years", "SELECT count(*) FROM visits WHERE strftime('%Y-%m', iso_at) IN ('2024', '2025')", "SELECT count(*) FROM visits WHERE iso_at BETWEEN '2024' AND '2026'"),
    ("a moment compared with a day", "SELECT count(*) FROM visits WHERE datetime(iso_at) = '2023-01-31'", "SELECT count(*) FROM visits WHERE date(iso_at) = '2023-01-31'"),
    ("a moment as a day", "SELECT id FROM visits WHERE iso_at = '2023-01-31'", "SELECT id FROM visits WHERE date(iso_at) = '2023-01-31'"),
    ("a moment as a month", "SELECT id FROM visits WHERE iso_at IN ('2023-01', '2023-02')", "SELECT id FROM visits WHERE iso_at LIKE '2023-01%' OR iso_at LIKE '2023-02%'"),
    ("a moment as today", "SELECT count(*) FROM visits WHERE iso_at <> date('2023-01-31')", "SELECT count(*) FROM visits WHERE date(iso_at) <> '2023-01-31'"),
    ("a sum compared with a text", "SELECT count(*) FROM visits WHERE ms_at + 86400000 >= '2024-03-02'", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("a call in a sum", "SELECT date(max(ms_at) + 1) FROM visits", "SELECT date(max(iso_at)) FROM visits"),
    ("seconds made of others compared with a text of digits", "SELECT count(*) FROM visits WHERE us_at / 1000000 >= strftime('%s', '2024-03-01')", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("milliseconds compared with strftime", "SELECT count(*) FROM visits WHERE ms_at >= strftime('%s', '2024-03-01')", "SELECT count(*) FROM visits WHERE ms_at >= CAST(strftime('%s', '2024-03-01') AS INTEGER) * 1000"),
    ("microseconds compared with a week ago", "SELECT count(*) FROM visits WHERE us_at > unixepoch('2025-06-18') - 7 * 86400", "SELECT count(*) FROM visits WHERE iso_at > '2025-06-11'"),
    ("Julian days compared with seconds", "SELECT count(*) FROM visits WHERE jd_at >= unixepoch('2024-03-01')", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("a computed one compared with a text", "SELECT count(*) FROM visits WHERE ms_at / 1000 >= '2024-03-01'", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("an ISO date as an epoch", "SELECT date(iso_at, 'unixepoch') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("an ISO date as a year", "SELECT count(*) FROM visits WHERE iso_at = 2024", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024%'"),
    ("an ISO date after a year", "SELECT count(*) FROM visits WHERE iso_at > 2024", "SELECT count(*) FROM visits WHERE iso_at >= '2025'"),
    ("an ISO date compared with seconds", "SELECT count(*) FROM visits WHERE iso_at >= unixepoch('2024-03-01')", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("a text with a number", "SELECT count(*) FROM visits WHERE strftime('%Y', iso_at) = 2024", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024%'"),
    ("a month with a number", "SELECT count(*) FROM visits WHERE strftime('%m', iso_at) IN (3, 12)", "SELECT count(*) FROM visits WHERE strftime('%m', iso_at) IN ('03', '12')"),
    ("both at once", "SELECT count(*) FROM visits WHERE strftime('%Y', ms_at) = 2024", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024%'"),
    ("digits as a date", "SELECT strftime('%Y-%m', compact_on) FROM visits", "SELECT strftime('%Y-%m', iso_at) FROM visits"),
    ("digits as an epoch", "SELECT date(compact_day, 'unixepoch') FROM visits", "SELECT date(iso_at) FROM visits"),
    ("digits compared with a text", "SELECT count(*) FROM visits WHERE compact_on >= '2024-03-01'", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("a number of digits compared with a text", "SELECT count(*) FROM visits WHERE compact_day < '2024-03-01'", "SELECT count(*) FROM visits WHERE iso_at < '2024-03-01'"),
    ("digits like a month", "SELECT count(*) FROM visits WHERE compact_on LIKE '2024-03-%'", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024-03-%'"),
    ("digits compared with today", "SELECT count(*) FROM visits WHERE compact_on < date('2025-06-18')", "SELECT count(*) FROM visits WHERE iso_at < '2025-06-18'"),
    ("digits as a year", "SELECT count(*) FROM visits WHERE compact_day = 2024", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024%'"),
    ("day, month, year as a date", "SELECT strftime('%Y-%m', datum) FROM visits", "SELECT strftime('%Y-%m', iso_at) FROM visits"),
    ("month, day, year as a date", "SELECT date(us_date) FROM visits", "SELECT date(iso_at) FROM visits"),
    ("day, month, year compared", "SELECT count(*) FROM visits WHERE datum >= '2024-03-01'", "SELECT count(*) FROM visits WHERE iso_at >= '2024-03-01'"),
    ("in its own layout", "SELECT count(*) FROM visits WHERE datum BETWEEN '01.03.2024' AND '31.03.2024'", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024-03-%'"),
    ("month first, in its own layout", "SELECT count(*) FROM visits WHERE us_date > '03/01/2024'", "SELECT count(*) FROM visits WHERE date(iso_at) > '2024-03-01'"),
    ("day, month, year like a year", "SELECT count(*) FROM visits WHERE datum LIKE '2024%'", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024%'"),
    ("the first four characters", "SELECT count(*) FROM visits WHERE substr(us_date, 1, 4) = '2024'", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024%'"),
    ("a year as a Julian day", "SELECT strftime('%Y', year) FROM visits", "SELECT strftime('%Y', iso_at) FROM visits"),
    ("a year compared with a date", "SELECT count(*) FROM visits WHERE year >= '2024-01-01'", "SELECT count(*) FROM visits WHERE iso_at >= '2024'"),
    ("a year compared with today", "SELECT count(*) FROM visits WHERE year = date('2025-06-18', '-1 year')", "SELECT count(*) FROM visits WHERE iso_at LIKE '2024%'"),
]  # fmt: skip

WRONG = [
    *((f"{name} of {x}", of(x, wrong), of(x, right)) for x in EPOCHS for name, wrong, right in IN_FUNCTIONS + COMPARED),
    *((f"{name} of Julian days", of("jd_at", wrong), of("jd_at", right)) for name, wrong, right in COMPARED),
    *ONE_KIND,
]

RIGHT = [
    # name, a use of the seconds e of an epoch x that is right
    ("date()", "SELECT date(e, 'unixepoch') FROM visits"),
    ("a modifier", "SELECT datetime(e, 'unixepoch', 'localtime') FROM visits"),
    ("strftime()", "SELECT strftime('%Y', e, 'unixepoch') FROM visits"),
    ("compared with a text", "SELECT 1 FROM visits WHERE date(e, 'unixepoch') >= '2024-01-01'"),
    ("a month later", "SELECT date(e + 30 * 86400, 'unixepoch') FROM visits"),
    ("as a Julian day", "SELECT date((e) / 86400.0 + 2440587.5) FROM visits"),
    ("compared with now", "SELECT 1 FROM visits WHERE e > strftime('%s', 'now') - 86400"),
    ("compared with a moment", "SELECT 1 FROM visits WHERE e BETWEEN unixepoch('2024-01-01') AND 1711929599"),
    ("ordered", "SELECT x FROM visits WHERE x IS NOT NULL ORDER BY x DESC LIMIT 5"),
    ("never", "SELECT 1 FROM visits WHERE x > 0 AND x <> -1"),
    ("under its own name", "SELECT x FROM (SELECT date(e, 'unixepoch') AS x FROM visits) WHERE x >= '2024-01-01'"),
    ("in a CTE", "WITH days(x) AS (SELECT date(e, 'unixepoch') FROM visits) SELECT 1 FROM days WHERE x LIKE '2024%'"),
    ("how long", "SELECT 1 FROM visits WHERE x - s_at > 2024"),
    ("text of a number", "SELECT 1 FROM visits WHERE CAST(strftime('%Y', e, 'unixepoch') AS INTEGER) = 2024"),
]
LEFT_ALONE = [
    *((f"{name} of {x}", of(x, sql, f"({seconds})")) for x, seconds in EPOCHS.items() for name, sql in RIGHT),
    ("milliseconds compared with milliseconds", "SELECT 1 FROM visits WHERE ms_at >= strftime('%s', 'now') * 1000"),
    ("milliseconds and a literal", "SELECT 1 FROM visits WHERE ms_at >= 1709251200000"),
    ("seconds compared with a text of digits", "SELECT 1 FROM visits WHERE s_at >= strftime('%s', '2024-03-01')"),
    ("auto of seconds", "SELECT date(s_at, 'auto') FROM visits"),
    ("digits as a text", "SELECT 1 FROM visits WHERE s_at = '1709251200'"),
    ("Julian days", "SELECT date(jd_at), strftime('%Y', jd_at) FROM visits WHERE date(jd_at) > '2024-01-01'"),
    ("Julian days compared", "SELECT 1 FROM visits WHERE jd_at > julianday('now') - 30"),
    ("a Julian day as a number", "SELECT 1 FROM visits WHERE jd_at BETWEEN 2460310.5 AND 2460340.5"),
    ("Julian days as seconds", "SELECT datetime((jd_at - 2440587.5) * 86400.0, 'unixepoch') FROM visits"),
    ("an ISO date", "SELECT date(iso_at), strftime('%Y', iso_at, 'start of year') FROM visits"),
    ("ISO dates compared", "SELECT 1 FROM visits WHERE iso_at >= '2024-03-01' AND iso_at < date('now')"),
    ("a moment", "SELECT 1 FROM visits WHERE iso_at = '2023-01-31 04:36:15' OR date(iso_at) = '2023-01-31'"),
    ("ISO dates like a year", "SELECT 1 FROM visits WHERE iso_at LIKE '2024%' OR substr(iso_at, 1, 4) = '2024'"),
    ("an ISO date from a year on", "SELECT 1 FROM visits WHERE iso_at >= 2024"),
    ("an ISO date and a year as a text", "SELECT 1 FROM visits WHERE iso_at > '2024'"),
    ("seconds of an ISO date", "SELECT 1 FROM visits WHERE unixepoch(iso_at) >= 1709251200"),
    ("digits", "SELECT 1 FROM visits WHERE compact_on >= '20240301' AND compact_on LIKE '2024%'"),
    ("a number of digits", "SELECT 1 FROM visits WHERE compact_day BETWEEN 20240301 AND 20240331"),
    ("digits of now", "SELECT 1 FROM visits WHERE compact_on >= strftime('%Y%m%d', 'now', '-7 days')"),
    ("the year of digits", "SELECT substr(compact_on, 1, 4), substr(compact_on, 5, 2) FROM visits"),
    ("digits divided", "SELECT compact_day / 10000 AS y FROM visits WHERE compact_day / 10000 = 2024"),
    ("digits put together", "SELECT date(substr(compact_on, 1, 4) || '-' || substr(compact_on, 5, 2) || '-' || substr(compact_on, 7, 2)) FROM visits"),
    ("day, month, year", "SELECT 1 FROM visits WHERE datum = '01.03.2024' OR datum LIKE '%.2024'"),
    ("the parts of day, month, year", "SELECT substr(datum, 7, 4), substr(datum, 4, 2), substr(datum, 1, 2) FROM visits"),
    ("a year", "SELECT 1 FROM visits WHERE year = 2024 OR year = '2024' OR year BETWEEN 2020 AND 2022"),
    ("this year", "SELECT 1 FROM visits WHERE year = strftime('%Y', 'now')"),
    ("a year in a date", "SELECT date(year || '-01-01') FROM visits"),
    ("another column", "SELECT 1 FROM visits WHERE amount > 2024 OR amount = '2024'"),
    ("from a month on", "SELECT 1 FROM visits WHERE date(iso_at) >= '2024-03' AND strftime('%Y', iso_at) < '2025-01-01'"),
    ("a month with a month", "SELECT 1 FROM visits WHERE strftime('%Y-%m', iso_at) = '2024-03'"),
    ("one of the same form", "SELECT 1 FROM visits WHERE strftime('%Y', iso_at) IN ('2024', '2025-01-01')"),
    ("a text with a text", "SELECT 1 FROM visits WHERE strftime('%m', iso_at) = '03'"),
    ("a number with a number", "SELECT 1 FROM visits WHERE strftime('%m', iso_at) + 0 = 3"),
    ("of another table", "SELECT 1 FROM nothing WHERE ms_at >= '2024-01-01'"),
    ("no SQL", "SELECT date( FROM visits WHERE ("),
]  # fmt: skip


def kinds(execution):
    return [doubt.kind for doubt in execution.odd]


@pytest.mark.parametrize(("wrong", "right"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_use_is_doubted_and_mended(visits, wrong, right):
    execution = visits.execute(wrong)
    assert execution.ok, execution.error
    assert "misdated" in kinds(execution)
    mended = redate(wrong, visits.schema)
    assert mended is not None
    assert misdated(mended, visits.schema) == ()
    found, gold = visits.execute(mended), visits.execute(right)
    assert gold.ok, gold.error
    assert len({row for row in gold.rows if row != (0,)}) > 0
    assert sorted(found.rows) == sorted(gold.rows), mended


@pytest.mark.parametrize("sql", [right[1] for right in LEFT_ALONE], ids=[right[0] for right in LEFT_ALONE])
def test_a_right_use_is_left_alone(visits, sql):
    assert misdated(sql, visits.schema) == ()
    assert redate(sql, visits.schema) is None


ONE_DATE = [
    ("a function of no date", "SELECT count(*) FROM parts WHERE strftime('%Y', number) = '2024'", "SELECT count(*) FROM parts WHERE strftime('%Y', made_at / 1000, 'unixepoch') = '2024'"),
    ("of a text that is none", "SELECT date(p.name) FROM parts AS p", "SELECT date(p.made_at / 1000, 'unixepoch') FROM parts AS p"),
    ("of a month", "SELECT strftime('%Y', month) FROM parts", "SELECT strftime('%Y', month || '-01') FROM parts"),
    ("of the date", "SELECT date(made_at / 1000, 'unixepoch') FROM parts", None),
    ("of what may be an epoch", "SELECT date(number, 'unixepoch') FROM parts", None),
    ("of a time of day", "SELECT time(clock), strftime('%H', clock) FROM parts", None),
    ("of what is computed", "SELECT date(number + 2460000) FROM parts", None),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "dated"), [case[1:] for case in ONE_DATE], ids=[case[0] for case in ONE_DATE])
def test_the_one_date_of_a_table_is_meant(sql, dated):
    columns = (
        Column("number", "INTEGER", samples=(1, 2)), Column("name", "TEXT", samples=("bolt", "nut")),
        Column("clock", "TEXT", samples=("10:30",)), Column("empty", "TEXT"),
        Column("month", "TEXT", samples=("2024-01", "2024-02")),
        Column("made_at", "INTEGER", samples=(1_718_700_000_000,), time="milliseconds"),
    )  # fmt: skip
    schema = Schema((Table("parts", columns),))
    assert redate(sql, schema) == dated
    assert len(misdated(sql, schema)) == (dated is not None)


ONLY_DOUBTED = [
    ("a month compared with a day", "SELECT 1 FROM visits WHERE strftime('%Y-%m', iso_at) = '2024-03-01'"),
    ("one of several", "SELECT date(amount) FROM visits"),
    ("a year of which nobody knows the day", "SELECT date(year) FROM visits"),
    ("an expression that is no moment", "SELECT date(ms_at * 3 + 7, 'unixepoch') FROM visits"),
]


@pytest.mark.parametrize("sql", [case[1] for case in ONLY_DOUBTED], ids=[case[0] for case in ONLY_DOUBTED])
def test_what_nobody_can_mend_is_doubted(visits, sql):
    assert len(misdated(sql, visits.schema)) == 1
    assert redate(sql, visits.schema) is None


def test_the_doubt_says_what_is_stored(visits):
    (doubt,) = visits.execute("SELECT id FROM visits WHERE ms_at >= '2024-03-01'").doubts
    assert doubt.text == (
        "ms_at >= '2024-03-01' reads visits.ms_at as what it is not: it holds epoch milliseconds, such as 1672531200007"
    )


def test_without_values_nothing_is_known(visits):
    with Database.open(visits.path, samples=0) as database:
        assert {column.time for table in database.schema.tables for column in table.columns} == {None}
        assert "misdated" not in kinds(database.execute("SELECT date(ms_at) FROM visits"))


HOSTILE = [
    ("brackets", "SELECT " + "(" * 2000 + "ms_at >= '2024-01-01'"),
    ("functions", "SELECT " + "date(" * 500 + "ms_at"),
    ("casts", "SELECT 1 FROM visits WHERE " + "cast(" * 900 + "ms_at"),
    ("signs", "SELECT 1 FROM visits WHERE ms_at > " + "-" * 3000 + "1"),
    ("numbers", f"SELECT 1 FROM visits WHERE ms_at > {'9' * 4000} AND ms_at < 1e999 - 1e999 AND ms_at / 0 > 0x1f"),
    ("places", "SELECT substr(ms_at, n, -1), substr(ms_at, 1.5), substr(ms_at, '1', x) FROM visits"),
    ("a query that is too long", "SELECT 1 FROM visits WHERE ms_at >= '2024-01-01'" + " " * 5000),
]


@pytest.mark.parametrize("sql", [case[1] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_whatever_a_model_writes_ends(visits, sql):
    assert misdated(sql, visits.schema) == ()
    assert redate(sql, visits.schema) is None


def test_a_column_of_which_only_zeros_were_kept_is_left_alone(visits):
    (table,) = visits.schema.tables
    columns = tuple(replace(column, samples=(0,)) for column in table.columns)
    schema = Schema((replace(table, columns=columns),))
    assert misdated("SELECT date(ms_at) FROM visits WHERE ms_at >= '2024-01-01'", schema) == ()
