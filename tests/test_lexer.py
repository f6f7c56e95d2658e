"""Queries shortened by their tokens (what is shown is the query that ran, or visibly none), and lists of names."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from rich.cells import cell_len

from planner_cli.lexer import NameListError, as_listed, listed_names, shortened

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


LISTS = [
    # name, list, each name's parts
    ("one", "users", [["users"]]),
    ("two", "users,orders", [["users"], ["orders"]]),
    ("blanks around", "  users ,\torders ", [["users"], ["orders"]]),
    ("blanks within", "order lines, users", [["order lines"], ["users"]]),
    ("with a column", "users.e-mail", [["users", "e-mail"]]),
    ("blanks around the dot", "users . name", [["users", "name"]]),
    ("several dots", "a.b.c", [["a", "b", "c"]]),
    ("a comma in quotes", '"a,b"', [["a,b"]]),
    ("a dot in quotes", '"a.b"."c.d"', [["a.b", "c.d"]]),
    ("brackets", "[a,b].[c.d], e", [["a,b", "c.d"], ["e"]]),
    ("backticks", "`a,b`.c", [["a,b", "c"]]),
    ("doubled quotes", '"a""b", `c``d`', [['a"b'], ["c`d"]]),
    ("a name of quotes", '""""', [['"']]),
    ("quotes of another kind within", """"a`[b", [c"`d]""", [["a`[b"], ['c"`d']]),
    ("blanks at the ends in quotes", '" a ".b', [[" a ", "b"]]),
    ("a line break in quotes", '"a\nb"', [["a\nb"]]),
    ("a quote within a name", 'disk5", o\'neil, a[0]', [['disk5"'], ["o'neil"], ["a[0]"]]),
    ("single quotes are letters", "'a'", [["'a'"]]),
    ("an empty name in quotes, which SQLite allows", '"".x', [["", "x"]]),
    ("letters of other alphabets", "顧客.名前,Ärzte", [["顧客", "名前"], ["Ärzte"]]),
    ("a comment is none", "a--b, c/*d", [["a--b"], ["c/*d"]]),
    ("semicolons", "a;b", [["a;b"]]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "parts"), [case[1:] for case in LISTS], ids=[case[0] for case in LISTS])
def test_a_list_of_names(text: str, parts: list[list[str]]) -> None:
    assert [[part for part, _ in name.parts] for name in listed_names(text)] == parts
    again = ", ".join(".".join(map(as_listed, name)) for name in parts)
    assert [[part for part, _ in name.parts] for name in listed_names(again)] == parts


UNREADABLE = [
    ("nothing", "", "a name is missing at the end of ''"),
    ("blanks", "  ", "a name is missing at the end of '  '"),
    ("nothing between commas", "a,,b", "a name is missing before ',b'"),
    ("a comma at the end", "a,", "a name is missing at the end of 'a,'"),
    ("a comma in front", ",a", "a name is missing before ',a'"),
    ("no column", "users.", "a name is missing at the end of 'users.'"),
    ("no table", ".x", "a name is missing before '.x'"),
    ("nothing between dots", "a..b", "a name is missing before '.b'"),
    ("a quote that is not closed", '"a,b', "the quote \" is not closed at the end of '\"a,b'"),
    ("one that ends in a doubled quote", '"a""', 'the quote " is not closed at the end of \'"a""\''),
    ("only a quote", 'a."', "the quote \" is not closed at the end of 'a.\"'"),
    ("a bracket", "[a, b", "the quote [ is not closed at the end of '[a, b'"),
    ("a backtick", "a, `b", "the quote ` is not closed at the end of 'a, `b'"),
    ("letters behind a quote", '"a"b', "a comma or dot is missing before 'b'"),
    ("a quoted name behind another", '"a" "b"', "a comma or dot is missing before '\"b\"'"),
    ("a bracket too many", "[a]]", "a comma or dot is missing before ']'"),
]


@pytest.mark.parametrize(("text", "message"), [u[1:] for u in UNREADABLE], ids=[u[0] for u in UNREADABLE])
def test_what_is_no_list_of_names(text: str, message: str) -> None:
    with pytest.raises(NameListError) as caught:
        listed_names(text)
    assert str(caught.value) == message


READINGS = [
    ("a table", "users", "users", ()),
    ("a table and its column", "a.b", "a.b", (("a", "b"),)),
    ("three names", "a.b.c", "a.b.c", (("a", "b.c"), ("a.b", "c"))),
    ("quoted it is one name", '"a.b"', "a.b", ()),
    ("a quoted table", '"a.b".c', None, (("a.b", "c"),)),
    ("a quoted column", 'a."b.c"', None, (("a", "b.c"),)),
    ("a table with a dot and a quoted column", 'a.b."c"', None, (("a.b", "c"),)),
    ("three quoted names are no column", '"a"."b"."c"', None, ()),
]


@pytest.mark.parametrize(("text", "name", "pairs"), [r[1:] for r in READINGS], ids=[r[0] for r in READINGS])
def test_ways_to_read_a_listed_name(text: str, name: str | None, pairs: tuple[tuple[str, str], ...]) -> None:
    (found,) = listed_names(text)
    assert (found.name, found.pairs) == (name, pairs)
