"""Collations of other programs: tables that use them are read, compared and sorted, and never searched by a wrong order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from database_files import hack_schema, picture, run

from planner_cli.database import Database
from planner_cli.database.worker.collations import unknown
from planner_cli.types import Row

NAMES = [
    "Zoe",
    "ann",
    "Ärger",
    "Bob",
    "ärger",
    "bob",
    "Émile",
    "zoe",
    "Ann",
    "emile",
    "o'Hara",
    "ohara",
    "Öl",
    "co-op",
    "coop",
]


def backwards(left: str, right: str) -> int:
    """As far from any order of ours as can be, so that a search by ours would miss."""
    mine, theirs = left.casefold()[::-1], right.casefold()[::-1]
    return (mine < theirs) - (mine > theirs)


FILE = """
CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT COLLATE LOCALIZED, city TEXT, code INTEGER);
CREATE INDEX by_name ON people (name);
CREATE INDEX by_city ON people (city COLLATE PHONEBOOK);
CREATE TABLE cards (name TEXT COLLATE unicase PRIMARY KEY, x INTEGER) WITHOUT ROWID;
CREATE TABLE tags (tag TEXT COLLATE "my order" UNIQUE, n INTEGER, kind TEXT COLLATE NOCASE);
CREATE TABLE plain (a TEXT COLLATE nocase, b TEXT);
CREATE INDEX by_b ON plain (b);
CREATE VIEW named AS SELECT id, name FROM people;
CREATE VIEW sorted AS SELECT city FROM people ORDER BY city COLLATE PHONEBOOK;
CREATE VIEW per_name AS SELECT name, count(*) AS n FROM people GROUP BY name;
CREATE VIEW [all "names"] (who) /* AS */ AS SELECT name FROM people UNION SELECT tag FROM tags -- end
;
CREATE VIEW searched AS SELECT id, name FROM people WHERE name = 'zoe';
CREATE VIEW with_own AS WITH x AS (SELECT DISTINCT name FROM people) SELECT name, 'x' AS s FROM x;
CREATE VIEW most AS SELECT max(n) AS m FROM per_name;
CREATE VIEW by_main AS SELECT DISTINCT name FROM main.people;
"""


VIEWS = ["named", "sorted", "per_name", 'all "names"', "searched", "with_own", "most", "by_main"]


def build(path: Path) -> Path:
    with apsw.Connection(str(path)) as connection:
        for name in ("LOCALIZED", "PHONEBOOK", "unicase", "my order"):
            connection.create_collation(name, backwards)
        run(connection, FILE)
        for number, name in enumerate(NAMES, start=1):
            connection.execute("INSERT INTO people VALUES (?, ?, ?, ?)", (number, name, name, number % 4))
            connection.execute("INSERT INTO plain VALUES (?, ?)", (name, name))
            connection.execute("INSERT OR IGNORE INTO cards VALUES (?, ?)", (name, number))
            connection.execute("INSERT OR IGNORE INTO tags VALUES (?, ?, ?)", (name, number, name))
    connection.close()
    return path


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    path = build(tmp_path_factory.mktemp("phone") / "a.db")
    before = picture(path.parent)
    with Database.open(path) as database:
        yield database
    assert picture(path.parent) == before


QUERIES: list[tuple[str, str, tuple[Row, ...]]] = [
    # name, query, rows
    ("count", "SELECT count(*) FROM people", ((15,),)),
    ("count of a key", "SELECT count(*) FROM cards", ((11,),)),
    ("everything", "SELECT id, name FROM people WHERE id = 3", ((3, "Ärger"),)),
    ("order", "SELECT name FROM people WHERE +id < 9 ORDER BY +name, id", (("ann",), ("ärger",), ("Ärger",), ("bob",), ("Bob",), ("Émile",), ("zoe",), ("Zoe",))),
    ("order that the owner's index has", "SELECT name FROM people ORDER BY name LIMIT 2", (("Ärger",), ("ärger",))),
    ("intersect", "SELECT count(*) FROM (SELECT name FROM people INTERSECT SELECT tag FROM tags)", ((11,),)),
    ("except", "SELECT count(*) FROM (SELECT name FROM people EXCEPT SELECT tag FROM tags)", ((4,),)),
    ("union all, sorted", "SELECT count(*) FROM (SELECT name FROM people UNION ALL SELECT tag FROM tags ORDER BY 1)", ((26,),)),
    ("distinct", "SELECT count(*) FROM (SELECT DISTINCT name FROM people)", ((15,),)),
    ("group", "SELECT count(*) FROM (SELECT name, count(*) FROM people GROUP BY name)", ((15,),)),
    ("union", "SELECT count(*) FROM (SELECT name FROM people UNION SELECT tag FROM tags)", ((15,),)),
    ("join", "SELECT count(*) FROM people a JOIN people b ON a.name = b.name", ((15,),)),
    ("join with another table", "SELECT count(*) FROM plain JOIN tags ON tags.tag = plain.b", ((11,),)),
    ("view", "SELECT id FROM named WHERE name = 'zoe'", ((8,),)),
    ("view that sorts", "SELECT count(*) FROM sorted", ((15,),)),
    ("view that groups", "SELECT count(*), sum(n) FROM per_name", ((15, 15),)),
    ("view that groups, searched", "SELECT n FROM per_name WHERE name = 'zoe'", ((1,),)),
    ("view with columns and a quote in its name", 'SELECT count(*), max("who" = \'Zoe\') FROM "all ""names""" AS v', ((15, 1),)),
    ("view that searches", "SELECT id FROM searched", ((8,),)),
    ("view with a table of its own", "SELECT count(*), s FROM with_own", ((15, "x"),)),
    ("view of a view that groups", "SELECT m FROM most", ((1,),)),
    ("views beside own with", "WITH q AS (SELECT * FROM per_name) SELECT count(*) FROM q JOIN people USING (name)", ((15,),)),
    ("view beside its table", "SELECT count(*) FROM people WHERE name IN (SELECT name FROM per_name WHERE n = 1)", ((15,),)),
    ("explicit, of the schema", "SELECT count(*) FROM plain WHERE b = 'Bob' COLLATE LOCALIZED", ((1,),)),
    ("in a list", "SELECT id FROM people WHERE name IN ('Zoe', 'Öl', 'nobody') ORDER BY id", ((1,), (13,))),
    ("in a subquery", "SELECT count(*) FROM people WHERE name IN (SELECT tag FROM tags)", ((11,),)),
    ("between", "SELECT count(*) FROM people WHERE name BETWEEN 'a' AND 'b'", ((4,),)),
    ("max", "SELECT count(*) FROM people WHERE name >= 'zo'", ((2,),)),
    ("like", "SELECT id FROM people WHERE name LIKE 'zo%' ORDER BY id", ((1,), (8,))),
    ("window", "SELECT max(n) FROM (SELECT row_number() OVER (PARTITION BY name) AS n FROM people)", ((1,),)),
    ("own with", "WITH few AS (SELECT name FROM people WHERE name = 'Émile') SELECT * FROM few", (("Émile",),)),
    ("own recursion", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3) SELECT count(*) FROM n, people WHERE name = 'ann'", ((3,),)),
    ("alias", "SELECT p.code FROM people AS p WHERE p.name = 'co-op' AND p.code > 0", ((2,),)),
    ("quoted", 'SELECT "id" FROM "people" WHERE "name" = \'coop\'', ((15,),)),
    ("other collations stay", "SELECT count(*) FROM tags WHERE kind = 'ZOE' AND tag = 'Zoe'", ((1,),)),
    ("a plain index is used", "SELECT count(*) FROM plain WHERE b = 'Zoe' AND a = 'zoe'", ((1,),)),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "rows"), [q[1:] for q in QUERIES], ids=[q[0] for q in QUERIES])
def test_queries(phone: Database, sql: str, rows: tuple[Row, ...]) -> None:
    result = phone.execute(sql)
    assert (result.error, result.rows) == (None, rows)


@pytest.mark.parametrize("name", NAMES)
def test_every_value_is_found(phone: Database, name: str) -> None:
    literal = name.replace("'", "''")
    assert phone.execute(f"SELECT name FROM people WHERE name = '{literal}'").rows == ((name,),)
    stored = phone.execute(f"SELECT count(*) FROM cards WHERE +name = '{literal}'").rows
    assert phone.execute(f"SELECT count(*) FROM cards WHERE name = '{literal}'").rows == stored


REFUSED = [
    # searches that cannot be written again: an error that names the collation rather than rows that are missing
    ("main", "SELECT id FROM main.people WHERE name = 'zoe'"),
    ("rowid", "SELECT rowid FROM people WHERE name = 'zoe'"),
    ("explicit", "SELECT id FROM people WHERE city = 'zoe' COLLATE PHONEBOOK"),
    ("view that names main", "SELECT 8 FROM by_main WHERE name = 'zoe'"),
    (
        "own with of a name that a view reads",
        "WITH people AS (SELECT 'zoe' AS name, 1 AS id) SELECT 8 FROM per_name WHERE name = 'zoe'",
    ),
    ("and of one that a view of a view reads", "WITH per_name AS (SELECT 7 AS n) SELECT m FROM most WHERE m = 8"),
]


@pytest.mark.parametrize("sql", [r[1] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_cannot_be_searched_is_said(phone: Database, sql: str) -> None:
    result = phone.execute(sql)
    if result.ok:
        assert result.rows == ((8,),)
    else:
        assert "is sorted by the collation" in (result.error or "")


NOT_QUERIES = [
    ("half of an EXPLAIN", "QUERY PLAN SELECT DISTINCT name FROM people", "syntax"),
    ("two statements", "SELECT DISTINCT name FROM people; SELECT 1", "not_a_query"),
    ("a write behind it", "SELECT id FROM people WHERE name = 'zoe'; DELETE FROM people", "refused"),
    ("a write by its index", "DELETE FROM people WHERE name = 'zoe'", "refused"),
    ("an unknown function in a group", "SELECT DISTINCT writefile('x', name) FROM people", "missing"),
    ("a function that is not for queries", "SELECT DISTINCT load_extension('x') FROM people", "refused"),
]


@pytest.mark.parametrize(("sql", "kind"), [n[1:] for n in NOT_QUERIES], ids=[n[0] for n in NOT_QUERIES])
def test_what_is_no_query_stays_what_it_is(phone: Database, sql: str, kind: str) -> None:
    result = phone.execute(sql)
    assert result.error_kind == kind
    assert "NUL" not in (result.error or "")


def test_a_collation_of_the_query_stays_an_error(phone: Database) -> None:
    result = phone.execute("SELECT name FROM people ORDER BY name COLLATE invented")
    assert (result.error_kind, result.error) == ("missing", "no such collation sequence: invented")


def test_it_is_said_once_and_samples_are_there(phone: Database) -> None:
    (note,) = phone.notes
    assert "LOCALIZED, PHONEBOOK, unicase, my order" in note
    assert [table.name for table in phone.schema.tables] == ["people", "cards", "tags", "plain", *VIEWS]
    empty = [table.name for table in phone.schema.tables if not all(column.samples for column in table.columns)]
    assert empty == ["by_main"]  # also views that search or group are sampled by no wrong order
    assert [hint.value for hint in phone.mentioned("Where does Émile live?")][:1] == ["Émile"]
    unmet = phone.execute("SELECT id FROM people WHERE name = 'nobody'").unmatched
    assert [str(comparison) for comparison in unmet] == ["people.name = 'nobody'"]


def test_redaction_and_a_private_copy(tmp_path: Path) -> None:
    def waiting(path: Path) -> Path:
        build(path)
        connection = apsw.Connection(str(path))
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        for name in ("LOCALIZED", "PHONEBOOK"):
            connection.create_collation(name, backwards)
        connection.execute("INSERT INTO people VALUES (99, 'Late', 'x', 1)").fetchall()
        for suffix in ("", "-wal"):
            path.with_name(f"copy.db{suffix}").write_bytes(Path(f"{path}{suffix}").read_bytes())
        connection.close()
        return path.with_name("copy.db")

    path = waiting(tmp_path / "a.db")
    with Database.open(path, private_copy=True, redact=["people.city"]) as database:
        assert database.private_copy is not None
        assert database.execute("SELECT id, city FROM people WHERE name = 'Late'").rows == ((99, None),)
        assert database.execute("SELECT count(city) FROM people").rows == ((0,),)


def test_beside_names_and_tables_that_cannot_be_read(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db")
    hack_schema(
        path,
        "INSERT INTO sqlite_master VALUES ('table', 'alien', 'alien', 0, 'CREATE VIRTUAL TABLE alien USING vec0(a)');"
        "INSERT INTO sqlite_master SELECT 'view', CAST(x'FE' AS TEXT), CAST(x'FE' AS TEXT), 0, "
        "CAST(x'43524541544520564945572022fe22204153' || ' SELECT 1 AS a' AS TEXT)",
    )
    with Database.open(path) as database:
        assert database.execute("SELECT id FROM people WHERE name = 'zoe'").rows == ((8,),)
        assert database.execute("SELECT count(*) FROM (SELECT DISTINCT name FROM people)").rows == ((15,),)
        assert len(database.notes) == 2


NAMING: list[tuple[str, str, tuple[str, ...]]] = [
    ("none", "CREATE TABLE t (a TEXT)", ()),
    ("SQLite's own", "CREATE TABLE t (a COLLATE NOCASE, b COLLATE binary, c COLLATE RTrim)", ()),
    ("plain", "CREATE TABLE t (a TEXT COLLATE UNICODE NOT NULL)", ("UNICODE",)),
    ("quoted", 'CREATE INDEX i ON t (a COLLATE "x y", b COLLATE [z], c COLLATE `q`)', ("x y", "z", "q")),
    ("a string for a name", "CREATE INDEX i ON t (a COLLATE 'de_AT')", ("de_AT",)),
    ("in a comment", "CREATE TABLE t (a TEXT /* COLLATE nothing */)", ()),
    ("in a string", "CREATE TABLE t (a TEXT DEFAULT 'collate x')", ()),
    ("twice", "CREATE TABLE t (a COLLATE One, b COLLATE ONE)", ("One",)),
    ("beside SQLite's own", "CREATE TABLE t (a COLLATE\n NOCASE, b COLLATE/**/ICU, c COLLATE nocase2)", ("ICU", "nocase2")),
    ("a name that begins like an own one", "CREATE TABLE t (a COLLATE binary$, b COLLATE nocaseß)", ("binary$", "nocaseß")),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "names"), [n[1:] for n in NAMING], ids=[n[0] for n in NAMING])
def test_which_are_unknown(sql: str, names: tuple[str, ...]) -> None:
    assert unknown([sql]) == names


TWIN = """
CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT {c}, city TEXT {c}, k INTEGER);
CREATE TABLE w (name TEXT {c}, k INTEGER, v TEXT, PRIMARY KEY (name, k)) {w};
CREATE TABLE q (ref TEXT {c}, n INTEGER);
CREATE VIEW vp AS SELECT id, name, city FROM p;
"""
INDEXES = """
CREATE INDEX i1 ON p (name); CREATE INDEX i2 ON p (k, city); CREATE INDEX i3 ON w (v); CREATE INDEX i4 ON q (ref);
CREATE INDEX i5 ON p (name, city) WHERE k > 2; ANALYZE;
"""
ASKED = [
    "SELECT id FROM p WHERE name = {}",
    "SELECT count(*) FROM p WHERE name = {} OR city = {}",
    "SELECT id FROM p WHERE k = 3 AND city = {}",
    "SELECT name FROM p WHERE k > 2 AND name = {}",
    "SELECT count(*) FROM p JOIN q ON p.name = q.ref",
    "SELECT count(*) FROM w JOIN p ON w.name = p.name",
    "SELECT v FROM w WHERE name = {} AND k = 2",
    "SELECT name FROM w WHERE v = {}",
    "SELECT DISTINCT name FROM p",
    "SELECT count(DISTINCT ref) FROM q",
    "SELECT name, count(*) FROM p GROUP BY name",
    "SELECT k, count(DISTINCT city) FROM p GROUP BY k",
    "SELECT name FROM p UNION SELECT ref FROM q",
    "SELECT name FROM p INTERSECT SELECT ref FROM q",
    "SELECT name FROM p EXCEPT SELECT ref FROM q",
    "SELECT count(*) FROM vp WHERE name IN (SELECT ref FROM q)",
    "SELECT count(*) FROM p LEFT JOIN q ON ref = name WHERE n IS NULL",
    "SELECT p.name, (SELECT count(*) FROM q WHERE ref = p.name) FROM p",
    "SELECT max(r) FROM (SELECT row_number() OVER (PARTITION BY name) AS r FROM p)",
    "WITH x AS (SELECT name FROM p WHERE name = {}) SELECT count(*) FROM x, q WHERE x.name = q.ref",
]


def twin(path: Path, words: list[str], *, collated: bool) -> Path:
    with apsw.Connection(str(path)) as connection:
        connection.create_collation("LOC", backwards)
        run(connection, TWIN.format(c="COLLATE LOC" if collated else "", w="WITHOUT ROWID" if collated else ""))
        keys: set[tuple[str, int]] = set()
        for number, word in enumerate(words):
            connection.execute("INSERT INTO p VALUES (?, ?, ?, ?)", (number, word, words[-number], number % 7))
            connection.execute("INSERT INTO q VALUES (?, ?)", (words[number // 2], number % 9))
            if (key := (word.casefold(), number % 5)) not in keys:
                keys.add(key)
                connection.execute("INSERT INTO w VALUES (?, ?, ?)", (word, number % 5, words[number // 3]))
        run(connection, INDEXES if collated else "")
    connection.close()
    return path


def test_the_answers_are_those_of_a_copy_without_collations(tmp_path: Path) -> None:
    chance = random.Random(3)
    words = ["".join(chance.choices("abcABCäÖé -'", k=chance.randint(1, 4))) for _ in range(200)]
    with (
        Database.open(twin(tmp_path / "a.db", words, collated=True)) as database,
        Database.open(twin(tmp_path / "b.db", words, collated=False)) as plain,
    ):
        for template in ASKED:
            for _ in range(3):
                literals = ["'" + chance.choice(words).replace("'", "''") + "'" for _ in range(template.count("{}"))]
                sql = template.format(*literals)
                answer, expected = database.execute(sql), plain.execute(sql)
                assert answer.error is None, sql
                assert sorted(map(repr, answer.rows)) == sorted(map(repr, expected.rows)), sql
