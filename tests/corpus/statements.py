"""Statements against the sandbox, made by combination: every kind that writes, opens, attaches, loads, hides or never ends.

Nothing is drawn but from a seeded generator, so every run has the same statements. Each says which outcomes are right; all
of them leave every byte as it was.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator
from typing import NamedTuple

SEED = 16
TARGET = """
CREATE TABLE t1 (a INTEGER PRIMARY KEY, b, c TEXT, d REAL); CREATE TABLE t2 (a, b, c, x, y); CREATE TABLE t3 (x, y, z);
CREATE TABLE t4 (a, b); CREATE TABLE a (a, b, c); CREATE TABLE b (a, b, c); CREATE TABLE c (a, b, c);
CREATE TABLE x (a, b, c); CREATE TABLE t (a, b, c, x, y); CREATE TABLE test1 (f1 INT, f2 INT); CREATE TABLE abc (a, b, c);
CREATE INDEX i1 ON t1 (b); CREATE VIEW v1 AS SELECT a, b FROM t1; CREATE VIEW v2 AS SELECT * FROM t2, t3;
CREATE VIRTUAL TABLE ft USING fts5(x, y); CREATE VIRTUAL TABLE fts3t USING fts3(a); CREATE VIRTUAL TABLE rt USING rtree(id, x1, x2);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50)
  INSERT INTO t1 SELECT i, i % 7, 'text ' || i, i / 3.0 FROM n;
INSERT INTO t2 SELECT a, b, c, d, NULL FROM t1; INSERT INTO t3 SELECT a, c, d FROM t1; INSERT INTO abc SELECT a, b, c FROM t1;
INSERT INTO t SELECT * FROM t2; INSERT INTO ft VALUES ('one two', 'three'); INSERT INTO fts3t VALUES ('one two');
INSERT INTO rt VALUES (1, 2, 3)
"""
"""The database they are run on; the names are those that SQLite's own tests use most."""


class Statement(NamedTuple):
    kind: str
    sql: str
    right: frozenset[str] | None
    """Outcomes that are right; ``None`` where only the file counts."""


REFUSED = frozenset({"refused"})
KEPT_OUT = frozenset({"refused", "missing"})
"""Refused by the sandbox, or no part of it at all."""
NO_QUERY = frozenset({"not_a_query"})
"""Not run at all; so is what would do nothing, such as ``REINDEX`` of a table without an index."""
NOT_OK = frozenset({"refused", "missing", "not_a_query", "syntax", "other", "size"})
RUNS = frozenset({"ok"})
STOPPED = frozenset({"time", "memory", "size"})

TABLES = ("t1", "t4", "abc", "main.t2", '"t3"', "[test1]", "`x`")
WRITES = (
    "INSERT INTO {} DEFAULT VALUES", "INSERT INTO {} (rowid) VALUES (99)", "INSERT OR REPLACE INTO {} (rowid) VALUES (1)",
    "INSERT OR IGNORE INTO {} (rowid) SELECT 7", "REPLACE INTO {} (rowid) VALUES (1)", "DELETE FROM {}",
    "DELETE FROM {} WHERE rowid = 1 RETURNING *", "DELETE FROM {} INDEXED BY i1", "UPDATE {} SET rowid = rowid + 1",
    "UPDATE OR IGNORE {} SET rowid = 1 RETURNING rowid", "UPDATE {} SET rowid = 0 FROM t4", "DROP TABLE {}",
    "DROP TABLE IF EXISTS {}", "ALTER TABLE {} RENAME TO gone", "ALTER TABLE {} ADD COLUMN more", "REINDEX {}", "ANALYZE {}",
    "INSERT INTO {} (rowid) VALUES (1) ON CONFLICT DO NOTHING", "CREATE INDEX new ON {} (rowid)",
    "CREATE TRIGGER g AFTER INSERT ON {} BEGIN DELETE FROM t1; END", "CREATE VIEW new AS SELECT * FROM {}",
    "CREATE TABLE new AS SELECT * FROM {}", "CREATE TEMP TABLE new AS SELECT * FROM {}", "CREATE TEMP VIEW t1 AS SELECT * FROM {}",
)  # fmt: skip
BEFORE_DML = ("", "WITH q AS (SELECT 1) ", "WITH RECURSIVE q(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM q LIMIT 3) ")
DISGUISES = (
    "{}", "{};", "  {}", "\t\n\f\r{}", "/* SELECT 1 */ {}", "-- SELECT 1\n{}", "{} -- SELECT 1", "{} /* open", "/**/{}/**/;/**/",
    "\ufeff{}",
)  # fmt: skip
"""What leaves a statement the same to SQLite."""

PRAGMAS = (
    "query_only", "writable_schema", "user_version", "application_id", "journal_mode", "journal_size_limit", "locking_mode",
    "synchronous", "wal_checkpoint", "auto_vacuum", "incremental_vacuum", "page_size", "cache_size", "cache_spill", "mmap_size",
    "temp_store", "secure_delete", "trusted_schema", "hard_heap_limit", "soft_heap_limit", "threads", "foreign_keys",
    "defer_foreign_keys", "recursive_triggers", "legacy_alter_table", "schema_version", "encoding", "optimize",
    "integrity_check", "quick_check", "table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list",
    "database_list", "collation_list", "function_list", "module_list", "pragma_list", "compile_options", "busy_timeout",
    "cell_size_check", "ignore_check_constraints", "case_sensitive_like", "analysis_limit", "max_page_count", "freelist_count",
    "page_count", "shrink_memory", "reverse_unordered_selects", "wal_autocheckpoint", "automatic_index",
)  # fmt: skip
PRAGMA_FORMS = (
    "PRAGMA {}",
    "PRAGMA main.{}",
    "PRAGMA {} = 1",
    "PRAGMA {}(1)",
    "PRAGMA temp.{} = OFF",
    "pragma {} = 't1'",
)
PRAGMA_TABLES = ("SELECT * FROM pragma_{}", "SELECT count(*) FROM t1, pragma_{}('t1')", "WITH q AS (SELECT * FROM pragma_{}) SELECT 1 FROM q")  # fmt: skip

PLACES = (
    "'{folder}/evil.db'", "'{path}'", "':memory:'", "''", "'file:{folder}/evil.db?mode=rwc'", "'file:{path}?mode=rw&immutable=0'",
    "'file::memory:?cache=shared'", "'file:{folder}/evil.db?vfs=unix-none'", "'{folder}/' || 'evil.db'", "'/etc/passwd'",
    "'/proc/self/environ'", "'/dev/null'", "'\\\\host\\share\\x'", "'../../evil.db'", "'{path}-journal'", "'{path}-wal'",
    "(SELECT c FROM t1)", "x'2f746d702f78'",
)  # fmt: skip
OPENERS = (
    "ATTACH {} AS z", "ATTACH DATABASE {} AS 'z'", "ATTACH {} AS main", "ATTACH {} AS temp", "attach {} as z key 'k'",
    "VACUUM INTO {}", "VACUUM main INTO {}", "DETACH {}",
)  # fmt: skip
TRANSACTIONS = (
    *("BEGIN" + how + word for how in ("", " DEFERRED", " IMMEDIATE", " EXCLUSIVE") for word in ("", " TRANSACTION")),
    "COMMIT", "COMMIT TRANSACTION", "END", "END TRANSACTION", "ROLLBACK", "ROLLBACK TRANSACTION", "ROLLBACK TO s", "SAVEPOINT s",
    "RELEASE s", "RELEASE SAVEPOINT s", "VACUUM", "VACUUM main", "VACUUM temp", "REINDEX", "REINDEX nocase", "ANALYZE",
    "ANALYZE main", "ANALYZE sqlite_schema", "DETACH main", "DETACH DATABASE temp",
)  # fmt: skip

CALLS = (
    "load_extension('{folder}/x')", "load_extension('{folder}/x', 'entry')", "readfile('/etc/passwd')", "writefile('{folder}/x', 'x')",
    "edit('x')", "fts3_tokenizer('simple')", "fts3_tokenizer('simple', x'4141414141414141')", "fts5(NULL)", "sqlite_log(1, 'x')",
    "rtreecheck('rt')", "rtreecheck('main', 'rt')", "fsdir('/')", "lsmode(1)", "eval('DELETE FROM t1')", "zipfile('a', 'b')",
    "sqlar_compress('x')", "shell('id')", "system('id')", "pg_read_file('/etc/passwd')", "xp_cmdshell('id')", "load_file('/etc/passwd')",
    "sqlite_dbpage(1)", "sqlite_offset(a)", "unknown_function(1)",
)  # fmt: skip
CALLED = (
    "SELECT {}", "SELECT a FROM t1 WHERE {} IS NOT NULL", "SELECT a FROM t1 ORDER BY {}", "SELECT a FROM t1 GROUP BY {}",
    "SELECT a FROM t1 GROUP BY a HAVING {}", "WITH q AS (SELECT {} FROM t1) SELECT * FROM q", "SELECT (SELECT {} FROM t1)",
    "SELECT CASE WHEN a THEN {} END FROM t1", "SELECT count(*) FILTER (WHERE {}) FROM t1", "SELECT sum(a) OVER (ORDER BY {}) FROM t1",
    "SELECT 1 FROM t1 JOIN t2 ON {}", "SELECT coalesce(a, {}) FROM t1", "VALUES ({})", "SELECT 1 LIMIT {}",
    "SELECT * FROM json_each({})", "SELECT a FROM t1 UNION SELECT {} FROM t1",
)  # fmt: skip

MODULES = (
    "dbstat", "sqlite_dbpage", "sqlite_stmt", "sqlite_memory", "bytecode", "tables_used", "fsdir", "csv", "zipfile", "carray",
    "completion", "wholenumber", "sqlite_btreeinfo", "sqlite_dbdata", "sqlite_dbptr", "stmt", "unionvtab", "swarmvtab", "echo",
)  # fmt: skip
MODULE_FORMS = ("SELECT * FROM {}", "SELECT count(*) FROM {}('t1')", "SELECT * FROM t1, main.{}", "WITH q AS (SELECT * FROM {}) SELECT * FROM q")  # fmt: skip
VIRTUAL = ("fts5(a)", "fts3(a)", "fts4(a, tokenize=icu)", "fts5vocab(ft, row)", "rtree(id, a, b)", "geopoly(a)", "dbstat", "csv(filename='/etc/passwd')", "sqlite_dbpage", "no_such_module(a)")  # fmt: skip
FTS_COMMANDS = ("rebuild", "optimize", "integrity-check", "merge=1", "automerge=8", "delete-all", "pgsz", "rank", "usermerge", "crisismerge", "secure-delete", "flush")  # fmt: skip
SHADOWS = ("ft_data", "ft_idx", "ft_content", "ft_docsize", "ft_config", "fts3t_content", "fts3t_segments", "fts3t_segdir", "rt_node", "rt_parent", "rt_rowid", "sqlite_schema", "sqlite_master", "sqlite_temp_master", "sqlite_sequence", "sqlite_stat1")  # fmt: skip
MATCHES = (
    "one", "one*", "^one", '"one two"', "one OR two", "one NOT two", "NEAR(one two, 999999999)", "x : one", "{{x y}} : one", "-x : one",
    '"', "(", ")", "*", "AND", "NEAR", "one +", "one AND (", "\x00", "'", "", " ", '""', "one" * 400, "(" * 300 + "one" + ")" * 300,
)  # fmt: skip
AUXILIARY = ("bm25(ft)", "bm25(ft, 1e308)", "highlight(ft, 0, '<', '>')", "highlight(ft, 99, '', '')", "snippet(ft, -1, '', '', '', 64)", "snippet(ft, 0, '', '', '', -1)", "rank", "rowid", "ft")  # fmt: skip
FTS3_CALLS = ("snippet(fts3t)", "offsets(fts3t)", "matchinfo(fts3t)", "matchinfo(fts3t, 'pcnalsxyb')", "matchinfo(fts3t, '?')", "snippet(fts3t, '<', '>', '', -1, -64)")  # fmt: skip

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
BOMBS = (
    ENDLESS + "SELECT count(*) FROM n", ENDLESS + "SELECT i FROM n WHERE i < 0", ENDLESS + "SELECT max(i) FROM n ORDER BY 1",
    ENDLESS + "SELECT DISTINCT i % 3 FROM n", ENDLESS + "SELECT length(group_concat(i)) FROM n",
    ENDLESS + "SELECT i FROM n EXCEPT SELECT 1", "WITH RECURSIVE n(s) AS (SELECT 'ab' UNION ALL SELECT s || s FROM n) SELECT max(s) FROM n",
    "SELECT count(*) FROM t1 a, t1 b, t1 c, t1 d, t1 e, t1 f, t1 g, t1 h", ENDLESS + "SELECT sum(i) OVER (ORDER BY i) FROM n",
)  # fmt: skip
LARGE = (
    "SELECT zeroblob({})", "SELECT length(hex(zeroblob({})))", "SELECT length(randomblob({}))", "SELECT zeroblob({}) FROM t1",
    "SELECT quote(zeroblob({}))",
)  # fmt: skip

HARMLESS = (
    "SELECT {0} FROM {1}", "SELECT {0} FROM {1} LIMIT 3", "SELECT {0} FROM {1} AS q WHERE 1", "WITH q AS (SELECT * FROM {1}) SELECT {0} FROM q",
    "SELECT * FROM (SELECT {0} FROM {1})", "SELECT {0} FROM {1} UNION ALL SELECT {0} FROM {1}", "SELECT {0} FROM {1}, (SELECT 1) LIMIT 5",
    "SELECT {0} FROM {1} LEFT JOIN (SELECT 1 AS k) ON k = 2", "SELECT EXISTS (SELECT {0} FROM {1})",
)  # fmt: skip
COLUMNS = (
    "count(*)",
    "1",
    "NULL",
    "'delete from t1'",
    "'--'",
    "'/*'",
    "\"a\" || ''",
    "max(1, 2)",
    "upper('x')",
    "json_array(1)",
)
SOURCES = ("t1", "t2", "abc", "v1", "main.t1", '"t"', "[abc]")

LOOKALIKES = str.maketrans({"E": "Е", "A": "А", "T": "Т", "O": "О", "C": "С", "e": "е", "a": "а", "o": "о", "c": "с"})
"""Latin letters to Cyrillic ones that look the same."""
WORDS = (
    "SELECT", "FROM", "WHERE", "t1", "a", "b", ",", "(", ")", "*", ";", "=", "'x'", "1", "NULL", "DELETE", "INSERT", "INTO", "VALUES", "UPDATE",
    "SET", "DROP", "TABLE", "PRAGMA", "ATTACH", "AS", "UNION", "ALL", "WITH", "RECURSIVE", "ORDER", "BY", "LIMIT", "--", "/*", "*/", "\n", "CASE",
    "WHEN", "END", "NOT", "IN", "EXISTS", "JOIN", "ON", "USING", "x'00'", "?", ":a", "@b", "$c", "||", "->", "->>", "~", "<<", "COLLATE", "GLOB",
    "MATCH", "OVER", "FILTER", "EXPLAIN", "RETURNING", "\x00", "\ud800", "\ufeff", "'", '"', "`", "[", "]", "0x", "1e999", ".", "main", "temp",
)  # fmt: skip


def _each(
    kind: str, right: frozenset[str] | None, forms: Iterable[str], *choices: Iterable[str]
) -> Iterator[Statement]:
    for form, *chosen in itertools.product(forms, *choices):
        yield Statement(kind, _filled(form, *chosen), right)


def _filled(form: str, *values: str) -> str:
    """``form`` with its places filled; ``{folder}`` and ``{path}`` in the values stay."""
    for number, value in enumerate(values):
        form = form.replace("{}", value, 1).replace(f"{{{number}}}", value)
    return form


def _writing() -> Iterator[Statement]:
    for form, table in itertools.product(WRITES, TABLES):
        sql = form.replace("{}", table)
        indexed = ("INDEXED BY" in sql and table != "t1") or (sql.startswith("CREATE INDEX") and "." in table)
        right = NOT_OK if indexed else REFUSED | NO_QUERY if sql.startswith("REINDEX") else REFUSED
        yield Statement("write", sql, right)
        if sql.startswith(("INSERT", "DELETE", "UPDATE", "REPLACE")):
            for before in BEFORE_DML[1:]:
                yield Statement("write under with", before + sql, right)
    plain = [form.replace("{}", "t1") for form in WRITES]
    for sql, disguise in itertools.product([*plain, *TRANSACTIONS], DISGUISES[1:]):
        yield Statement("disguised write", disguise.replace("{}", sql), NOT_OK)
    for sql in plain:
        swapped = sql.swapcase()
        yield Statement(
            "write in another case", "".join(c.upper() if n % 2 else c.lower() for n, c in enumerate(sql)), REFUSED
        )
        yield Statement("write in another case", swapped, REFUSED)
        yield Statement("write with comments for blanks", sql.replace(" ", "/**/"), REFUSED)
        yield Statement("write spread over lines", sql.replace(" ", "\n\t"), REFUSED)
        for first in ("SELECT 1;", "SELECT 1; ", ";", "VALUES (1);--\n"):
            right = REFUSED if first == ";" else NO_QUERY
            yield Statement("write behind a query", first + sql, right | NO_QUERY)
        yield Statement("write explained", f"EXPLAIN {sql}", NOT_OK)
        yield Statement("write explained", f"EXPLAIN QUERY PLAN {sql}", NOT_OK)
        yield Statement("write in brackets", f"SELECT * FROM ({sql})", NOT_OK)
        yield Statement("write in a cte", f"WITH q AS ({sql}) SELECT * FROM q", NOT_OK)
        yield Statement("write in lookalike letters", sql.translate(LOOKALIKES), NOT_OK)
        yield Statement(
            "write in full width letters", "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in sql), NOT_OK
        )
        yield Statement("write with a zero width space", sql[:3] + "\u200b" + sql[3:], NOT_OK)
        yield Statement("write with a null byte", f"SELECT 1\0; {sql}", NOT_OK)
        yield Statement("write with a lone surrogate", f"{sql} \ud800", NOT_OK)
        yield Statement("write with a byte order mark", f"\ufeff{sql}", NOT_OK)


def _opening() -> Iterator[Statement]:
    yield from _each("open another file", NOT_OK, OPENERS, PLACES)
    yield from _each("transaction", REFUSED | NO_QUERY, TRANSACTIONS)
    yield from _each("call", KEPT_OUT | {"other"}, CALLED, CALLS)


def _pragmas() -> Iterator[Statement]:
    yield from _each("pragma", frozenset({"refused", "not_a_query"}), PRAGMA_FORMS, PRAGMAS)
    yield from _each("the pragma that full-text search runs", RUNS, PRAGMA_FORMS, ("data_version",))
    yield from _each("pragma as a table", KEPT_OUT, PRAGMA_TABLES, PRAGMAS)


def _virtual() -> Iterator[Statement]:
    yield from _each("virtual table", KEPT_OUT, MODULE_FORMS, MODULES)
    yield from _each("new virtual table", KEPT_OUT, ("CREATE VIRTUAL TABLE new USING {}", "CREATE VIRTUAL TABLE temp.new USING {}"), VIRTUAL)  # fmt: skip
    yield from _each("fts command", NOT_OK, ("INSERT INTO {0}({0}) VALUES ('{1}')", "INSERT INTO {0}({0}, rank) VALUES ('{1}', 1)"), ("ft", "fts3t"), FTS_COMMANDS)  # fmt: skip
    yield from _each("shadow table written", NOT_OK, ("DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET rowid = 1", "DROP TABLE {}"), SHADOWS)  # fmt: skip
    yield from _each("shadow table read", None, ("SELECT * FROM {}", "SELECT count(*) FROM main.{}"), SHADOWS)
    matches = [match.replace("'", "''") for match in MATCHES]
    yield from _each("fts match", None, ("SELECT {0} FROM ft WHERE ft MATCH '{1}'", "SELECT {0} FROM ft WHERE x MATCH '{1}' ORDER BY rank", "SELECT {0} FROM ft('{1}')"), AUXILIARY, matches)  # fmt: skip
    yield from _each("fts3 match", None, ("SELECT {0} FROM fts3t WHERE fts3t MATCH '{1}'", "SELECT {0} FROM fts3t WHERE a MATCH '{1}'"), FTS3_CALLS, matches)  # fmt: skip
    yield from _each(
        "auxiliary function alone", None, ("SELECT {} FROM ft", "SELECT {} FROM t1", "SELECT {}"), AUXILIARY
    )


def _large() -> Iterator[Statement]:
    yield from _each(
        "larger than the cap", frozenset({"size", "memory"}), LARGE, ("400000000", "2147483647", "9223372036854775807")
    )
    for name, text, count in (
        ("brackets", "(", 3000),
        ("nots", "NOT ", 20_000),
        ("minus", "- ", 5000),
        ("selects", "(SELECT ", 400),
    ):
        closing = ")" * count if "(" in text else ""
        yield Statement(f"deep {name}", "SELECT " + text * count + "1" + closing, STOPPED | {"syntax", "other", "ok"})
    for name, joined in (("ands", " AND "), ("unions", " UNION ALL SELECT "), ("commas", ", "), ("concats", " || ")):
        yield Statement(f"long chain of {name}", "SELECT " + joined.join(["1"] * 6000), STOPPED | {"syntax", "other"})


def _torn(sound: list[str], chance: random.Random, count: int) -> Iterator[Statement]:
    """Statements cut off, glued, with a piece doubled or a character changed."""
    for _ in range(count):
        sql, other = chance.choice(sound), chance.choice(sound)
        at, to = sorted((chance.randrange(len(sql) + 1), chance.randrange(len(sql) + 1)))
        way = chance.randrange(5)
        torn = (
            sql[:at], sql[:at] + other, sql[:to] + sql[at:], sql[:at] + sql[to:],
            sql[:at] + chance.choice("'\"`[]();,\0\n\\-/*\ufeff\u202e") + sql[at:],
        )[way]  # fmt: skip
        yield Statement("torn", torn, None)


def _babble(chance: random.Random, count: int) -> Iterator[Statement]:
    """Words of SQL in any order."""
    for _ in range(count):
        yield Statement("babble", " ".join(chance.choices(WORDS, k=chance.randrange(1, 14))), None)


def statements() -> tuple[Statement, ...]:
    """All of them, without bombs, each once."""
    chance = random.Random(SEED)
    made = [*_writing(), *_opening(), *_pragmas(), *_virtual(), *_large()]
    made += _each("harmless", RUNS, HARMLESS, COLUMNS, SOURCES)
    made += _torn([one.sql for one in made if len(one.sql) < 300], chance, 1200)
    made += _babble(chance, 1200)
    return tuple({one.sql: one for one in reversed(made)}.values())[::-1]


def bombs() -> tuple[Statement, ...]:
    """What never ends: each costs the time limit."""
    return tuple(
        Statement("bomb", disguise.replace("{}", sql), STOPPED) for sql in BOMBS for disguise in DISGUISES[:5:4]
    )
