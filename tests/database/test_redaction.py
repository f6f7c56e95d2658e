"""A redacted column reads as NULL, whatever way a query takes to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest
from database_files import build, picture

from planner_cli.database import Database, redaction
from planner_cli.errors import DatabaseError

SECRET = "zebra"
FILE = f"""
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, "e.mail" TEXT, shout TEXT AS (upper("e.mail")) STORED,
                     half TEXT AS (substr("e.mail", 2)) VIRTUAL);
INSERT INTO people (id, name, "e.mail") VALUES (1, 'Ann', '{SECRET}'), (2, 'Bob', '{SECRET}2'), (3, 'Cy', NULL);
CREATE INDEX by_mail ON people ("e.mail");
CREATE VIEW contacts AS SELECT name, "e.mail" AS address FROM people;
CREATE TABLE ids (secret INTEGER PRIMARY KEY, x);
INSERT INTO ids VALUES (4711, 1);
CREATE TABLE flat (k TEXT PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO flat VALUES ('{SECRET}', 1);
CREATE VIRTUAL TABLE notes USING fts5(body);
INSERT INTO notes VALUES ('{SECRET} sings');
CREATE TABLE single (only_one TEXT);
INSERT INTO single VALUES ('{SECRET}');
CREATE VIRTUAL TABLE words USING fts5vocab(notes, 'row');
CREATE VIRTUAL TABLE index_of_people USING fts5("e.mail", content='people', content_rowid='id');
CREATE TABLE notes_archive (a);
INSERT INTO notes_archive VALUES (1);
CREATE VIRTUAL TABLE notes2 USING fts5(body);
INSERT INTO notes2 VALUES ('hello');
ANALYZE;
"""
REDACTED = ("People.e.Mail", "ids.secret", "flat.k", "notes.body", "single.only_one")


@pytest.fixture(scope="module")
def redacted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = build(tmp_path_factory.mktemp("redacted") / "a.db", FILE)
    before = picture(path.parent)
    with Database.open(path, redact=REDACTED) as database:
        yield database
    assert picture(path.parent) == before


@pytest.fixture(scope="module")
def plain(redacted: Database) -> Iterator[Database]:
    """The same file, of which nothing is redacted."""
    with Database.open(redacted.path) as database:
        yield database


WAYS = [
    # name, query, rows (None: refused)
    ("plain", 'SELECT "e.mail" FROM people', ((None,),) * 3),
    ("star", "SELECT * FROM people WHERE id = 1", ((1, "Ann", None, None, None),)),
    ("expression", """SELECT 'x' || "e.mail", typeof("e.mail"), length("e.mail") FROM people WHERE id = 1""", ((None, "null", None),)),
    ("condition", """SELECT name FROM people WHERE "e.mail" LIKE 'z%'""", ()),
    ("presence", 'SELECT count("e.mail") FROM people WHERE "e.mail" IS NOT NULL', ((0,),)),
    ("aggregate", 'SELECT max("e.mail"), group_concat("e.mail") FROM people', ((None, None),)),
    ("distinct", 'SELECT count(*) FROM (SELECT DISTINCT "e.mail" FROM people)', ((1,),)),
    ("order", 'SELECT name FROM people ORDER BY "e.mail" DESC, id', (("Ann",), ("Bob",), ("Cy",))),
    ("window", 'SELECT first_value("e.mail") OVER (ORDER BY id) FROM people LIMIT 1', ((None,),)),
    ("subquery", 'SELECT (SELECT p."e.mail" FROM people p WHERE p.id = q.id) FROM people q WHERE id = 1', ((None,),)),
    ("alias", 'WITH a(x) AS (SELECT "e.mail" FROM people) SELECT max(x) FROM a', ((None,),)),
    ("join by condition", 'SELECT count(*) FROM people a JOIN people b ON a."e.mail" = b."e.mail"', ((0,),)),
    ("join using", 'SELECT count(*) FROM people a JOIN people b USING (id, "E.Mail")', None),
    ("join with guesses", """SELECT x FROM people JOIN (SELECT 'zebra' AS "e.mail", 1 AS x) USING/**/([e.mail])""", None),
    ("join with a string for a name", "SELECT count(*) FROM people a JOIN people b USING ('e.mail')", None),
    ("natural join with guesses", """SELECT x FROM people NATURAL JOIN (SELECT 'zebra' AS "e.mail", 1 AS x)""", None),
    ("in a table", "SELECT 4711 IN (SELECT secret FROM ids), 'zebra' IN single", ((None, None),)),
    ("row value", "SELECT (k, v) = ('zebra', 1) FROM flat", ((None,),)),
    ("except", "SELECT * FROM single EXCEPT SELECT NULL", ()),
    ("words of an index", "SELECT term FROM words", None),
    ("an index of its content", "SELECT * FROM index_of_people", None),
    ("view", "SELECT address FROM contacts WHERE name = 'Ann'", ((None,),)),
    ("view, star", "SELECT * FROM contacts WHERE name = 'Ann'", (("Ann", None),)),
    ("stored generated column", "SELECT shout FROM people WHERE id = 1", ((None,),)),
    ("virtual generated column", "SELECT half FROM people WHERE id = 1", ((None,),)),
    ("covering index", 'SELECT "e.mail" FROM people INDEXED BY by_mail', ((None,),) * 3),
    ("rowid", "SELECT rowid, oid, _rowid_, secret FROM ids", ((None,) * 4,)),
    ("key of a table without rowid", "SELECT k, v FROM flat", ((None, 1),)),
    ("json", "SELECT json_group_array(secret) FROM ids", (("[null]",),)),
    ("statistics", "SELECT count(stat) FROM sqlite_stat1", ((0,),)),
    ("fts", "SELECT body FROM notes", None),
    ("fts, match", "SELECT rowid FROM notes WHERE notes MATCH 'zebra'", None),
    ("fts, highlight", "SELECT highlight(notes, 0, '', '') FROM notes", None),
    ("fts, count", "SELECT count(*) FROM notes", None),
    ("fts content", "SELECT c0 FROM notes_content", None),
    ("fts data", "SELECT hex(block) FROM notes_data", None),
    ("a table that only looks like a part of the index", "SELECT a FROM notes_archive", ((1,),)),
    ("an index of another table", "SELECT body FROM notes2", (("hello",),)),
    ("the others", "SELECT name FROM people", (("Ann",), ("Bob",), ("Cy",))),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), [w[1:] for w in WAYS], ids=[w[0] for w in WAYS])
def test_ways_to_a_value(redacted: Database, sql: str, rows: tuple[object, ...] | None) -> None:
    result = redacted.execute(sql)
    if rows is None:
        assert result.error_kind == "refused", result
        assert "redacted" in (result.error or "")
    else:
        assert (result.error, result.rows) == (None, rows)
    assert SECRET not in repr((result.rows, result.error if "USING" not in sql else "")).lower()


@pytest.mark.parametrize(
    "sql", [w[1] for w in WAYS if not w[0].startswith(("the others", "a table that", "an index of another"))]
)
def test_the_ways_lead_there_without_redaction(redacted: Database, plain: Database, sql: str) -> None:
    """The control: each of these queries says something else when nothing is redacted."""
    found = plain.execute(sql)
    assert found.ok, found
    assert found.rows != redacted.execute(sql).rows


def test_samples_and_suggestions_hold_nothing(redacted: Database) -> None:
    assert SECRET not in repr(redacted.schema).lower()
    assert "4711" not in repr(redacted.schema)
    assert "Ann" in repr(redacted.schema)


def test_errors_do_not_quote_it(redacted: Database) -> None:
    result = redacted.execute("""SELECT json_extract('{}', "e.mail" || '(') FROM people""")
    assert SECRET not in repr(result)
    result = redacted.execute("""SELECT json_extract('{}', name || '(') FROM people""")  # the control
    assert "Ann" in repr(result)


def test_it_holds_after_an_error_and_a_killed_worker(redacted: Database) -> None:
    assert not redacted.execute("SELECT nothing FROM people").ok
    assert redacted.execute('SELECT max("e.mail") FROM people').rows == ((None,),)
    redacted._link.close()
    assert redacted.execute('SELECT max("e.mail") FROM people').rows == ((None,),)


def test_text_that_is_no_unicode_is_redacted_too(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db", "CREATE TABLE t (a TEXT, b TEXT)")
    with apsw.Connection(str(path)) as connection:
        connection.execute("INSERT INTO t VALUES (CAST(x'7a65ff' AS TEXT), CAST(x'6fff' AS TEXT))")
    connection.close()
    with Database.open(path, redact=["t.a"]) as database:
        assert database.execute("SELECT a, b FROM t").rows == ((None, "o\ufffd"),)


QUOTED = """
CREATE TABLE "a,b" ("c.d" TEXT, "e,f" TEXT, "g""h" TEXT, " i " TEXT, plain TEXT);
INSERT INTO "a,b" VALUES ('cd', 'ef', 'gh', 'i', 'plain');
CREATE TABLE "a.b" (c TEXT, d TEXT);
INSERT INTO "a.b" VALUES ('c', 'd');
CREATE TABLE a ("b.c" TEXT, "[x]" TEXT);
INSERT INTO a VALUES ('bc', 'x');
"""

QUOTED_WAYS = [
    # name, redacted, query, rows
    ("comma and dot", ['"a,b"."c.d"'], 'SELECT "c.d", "e,f" FROM "a,b"', ((None, "ef"),)),
    ("commas, in brackets", ["[A,b].[E,F]"], 'SELECT "c.d", "e,f" FROM "a,b"', (("cd", None),)),
    ("a quote in a name", ['"a,b"."g""h"'], 'SELECT "g""h", plain FROM "a,b"', ((None, "plain"),)),
    ("blanks at the ends", ['"a,b"." i "'], 'SELECT " i ", plain FROM "a,b"', ((None, "plain"),)),
    ("backticks beside none", ["`a,b`.plain"], 'SELECT " i ", plain FROM "a,b"', (("i", None),)),
    ("a list", ['"a,b"."c.d", "a,b".plain'], 'SELECT "c.d", "e,f", plain FROM "a,b"', ((None, "ef", None),)),
    ("unquoted dots are read in every way", ["a.b.c"], 'SELECT a."b.c", x.c, x.d FROM a, "a.b" x', ((None, None, "d"),)),
    ("quoted ones in one", ['"a.b".c'], 'SELECT a."b.c", x.c, x.d FROM a, "a.b" x', (("bc", None, "d"),)),
    ("and in the other", ['a."b.c"'], 'SELECT a."b.c", x.c, x.d FROM a, "a.b" x', ((None, "c", "d"),)),
    ("brackets in a name", ['a."[x]"'], 'SELECT "[x]", "b.c" FROM a', ((None, "bc"),)),
]  # fmt: skip


@pytest.mark.parametrize(("redact", "sql", "rows"), [w[1:] for w in QUOTED_WAYS], ids=[w[0] for w in QUOTED_WAYS])
def test_names_in_quotes(tmp_path: Path, redact: list[str], sql: str, rows: tuple[object, ...]) -> None:
    with Database.open(build(tmp_path / "quoted.db", QUOTED), redact=redact) as database:
        assert database.execute(sql).rows == rows


HELP = [
    ("a column that is not there", '"a,b".x', '"a,b" has "c.d", "e,f", g"h, " i ", plain'),
    ("no table", '"x,y".z', 'it has "a,b", "a.b", a'),
    ("one of a list", 'a."b.c", a.x', 'a has "b.c", "[x]"'),
]


@pytest.mark.parametrize(("text", "hint"), [h[1:] for h in HELP], ids=[h[0] for h in HELP])
def test_the_hint_spells_names_as_they_can_be_given(opened: Callable[..., Database], text: str, hint: str) -> None:
    path, schema = (database := opened(QUOTED, ())).path, database.schema
    with pytest.raises(DatabaseError, match="no column") as caught:
        redaction.check([text], schema, path)
    assert (caught.value.hint or "").endswith(hint)


@pytest.mark.parametrize("text", ["people.", ".x", "", 'people."name', "people.name,"])
def test_what_cannot_be_read_is_an_error(redacted: Database, text: str) -> None:
    with pytest.raises(DatabaseError, match="what to redact cannot be read: ") as caught:
        redaction.check([text], redacted.schema, redacted.path)
    assert "in quotes" in (caught.value.hint or "")
    assert repr(text) in caught.value.message


WRONG = ["people", "people.mail", "nobody.mail"]


@pytest.mark.parametrize("text", WRONG)
def test_a_name_that_is_not_there_is_an_error(redacted: Database, text: str) -> None:
    with pytest.raises(DatabaseError, match="no column") as caught:
        Database.open(redacted.path, redact=[text])
    assert caught.value.hint
    assert repr(text) in caught.value.message


NEAR = [
    # name, text, what the hint says
    ("a letter left out", "people.nme", "people.name"),
    ("letters in the wrong order", "people.naem", "people.name"),
    ("the plural of the table", "person.name", "people.name"),
    ("the column alone", "secret", "ids.secret"),
    ("the column alone, misspelt", "secrt", "ids.secret"),
    ("a dot in a name", "people.e.mial", 'people."e.mail"'),
    ("a hyphen for a dot", "people.e-mail", 'people."e.mail"'),
    ("another table's column", "single.only_on", "single.only_one"),
    ("a view", "contacts.adress", "contacts.address"),
    ("nothing near, a table", "people.zzzzzzzzzzz", 'people has id, name, "e.mail"'),
    ("nothing near", "qqqqq.zzzz", "give TABLE.COLUMN"),
]


@pytest.mark.parametrize(("text", "hint"), [n[1:] for n in NEAR], ids=[n[0] for n in NEAR])
def test_the_nearest_column_is_named(redacted: Database, text: str, hint: str) -> None:
    with pytest.raises(DatabaseError, match="no column") as caught:
        redaction.check([text], redacted.schema, redacted.path)
    assert hint in (caught.value.hint or "")


def test_readings() -> None:
    assert redaction.readings("A.b.C") == (("a", "b.c"), ("a.b", "c"))
    assert redaction.readings("a") == ()


TWINS = """
CREATE TABLE T (É TEXT, é TEXT, "Ä b" TEXT);
INSERT INTO T VALUES ('big', 'small', 'umlaut');
CREATE TABLE Ä (x TEXT);
INSERT INTO Ä VALUES ('big');
CREATE TABLE ä (x TEXT);
INSERT INTO ä VALUES ('small');
CREATE VIRTUAL TABLE Ö USING fts5(body);
INSERT INTO Ö VALUES ('big');
CREATE TABLE ö_content (x TEXT);
INSERT INTO ö_content VALUES ('small');
CREATE TABLE "ſqlite_stat1" (x TEXT);
INSERT INTO "ſqlite_stat1" VALUES ('a table as others');
"""
"""Names that differ in letters which SQLite does not fold."""

TWIN_WAYS = [
    # name, redacted, query, rows (None: refused)
    ("the column", "t.É", "SELECT É FROM T", ((None,),)),
    ("its twin", "t.É", "SELECT é FROM T", (("small",),)),
    ("the twin alone", "T.é", "SELECT É, é FROM T", (("big", None),)),
    ("ASCII beside it is folded", "T.Ä B", 'SELECT "Ä b" FROM T', ((None,),)),
    ("of a table", "Ä.x", "SELECT x FROM Ä", ((None,),)),
    ("of its twin", "Ä.x", "SELECT x FROM ä", (("small",),)),
    ("an index", "Ö.body", "SELECT * FROM Ö", None),
    ("what only looks like a part of the index", "Ö.body", "SELECT x FROM ö_content", (("small",),)),
    ("what only looks like statistics", "T.é", "SELECT x FROM ſqlite_stat1", (("a table as others",),)),
    ("joined by its twin", "T.É", "SELECT count(*) FROM T a JOIN T b USING (é)", ((1,),)),
    ("joined by itself", "T.é", "SELECT count(*) FROM T a JOIN T b USING (é)", None),
]


@pytest.mark.parametrize(("redact", "sql", "rows"), [w[1:] for w in TWIN_WAYS], ids=[w[0] for w in TWIN_WAYS])
def test_names_that_only_sqlite_tells_apart(
    opened: Callable[..., Database], redact: str, sql: str, rows: tuple[object, ...] | None
) -> None:
    result = opened(TWINS, (redact,)).execute(sql)
    assert result.rows == (rows or ())
    assert result.error_kind == (None if rows else "refused"), result


def test_a_twin_is_no_column(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"no column 'Ä\.É'"):
        Database.open(build(tmp_path / "twins.db", TWINS), redact=["Ä.É"])
