import pytest

from planner_cli.sql import fold, is_ordered, is_unbounded, normalise

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


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select count(*) from a", False),
        ("select 1", False),
        ("select count(*) from a, b", True),
        ("select count(*) from a cross join b", True),
        ("select * from a join b on 1 = 1", True),
        ("select * from a, b where x = 3", True),
        ("select * from a, b where x = y", False),
        ("select * from a, b where a.x = b.y and a.z = 1", False),
        ("select * from a, b where a.x < b.y or a.z = 1", False),
        ("select * from a join b on a.x = b.y join c", True),
        ("select * from a join b on a.x = b.y join c on c.k = a.k", False),
        ("select * from a join b using (id) join c using (id)", False),
        ("select * from a join b using (id), c", True),
        ("select * from a natural join b", False),
        ("select * from a where x in (select y from b where z = 1)", False),
        ("select * from a where x in (select y from b, c)", True),
        ("select * from a where exists (select 1 from b where b.x = a.x)", False),
        ("select * from a union select * from b, c", True),
        ("with m as (select avg(x) v from a) select * from a, m where a.x > m.v", False),
        ("with recursive t(n) as (select 1 union all select n + 1 from t) select * from t", True),
        ("select * from (", False),
        ("select * from a t, b t, c", False),  # sqlglot cannot tell which is which
    ],
)
def test_queries_that_may_never_end(sql, expected):
    assert is_unbounded(sql) is expected
