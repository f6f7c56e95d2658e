"""Queries in plain words: one line a step."""

import pytest

from planner_cli.explaining import explain

CASES = [
    ("columns", "select name, city from customers", ["Read customers.", "Show name, city."]),
    ("everything", "select * from t", ["Read t.", "Show all columns."]),
    ("no table", "select 1 as one", ["Show 1 as one."]),
    ("different", "select distinct city from t", ["Read t.", "Show different city."]),
    ("count", "select count(*), count(a), count(distinct a) from t",
     ["Read t.", "Show the number of rows, the number of rows whose a is not NULL, the number of different a."]),
    ("aggregates", "select sum(a), avg(distinct b), min(c), max(d) as top from t",
     ["Read t.", "Show the sum of a, the average of different b, the smallest c, the largest d as top."]),
    ("max of two is no aggregate", "select max(a, b) from t", ["Read t.", "Show MAX(a, b)."]),
    ("comparisons", "select a from t where a = 1 and b <> 'x' and c > 1 and d >= 2 and e < 3 and f <= 4",
     ["Read t.", "Keep the rows where a is 1 and b is not 'x' and c is over 1 and d is at least 2 and e is under 3 and f is at most 4.",
      "Show a."]),
    ("or within and", "select a from t where a = 1 and (b = 2 or c = 3)",
     ["Read t.", "Keep the rows where a is 1 and (b is 2 or c is 3).", "Show a."]),
    ("and within or", "select a from t where a = 1 or b = 2 and c = 3",
     ["Read t.", "Keep the rows where a is 1 or (b is 2 and c is 3).", "Show a."]),
    ("lists and ranges", "select a from t where a in (1, 2) and b not in ('x') and c between 1 and 5 and d not between 1 and 2",
     ["Read t.", "Keep the rows where a is one of 1, 2 and b is not one of 'x' and c is from 1 to 5 and not (d is from 1 to 2).",
      "Show a."]),
    ("null", "select a from t where b is null or c is not null",
     ["Read t.", "Keep the rows where b is NULL or c is not NULL.", "Show a."]),
    ("like", "select a from t where a like 'x%' and b not like '%y'",
     ["Read t.", "Keep the rows where a is like 'x%' and b is not like '%y'.", "Show a."]),
    ("not of several", "select a from t where not (a = 1 or b = 2)",
     ["Read t.", "Keep the rows where not (a is 1 or b is 2).", "Show a."]),
    ("groups", "select status, count(*) from orders group by status having count(*) > 5",
     ["Read orders.", "Make one row for each status.", "Keep those where the number of rows is over 5.",
      "Show status, the number of rows."]),
    ("a column by its number", "select a, count(*) from t group by 1 order by 2 desc, a limit 3",
     ["Read t.", "Make one row for each column 1.", "Show a, the number of rows.",
      "Sort by column 2, largest first, then a.", "Take the first 3 rows."]),
    ("limit and offset", "select a from t order by a limit 1 offset 2",
     ["Read t.", "Show a.", "Sort by a.", "Leave out the first 2.", "Take the first row."]),
    ("NULL out of its place", "select a from t order by a desc nulls first, b nulls last",
     ["Read t.", "Show a.", "Sort by a, largest first, NULL first, then b, NULL last."]),
    ("joins", "select c.name from customers c join orders as o on o.customer_id = c.id left join p using (id) cross join q",
     ["Read customers as c.", "Join orders as o where o.customer_id equals c.id.",
      "Join p with the same id; keep a row that finds none.", "Join q, every row with every row.", "Show c.name."]),
    ("a condition after the last join", "select a from t join u join v on t.id = u.id and u.x = v.x",
     ["Read t.", "Join u, every row with every row.", "Join v where t.id equals u.id and u.x equals v.x.", "Show a."]),
    ("a comma", "select a from t, u where t.id = u.id",
     ["Read t.", "Join u, every row with every row.", "Keep the rows where t.id equals u.id.", "Show a."]),
    ("a join without words", "select a from t natural join u", ["Read t.", "NATURAL JOIN u.", "Show a."]),
    ("a query in a condition", "select name from t where price > (select avg(price) from t)",
     ["Read t.", "Keep the rows where price is over the result of the query below.", "  the query below:", "    Read t.",
      "    Show the average of price.", "Show name."]),
    ("in and exists", "select a from t where id not in (select id from u) and exists (select 1 from v)",
     ["Read t.", "Keep the rows where id is not in the query below and there is a row in the query below.",
      "  the query below:", "    Read u.", "    Show id.", "  the query below:", "    Read v.", "    Show 1.", "Show a."]),
    ("a query as a table", "select a from (select a from t limit 2) as q",
     ["Read the result of as q:", "    Read t.", "    Show a.", "    Take the first 2 rows.", "Show a."]),
    ("a common table", "with a(x) as (select y from t) select x from a",
     ["First make a(x):", "    Read t.", "    Show y.", "Read a.", "Show x."]),
    ("union", "select a from t union all select b from u order by 1",
     ["Take the rows of:", "    Read t.", "    Show a.", "Together with the rows of:", "    Read u.", "    Show b.",
      "Keep repeated rows.", "Sort by column 1."]),
    ("except", "select a from t except select b from u",
     ["Take the rows of:", "    Read t.", "    Show a.", "That are not among the rows of:", "    Read u.", "    Show b."]),
    ("every part of a node has words, or the node stands as SQL",
     "select count(*) filter (where a), max(b) from t indexed by i where a like 'x' escape 'y' and b not glob 'z*'",
     ["Read t INDEXED BY i.", "Keep the rows where a LIKE 'x' ESCAPE 'y' and not (b matches 'z*').",
      "Show COUNT(*) FILTER(WHERE a), the largest b."]),
    ("a whole query too", "select sum(a) over w from t window w as (order by b)",
     ["SELECT SUM(a) OVER w FROM t WINDOW w AS (ORDER BY b)."]),
    ("not not", "select a from t where not b not like 'x'",
     ["Read t.", "Keep the rows where not (b NOT LIKE 'x').", "Show a."]),
    ("a number in parentheses", "select (a + 1) * 2 from t where (a) = (1)", ["Read t.", "Keep the rows where (a) is (1).",
     "Show (a + 1) * 2."]),
    ("what has no words is SQL", "select case when a then 1 else 2 end, rank() over (order by b) from t where a + 1",
     ["Read t.", "Keep the rows where a + 1.", "Show CASE WHEN a THEN 1 ELSE 2 END, RANK() OVER (ORDER BY b)."]),
    ("writing", "delete from t", None),
    ("several", "select 1; select 2", None),
    ("not SQL", "how many?", None),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_query_is_said_step_by_step(sql, expected):
    found = explain(sql)
    assert (None if found is None else list(found)) == expected


def test_a_recursive_table_is_called_one():
    found = explain("with recursive a(x) as (select 1 union all select x + 1 from a where x < 5) select x from a")
    assert found is not None
    assert found[0] == "First make a(x), again and again from its own rows until no new ones are found:"
