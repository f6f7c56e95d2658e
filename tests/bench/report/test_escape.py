"""What hostile text becomes in each place it can go to."""

import pytest

from planner_cli.bench.report.escape import cell, fenced, label, markdown, page, shortened

CASES = [
    ("terminal escape", markdown, "a\x1b[31m\x07", "a\\\\x1b\\[31m\\\\x07"),
    ("bidi and lone surrogate", page, "\u202e\ud800", r"\u202e\ud800"),
    ("hangul filler", page, "a\u3164b", r"a\u3164b"),
    ("emoji selector behind a letter", page, "a\ufe0f", r"a\ufe0f"),
    ("ideographic selector behind a letter", page, "a\U000e0101", r"a\U000e0101"),
    ("half-width filler", page, "\uffa0", r"\uffa0"),
    ("grapheme joiner", page, "a\u034f", r"a\u034f"),
    ("a family stays", page, "\U0001f468\u200d\U0001f467", "\U0001f468\u200d\U0001f467"),
    (
        "Persian stays",
        page,
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    ),
    ("line end", page, "a\nb\r", r"a\nb\r"),
    ("a cell is exact", cell, "a\r\nb\u200cc\u202e", "a\r\nb\u200cc\u202e"),
    ("formula behind a line feed", cell, "\n=1", "'\n=1"),
    ("markup", markdown, "<b>*x*_[a](b)|`c`#", r"\<b\>\*x\*\_\[a\](b)\|\`c\`\#"),
    ("one line", markdown, "a\n| b |", "a\\\\n\\| b \\|"),
    ("html", page, "</script><b a='x' b=\"y\">&", "&lt;/script&gt;&lt;b a=&#x27;x&#x27; b=&quot;y&quot;&gt;&amp;"),
    ("html controls", page, "\x1b\u202e", r"\x1b\u202e"),
    ("formula", cell, "=1+1", "'=1+1"),
    ("formula after space", cell, " @SUM(A1)", "' @SUM(A1)"),
    ("formula by tab", cell, "\t=1", "'\t=1"),
    ("full-width formula", cell, "\uff1d1", "'\uff1d1"),
    ("negative number as text", cell, "-5", "'-5"),
    ("number", cell, -5.25, "-5.25"),
    ("nothing", cell, None, ""),
    ("yes and no", cell, True, "True"),
    ("plot label", label, "b\xfcro $x$ \u4e2d", "b\xfcro $x$ \\u4e2d"),
    ("long plot label", label, "x" * 99, "x" * 39 + "..."),
]


@pytest.mark.parametrize(("escape", "text", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_escape(escape, text, expected):
    assert escape(text) == expected


def test_html_keeps_line_ends_only_where_asked():
    assert page("a\nb", newlines=True) == "a\nb"
    assert page("a\nb") == r"a\nb"


def test_a_code_block_cannot_be_closed_from_inside():
    assert fenced("a\n```\n<b>", "sql") == "````sql\na\n```\n<b>\n````"


def test_shortened():
    assert shortened("abcdef", 4) == "abc…"
    assert shortened("abcd", 4) == "abcd"
