"""SQL text without a database: tokens, comments in CREATE texts, frames."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner_cli import lexer
from planner_cli.database import comments, names, shadows, wire


@given(st.text())
def test_tokens_joined_are_the_text(text: str) -> None:
    assert "".join(token.text for token in lexer.tokens(text)) == text


TOKENS = [
    ("plain", "SELECT a1", [("word", "SELECT"), ("word", "a1")]),
    ("string with quote", "'it''s -- no' x", [("string", "'it''s -- no'"), ("word", "x")]),
    ("names", '"a""b" [c d] `e``f`', [("name", '"a""b"'), ("name", "[c d]"), ("name", "`e``f`")]),
    ("comments", "a -- b\nc /* d\n */ e", [("word", "a"), ("word", "c"), ("word", "e")]),
    ("comment in a name", '"--a"', [("name", '"--a"')]),
    ("minus", "1-2", [("number", "1"), ("mark", "-"), ("number", "2")]),
    ("open string", "'abc", [("string", "'abc")]),
    ("open comment", "a /* b", [("word", "a")]),
    ("other letters", "größe 表", [("word", "größe"), ("word", "表")]),
]


@pytest.mark.parametrize(("sql", "expected"), [t[1:] for t in TOKENS], ids=[t[0] for t in TOKENS])
def test_code(sql: str, expected: list[tuple[str, str]]) -> None:
    assert [(token.kind, token.text) for token in lexer.code(sql)] == expected


IDENTIFIERS = [
    ("a", "a"),
    ('"a""b"', 'a"b'),
    ("[a b]", "a b"),
    ("`a``b`", "a`b"),
    ("'a'", None),
    ('"open', "open"),
    ("1", None),
]


@pytest.mark.parametrize(("sql", "expected"), IDENTIFIERS)
def test_identifiers(sql: str, expected: str | None) -> None:
    (token,) = lexer.tokens(sql)
    assert token.identifier == expected


BLANK = [
    ("", True),
    (" \n", True),
    ("-- x", True),
    ("/* x", True),
    (";;", True),
    ("1", False),
    ("'", False),
    ("-- x\n;y", False),
]


@pytest.mark.parametrize(("sql", "expected"), BLANK)
def test_is_blank(sql: str, expected: bool) -> None:
    assert lexer.is_blank(sql) is expected


SEMICOLONS = [("a; -- b", "a"), ("a --;", "a"), ("a", "a"), ("';';", "';'"), (";", ""), ("a /* ; */ ; ;", "a")]


@pytest.mark.parametrize(("sql", "expected"), SEMICOLONS)
def test_without_semicolon(sql: str, expected: str) -> None:
    assert lexer.without_semicolon(sql) == expected


def test_long_texts_take_linear_time() -> None:
    for text in ("/*" * 50_000, "'" * 100_001, '"' * 100_001, "[" * 100_000, "-" * 100_000, "(" * 100_000):
        started = time.process_time()
        list(lexer.tokens(text))
        comments.read(f"CREATE TABLE t ({text}")
        assert time.process_time() - started < 2, text[:5]


SPELLED = [
    ("name", "name"),
    ("größe_2$", "größe_2$"),
    ("order", '"order"'),
    ("Order", '"Order"'),
    ("left", "left"),
    ("unit price", '"unit price"'),
    ("2fa", '"2fa"'),
    ('a"b', '"a""b"'),
    ("", '""'),
]


@pytest.mark.parametrize(("name", "expected"), SPELLED)
def test_spelled(name: str, expected: str) -> None:
    assert names.spelled(name) == expected


COMMENTS = [
    # name, CREATE text, table's, columns'
    ("none", "CREATE TABLE t (a, b)", None, {}),
    ("behind", "CREATE TABLE t (a, -- first\n b -- second\n)", None, {"a": "first", "b": "second"}),
    ("behind, before the comma", "CREATE TABLE t (a -- first\n, b /* second */)", None, {"a": "first", "b": "second"}),
    ("block", "CREATE TABLE t (a /* first */, b INT /* second */ NOT NULL)", None, {"a": "first", "b": "second"}),
    ("on the line before", "CREATE TABLE t (\n -- first\n a,\n -- second\n b)", None, {"a": "first", "b": "second"}),
    ("before and behind", "CREATE TABLE t (\n -- one\n a, -- two\n b)", None, {"a": "one two"}),
    ("of the table, before", "CREATE TABLE t /* things */ (a)", "things", {}),
    ("of the table, behind the bracket", "CREATE TABLE t ( -- things\n a)", "things", {}),
    ("table and column", "CREATE TABLE t ( -- things\n -- first\n a)", "things", {"a": "first"}),
    ("inside a type", "CREATE TABLE t (a NUMERIC(10, /* scale */ 2), b)", None, {"a": "scale"}),
    ("brackets in defaults", "CREATE TABLE t (a DEFAULT (1 + (2)), -- first\n b CHECK (b IN ('x,y', ')'))) -- after", None, {"a": "first"}),
    ("marks in strings", "CREATE TABLE t (a DEFAULT '-- no', b DEFAULT '/* no */')", None, {}),
    ("quoted names", 'CREATE TABLE t ("A b" /* one */, [c d] /* two */, `e` /* three */)', None, {"a b": "one", "c d": "two", "e": "three"}),
    ("a column with a constraint's word, quoted", 'CREATE TABLE t ("check" /* yes */)', None, {"check": "yes"}),
    ("constraints", "CREATE TABLE t (a, PRIMARY KEY (a) /* key */, CHECK (a > 0) -- positive\n)", None, {}),
    ("folded and stripped", "CREATE TABLE t (a /** many\n   lines **/)", None, {"a": "many lines"}),
    ("empty", "CREATE TABLE t (a /**/, b --\n)", None, {}),
    ("cut", f"CREATE TABLE t (a /* {'x' * 500} */)", None, {"a": "x" * 200}),
    ("view", "CREATE VIEW v /* open ones */ AS SELECT a -- not this\n FROM t", "open ones", {}),
    ("view with columns", "CREATE VIEW v (a /* first */) AS SELECT 1", None, {"a": "first"}),
    ("without columns", "CREATE TABLE t", None, {}),
    ("nothing", "", None, {}),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "table", "columns"), [c[1:] for c in COMMENTS], ids=[c[0] for c in COMMENTS])
def test_comments(sql: str, table: str | None, columns: dict[str, str]) -> None:
    found = comments.read(sql)
    assert (found.table, dict(found.columns)) == (table, columns)


@given(st.text(alphabet="CREATE TABLE t(ab,)--/*'\"\n;[]", max_size=80))
def test_any_create_text_is_read(sql: str) -> None:
    assert isinstance(comments.read(sql), comments.Comments)
    assert shadows.module(sql) in sql.lower()


MODULES = [
    ("CREATE VIRTUAL TABLE x USING fts5(a)", "fts5"),
    ('create virtual table "using" using [RTREE] (a)', "rtree"),
    ("CREATE VIRTUAL TABLE x USING /* y */ fts4", "fts4"),
    ("CREATE TABLE x (a)", ""),
    ("using", ""),
]


@pytest.mark.parametrize(("sql", "expected"), MODULES)
def test_module(sql: str, expected: str) -> None:
    assert shadows.module(sql) == expected


values = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(), st.binary())


@given(st.lists(values))
def test_rows_survive_the_wire(row: list[object]) -> None:
    stream = io.BytesIO()
    wire.write(stream, {"row": wire.pack_row(row)})
    stream.seek(0)
    message = wire.read(stream)
    assert message is not None
    found = wire.unpack_row(message["row"])
    assert found == tuple(row)
    assert list(map(type, found)) == list(map(type, row))
    assert wire.read(stream) is None


@given(st.binary(max_size=60))
def test_a_hostile_frame_is_an_error_or_an_object(noise: bytes) -> None:
    for stream in (io.BytesIO(noise), io.BytesIO(len(noise).to_bytes(4, "big") + noise)):
        try:
            message = wire.read(stream)
        except wire.WireError:
            continue
        assert message is None or isinstance(message, dict)


BAD_FRAMES = [
    b"\xff\xff\xff\xff",
    b"\x00\x00",
    b"\x00\x00\x00\x05{}",
    b"\x00\x00\x00\x02[]",
    b"\x00\x00\xc3\x50" + b"[" * 50_000,
]


@pytest.mark.parametrize("frame", BAD_FRAMES)
def test_bad_frames(frame: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.read(io.BytesIO(frame))


@pytest.mark.parametrize("cell", [[], {}, {"b": 1}, {"b": "xy"}, True])
def test_bad_cells(cell: object) -> None:
    with pytest.raises(wire.WireError):
        wire.unpack_row([cell])
