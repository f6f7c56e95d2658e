"""Thoughts by program: clauses, where two queries differ, and what a check says of it."""

from __future__ import annotations

import pytest

from models.distill.clauses import clauses, differing, said
from models.distill.thoughts import check_text, plan_text

CLAUSES = [
    ("all", "select name from singer where age > 20 group by name having count(*) > 1 order by age desc limit 1", "show name; from singer; where age > 20; per name; having count(*) > 1; sort by age desc; first 1"),
    ("joins", "select a.x from a join b on a.i = b.i join c on b.j = c.j", "show a.x; from a, b, c; on a.i = b.i and b.j = c.j"),
    ("nested", "select x from a where i not in (select i from b where z = 1 limit 2)", "show x; from a; where i not in (select i from b where z = 1 limit 2)"),
    ("set operation", "select x from a except select x from b where y = 1", "show x; from a; except select x from b where y = 1"),
    ("words in strings", "select x from a where y = 'where from limit'", "show x; from a; where y = 'where from limit'"),
    ("names like words", 'select "limit" from "order" order by "group"', 'show "limit"; from "order"; sort by "group"'),
]  # fmt: skip

DIFFERENCES = [
    ("none", "select a, b from t where x = 1 and y = 2", "select b, a from t where y = 2 and x = 1", []),
    ("a condition", "select a from t where x = 1", "select a from t where x > 1", ["where"]),
    ("a clause", "select a from t", "select a from t order by a", ["sort by"]),
    ("order of sorting counts", "select a from t order by a, b", "select a from t order by b, a", ["sort by"]),
    (
        "tables and what is shown",
        "select a from t",
        "select t.a, u.b from t join u on t.i = u.i",
        ["show", "from", "on"],
    ),
    ("the sides of a join", "select a.x from a join b on a.i = b.j", "select a.x from b join a on b.j = a.i", []),
    ("by what is joined", "select a.x from a join b on a.i = b.i", "select a.x from a join b on a.i = b.j", ["on"]),
    ("between", "select a from t where x between 1 and 2", "select a from t where x between 1 and 3", ["where"]),
]


@pytest.mark.parametrize(("sql", "expected"), [c[1:] for c in CLAUSES], ids=[c[0] for c in CLAUSES])
def test_clauses(sql, expected):
    assert said(clauses(sql)) == expected


@pytest.mark.parametrize(("one", "other", "expected"), [d[1:] for d in DIFFERENCES], ids=[d[0] for d in DIFFERENCES])
def test_differences(one, other, expected):
    assert differing(clauses(one), clauses(other)) == expected


CHECKS = [
    ("all agree", "select a from t where x = 1", "select a from t where x = 1", "show a: same; from t: same; where x = 1: same"),
    ("another condition", "select a from t where x = 1", "select a from t where x > 1", "show a: same; from t: same; where x > 1: other"),
    ("a clause too few", "select a from t order by a", "select a from t", "show a: same; from t: same; sort by: missing"),
    ("a clause too many", "select a from t", "select a from t limit 3", "show a: same; from t: same; first 3: other"),
    ("in another order", "select a, b from t", "select b, a from t", "show b, a: same; from t: same"),
]  # fmt: skip


@pytest.mark.parametrize(("planned", "given", "expected"), [c[1:] for c in CHECKS], ids=[c[0] for c in CHECKS])
def test_a_check_says_what_stands_in_place_of_the_plan(planned, given, expected):
    assert check_text(planned, given) == expected


def test_a_plan():
    assert plan_text("select count(*) from t where x = 'F'") == "show count(*); from t; where x = 'F'"
