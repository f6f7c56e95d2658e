"""Queries shortened by their tokens: what is shown is the query that ran, or visibly none."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from rich.cells import cell_len

from planner_cli.lexer import shortened

DATA = """
CREATE TABLE t ("a  b" TEXT, "c
d" TEXT, [e  f] TEXT, `g	h` TEXT, n INTEGER);
INSERT INTO t VALUES ('x  y', 'Berlin      ', 'one
two', 'a	b', 1), ('x y', 'Berlin', 'one two', 'a b', 2), ('--  no comment', '/*  none  */', ''' ''', '"  "', 3);
"""

QUERIES = [
    # name, query, on one line ("..." stands for what has a line break)
    ("blanks between tokens", "SELECT  n\n\tFROM\r\n t ", "SELECT n FROM t"),
    ("blanks in a name", 'SELECT "a  b" FROM  t', 'SELECT "a  b" FROM t'),
    ("blanks in brackets", "SELECT [e  f]  FROM t", "SELECT [e  f] FROM t"),
    ("blanks in a string", "SELECT n FROM t\nWHERE \"a  b\" = 'x  y'", "SELECT n FROM t WHERE \"a  b\" = 'x  y'"),
    ("a comment to the line's end", "SELECT n -- the number\nFROM t", "SELECT n /* the number */ FROM t"),
    ("a comment at the end", "SELECT n FROM t -- all", "SELECT n FROM t /* all */"),
    ("a comment that could end early", "SELECT n --  a */ , 1/0\nFROM t", "SELECT n /* a * / , 1/0 */ FROM t"),
    ("an empty comment", "SELECT n--\nFROM t", "SELECT n/*  */ FROM t"),
    ("a comment over lines", "SELECT n /* one\n  two */ FROM t", "SELECT n /* one two */ FROM t"),
    ("a comment that is not closed", "SELECT n FROM t /* and\n so on", "SELECT n FROM t /* and so on"),
    ("what only looks like a comment", "SELECT n FROM t WHERE \"a  b\" = '--  no comment'", None),
    ("and like another", "SELECT n FROM t WHERE \"c\nd\" = '/*  none  */'", "SELECT n FROM t WHERE ... = '/*  none  */'"),
    ("quotes within quotes", "SELECT n FROM t WHERE [e  f] = ''' '''  AND `g\th` = '\"  \"'", "SELECT n FROM t WHERE [e  f] = ''' ''' AND ... = '\"  \"'"),
    ("a line break in a string", "SELECT n FROM t WHERE [e  f] = 'one\ntwo'", "SELECT n FROM t WHERE [e  f] = ..."),
    ("a no-break space is part of a name", "SELECT n AS a\u00a0\u00a0b FROM t", None),
    ("nothing", " \n", ""),
]  # fmt: skip


def rows(connection: sqlite3.Connection, sql: str) -> tuple[object, object]:
    cursor = connection.execute(sql)
    return cursor.description and [column[0] for column in cursor.description], cursor.fetchall()


@pytest.mark.parametrize(("sql", "line"), [q[1:] for q in QUERIES], ids=[q[0] for q in QUERIES])
def test_on_one_line_it_is_the_same_query(sql: str, line: str | None) -> None:
    line = sql if line is None else line
    assert shortened(sql) == line
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(DATA)
        whole = shortened(sql, keep_lines=True)
        assert rows(connection, whole) == rows(connection, sql)
        if "..." in line:
            with pytest.raises(sqlite3.OperationalError):
                connection.execute(line)
        else:
            assert whole == line


@pytest.mark.parametrize("sql", [q[1] for q in QUERIES], ids=[q[0] for q in QUERIES])
def test_whatever_is_cut_is_no_query(sql: str) -> None:
    whole = shortened(sql)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(DATA)
        for width in range(1, len(whole)):
            cut = shortened(sql, width)
            assert len(cut) <= width
            assert cut.endswith("...") or width < 3
            with pytest.raises(sqlite3.OperationalError):
                connection.execute(cut)
        assert shortened(sql, len(whole)) == whole


CUTS = [
    ("a word", "select customers", 12, "select cu..."),
    ("no room for a part of it", "select customers", 10, "select ..."),
    ("a string stays whole", "select 'abc def ghi'", 18, "select ..."),
    ("a name stays whole", 'select "abc def ghi" from t', 22, "select ..."),
    ("and is kept where it fits", 'select "abc def ghi" from t', 24, 'select "abc def ghi" ...'),
    ("a number stays whole", "select 123456789, 2", 15, "select ..."),
    ("a comment stays whole", "select 1 /* abcdefgh */ + 2", 20, "select 1 ..."),
    ("wide letters", "select 名前 from 顧客", 16, "select 名前 f..."),
    ("wide letters do not stick out", "select 名前 from t", 13, "select 名..."),
]


@pytest.mark.parametrize(("sql", "width", "expected"), [c[1:] for c in CUTS], ids=[c[0] for c in CUTS])
def test_a_cut_is_between_tokens_or_in_a_word(sql: str, width: int, expected: str) -> None:
    assert shortened(sql, width, measure=cell_len) == expected
