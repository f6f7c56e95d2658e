from __future__ import annotations

import pytest
from hostile_texts import PAYLOADS, forbidden
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.text import Text

from planner_cli.clean import clean
from planner_cli.ui.look import ASCII, UNICODE, look_for, pad, wrap
from planner_cli.ui.sqltext import laid_out

LOOKS = [pytest.param(UNICODE, id="unicode"), pytest.param(ASCII, id="ascii")]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", UNICODE), ("UTF_16", UNICODE), (None, UNICODE), ("ascii", ASCII), ("iso-8859-1", ASCII)],
)
def test_signs_follow_the_encoding(encoding, expected):
    assert look_for(encoding) is expected


FITS = [
    ("fits", "abc", 3, "abc"),
    ("cut", "abcdef", 4, "abc…"),
    ("wide-cut-between", "日本語", 5, "日本…"),
    ("wide-cut-inside", "日本語", 4, "日…"),
    ("space-before-cut", "ab cd", 4, "ab…"),
    ("nothing", "abc", 0, ""),
    ("ellipsis-only", "abc", 1, "…"),
    ("escapes-count", "\x1b[2J", 5, r"\x1b…"),
]


@pytest.mark.parametrize(("text", "width", "expected"), [case[1:] for case in FITS], ids=[case[0] for case in FITS])
def test_fit(text, width, expected):
    assert UNICODE.fit(text, width) == expected


@pytest.mark.parametrize("look", LOOKS)
@given(text=st.text(), width=st.integers(0, 40))
def test_fit_never_exceeds_the_width(look, text, width):
    fitted = look.fit(text, width)
    assert cell_len(fitted) <= width
    assert not forbidden(fitted, allowed="")


@given(text=st.text(st.characters(codec=None)), width=st.integers(2, 40))
def test_wrap_keeps_all_visible_text_within_the_width(text, width):
    text = clean(text, newlines=True)
    lines = wrap(text, width)
    assert all(cell_len(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrap_breaks_at_spaces_and_keeps_indents():
    assert wrap(clean("  one two three", newlines=True), 9) == ("  one two", "three")
    assert wrap(clean("abcdefgh ij", newlines=True), 5) == ("abcde", "fgh", "ij")
    assert wrap(clean("a\n\nb", newlines=True), 5) == ("a", "", "b")
    assert wrap(clean(" 日本", newlines=True), 3) == (" 日", "本")  # no empty line before it


@pytest.mark.parametrize("look", LOOKS)
def test_bars_and_sparklines(look):
    for share in (-1.0, 0.0, 0.5, 1.0, 2.0):
        assert look.bar(share, 8, "green").cell_len == 8
    assert look.bar(0.5, 8, "green").plain == look.full * 4 + look.empty * 4
    assert look.sparkline([0.0, 0.5, 1.0], 8)[0] == look.spark[0]
    assert look.sparkline([0.0, 0.5, 1.0], 8)[-1] == look.spark[-1]
    assert len(look.sparkline([0.5] * 20, 8)) == 8


def test_ascii_signs_are_ascii():
    fields = [getattr(ASCII, name) for name in ASCII.__slots__]
    assert all("".join(field).isascii() for field in fields if not isinstance(field, bool))
    assert ASCII.plain("Müller 日本") == r"M\xfcller \u65e5\u672c"


def test_text_is_never_markup():
    for payload in PAYLOADS.values():
        text = UNICODE.text(payload)
        assert not text.spans
        assert not forbidden(text.plain, allowed="")


def test_pad():
    assert pad(Text("日本"), 6).plain == "日本  "
    assert pad(Text("ab"), 4, right=True).plain == "  ab"


LAYOUTS = [
    ("short-stays", "SELECT a FROM t", 80, "SELECT a FROM t"),
    ("lines-stay", "SELECT a\n  FROM t" + " " * 80 + "WHERE b", 20, "SELECT a\n  FROM t" + " " * 80 + "WHERE b"),
    ("clauses", "select a from t left  join u on t.i = u.i where b order by a limit 3", 20,
     "select a\nfrom t\nleft  join u on t.i = u.i\nwhere b\norder by a\nlimit 3"),
    ("quotes-and-comments-stay", "SELECT ' FROM x', \" where \", [ limit ] /* order by */ FROM t", 20,
     "SELECT ' FROM x', \" where \", [ limit ] /* order by */\nFROM t"),
    ("nesting-indents", "SELECT a FROM (SELECT b FROM t) WHERE c", 20, "SELECT a\nFROM (SELECT b\n  FROM t)\nWHERE c"),
    ("unbalanced", "SELECT a)) FROM ((t WHERE", 10, "SELECT a))\nFROM ((t\n    WHERE"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "width", "expected"), [case[1:] for case in LAYOUTS], ids=[case[0] for case in LAYOUTS]
)
def test_sql_layout(sql, width, expected):
    assert laid_out(sql, width) == expected
    assert expected.split() == sql.split()
