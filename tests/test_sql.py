import pytest

from planner_cli.sql import fold, is_ordered, normalise

SAME = [
    ("white space and case", "select Count(*) from  singer;", "SELECT COUNT(*)\nFROM singer"),
    ("comments", "select 1 -- one", "select /* the */ 1"),
    ("quoted plain names", 'select "name" from [t]', "select name from `t`"),
    ("aliases", "select a.x as y from t as a", "select a.x y from t a"),
    ("inner join", "select * from a inner join b on a.i = b.i", "select * from a join b on a.i=b.i"),
    ("not equal", "select 1 where a <> 2", "select 1 where a != 2"),
    ("names without case", 'select "Name" from T', "select name from t"),
]

DIFFERENT = [
    ("strings keep their case", "select 'A'", "select 'a'"),
    ("strings are no names", "select 'a'", 'select "a"'),
    ("casts are not functions", "select cast(d as date)", "select date(d)"),
    ("types as written", "select cast(x as decimal) / 2", "select cast(x as real) / 2"),
    ("boolean is not integer", "select cast(x as boolean)", "select cast(x as integer)"),
    ("functions as written", "select rand()", "select random()"),
    ("only ASCII is folded", "select Ä from t", "select ä from t"),
    ("quoted words stay quoted", 'select "order" from t', "select order from t"),
    ("left is not inner", "select * from a left join b on 1", "select * from a join b on 1"),
    ("numbers", "select 1.0", "select 1"),
    ("order", "select a, b from t", "select b, a from t"),
    ("two statements", "select 1; select 2", "select 1"),
    ("blobs are not strings", "select x'61'", "select '61'"),
    ("blank in a name", 'select "a b"', "select a b"),
]


@pytest.mark.parametrize(("one", "other"), [s[1:] for s in SAME], ids=[s[0] for s in SAME])
def test_same(one, other):
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), [d[1:] for d in DIFFERENT], ids=[d[0] for d in DIFFERENT])
def test_different(one, other):
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize("text", ["select 'open", "(((", "", "  ;", "\x00", "select 1 /* open"])
def test_what_cannot_be_read_is_its_own_key(text):
    assert normalise(text) in (fold(text), normalise(fold(text)))


ORDERED = [
    ("top level", "select x from t order by 1 limit 1", True),
    ("union", "select 1 union select 2 order by 1", True),
    ("in a subquery only", "select * from (select x from t order by 1)", False),
    ("in a window only", "select row_number() over (order by x) from t", False),
    ("none", "select 1", False),
    ("text in a string", "select 'order by'", False),
    ("unreadable, at the end", "select ((( order by 1", True),
]


@pytest.mark.parametrize(("sql", "expected"), [o[1:] for o in ORDERED], ids=[o[0] for o in ORDERED])
def test_is_ordered(sql, expected):
    assert is_ordered(sql) is expected
