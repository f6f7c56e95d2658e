"""In what two queries differ."""

import pytest

from planner_cli.app.comparing import differing

PAIRS = [
    # name, one, the other, each part that differs
    ("nothing", "select a from t", "SELECT  a\nFROM t", ()),
    ("a column", "select a from t", "select b from t", (("a", "b"),)),
    ("a condition", "select a from t where x = 'Y'", "select a from t", (("where x = 'Y'", ""),)),
    ("one more table", "select a from t", "select a from t join u on t.i = u.i", (("", "join u on t.i = u.i"),)),
    ("the case of a text", "select 'A'", "select 'a'", (("'A'", "'a'"),)),
    ("twice the same", "select a, max(a) from t", "select b, max(b) from t", (("a", "b"),)),
    (
        "a function",
        "select avg(m.a), a from t",
        "select m.a, avg(n) from t",
        (("select avg(m.a), a", "select m.a, avg(n)"),),
    ),
    ("one more column", "select a, b from t", "select a from t", (("select a, b", "select a"),)),
    (
        "a nested query",
        "select a from t where i in (select u.i from u)",
        "select a from t",
        (("where i in (select u.i from u)", ""),),
    ),
    ("two parts", "select a from t order by a", "select b from t order by a desc", (("a", "b"), ("", "desc"))),
]


@pytest.mark.parametrize(("one", "other", "parts"), [pair[1:] for pair in PAIRS], ids=[pair[0] for pair in PAIRS])
def test_the_parts_in_which_two_queries_differ(one, other, parts):
    assert differing(one, other) == parts
