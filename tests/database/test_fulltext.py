"""Full-text and other virtual tables: views over them, the tables they keep their content in, and what is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from database_files import build, hack_schema, picture

from planner_cli.database import Database, shadows
from planner_cli.errors import DatabaseError

FILE = """
CREATE TABLE posts_content (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
INSERT INTO posts_content VALUES (1, 'Greeting', 'hello world'), (2, 'Other', 'nothing here');
CREATE VIRTUAL TABLE posts USING fts5(title, body, content='posts_content', content_rowid='id');
INSERT INTO posts(posts) VALUES ('rebuild');
CREATE VIRTUAL TABLE mails USING fts4(subject, body);
INSERT INTO mails VALUES ('Lunch', 'hello at noon'), ('Report', 'numbers');
CREATE VIRTUAL TABLE old USING fts3(body);
INSERT INTO old VALUES ('hello old world');
CREATE VIRTUAL TABLE boxes USING rtree(id, low, high);
INSERT INTO boxes VALUES (1, 2, 3);
CREATE VIRTUAL TABLE shapes USING geopoly(name);
INSERT INTO shapes (_shape, name) VALUES ('[[0,0],[2,0],[2,2],[0,2],[0,0]]', 'square');
CREATE VIEW v_match AS SELECT title FROM posts WHERE posts MATCH 'hello';
CREATE VIEW v_snippet AS SELECT snippet(posts, 1, '<', '>', '..', 5) AS part, rank FROM posts WHERE posts MATCH 'hello' ORDER BY rank;
CREATE VIEW v_highlight AS SELECT highlight(posts, 1, '[', ']') AS marked FROM posts('hello');
CREATE VIEW v_bm25 AS SELECT title, bm25(posts) < 0 AS found FROM posts WHERE posts MATCH 'hello';
CREATE VIEW v_fts4 AS SELECT subject, offsets(mails) AS places FROM mails WHERE body MATCH 'hello';
CREATE VIEW v_matchinfo AS SELECT hex(matchinfo(mails, 'n')) AS n FROM mails WHERE mails MATCH 'hello';
CREATE VIEW v_fts3 AS SELECT snippet(old) AS part FROM old WHERE old MATCH 'hello';
CREATE VIEW v_of_view AS SELECT count(*) AS c FROM v_match;
CREATE VIEW v_joined AS SELECT c.body FROM posts JOIN posts_content AS c ON c.id = posts.rowid WHERE posts MATCH 'world';
CREATE VIEW v_rtree AS SELECT id FROM boxes WHERE low < 5;
CREATE VIEW v_geopoly AS SELECT name, geopoly_area(_shape) AS area FROM shapes;
"""
VIEWS: list[tuple[str, tuple[tuple[object, ...], ...]]] = [
    # name of the view, its rows
    ("v_match", (("Greeting",),)),
    ("v_highlight", (("[hello] world",),)),
    ("v_bm25", (("Greeting", 1),)),
    ("v_fts4", (("Lunch", "1 0 0 5"),)),
    ("v_matchinfo", (("02000000",),)),
    ("v_fts3", (("<b>hello</b> old world",),)),
    ("v_of_view", ((1,),)),
    ("v_joined", (("hello world",),)),
    ("v_rtree", ((1,),)),
    ("v_geopoly", (("square", 4.0),)),
]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = build(tmp_path_factory.mktemp("texts") / "a.db", FILE)
    before = picture(path.parent)
    with Database.open(path) as database:
        yield database
    assert picture(path.parent) == before


@pytest.mark.parametrize(("view", "rows"), VIEWS, ids=[v[0] for v in VIEWS])
def test_views_over_virtual_tables(texts: Database, view: str, rows: tuple[tuple[object, ...], ...]) -> None:
    result = texts.execute(f"SELECT * FROM {view}")
    assert (result.error, result.rows) == (None, rows)
    (table,) = texts.schema.select((view,)).tables
    assert table.columns[0].samples == (rows[0][0],)


def test_nothing_readable_is_left_out(texts: Database) -> None:
    names = [table.name for table in texts.schema.tables]
    assert names[:6] == ["posts_content", "posts", "mails", "old", "boxes", "shapes"]
    assert len(names) == 6 + 11
    assert texts.notes == ()
    assert {left.name for left in texts.schema.left_out} >= {"posts_data", "mails_content", "old_content", "boxes_node"}


REFUSED = [
    # what views must never do, although full-text functions may be in them
    ("tokenizer", "SELECT fts3_tokenizer('simple')"),
    ("load_extension", "SELECT load_extension('x')"),
    ("optimize", "SELECT optimize(mails) FROM mails"),
    ("pragma", "SELECT * FROM pragma_database_list"),
    ("rtreecheck", "SELECT rtreecheck('boxes')"),
    ("log", "SELECT sqlite_log(1, 'x')"),
    ("pointer", "SELECT fts5(NULL)"),
    ("statistics", "SELECT * FROM dbstat"),
]


@pytest.mark.parametrize(("number", "body"), list(enumerate(r[1] for r in REFUSED)), ids=[r[0] for r in REFUSED])
def test_views_get_no_other_function(opened: Callable[..., Database], number: int, body: str) -> None:
    views = "".join(f"; CREATE VIEW bad{at} AS {refused}" for at, (_, refused) in enumerate(REFUSED))
    database = opened(FILE + views, ())
    assert database.execute(f"SELECT * FROM bad{number}").error_kind in ("refused", "missing")
    assert database.execute(body).error_kind in ("refused", "missing")


LEFT_OUT = [
    # name, statements, what is left out, words of the reason
    ("missing table", "CREATE VIEW x AS SELECT * FROM nowhere", "x", "no such table"),
    ("missing column", "CREATE VIEW x AS SELECT good.absent FROM good", "x", "no such column"),
    ("unknown function", "CREATE VIEW x AS SELECT soundslike(a) FROM good", "x", "no such function: soundslike"),
    ("unknown module", "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, 'CREATE VIRTUAL TABLE x USING vec0(a)')", "x", "no such module: vec0"),
    ("unknown tokenizer", "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, 'CREATE VIRTUAL TABLE x USING fts3(a, tokenize=mine)')", "x", "unknown tokenizer"),
    ("unsafe", "CREATE VIEW x AS SELECT fts3_tokenizer('simple') AS a", "x", "unsafe use of fts3_tokenizer"),
    ("a circle", "CREATE VIEW x AS SELECT * FROM y; CREATE VIEW y AS SELECT * FROM x", "x", "circularly defined"),
    ("a view of such a view", "CREATE VIEW y AS SELECT * FROM nowhere; CREATE VIEW x AS SELECT * FROM y", "x", "no such table"),
    ("view of a vocabulary", "CREATE VIRTUAL TABLE f USING fts5(a); CREATE VIRTUAL TABLE w USING fts5vocab(f, row); CREATE VIEW x AS SELECT * FROM w", "x", "unsafe use of virtual table"),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "name", "words"), [c[1:] for c in LEFT_OUT], ids=[c[0] for c in LEFT_OUT])
def test_what_is_left_out_is_said(tmp_path: Path, sql: str, name: str, words: str) -> None:
    path = build(tmp_path / "a.db", "CREATE TABLE good (a); INSERT INTO good VALUES (1)")
    hack_schema(path, sql)
    with Database.open(path) as database:
        assert name not in [table.name for table in database.schema.tables]
        (reason,) = [left.reason for left in database.schema.left_out if left.name == name]
        assert words in reason
        (note,) = database.notes
        assert f"{name}: {reason}" in note
        assert database.execute("SELECT a FROM good").rows == ((1,),)


def test_many_are_counted(tmp_path: Path) -> None:
    path = build(
        tmp_path / "a.db",
        "CREATE TABLE t (a);" + ";".join(f"CREATE VIEW v{n} AS SELECT * FROM nowhere" for n in range(9)),
    )
    with Database.open(path) as database:
        (note,) = database.notes
        assert "v4: no such table" in note
        assert "v5" not in note
        assert note.endswith("and 4 more")


SHADOWS = [
    # name, module and arguments, shadow tables by suffix
    ("fts5", "fts5(a)", "data idx config docsize content"),
    ("fts5, external content", "fts5(a, content='x_content', content_rowid=id)", "data idx config docsize"),
    ("fts5, double quotes", 'fts5(a, content="x_content")', "data idx config docsize"),
    ("fts5, brackets and blanks", "fts5(a, content = [x_content])", "data idx config docsize"),
    ("fts5, a plain name", "fts5(a, CONTENT=x_content)", "data idx config docsize"),
    ("fts5, short for content", "fts5(a, cont='x_content')", "data idx config docsize"),
    ("fts5, without content", "fts5(a, content='')", "data idx config docsize"),
    ("fts5, without content but for columns", "fts5(a, b UNINDEXED, content='', contentless_unindexed=1)", "data idx config docsize content"),
    ("fts5, without sizes", "fts5(a, columnsize=0)", "data idx config content"),
    ("fts5, commas in an option", "fts5(a, tokenize=\"unicode61 separators ',content=x'\")", "data idx config docsize content"),
    ("fts4", "fts4(a)", "segments segdir stat docsize content"),
    ("fts4, external content", 'fts4(content="x_content", a)', "segments segdir stat docsize"),
    ("fts4, without content", 'fts4(content="", a)', "segments segdir stat docsize"),
    ("fts4, matchinfo", "fts4(a, matchinfo=fts3)", "segments segdir stat content"),
    ("fts3", "fts3(a)", "segments segdir content"),
    ("fts3 has no such option", "fts3(a, content=b)", "segments segdir content"),
    ("rtree", "rtree(id, a, b)", "node parent rowid"),
    ("rtree of integers", "rtree_i32(id, a, b, +c)", "node parent rowid"),
    ("geopoly", "geopoly(a)", "node parent rowid"),
    ("vocabulary", "fts5vocab(f, 'row')", ""),
]  # fmt: skip


@pytest.mark.parametrize(("module", "suffixes"), [s[1:] for s in SHADOWS], ids=[s[0] for s in SHADOWS])
def test_shadow_tables_are_those_that_sqlite_makes(tmp_path: Path, module: str, suffixes: str) -> None:
    sql = f"CREATE VIRTUAL TABLE x USING {module}"
    expected = {f"x_{suffix}" for suffix in suffixes.split()}
    assert set(shadows.names("X", sql)) == expected
    its_own = "" if "x_content" in expected else "CREATE TABLE x_content (id INTEGER PRIMARY KEY, a, b);"
    path = build(tmp_path / "a.db", f"CREATE VIRTUAL TABLE f USING fts5(a); {its_own} {sql}")
    with Database.open(path) as database:
        made = {left.name for left in database.schema.left_out if left.name.startswith("x")}
        assert made == expected
        assert ("x_content" in [table.name for table in database.schema.tables]) == bool(its_own)


SECRETS = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, note TEXT);
INSERT INTO people VALUES (1, 'Ann', 'zebra one'), (2, 'Bob', 'zebra two');
CREATE VIRTUAL TABLE idx USING fts5(note, content='people', content_rowid='id');
INSERT INTO idx(idx) VALUES ('rebuild');
CREATE VIRTUAL TABLE idx_words USING fts5vocab(idx, 'row');
CREATE VIEW people_view AS SELECT id, name, note FROM people;
CREATE VIEW them AS SELECT * FROM people_view;
CREATE VIRTUAL TABLE seen USING fts5(name, note, content='them', content_rowid='id');
INSERT INTO seen(seen) VALUES ('rebuild');
CREATE VIRTUAL TABLE seen_words USING fts5vocab(seen, 'row');
CREATE VIRTUAL TABLE seen4 USING fts4(content="people_view", note);
INSERT INTO seen4(docid, note) SELECT id, note FROM people;
CREATE TABLE posts_content (id INTEGER PRIMARY KEY, title TEXT, body TEXT);
INSERT INTO posts_content VALUES (1, 'Greeting', 'zebra hello');
CREATE VIRTUAL TABLE posts USING fts5(title, body, content='posts_content', content_rowid='id');
INSERT INTO posts(posts) VALUES ('rebuild');
CREATE VIRTUAL TABLE mails USING fts4(body);
INSERT INTO mails VALUES ('zebra mail');
CREATE VIRTUAL TABLE mail_terms USING fts4aux(mails);
CREATE TABLE mails_content_list (a); INSERT INTO mails_content_list VALUES (1);
CREATE VIEW found AS SELECT body FROM posts WHERE posts MATCH 'zebra';
CREATE VIEW listed AS SELECT title, body FROM posts_content;
"""
HIDDEN = [
    # name, what is redacted, query, rows (None: refused)
    ("the content table", "posts_content.body", "SELECT * FROM posts_content", ((1, "Greeting", None),)),
    ("a view of it", "posts_content.body", "SELECT * FROM listed", (("Greeting", None),)),
    ("the index over it", "posts_content.body", "SELECT * FROM posts", None),
    ("its shadow tables", "posts_content.body", "SELECT hex(block) FROM posts_data", None),
    ("a view of the index", "posts_content.body", "SELECT * FROM found", None),
    ("the content of a redacted index", "posts.body", "SELECT * FROM posts_content", ((1, "Greeting", None),)),
    ("a redacted index", "posts.body", "SELECT snippet(posts, 1, '', '', '', 9) FROM posts WHERE posts MATCH 'hello'", None),
    ("words of an index of a table", "people.note", "SELECT term FROM idx_words", None),
    ("an index of a table", "people.note", "SELECT note FROM idx", None),
    ("an index of a view of a view", "people.note", "SELECT rowid FROM seen WHERE seen MATCH 'zebra'", None),
    ("its shadow tables", "people.note", "SELECT hex(block) FROM seen_data", None),
    ("its words", "people.note", "SELECT term FROM seen_words", None),
    ("an older index of a view", "people.note", "SELECT docid FROM seen4 WHERE seen4 MATCH 'zebra'", None),
    ("the view itself", "people.note", "SELECT * FROM people_view", ((1, "Ann", None), (2, "Bob", None))),
    ("another name's content", "idx.note", "SELECT name, note FROM people", (("Ann", None), ("Bob", None))),
    ("real shadow tables", "mails.body", "SELECT c0body FROM mails_content", None),
    ("segments", "mails.body", "SELECT hex(root) FROM mails_segdir", None),
    ("terms", "mails.body", "SELECT term FROM mail_terms", None),
    ("a table that only has such a name", "mails.body", "SELECT a FROM mails_content_list", ((1,),)),
    ("the others", "mails.body", "SELECT body FROM posts", (("zebra hello",),)),
]  # fmt: skip


@pytest.mark.parametrize(("column", "sql", "rows"), [h[1:] for h in HIDDEN], ids=[h[0] for h in HIDDEN])
def test_redaction_of_indexes_and_their_content(
    opened: Callable[..., Database], column: str, sql: str, rows: tuple[object, ...] | None
) -> None:
    database = opened(SECRETS, (column,))
    result = database.execute(sql)
    if rows is None:
        assert result.error_kind == "refused", result
        assert "zebra" not in repr(result)
    else:
        assert (result.error, result.rows) == (None, rows)
    (redacted,) = database.schema.select((column.partition(".")[0],)).tables
    assert "zebra" not in repr(redacted)


UNREADABLE = [
    # name, its text, the table it keeps its content in
    ("a tokenizer", "CREATE VIRTUAL TABLE x USING fts4(a, tokenize=icu de_AT)", "x_content"),
    ("another tokenizer", "CREATE VIRTUAL TABLE x USING fts5(a, tokenize='trigrams')", "x_content"),
    ("a module", "CREATE VIRTUAL TABLE x USING vec0(a float[3])", None),
    ("another module", "CREATE VIRTUAL TABLE x USING VirtualShape('towns', 'UTF-8', 4326)", None),
    ("a module without arguments", "CREATE VIRTUAL TABLE x USING spellfix1", None),
    ("a module in quotes", 'CREATE VIRTUAL TABLE "x" USING "VirtualSpatialIndex"()', None),
]


@pytest.mark.parametrize(("sql", "content"), [u[1:] for u in UNREADABLE], ids=[u[0] for u in UNREADABLE])
def test_a_column_of_what_cannot_be_read_is_redacted_too(tmp_path: Path, sql: str, content: str | None) -> None:
    path = build(tmp_path / "a.db", "CREATE TABLE x_content (c0a); INSERT INTO x_content VALUES ('zebra')")
    text = sql.replace("'", "''")
    hack_schema(path, f"INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 0, '{text}'); CREATE TABLE good (a)")
    with Database.open(path, redact=["x.a"]) as database:
        assert not database.execute("SELECT a FROM x").ok
        assert database.execute("SELECT c0a FROM x_content").ok is (content is None)
        assert database.execute("SELECT count(*) FROM good").rows == ((0,),)


def test_a_part_of_an_index_is_no_column_to_redact(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match="no column"):
        Database.open(build(tmp_path / "a.db", SECRETS), redact=["mails_content.c0body"])
