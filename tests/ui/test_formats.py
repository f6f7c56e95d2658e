from __future__ import annotations

import csv
import io
import json
import math
import re

import pytest
from hostile_texts import PAYLOADS, forbidden
from rich.cells import cell_len

from planner_cli.ui.cells import CELL_LIMIT
from planner_cli.ui.formats import FORMATS, unique_names, write_result

COLUMNS = ("id", "name", "x")
ROWS = (
    (1, "Müller", 0.1 + 0.2),
    (2**63 - 1, None, math.inf),
    (-(2**63), "", -math.inf),
    (0, b"\x00\xff", 1e300),
    (7, 'a,b "c"\nd\te | f', -5.0),
)

EXPECTED = {
    "csv": (
        "id,name,x\n"
        "1,Müller,0.30000000000000004\n"
        "9223372036854775807,,Inf\n"
        '-9223372036854775808,"",-Inf\n'
        "0,x'00ff',1e+300\n"
        '7,"a,b ""c""\nd\te | f",-5.0\n'
    ),
    "tsv": (
        "id\tname\tx\n"
        "1\tMüller\t0.30000000000000004\n"
        "9223372036854775807\t\tInf\n"
        "-9223372036854775808\t\t-Inf\n"
        "0\tx'00ff'\t1e+300\n"
        '7\ta,b "c"\\nd\\te | f\t-5.0\n'
    ),
    "jsonl": (
        '{"id": 1, "name": "Müller", "x": 0.30000000000000004}\n'
        '{"id": 9223372036854775807, "name": null, "x": "Infinity"}\n'
        '{"id": -9223372036854775808, "name": "", "x": "-Infinity"}\n'
        '{"id": 0, "name": {"$blob_hex": "00ff"}, "x": 1e+300}\n'
        '{"id": 7, "name": "a,b \\"c\\"\\nd\\te | f", "x": -5.0}\n'
    ),
    "markdown": (
        "| id | name | x |\n"
        "| --- | --- | --- |\n"
        "| 1 | Müller | 0.3 |\n"
        "| 9223372036854775807 | NULL | Inf |\n"
        "| -9223372036854775808 |  | -Inf |\n"
        "| 0 | x'00ff' | 1e+300 |\n"
        '| 7 | a,b "c"\\\\nd\\\\te \\| f | -5.0 |\n'
    ),
    "table": (
        "╭──────────────────────┬───────────────────┬────────╮\n"
        "│ id                   │ name              │ x      │\n"
        "├──────────────────────┼───────────────────┼────────┤\n"
        "│                    1 │ Müller            │    0.3 │\n"
        "│  9223372036854775807 │ NULL              │    Inf │\n"
        "│ -9223372036854775808 │                   │   -Inf │\n"
        "│                    0 │ x'00ff'           │ 1e+300 │\n"
        '│                    7 │ a,b "c"\\nd\\te | f │   -5.0 │\n'
        "╰──────────────────────┴───────────────────┴────────╯\n"
    ),
    "vertical": (
        "── row 1 ──\n  id │ 1\nname │ Müller\n   x │ 0.3\n"
        "── row 2 ──\n  id │ 9223372036854775807\nname │ NULL\n   x │ Inf\n"
        "── row 3 ──\n  id │ -9223372036854775808\nname │ \n   x │ -Inf\n"
        "── row 4 ──\n  id │ 0\nname │ x'00ff'\n   x │ 1e+300\n"
        '── row 5 ──\n  id │ 7\nname │ a,b "c"\n     │ d\te | f\n   x │ -5.0\n'
    ),
}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def written(columns, rows, name, *, stream=None, **options):
    stream = stream or io.StringIO()
    notes = write_result(columns, rows, format=name, stream=stream, **options)
    return stream.getvalue(), notes


@pytest.mark.parametrize("name", EXPECTED)
def test_each_format(name):
    text, notes = written(COLUMNS, ROWS, name)
    assert text == EXPECTED[name]
    assert notes == ()


def test_json_is_the_lines_of_jsonl_in_one_array():
    text, _ = written(COLUMNS, ROWS, "json")
    lines, _ = written(COLUMNS, ROWS, "jsonl")
    assert json.loads(text) == [json.loads(line) for line in lines.splitlines()]


def test_csv_reads_back():
    text, _ = written(COLUMNS, ROWS, "csv")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert rows[5] == ["7", 'a,b "c"\nd\te | f', "-5.0"]
    assert float(rows[1][2]) == 0.1 + 0.2


NO_ROWS = {
    "table": "╭───┬───╮\n│ a │ b │\n├───┼───┤\n╰───┴───╯\n",
    "csv": "a,b\n",
    "tsv": "a\tb\n",
    "json": "[]\n",
    "jsonl": "",
    "markdown": "| a | b |\n| --- | --- |\n",
    "vertical": "",
}


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows(name):
    assert written(("a", "b"), (), name)[0] == NO_ROWS[name]


FORMULAS = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1", "－2"]


@pytest.mark.parametrize("name", ["csv", "tsv"])
@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_spreadsheet_would_run_is_protected_and_told(name, text):
    out, notes = written(("a",), ((text,),), name)
    cell = out.splitlines()[1].lstrip('"')
    assert cell.startswith("'")
    assert notes == ("1 cell got a leading ' against being run as a formula (--raw: unchanged)",)
    raw, notes = written(("a",), ((text,),), name, raw=True)
    assert not raw.splitlines()[1].lstrip('"').startswith("'")
    assert notes == ()


def test_negative_numbers_are_no_formulas_but_column_names_can_be():
    out, notes = written(("=cmd",), ((-5.2,), (-3,)), "csv")
    assert out == "'=cmd\n-5.2\n-3\n"
    assert len(notes) == 1


def test_raw_writes_control_characters_to_a_file_but_never_to_a_terminal():
    rows = (("\x1b[2J", "a\u200cb"),)
    assert written(("a", "b"), rows, "csv", raw=True)[0] == "a,b\n\x1b[2J,a\u200cb\n"
    assert written(("a", "b"), rows, "csv", raw=True, stream=Terminal())[0] == "a,b\n\\x1b[2J,a\\u200cb\n"
    assert written(("a", "b"), rows, "csv")[0] == "a,b\n\\x1b[2J,a\\u200cb\n"


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payloads_stay_visible_text(name, payload):
    for stream in (io.StringIO(), Terminal()):
        text, notes = written((payload, "b"), ((payload, payload),), name, stream=stream)
        assert not forbidden(text, allowed="\n\t" if name in {"vertical", "csv", "tsv"} else "\n")
        assert not forbidden("".join(notes), allowed="")
        assert len(text) > len(name)


def test_naughty_strings_in_every_format(naughty):
    for name in FORMATS:
        text, _ = written(("a", "b"), [(one, one) for one in naughty], name, width=80)
        assert not forbidden(text, allowed="\n\t")


def test_json_keeps_hostile_text_exactly():
    rows = [(payload,) for name, payload in PAYLOADS.items()]
    text, _ = written(("a",), rows, "json")
    assert [row["a"] for row in json.loads(text)] == [row[0] for row in rows]


def test_long_values_are_cut_for_people_and_whole_for_programs():
    rows = (("x" * 5000, b"\0" * 5000),)
    for name in ("table", "vertical", "markdown"):
        text, notes = written(("t", "b"), rows, name)
        assert text.count("x") <= CELL_LIMIT + 2
        assert "[3,000 more characters]" in text.replace("\\", "")
        assert "[4,000 more bytes]" in text.replace("\\", "")
        assert any("cut" in note for note in notes)
    for name in ("csv", "tsv", "json", "jsonl"):
        assert written(("t", "b"), rows, name)[0].count("x") >= 5000


def test_a_table_shows_fifty_columns_and_says_so():
    columns = [f"c{n}" for n in range(60)]
    text, notes = written(columns, (tuple(range(60)),), "table")
    assert "c49" in text
    assert "c50" not in text
    assert notes == ("50 of 60 columns shown; --format vertical shows all",)
    assert "c59" in written(columns, (tuple(range(60)),), "vertical")[0]


@pytest.mark.parametrize("width", [20, 60, 80, 120, 200])
def test_a_table_never_overflows_its_width(width):
    columns = ["id", "日本語の列", "a rather long column name", *(f"c{n}" for n in range(20))]
    rows = [(n, "日本語" * n, "x" * 100 * n, *range(20)) for n in range(4)]
    text, notes = written(columns, rows, "table", width=width)
    lengths = {cell_len(line) for line in text.splitlines()}
    assert len(lengths) == 1
    assert max(lengths) <= width
    assert notes


WIDE = ([f"column_{n}" for n in range(9)], [tuple(1_234_567 + n for n in range(9))])


@pytest.mark.parametrize("width", [20, 40, 60, 80, 100])
def test_numbers_are_shown_whole_or_not_at_all(width):
    text, notes = written(*WIDE, "table", width=width)
    numbers = [int(cell) for cell in re.findall(r"\d+", text.splitlines()[3])]
    assert numbers == [1_234_567 + n for n in range(len(numbers))]
    assert max(cell_len(line) for line in text.splitlines()) <= width
    assert 1 <= len(numbers) <= 9
    assert (f"{len(numbers)} of 9 columns shown; --format vertical shows all" in notes) is (len(numbers) < 9)


def test_the_notes_count_shown_and_cut_columns():
    columns, rows = [f"c{n}" for n in range(9)], [("x" * 30,) * 9]
    text, notes = written(columns, rows, "table", width=80)
    assert text.splitlines()[1].count("c") == 8
    assert notes == (
        "8 of 9 columns shown; --format vertical shows all",
        "8 of these cut to the width of the terminal; --format vertical shows more",
    )
    assert written(columns[:2], [("x" * 30, "y")], "table", width=30)[1] == (
        "1 column cut to the width of the terminal; --format vertical shows more",
    )


def test_a_terminal_too_narrow_for_a_number_gets_one_line_a_value():
    text, notes = written(("n",), ((2**62,),), "table", width=12)
    assert str(2**62) in text
    assert notes == ("the terminal is too narrow for a table: shown as with --format vertical",)


def test_a_number_among_texts_is_whole_too():
    text, _ = written(("a", "b"), ((10**15, "x" * 50), ("y" * 60, "z")), "table", width=40)
    assert str(10**15) in text


def test_equal_column_names_become_different_keys():
    assert unique_names(("a", "a", "b", "a_2", "a")) == ("a", "a_3", "b", "a_2", "a_4")
    assert json.loads(written(("n", "n"), ((1, 2),), "jsonl")[0]) == {"n": 1, "n_2": 2}


@pytest.mark.parametrize("name", FORMATS)
def test_an_ascii_stream_gets_ascii(name):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    write_result(("nämé",), (("日本語\ud800",), (None,)), format=name, stream=stream)
    stream.flush()
    assert raw.getvalue().isascii()
    assert b"\\u65e5" in raw.getvalue() or b"\\\\u65e5" in raw.getvalue()


def test_colour_only_when_asked_for():
    assert "\x1b" not in written(COLUMNS, ROWS, "table")[0]
    colored = written(COLUMNS, ROWS, "table", color=True)[0]
    assert "\x1b[2mNULL\x1b[0m" in colored
