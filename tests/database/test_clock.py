"""Queries that count from the clock, written for another day."""

from __future__ import annotations

import pytest

from planner_cli.database.clock import counts_from_clock, on

QUERIES = [
    ("now", "select date('now', '-7 days')", "select date('2025-06-18', '-7 days')"),
    ("in capitals", "SELECT strftime('%Y', 'NOW')", "SELECT strftime('%Y', '2025-06-18')"),
    ("today", "select 1 where d < CURRENT_DATE", "select 1 where d < '2025-06-18'"),
    ("this moment", "select current_timestamp", "select '2025-06-18 00:00:00'"),
    ("nothing said", "select date(), julianday( ) - x", "select date('2025-06-18'), julianday( '2025-06-18') - x"),
    ("only a layout", "select strftime('%s')", "select strftime('%s', '2025-06-18')"),
    ("twice", "select date('now') - date('now', '-1 day')", "select date('2025-06-18') - date('2025-06-18', '-1 day')"),
    ("no day", "select date(d), strftime('%Y', d) from t where a = 'nowhere' -- 'now'", None),
    ("a column of that name", "select t.current_date from t", None),
    ("cut off", "select date('now", None),
]


@pytest.mark.parametrize(("sql", "dated"), [q[1:] for q in QUERIES], ids=[q[0] for q in QUERIES])
def test_a_query_on_a_day(sql, dated):
    assert on(sql, "2025-06-18") == dated
    assert counts_from_clock(sql) is (dated is not None)
