"""Queries in normal form, and over exchanged names: by text, and by what SQLite gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from models.distill.spider import Check
from planner_cli.database import Database
from planner_cli.prompts.normal_form import Name, resolve, tables_of, write

SCRIPT = """
CREATE TABLE Singer (Singer_ID INTEGER PRIMARY KEY, Name TEXT, Age INT, "order" TEXT, boss INT);
CREATE TABLE concert (id INTEGER PRIMARY KEY, singer INT REFERENCES Singer, Year INT, "Open Air" TEXT);
INSERT INTO Singer VALUES (1, 'Ann', 30, 'a', NULL), (2, 'Bo', 41, 'b', 1), (3, 'AS t1', 50, 'c', 1);
INSERT INTO concert VALUES (1, 1, 2014, 'yes'), (2, 1, 2015, 'no'), (3, 2, 2014, 'yes')
"""

QUERIES = [
    # name, query, normal form
    ("aliases", "SELECT T1.Name FROM Singer AS T1 JOIN concert T2 ON T1.singer_id = T2.Singer", "select singer.name from singer join concert on singer.singer_id = concert.singer"),
    ("qualified in vain", "SELECT s.NAME FROM singer s WHERE s.Age  >=30;", "select name from singer where age >= 30"),
    ("bare in a join", "SELECT Name, Year FROM Singer JOIN concert ON Singer_ID = singer", "select singer.name, concert.year from singer join concert on singer.singer_id = concert.singer"),
    ("a table twice", "SELECT A.name FROM singer AS A JOIN singer AS B ON A.boss = B.singer_id", "select a.name from singer as a join singer as b on a.boss = b.singer_id"),
    ("a function is no scope", "SELECT max(T1.Age), COUNT(DISTINCT T1.name) FROM Singer AS T1", "select max(age), count(distinct name) from singer"),
    ("nested", "SELECT name FROM singer WHERE singer_id NOT IN (SELECT T.singer FROM concert AS T)", "select name from singer where singer_id not in (select singer from concert)"),
    ("correlated", "SELECT name FROM singer AS s WHERE EXISTS (SELECT 1 FROM concert WHERE singer = s.singer_id)", "select name from singer where exists (select 1 from concert where singer = singer.singer_id)"),
    ("set operation", 'SELECT name FROM singer AS t1 INTERSECT SELECT t1."Open Air" FROM concert AS t1', 'select name from singer intersect select "open air" from concert'),
    ("reserved name", 'SELECT "order", count(*) FROM singer GROUP BY "order" ORDER BY COUNT(*) DESC LIMIT 1', 'select "order", count(*) from singer group by "order" order by count(*) desc limit 1'),
    ("strings stay", "SELECT count(*) FROM singer WHERE name = 'AS t1' AND age != 3", "select count(*) from singer where name = 'AS t1' and age != 3"),
    ("alias of a column", "SELECT count(*) AS Many FROM singer GROUP BY boss ORDER BY Many", "select count(*) as many from singer group by boss order by many"),
    ("a query in FROM", "SELECT count(*) FROM (SELECT name FROM singer WHERE age > 1)", "select count(*) from (select name from singer where age > 1)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    found = tmp_path_factory.mktemp("queries") / "music.sqlite"
    with closing(sqlite3.connect(found)) as connection:
        connection.executescript(SCRIPT)
    return found


@pytest.fixture(scope="module")
def schema(path):
    with Database.open(path, samples=0) as database:
        return database.schema


@pytest.mark.parametrize(("sql", "expected"), [q[1:] for q in QUERIES], ids=[q[0] for q in QUERIES])
def test_normal_form(path, schema, sql, expected):
    parts = resolve(sql, schema)
    assert write(parts) == expected
    with closing(Check(path, schema)) as check:
        assert check.holds(sql, parts)  # here and over renamed tables and columns


def test_other_names(schema):
    parts = resolve("select name from singer where \"order\" = 'singer'", schema)
    names = {Name("Singer"): "artists", Name("Singer", "Name"): "Full Name", Name("Singer", "order"): "sort"}
    assert write(parts, names.__getitem__) == "select \"full name\" from artists where sort = 'singer'"
    assert tables_of(parts) == {"Singer"}


def test_a_change_is_seen(path, schema):
    with closing(Check(path, schema)) as check:
        assert not check.holds("select name from singer", resolve("select age from singer", schema))
        assert not check.holds("select nme from singer", resolve("select name from singer", schema))
        assert not check.holds("select name from singer", ("select Name from singer",))  # fails under other names
