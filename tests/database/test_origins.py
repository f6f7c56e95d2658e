"""What is the schema's text and what the query's: double-quoted strings, and functions that SQLite does not have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from database_files import picture, run

from planner_cli.database import Database
from planner_cli.database.worker.query import in_backticks
from planner_cli.types import Row

VIEWS = """
CREATE TABLE c (name TEXT, p INTEGER, "odd ""name" TEXT, note TEXT DEFAULT "none", CHECK (name <> "never"));
INSERT INTO c VALUES ('Rome', 9, 'x', 'open'), ('Oslo', 2, 'y', 'closed');
CREATE INDEX part ON c (name) WHERE note = "open";
CREATE INDEX tail ON c (name || "!");
CREATE TABLE made (a TEXT, b TEXT AS (a || "?") STORED, d TEXT AS (a || "!"));
INSERT INTO made (a) VALUES ('z');
CREATE VIEW v AS SELECT name AS "City Name", CASE WHEN p > 5 THEN "big" ELSE "small" END size FROM c;
CREATE VIEW vv AS SELECT "City Name" AS "The City", size || "-" AS s FROM v WHERE size = "big";
CREATE VIEW united AS SELECT "first" AS "k k", p FROM c UNION ALL SELECT "second", p FROM c;
CREATE VIEW nested AS SELECT (SELECT max(name) FROM c WHERE note = "open") AS "top name";
CREATE VIEW grouped AS SELECT note AS "the note", group_concat(name, "; ") AS names FROM c GROUP BY note;
CREATE VIEW filled AS SELECT name AS "City Name" FROM c WHERE name <> "" AND note IS NOT "";
CREATE VIEW empty AS SELECT "" AS "no text", name || "" AS "City Name" FROM c;
CREATE TRIGGER t INSTEAD OF INSERT ON v BEGIN UPDATE c SET note = "z"; END;
"""
WITH_STRINGS: list[tuple[str, str, tuple[str, ...], tuple[Row, ...]]] = [
    # name, query, columns, rows
    ("a quoted name", 'SELECT "City Name" FROM v', ("City Name",), (("Rome",), ("Oslo",))),
    ("the string of the view", 'SELECT "size" FROM v', ("size",), (("big",), ("small",))),
    ("a view of the view", 'SELECT "The City", s FROM vv', ("The City", "s"), (("Rome", "big-"),)),
    ("an expression's name", 'SELECT "City Name" || 1 FROM v LIMIT 1', ('"City Name" || 1',), (("Rome1",),)),
    ("an alias", 'SELECT size AS "Size of it" FROM v AS "the view" WHERE "the view"."City Name" = \'Oslo\'', ("Size of it",), (("small",),)),
    ("union", 'SELECT "k k" FROM united WHERE "p" = 9', ("k k",), (("first",), ("second",))),
    ("subquery in a view", 'SELECT "top name" FROM nested', ("top name",), (("Rome",),)),
    ("an aggregate's separator", 'SELECT "names" FROM grouped WHERE "the note" = \'open\'', ("names",), (("Rome",),)),
    ("a quote in a name", 'SELECT "odd ""name", size FROM c JOIN v ON "City Name" = name ORDER BY p', ('odd "name', "size"), (("y", "small"), ("x", "big"))),
    ("a quote in a comment and a string", "SELECT \"City Name\" /* \"x */ FROM v WHERE size <> '\"big\"' LIMIT 1", ("City Name",), (("Rome",),)),
    ("own with", 'WITH "a b" AS (SELECT size FROM v) SELECT * FROM "a b" LIMIT 1', ("size",), (("big",),)),
    ("an empty string in a view", 'SELECT "City Name" FROM filled', ("City Name",), (("Rome",), ("Oslo",))),
    ("an empty string for a value", 'SELECT "no text", "City Name" FROM empty', ("no text", "City Name"), (("", "Rome"), ("", "Oslo"))),
    ("no quotes", "SELECT size FROM v", ("size",), (("big",), ("small",))),
    ("generated and indexed", 'SELECT "b", "d" FROM made', ("b", "d"), (("z?", "z!"),)),
    ("an index's expression", "SELECT name FROM c WHERE \"name\" || '!' = 'Rome!'", ("name",), (("Rome",),)),
    ("a partial index", "SELECT name FROM c WHERE name = 'Rome' AND \"note\" = 'open'", ("name",), (("Rome",),)),
]  # fmt: skip


def make(path: Path, sql: str) -> Path:
    """As an old program: double-quoted strings are taken, and there are functions of its own."""
    with apsw.Connection(str(path)) as old:
        old.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 1)
        old.config(apsw.SQLITE_DBCONFIG_DQS_DML, 1)
        for name in ("uuid_v7", "soundslike", "readfile"):
            old.create_scalar_function(name, lambda *_: "made", deterministic=True)
        run(old, sql)
    old.close()
    return path


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = make(tmp_path_factory.mktemp("views") / "a.db", VIEWS)
    before = picture(path.parent)
    with Database.open(path) as database:
        yield database
    assert picture(path.parent) == before


@pytest.mark.parametrize(("sql", "columns", "rows"), [w[1:] for w in WITH_STRINGS], ids=[w[0] for w in WITH_STRINGS])
def test_views_keep_their_strings(views: Database, sql: str, columns: tuple[str, ...], rows: tuple[Row, ...]) -> None:
    result = views.execute(sql)
    assert (result.error, result.columns, result.rows) == (None, columns, rows)


MISSPELT: list[tuple[str, str, str]] = [
    # name, query, error: never a string, whatever views are read
    ("of a view with strings", 'SELECT "Cty Name" FROM v', 'no such column: Cty Name; did you mean v."City Name"?'),
    ("beside a right one", 'SELECT "City Name", "Size of it" FROM v', "no such column: Size of it; did you mean the text 'Size of it'?"),
    ("a string of the view's", 'SELECT "City Name" FROM v WHERE size = "big"', "no such column: big; did you mean the text 'big'?"),
    ("of a table", 'SELECT "nme" FROM c', "no such column: nme; did you mean c.name?"),
    ("a text", 'SELECT name FROM c WHERE note = "open"', "no such column: open; did you mean the text 'open'?"),
    ("sorted by", 'SELECT size FROM v ORDER BY "Nothing"', "no such column: Nothing; did you mean the text 'Nothing'?"),
    ("in a subquery", 'SELECT (SELECT "x y" FROM v LIMIT 1)', "no such column: x y; did you mean the text 'x y'?"),
    ("empty", 'SELECT "" FROM filled', "no such column: ; did you mean the text ''?"),
    ("beside an empty string of the view's", 'SELECT "Cty Name" FROM filled', 'no such column: Cty Name; did you mean filled."City Name"?'),
    ("qualified", 'SELECT v."City" FROM v', "no such column: v.City"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "error"), [m[1:] for m in MISSPELT], ids=[m[0] for m in MISSPELT])
def test_a_name_of_the_query_is_never_a_string(views: Database, sql: str, error: str) -> None:
    result = views.execute(sql)
    assert (result.error_kind, result.error) == ("missing", error)
    assert result.rows == ()


BACKTICKS = [
    ("names", 'SELECT "a b"."c" FROM t', "SELECT `a b`.`c` FROM t"),
    ("doubled", 'SELECT "a""b`c"', 'SELECT `a"b``c`'),
    ("others stay", "SELECT 'x \"y\"', [\"z\"], `\"w\"` -- \"v\"", "SELECT 'x \"y\"', [\"z\"], `\"w\"` -- \"v\""),
    ("unclosed", 'SELECT "a', "SELECT `a`"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), [b[1:] for b in BACKTICKS], ids=[b[0] for b in BACKTICKS])
def test_in_backticks(sql: str, expected: str) -> None:
    assert in_backticks(sql) == expected


FUNCTIONS = """
CREATE TABLE users (id TEXT PRIMARY KEY DEFAULT (uuid_v7()), name TEXT);
INSERT INTO users (name) VALUES ('Ann');
CREATE TABLE files (id INTEGER PRIMARY KEY DEFAULT (random()), path TEXT DEFAULT (readfile('/etc/passwd')), n INTEGER);
INSERT INTO files VALUES (1, 'a', 5);
CREATE TABLE g (a TEXT, kept TEXT AS (soundslike(a)) STORED, made TEXT AS (soundslike(a)), d INTEGER, twice INTEGER AS (d * 2));
INSERT INTO g (a, d) VALUES ('x', 4);
CREATE INDEX by_sound ON users (soundslike(name));
CREATE INDEX some ON g (d) WHERE soundslike(a) = 'made';
CREATE TABLE checked (a TEXT CHECK (soundslike(a) = 'made'));
INSERT INTO checked VALUES ('ok');
CREATE VIEW all_of_g AS SELECT * FROM g;
CREATE VIEW listed_of_g AS SELECT a, g."made", d FROM g;
CREATE VIEW counted_of_g AS SELECT count(*) AS n FROM g WHERE made = 'x';
CREATE VIEW filled_of_g AS SELECT count(made) AS n FROM g;
CREATE VIEW cased_of_g AS SELECT a, CASE WHEN made = 'x' THEN 1 ELSE 0 END AS hit FROM g;
CREATE VIEW called_of_g AS SELECT a, coalesce(a, made, d) AS c FROM g;
CREATE VIEW sorted_of_g AS SELECT a FROM g ORDER BY a, made;
CREATE VIEW grouped_of_g AS SELECT made, d FROM g GROUP BY 1, 2;
CREATE VIEW renamed_of_g AS SELECT a, made AS sound FROM g;
CREATE VIEW none_of_g AS SELECT a FROM all_of_g WHERE made IS NULL;
CREATE VIEW heard AS SELECT soundslike(name) AS s FROM users;
CREATE TABLE risky (a TEXT PRIMARY KEY DEFAULT (load_extension('x')), b INTEGER);
INSERT INTO risky VALUES ('y', 1);
CREATE TABLE counted (a TEXT PRIMARY KEY DEFAULT (last_insert_rowid()), b TEXT DEFAULT (sqlite_source_id()) UNIQUE);
INSERT INTO counted VALUES ('a', 'b');
"""
READ: list[tuple[str, str, tuple[Row, ...], str]] = [
    # name, query, rows, column that is said to be empty
    ("default of a key", "SELECT id, name FROM users", (("made", "Ann"),), ""),
    ("by the key", "SELECT name FROM users WHERE id = 'made'", (("Ann",),), ""),
    ("default that would read a file", "SELECT path, n FROM files", (("a", 5),), ""),
    ("stored", "SELECT kept FROM g", (("made",),), ""),
    ("partial index", "SELECT a FROM g WHERE d = 4", (("x",),), ""),
    ("check", "SELECT * FROM checked", (("ok",),), ""),
    ("index on an expression", "SELECT name FROM users ORDER BY name", (("Ann",),), ""),
    ("everything", "SELECT * FROM g", (("x", "made", None, 4, 8),), "g.made"),
    ("everything, qualified", "SELECT g.*, users.name FROM g, users", (("x", "made", None, 4, 8, "Ann"),), "g.made"),
    ("everything of a view", "SELECT * FROM all_of_g WHERE d = 4", (("x", "made", None, 4, 8),), "g.made"),
    ("everything of a view that lists it", "SELECT * FROM listed_of_g", (("x", None, 4),), "g.made"),
    ("a view that lists it, without it", "SELECT a FROM listed_of_g", (("x",),), ""),
    ("everything in a subquery", "SELECT count(*) FROM (SELECT * FROM g)", ((1,),), ""),
    ("default of a function that is not for queries", "SELECT a, b FROM counted WHERE b = 'b'", (("a", "b"),), ""),
    ("another generated column", "SELECT twice FROM g", ((8,),), ""),
]  # fmt: skip


@pytest.fixture(scope="module")
def functions(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = make(tmp_path_factory.mktemp("functions") / "a.db", FUNCTIONS)
    before = picture(path.parent)
    with Database.open(path) as database:
        yield database
    assert picture(path.parent) == before


@pytest.mark.parametrize(("sql", "rows", "said"), [r[1:] for r in READ], ids=[r[0] for r in READ])
def test_what_no_function_is_needed_for_is_read(
    functions: Database, sql: str, rows: tuple[Row, ...], said: str
) -> None:
    result = functions.execute(sql)
    assert (result.error, result.rows) == (None, rows)
    assert result.notes == ((f"{said} is empty: it calls a function that SQLite does not have",) if said else ())


CALLED: list[tuple[str, str, str]] = [
    # name, query, kind of error
    ("unknown", "SELECT soundslike('x')", "missing"),
    ("unknown, of the default", "SELECT uuid_v7()", "missing"),
    ("the column that calls it", "SELECT made FROM g", "missing"),
    ("in a condition", "SELECT a FROM g WHERE made = 'x'", "missing"),
    ("through a view", "SELECT made FROM all_of_g", "missing"),
    ("a view that compares it", "SELECT * FROM counted_of_g", "missing"),
    ("a view that counts it", "SELECT n FROM filled_of_g", "missing"),
    ("a view with a case of it", "SELECT * FROM cased_of_g", "missing"),
    ("a view that calls with it", "SELECT * FROM called_of_g", "missing"),
    ("a view that sorts by it", "SELECT * FROM sorted_of_g", "missing"),
    ("a view that groups by it", "SELECT * FROM grouped_of_g", "missing"),
    ("a view that renames it", "SELECT * FROM renamed_of_g", "missing"),
    ("a view of a view", "SELECT * FROM none_of_g", "missing"),
    ("a view that calls it", "SELECT s FROM heard", "missing"),
    ("readfile", "SELECT readfile('/etc/passwd')", "missing"),
    ("writefile", "SELECT writefile('/tmp/x', 'x')", "missing"),
    ("edit", "SELECT edit('x')", "missing"),
    ("load_extension", "SELECT load_extension('x')", "refused"),
    ("load_extension, in capitals", "SELECT LOAD_EXTENSION('x', 'y')", "refused"),
    ("fts3_tokenizer", "SELECT fts3_tokenizer('simple')", "refused"),
    ("sqlite_log", "SELECT sqlite_log(1, 'x')", "refused"),
    ("rtreecheck", "SELECT rtreecheck('x')", "refused"),
    ("internal", "SELECT sqlite_rename_quotefix('main', 'x')", "refused"),
    ("internal, without its mark", "SELECT affinity(a) FROM g", "refused"),
    ("what a default may call", "SELECT last_insert_rowid() FROM counted", "refused"),
    ("in quotes and capitals", 'SELECT "Sqlite_Source_Id" (), a FROM counted', "refused"),
    ("beside a default of that name", "SELECT path, readfile('x') FROM files", "missing"),
    ("beside a star", "SELECT *, soundslike(a) FROM g", "missing"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "kind"), [c[1:] for c in CALLED], ids=[c[0] for c in CALLED])
def test_what_a_query_calls_is_refused_as_ever(functions: Database, sql: str, kind: str) -> None:
    assert functions.execute(sql).error_kind == kind


def test_samples_and_what_is_left_out(functions: Database) -> None:
    tables = {table.name: table for table in functions.schema.tables}
    assert [column.samples for column in tables["users"].columns] == [("made",), ("Ann",)]
    assert [column.name for column in tables["g"].columns] == ["a", "kept", "d", "twice"]
    assert [column.samples for column in tables["g"].columns] == [("x",), ("made",), (4,), (8,)]
    (note,) = functions.notes
    assert "g.made: unknown function: soundslike()" in note
    assert "heard: no such function: soundslike" in note
    with Database.open(functions.path, redact=["g.made", "g.kept"]) as redacted:
        assert redacted.execute("SELECT * FROM g").rows == (("x", None, None, 4, None),)
