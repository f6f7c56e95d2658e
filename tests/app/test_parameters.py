"""Values for the parameters of a query."""

import pytest

from planner_cli.app.parameters import parameters, read_values, with_values
from planner_cli.errors import PlannerError

FILLED = [
    ("a number", "select :y", ["y=2024"], "select 2024"),
    ("a negative one", "select 1-:y", ["y=-5"], "select 1-(-5)"),
    ("a real", "select :y", ["y=1.5e3"], "select 1.5e3"),
    ("a text", "select :c", ["c=Berlin"], "select 'Berlin'"),
    ("a text with a quote", "select :c", ["c=O'Neil"], "select 'O''Neil'"),
    ("digits as a text", "select :z", ["z='01234'"], "select '01234'"),
    ("nothing", "select :c", ["c="], "select ''"),
    ("null", "select :c", ["c=NULL"], "select NULL"),
    ("an equals sign", "select :c", ["c=a=b"], "select 'a=b'"),
    ("an injection is a text", "select :c", ["c=1; drop table t"], "select '1; drop table t'"),
    ("a line break", "select :c||1", ["c=a\nb"], "select ('a' || char(10) || 'b')||1"),
    ("twice", "select :y, :y", ["y=1"], "select 1, 1"),
    ("all signs", "select :a, @b, $c", ["a=1", "@b=2", "$c=3"], "select 1, 2, 3"),
    ("not in a string", "select ':y', \":y\", :y -- :z", ["y=1"], "select ':y', \":y\", 1 -- :z"),
    ("none", "select 1", [], "select 1"),
]


@pytest.mark.parametrize(("sql", "values", "expected"), [f[1:] for f in FILLED], ids=[f[0] for f in FILLED])
def test_values_become_literals(sql, values, expected):
    assert with_values(sql, read_values(values)) == expected


REFUSED = [
    ("no value", "select :y, :z", ["y=1"], "needs a value for z"),
    ("no such parameter", "select :year", ["yaer=1", "year=2"], "no parameter yaer"),
    ("no equals sign", "select :y", ["y"], "'y' is not NAME=VALUE"),
    ("no name", "select :y", ["=1"], "'=1' is not NAME=VALUE"),
]


@pytest.mark.parametrize(("sql", "values", "message"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_does_not_fit_is_refused(sql, values, message):
    with pytest.raises(PlannerError, match=message):
        with_values(sql, read_values(values))


def test_parameters_are_named_in_their_order():
    assert parameters("select :b, @a, :b, a::c") == ("b", "a", "c")
