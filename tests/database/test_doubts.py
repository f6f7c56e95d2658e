"""What the user's own rows say against a query that runs."""

from __future__ import annotations

import sqlite3

import pytest

from planner_cli.database import Database, doubts

SCHEMA = """
    create table customers (id integer primary key, name text, city text, boss_id integer references customers);
    insert into customers values (1, 'Anna', 'Paris', null), (2, 'Ben', 'Rome', 1), (3, 'Cleo', null, 1),
                                 (4, 'Dan', 'Rome', 2);
    create table orders (id integer primary key, customer_id integer references customers, total real, note text);
    insert into orders values (1, 1, 10, 'a'), (2, 1, 20, null), (3, 2, 30, 'b'), (4, null, 40, 'b');
    create table items (id integer primary key, order_id integer references orders, price real, quantity integer);
    insert into items values (1, 1, 4, 1), (2, 1, 6, 1), (3, 2, 20, 2), (4, 3, 30, 1);
    create table payments (id integer primary key, order_id integer references orders, amount real);
    insert into payments values (1, 1, 5), (2, 1, 5), (3, 2, 20);
    create table profile (customer_id integer primary key references customers, age integer);
    insert into profile values (1, 30), (2, 30), (3, 41);
    create table settings (tax real);
    insert into settings values (0.19);
    create table bare (x integer);
    create table tags (name text, boss_id integer);
    create table documents (id integer primary key, body text);
    insert into documents values (1, '[1, 2]'), (2, '[3]');
    create view spending as select customer_id, total from orders;
    create table keyed (code text primary key, weight real) without rowid;
    insert into keyed values ('a', 1), ('b', 2);
"""

UNLINKED = [
    # name, query, whether it is found
    ("a comma", "select * from customers, orders", True),
    ("JOIN without ON", "select * from customers join orders", True),
    ("CROSS JOIN", "select * from customers cross join orders", True),
    ("a third table", "select * from customers c join orders o on o.customer_id = c.id join items i", True),
    ("a condition on each alone", "select * from customers c, orders o where c.city = 'Rome' and o.total > 5", True),
    ("a column compared with itself", "select * from customers c join orders o on c.id = c.id", True),
    ("a table with itself", "select * from customers a, customers b where a.city = 'Rome'", True),
    ("a condition that is always true", "select * from customers c join orders o on 1 = 1", True),
    ("within a nested query", "select * from items where order_id in (select orders.id from orders, customers)", True),
    ("in one arm of a UNION", "select name from customers union select c.name from customers c, orders o", True),
    ("a count over it", "select count(*) from customers, orders", True),
    ("linked by ON", "select * from customers c join orders o on o.customer_id = c.id", False),
    ("linked in WHERE", "select * from customers c, orders o where o.customer_id = c.id", False),
    ("USING", "select * from orders join payments using (id)", False),
    ("NATURAL", "select * from orders natural join items", False),
    ("an inequality", "select * from customers a join customers b on a.id < b.id", False),
    ("an expression", "select * from orders o join payments p on abs(o.total - p.amount) < 6", False),
    ("OR", "select * from customers c, orders o where o.customer_id = c.id or o.customer_id is c.boss_id", False),
    ("a table of one row", "select total * tax from orders, settings", False),
    ("an empty table", "select * from orders, bare", False),
    ("an average beside it", "select o.* from orders o, (select avg(total) as mean from orders) m", False),
    ("a common table expression", "with m as (select max(total) as t from orders) select * from orders, m", False),
    ("a function", "select d.id, e.value from documents d, json_each(d.body) e", False),
    ("columns without their tables", "select * from customers, orders where customer_id = customers.id", False),
    ("EXISTS", "select * from customers c where exists (select 1 from orders o where o.customer_id = c.id)", False),
]

REPEATED = [
    ("an average over the rows of another", "select avg(c.id) from customers c join orders o on o.customer_id = c.id", True),
    ("a sum", "select sum(o.total) from orders o join items i on i.order_id = o.id", True),
    ("without the table's name", "select sum(total) from orders join items on items.order_id = orders.id", True),
    ("in each group", "select o.note, sum(o.total) from orders o join items i on i.order_id = o.id group by o.note", True),
    ("grouped by an alias", "select o.note as n, sum(o.total) from orders o join items i on i.order_id = o.id group by n", True),
    ("grouped by a number", "select o.note, sum(o.total) from orders o join items i on i.order_id = o.id group by 1", True),
    ("two tables that repeat each other", "select sum(i.price), sum(p.amount) from items i join payments p on p.order_id = i.order_id", True),
    ("in HAVING", "select o.note from orders o join items i on i.order_id = o.id group by o.note having sum(o.total) > 1", True),
    ("a LEFT JOIN", "select sum(o.total) from orders o left join items i on i.order_id = o.id", True),
    ("only in WHERE", "select avg(o.total) from orders o, items i where i.order_id = o.id and i.price > 1", True),
    ("within a nested query", "select * from orders where total > (select avg(o.total) from orders o join items i on i.order_id = o.id)", True),
    ("an expression of one column", "select sum(o.total * 2) from orders o join items i on i.order_id = o.id", True),
    ("the rows of the other", "select sum(i.price) from orders o join items i on i.order_id = o.id", False),
    ("no join", "select sum(total) from orders", False),
    ("one to one", "select avg(p.age) from profile p join customers c on c.id = p.customer_id", False),
    ("DISTINCT", "select sum(distinct o.total) from orders o join items i on i.order_id = o.id", False),
    ("both tables", "select sum(o.total * i.quantity) from orders o join items i on i.order_id = o.id", False),
    ("a rate over the rows of the other", "select sum(i.price) / sum(o.total) from orders o join items i on i.order_id = o.id", False),
    ("the largest", "select max(o.total) from orders o join items i on i.order_id = o.id", False),
    ("a count", "select count(o.id) from orders o join items i on i.order_id = o.id", False),
    ("once in each group", "select i.id, sum(o.total) from orders o join items i on i.order_id = o.id group by i.id", False),
    ("a condition that leaves one", "select sum(o.total) from orders o join items i on i.order_id = o.id where i.price > 4", False),
    ("a nested condition instead", "select sum(total) from orders where id in (select order_id from items)", False),
    ("a view", "select sum(s.total) from spending s join customers c on c.id = s.customer_id", False),
    ("a table without rowids", "select sum(k.weight) from keyed k join orders o on o.note = k.code", False),
    ("a window", "select sum(o.total) over () from orders o join items i on i.order_id = o.id", False),
]  # fmt: skip

NULL_LIST = [
    ("a list with a NULL", "select name from customers where id not in (select customer_id from orders)", True),
    ("NOT before it", "select name from customers where not id in (select customer_id from orders)", True),
    ("with a condition", "select name from customers where city = 'Rome' and id not in (select customer_id from orders)", True),
    ("of its own table", "select name from customers where id not in (select boss_id from customers)", True),
    ("a join in it", "select name from customers where id not in (select o.customer_id from orders o left join items i on i.order_id = o.id)", True),
    ("from an outer join", "select id from items where id not in (select p.id from orders o left join payments p on p.order_id = o.id)", True),
    ("nested twice", "select 1 from items where order_id in (select id from orders where customer_id not in (select boss_id from customers))", True),
    ("a common table expression", "with b as (select boss_id from customers) select name from customers where id not in (select boss_id from b)", True),
    ("DISTINCT", "select name from customers where id not in (select distinct customer_id from orders)", True),
    ("a count over it", "select count(*) from customers where id not in (select customer_id from orders)", True),
    ("in a UNION", "select 1 union select id from customers where id not in (select customer_id from orders)", True),
    ("no NULL in it", "select name from customers where id not in (select order_id from items)", False),
    ("IN", "select name from customers where id in (select customer_id from orders)", False),
    ("NULLs left out", "select name from customers where id not in (select customer_id from orders where customer_id is not null)", False),
    ("NOT EXISTS", "select name from customers c where not exists (select 1 from orders o where o.customer_id = c.id)", False),
    ("EXCEPT", "select id from customers except select customer_id from orders", False),
    ("an outer join", "select name from customers c left join orders o on o.customer_id = c.id where o.id is null", False),
    ("an empty list", "select name from customers where id not in (select customer_id from orders where total > 99)", False),
    ("a list of values", "select name from customers where id not in (1, 2)", False),
    ("a value for NULL", "select name from customers where id not in (select coalesce(customer_id, 0) from orders)", False),
    ("a condition that keeps it out", "select name from customers where id not in (select customer_id from orders where total < 35)", False),
    ("a query of its own row", "select name from customers c where id not in (select o.customer_id from orders o where o.id = c.id)", False),
]  # fmt: skip

NULLS = [
    ("is not", "select * from customers where city <> 'Rome'", True),
    ("the other sign", "select * from customers where city != 'Rome'", True),
    ("NOT LIKE", "select * from customers where city not like 'R%'", True),
    ("NOT IN", "select * from customers where city not in ('Rome', 'Oslo')", True),
    ("NOT and IN", "select * from customers where not city in ('Rome')", True),
    ("NOT and an equals sign", "select * from customers where not city = 'Rome'", True),
    ("a number", "select * from orders where customer_id != 1", True),
    ("with another condition", "select * from orders where note <> 'a' and total < 25", True),
    ("over a join", "select * from customers c join orders o on o.customer_id = c.id where o.note <> 'a'", True),
    ("a count", "select count(*) from customers where city <> 'Rome'", True),
    (
        "within a nested query",
        "select * from orders where customer_id in (select id from customers where city <> 'Rome')",
        True,
    ),
    ("no NULL in it", "select * from customers where name <> 'Anna'", False),
    ("is", "select * from customers where city = 'Rome'", False),
    ("NULLs asked for", "select * from customers where city <> 'Rome' or city is null", False),
    ("NULLs kept out", "select * from customers where city <> 'Rome' and city is not null", False),
    ("a value for NULL", "select * from customers where coalesce(city, '') <> 'Rome'", False),
    ("IS NOT", "select * from customers where city is not 'Rome'", False),
    ("the NULLs fail the other condition", "select * from orders where note <> 'a' and total > 25", False),
    ("let in by OR", "select * from customers where city <> 'Rome' or id > 0", False),
    ("an inequality", "select * from orders where customer_id > 1", False),
    ("two columns", "select * from customers where city <> name", False),
    ("the word null", "select * from customers where city <> 'null'", False),
]

TIE = [
    ("two are first", "select name from customers where id in (2, 4) order by city limit 1", True),
    ("the least", "select customer_id from profile order by age limit 1", True),
    ("descending", "select name from customers order by city desc limit 1", True),
    ("the most frequent", "select customer_id, count(*) from orders where id > 1 group by customer_id order by count(*) desc limit 1", True),
    ("by an alias", "select customer_id, count(*) as n from orders where id > 1 group by 1 order by n desc limit 1", True),
    ("by a number", "select name, city from customers order by 2 desc limit 1", True),
    ("behind a NULL", "select name from customers order by boss_id limit 2", True),
    ("an amount", "select id from payments order by amount limit 1", True),
    ("a longer list", "select id from items order by quantity limit 2", True),
    ("two keys that both tie", "select name from customers order by city desc, boss_id > 0 desc limit 1", True),
    ("an expression", "select name from customers where city is not null order by length(city) limit 1", True),
    ("a row that a join repeats", "select o.id from orders o join payments p on p.order_id = o.id join items i on i.order_id = o.id order by o.total limit 1", False),
    ("one is first", "select name from customers order by id limit 1", False),
    ("a second key decides", "select name from customers order by city desc, id limit 1", False),
    ("equals that look the same", "select note from orders where note = 'b' order by note limit 1", False),
    ("no LIMIT", "select name from customers order by city", False),
    ("no ORDER BY", "select name from customers limit 1", False),
    ("all of them are shown", "select customer_id from profile order by age limit 2", False),
    ("more than there are", "select name from customers order by city limit 9", False),
    ("a tie before the cut", "select id from items order by quantity, id limit 2", False),
    ("OFFSET", "select name from customers order by city limit 1 offset 1", False),
    ("the largest of all", "select max(age) from profile", False),
    ("every row with the largest", "select customer_id from profile where age = (select min(age) from profile)", False),
    ("an empty result", "select name from customers where id > 9 order by city limit 1", False),
]  # fmt: skip

CASES = [
    (kind, name, sql, found)
    for kind, cases in {
        "unlinked": UNLINKED, "repeated": REPEATED, "null_list": NULL_LIST, "nulls": NULLS, "tie": TIE,
    }.items()
    for name, sql, found in cases
]  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("doubts") / "shop.sqlite"
    with sqlite3.connect(made) as connection:
        connection.executescript(SCHEMA)
    connection.close()
    return made


@pytest.fixture(scope="module")
def opened(path):
    with Database.open(path) as database:
        yield database


@pytest.fixture(autouse=True)
def time_enough(monkeypatch):
    monkeypatch.setattr(doubts, "SECONDS", 60.0)  # a busy machine


@pytest.mark.parametrize(
    ("kind", "sql", "found"), [(c[0], *c[2:]) for c in CASES], ids=[f"{c[0]}: {c[1]}" for c in CASES]
)
def test_what_the_rows_say(opened, kind, sql, found):
    execution = opened.execute(sql)
    assert execution.error is None
    assert any(doubt.kind == kind for doubt in execution.odd) == found


TEXTS = [
    ("select * from customers, orders", "nothing links customers and orders: each of 4 rows is paired with each of 4"),
    (
        "select sum(o.total) from orders o join items i on i.order_id = o.id",
        "SUM(o.total) counts one row of orders 2 times: joining items repeats it",
    ),
    (
        "select name from customers where id not in (select customer_id from orders)",
        "NOT IN finds nothing, since customer_id in its list is NULL in one row",
    ),
    ("select * from customers where city <> 'Rome'", "city <> 'Rome' leaves out one row where city is NULL"),
    (
        "select customer_id from profile order by age limit 1",
        "2 rows tie for the first place, and LIMIT 1 shows one of them",
    ),
    ("select id from items order by quantity limit 2", "LIMIT 2 cuts between 3 rows that tie for its last place"),
]


@pytest.mark.parametrize(("sql", "text"), TEXTS)
def test_the_evidence_in_words(opened, sql, text):
    assert [doubt.text for doubt in opened.execute(sql).odd] == [text]


def test_a_redacted_column_says_nothing_of_itself(path):
    with Database.open(path, redact=("customers.city",)) as database:
        assert database.execute("select name from customers where city <> 'Rome'").odd == ()
        assert database.execute("select * from customers where boss_id <> 1").odd == ()
        assert database.execute("select name from customers where boss_id <> 1").odd != ()


def test_what_takes_too_long_is_not_said(opened, monkeypatch):
    sql = "select id from customers where city <> 'Rome' and id < 10"
    monkeypatch.setattr(doubts, "SECONDS", 0.0)
    assert opened.execute(sql).odd == ()
    monkeypatch.setattr(doubts, "SECONDS", 60.0)
    assert len(opened.execute(sql).odd) == 1
