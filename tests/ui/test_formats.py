from __future__ import annotations

import csv
import io
import json
import math
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest
from hostile_texts import PAYLOADS, forbidden
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from planner_cli.clean import is_formula
from planner_cli.database.block import block
from planner_cli.ui.cells import CELL_LIMIT
from planner_cli.ui.formats import FORMATS, format_of, unique_names
from planner_cli.ui.spreadsheet import write_spreadsheet
from tests.written import write_result

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
        "9223372036854775807\t\\N\tInf\n"
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
    "html": "<tbody>\n</tbody>",
    "plot": "╭───┬───╮\n│ a │ b │\n├───┼───┤\n╰───┴───╯\n",
}


@pytest.mark.parametrize("name", FORMATS)
def test_no_rows(name):
    text = written(("a", "b"), (), name)[0]
    assert NO_ROWS[name] in text if name == "html" else text == NO_ROWS[name]


QUOTE = 'starting with a ", which readers that know quotes (Excel, sqlite3 .import) take away; --format csv quotes it'

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@x",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "－2",
    "＋1",
    "＠x",
    "\n=1",
    "\r\n=1",
    "\t=1",
    "\t\n+1",
    " =1",
    "\u00a0=1",
    "\u3000@x",
    "\u200b=1",
    "\ufeff=1",
    "\x00=1",
    "\x0b-1",
    "\u2028=1",
    '"=1',
    "'=1",
    "''=1",
    '" \n＝1',
    "\u202e=1",
    "\x85=1",
]
NO_FORMULAS = [
    "a=1",
    "1+1",
    "x@y.org",
    " ",
    "'tis",
    '"quoted"',
    "a\n=1",
    "\u200cا=1",
    "x'00'",
    "1-2",
    "#ref",
    "−1",
    "“=1”",
]


@pytest.mark.parametrize("name", ["csv", "tsv"])
@pytest.mark.parametrize("text", FORMULAS)
def test_text_that_a_spreadsheet_would_run_is_protected_and_told(name, text):
    out, notes = written(("a",), ((text,),), name)
    cell = out.removeprefix("a\n").removeprefix('"')
    assert cell.startswith("'")
    assert notes == ("1 cell got a leading ' against being run as a formula (--raw: unchanged)",)
    raw, notes = written(("a",), ((text,),), name, raw=True)
    assert len(raw) in {len(out) - 1, len(out) + 1}  # nothing but the ', and the quotes that it may need
    assert notes == ((f"1 cell {QUOTE}",) if name == "tsv" and text.startswith('"') else ())


@pytest.mark.parametrize("name", ["csv", "tsv"])
@pytest.mark.parametrize("text", NO_FORMULAS)
def test_what_no_spreadsheet_would_run_is_left_alone(name, text):
    assert read_back(written(("a", "b"), ((text, None),), name)[0], name) == [["a", "b"], [text, None]]


def test_negative_numbers_are_no_formulas_but_column_names_can_be():
    out, notes = written(("=cmd",), ((-5.2,), (-3,)), "csv")
    assert out == "'=cmd\n-5.2\n-3\n"
    assert len(notes) == 1


EXACT = [
    # name, text: nothing of it is dangerous in a file
    ("control characters", "\x1b[2J\x07\x9b\x7f"),
    ("a zero byte", "a\0b"),
    ("persian", "می\u200cخواهم"),
    ("hindi", "क्\u200dष"),
    ("a joiner in latin", "a\u200cb"),
    ("ideographic variant", "葛\U000e0100城"),
    ("soft hyphen", "Donau\u00addampf"),
    ("a flag made of tags", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"),
    ("private use", "\ue000\U000f0000"),
    ("newer than any table", "\U0003fffd\u0378"),
    ("a byte order mark within", "a\ufeffb"),
    ("bidi", "\u202eabc\u2066"),
    ("line separators", "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"),
    ("line feed", "a\nb"),
    ("carriage return and line feed", "a\r\nb"),
    ("carriage return", "a\rb"),
    ("line ends only", "a\n\n\r\r\n"),
    ("tab", "a\tb"),
    ("backslash", "C:\\new\\table"),
    ("a backslash and an N", "\\N"),
    ("a backslash at the end", "a\\"),
    ("quotes", '"a" ""b'),
    ("blanks around", "  a  "),
    ("comma", "a,b"),
    ("decomposed", "Cafe\u0301"),
]


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("name", ["csv", "tsv", "json", "jsonl"])
@pytest.mark.parametrize("text", [case[1] for case in EXACT], ids=[case[0] for case in EXACT])
def test_exports_are_exact(name, text, raw):
    out, notes = written(("a", "b"), ((text, 1),), name, raw=raw)
    assert read_back(out, name)[1][0] == text
    assert notes == ((f"1 cell {QUOTE}",) if name == "tsv" and text.startswith('"') else ())


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="needs SQLite's own shell")
def test_sqlite_s_own_import_reads_every_cell(tmp_path):
    texts = [text for _, text in EXACT if "\0" not in text]  # its shell ends a text there
    texts += [*FORMULAS, *NO_FORMULAS, "", '"', '""', "\\", "NULL", "\\."]
    rows = [(n, text, text[::-1]) for n, text in enumerate(texts) if "\0" not in text]
    for bom in (False, True):
        path = tmp_path / f"{bom}.csv"
        with path.open("w", encoding="utf-8", newline="") as stream:
            write_result(("n", "a", "b"), rows, format="csv", stream=stream, raw=True, bom=bom)
        shell = ["sqlite3", str(tmp_path / f"{bom}.sqlite"), f'.import --csv "{path}" t']
        done = subprocess.run(shell, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("", "")
        with closing(sqlite3.connect(tmp_path / f"{bom}.sqlite")) as connection:
            assert connection.execute("SELECT * FROM t").fetchall() == [(str(n), a, b) for n, a, b in rows]


def read_back(text, name):
    """The header and the rows as the dialects of docs/formats.md are read, numbers as text."""
    if name in {"json", "jsonl"}:
        records = json.loads(text) if name == "json" else [json.loads(line) for line in text.split("\n")[:-1]]
        return [list(records[0]), *(list(record.values()) for record in records)]
    if name == "csv":
        # csv.reader does not say whether an empty cell was quoted.
        return [[undone(cell) or None for cell in row] for row in csv.reader(io.StringIO(text, newline=""))]
    lines = text.split("\n")[:-1]
    return [[None if cell == "\\N" else undone(unescaped(cell)) for cell in line.split("\t")] for line in lines]


def unescaped(cell):
    return re.sub(r"\\(.)", lambda match: {"t": "\t", "n": "\n", "r": "\r"}.get(match[1], match[1]), cell)


def undone(cell):
    return cell[1:] if cell.startswith("'") and is_formula(cell[1:]) else cell


ON_A_TERMINAL = [
    ("escape", "\x1b[2J", "\\x1b[2J", 1),
    ("zero byte", "a\0", "a\\x00", 1),
    ("bidi", "a\u202eb", "a\\u202eb", 1),
    ("joiner in latin", "a\u200cb", "a\\u200cb", 1),
    ("joiner in persian", "می\u200cخواهم", "می\u200cخواهم", 0),
    ("half form", "क्\u200dष", "क्\u200dष", 0),
    ("family", "👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧", 0),
    ("c1", "\x9b2J", "\\x9b2J", 1),
    ("tags", "hi\U000e0041", "hi\\U000e0041", 1),
]


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize("name", ["csv", "tsv"])
@pytest.mark.parametrize(
    ("text", "shown", "changed"), [case[1:] for case in ON_A_TERMINAL], ids=[case[0] for case in ON_A_TERMINAL]
)
def test_a_terminal_is_safe_even_with_raw_and_it_is_said(name, text, shown, changed, raw):
    out, notes = written(("a",), ((text,),), name, raw=raw, stream=Terminal())
    assert out == f"a\n{shown}\n"
    told = "1 cell shown with escapes, as this is a terminal; -o FILE writes what is stored"
    assert notes == ((told,) if changed else ())


def test_a_line_break_in_a_cell_survives_in_csv():
    out, _ = written(("a", "b"), (("x\r\ny\nz\r", 1),), "csv")
    assert out == 'a,b\n"x\r\ny\nz\r",1\n'


ALONE = [
    (
        "NULL, csv",
        None,
        "csv",
        'a\n""\n',
        '1 cell of NULL written as "": nothing at all would be a blank line, which readers drop',
    ),
    ("empty, csv", "", "csv", 'a\n""\n', None),
    ("blank, csv", " ", "csv", 'a\n" "\n', None),
    ("NULL, tsv", None, "tsv", "a\n\\N\n", None),
    (
        "empty, tsv",
        "",
        "tsv",
        "a\n\n",
        "1 cell of empty text, a blank line that some readers drop; --format csv quotes it",
    ),
    ("quoted, tsv", '"x"', "tsv", 'a\n"x"\n', f"1 cell {QUOTE}"),
    ("an open quote, tsv", '"', "tsv", 'a\n"\n', f"1 cell {QUOTE}"),
    ("a quote within, tsv", 'x"', "tsv", 'a\nx"\n', None),
    ("quoted, csv", '"x"', "csv", 'a\n"""x"""\n', None),
    ("a text that looks like NULL, tsv", "\\N", "tsv", "a\n\\\\N\n", None),
    ("NULL, jsonl", None, "jsonl", '{"a": null}\n', None),
]


@pytest.mark.parametrize(
    ("value", "name", "text", "note"), [case[1:] for case in ALONE], ids=[case[0] for case in ALONE]
)
def test_a_single_column_has_a_line_for_each_row(value, name, text, note):
    assert written(("a",), ((value,),), name) == (text, (note,) if note else ())
    if name == "csv":
        assert len(list(csv.reader(io.StringIO(text, newline="")))) == len(
            [row for row in csv.reader(io.StringIO(text)) if row]
        )


@pytest.mark.parametrize("name", FORMATS)
def test_a_byte_order_mark_begins_csv_and_tsv_only(name):
    out, _ = written(("ä",), (("x",),), name, bom=True)
    assert out.startswith("\ufeff") == (name in {"csv", "tsv"})
    assert out.removeprefix("\ufeff") == written(("ä",), (("x",),), name)[0]
    assert not written(("ä",), (("x",),), name, bom=True, stream=Terminal())[0].startswith("\ufeff")


ENCODINGS = [
    ("fits", "latin-1", "Müller", "Müller", 0),
    ("does not fit", "latin-1", "日本", "\\u65e5\\u672c", 1),
    ("ascii", "ascii", "é", "\\xe9", 1),
    ("lone surrogate", "utf-8", "\ud800", "\\ud800", 1),
    ("utf-16 holds all", "utf-16-le", "日本😀", "日本😀", 0),
]


@pytest.mark.parametrize(
    ("encoding", "text", "expected", "changed"), [e[1:] for e in ENCODINGS], ids=[e[0] for e in ENCODINGS]
)
def test_what_an_encoding_cannot_hold_is_counted_and_said(encoding, text, expected, changed):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="")
    notes = write_result(("a",), ((text,),), format="csv", stream=stream, bom=True)
    stream.flush()
    assert raw.getvalue().decode(encoding).removeprefix("\ufeff") == f"a\n{expected}\n"
    told = f"1 cell with escapes for what {encoding} cannot write; -o FILE writes UTF-8"
    assert notes == ((told,) if changed else ())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("text", ["é", "日本", "😀", "\ud800", "a\\u0041"])
def test_json_is_json_in_every_encoding(encoding, text):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    write_result((text,), ((text,),), format="jsonl", stream=stream)
    stream.flush()
    assert json.loads(raw.getvalue().decode(encoding)) == {text: text}


VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(codec="utf-8"), max_size=8)
SIGNS = st.text(st.sampled_from("=+-@\t\r\n'\"\\N ,;ab\u200c\ufeff＝"), max_size=6)
TABLES = st.integers(2, 4).flatmap(lambda n: st.lists(st.lists(VALUES | SIGNS, min_size=n, max_size=n), max_size=5))


@settings(max_examples=50)
@given(TABLES)
def test_any_cells_round_trip_through_csv_and_tsv(rows):
    columns = [f"c{n}" for n in range(len(rows[0]) if rows else 2)]
    expected = [columns, *([None if value is None else str(value) for value in row] for row in rows)]
    tsv, _ = written(columns, rows, "tsv")
    assert read_back(tsv, "tsv") == expected
    text, _ = written(columns, rows, "csv")
    cells = list(csv.reader(io.StringIO(text, newline="")))
    assert [[undone(cell) for cell in row] for row in cells] == [[cell or "" for cell in row] for row in expected]


@settings(max_examples=30)
@given(TABLES)
def test_no_cell_is_a_formula_to_a_spreadsheet_library(rows):
    """openpyxl takes what csv.reader reads: a text, as it is in the file, never something to run."""
    columns = [f"c{n}" for n in range(len(rows[0]) if rows else 2)]
    text, _ = written(columns, rows, "csv")
    cells = [
        [openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("", cell) for cell in row]
        for row in csv.reader(io.StringIO(text, newline=""))
    ]
    book = openpyxl.Workbook()
    for row in cells:
        book.active.append(row)
    assert {cell.data_type for line in book.active.iter_rows() for cell in line} <= {"s", "n"}
    saved = io.BytesIO()
    book.save(saved)
    read = openpyxl.load_workbook(saved).active.iter_rows(max_col=len(columns), max_row=len(cells), values_only=True)
    # XML has one line end, and a cell of nothing has no value.
    assert [[lines(cell or "") for cell in row] for row in read] == [[lines(cell) for cell in row] for row in cells]


def test_the_library_would_run_what_is_not_protected():
    """The control."""
    book = openpyxl.Workbook()
    book.active.append(list(csv.reader(io.StringIO(written(("a",), (("=1+1",),), "csv", raw=True)[0])))[1])
    assert book.active["A1"].data_type == "f"


def lines(text):
    return text.replace("\r\n", "\n").replace("\r", "\n")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payloads_stay_visible_text(name, payload):
    for stream in (io.StringIO(), Terminal()):
        text, notes = written((payload, "b"), ((payload, payload),), name, stream=stream)
        if stream.isatty() or name not in {"csv", "tsv"}:  # their files are exact
            assert not forbidden(text, allowed="\n\t" if name in {"vertical", "csv", "tsv"} else "\n")
        assert not forbidden("".join(notes), allowed="")
        assert len(text) > len(name)


def test_naughty_strings_in_every_format(naughty):
    for name in FORMATS:
        text, _ = written(("a", "b"), [(one, one) for one in naughty], name, width=80, stream=Terminal())
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
    assert any(escape in raw.getvalue() for escape in (b"\\u65e5", b"\\\\u65e5", b"&#26085;"))


def test_colour_only_when_asked_for():
    assert "\x1b" not in written(COLUMNS, ROWS, "table")[0]
    colored = written(COLUMNS, ROWS, "table", color=True)[0]
    assert "\x1b[2mNULL\x1b[0m" in colored


def test_a_page_of_html_holds_every_value_and_runs_none():
    rows = [
        (1, "<script>alert(1)</script>", None),
        (2, "a & b" + "x" * 5000, "two\nlines\x1b[31m"),
        (3, "日本", b"\x00"),
    ]
    text, notes = written(("n", "<b>", "c"), rows, "html")
    assert notes == ()
    for cell in (
        '<td class="n">1</td><td>&lt;script&gt;alert(1)&lt;/script&gt;</td><td class="null">NULL</td>',
        f"<td>a &amp; b{'x' * 5000}</td><td>two\nlines\\x1b[31m</td>",
        "<td>日本</td><td>x&#x27;00&#x27;</td>",
        "<th>&lt;b&gt;</th>",
    ):
        assert cell in text
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1", write_through=True)
    write_result(("n",), [("日本",)], format="html", stream=stream)
    assert b"<td>&#26085;&#26412;</td>" in stream.buffer.getvalue()


def workbook(columns, blocks, **options):
    made = io.BytesIO()
    notes = write_spreadsheet(columns, blocks, made, **options)
    return openpyxl.load_workbook(made), notes


def test_another_library_reads_the_workbook():
    rows = [
        (1, "plain", 2.5, None),
        (-5, "=1+1", 1e300, "x" * 40_000),
        (2**62, "@SUM(A1)", float("inf"), b"\x00\xff"),
        (0, "日本 \x1b", 0.1, ""),
    ]
    book, notes = workbook(("id", "=text", "real", "rest"), [block(rows)])
    sheet = book["result"]
    read = [["" if cell.value is None else cell.value for cell in row] for row in sheet.iter_rows()]
    assert read == [  # whether an empty text is a cell depends on the library's version
        ["id", "=text", "real", "rest"],
        [1, "plain", 2.5, ""],
        [-5, "=1+1", 1e300, "x" * 32_767],
        [str(2**62), "@SUM(A1)", "Inf", "x'00ff'"],
        [0, "日本 _x001B_", 0.1, ""],  # the format's own escape, which openpyxl leaves in a cell's text
    ]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"n", "s"}, "no formula"
    assert [sheet.cell(row, 2).quotePrefix for row in (2, 3, 4)] == [False, True, True]
    assert notes == [
        "1 value cut to Excel's 32,767 characters; csv holds them whole",
        "2 numbers written as text: Excel would round them",
    ]


def test_a_workbook_goes_on_in_another_sheet():
    book, notes = workbook(("n",), [block([(number,)]) for number in range(5)], sheet_rows=3)
    assert [[cell.value for row in sheet.iter_rows(min_row=2) for cell in row] for sheet in book] == [
        [0, 1],
        [2, 3],
        [4],
    ]
    assert notes == ["3 sheets: Excel holds 2 rows in one"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "csv"), ("a.TSV", "tsv"), ("a.json", "json"), ("a.ndjson", "jsonl"), ("a.md", "markdown"),
        ("a.htm", "html"), ("a.b.xlsx", "xlsx"), ("a.txt", "table"), ("csv", "table"),
    ],
)  # fmt: skip
def test_a_files_ending_says_its_format(name, expected):
    assert format_of(Path(name)) == expected


def test_a_long_result_is_several_tables():
    text, _ = written(("n",), [(number,) for number in range(2500)], "table")
    assert text.count("│ n ") == 3
    assert [int(line.strip("│ ")) for line in text.splitlines() if line.strip("│ ").isdigit()] == [*range(2500)]


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_columns_are_written_as_their_cells_are(name, naughty):
    texts = [*naughty, "", " a", "a ", "a,b", "=1", "plain", "plain", "two words", "-1", "'=1", "x" * 300, "a\x00b"]
    rows = [(1, text, None, 0.5) for text in texts * 2]
    together, notes = written(("a", "b", "c", "d"), rows, name)
    one_by_one = [written(("a", "b", "c", "d"), [row], name)[0].partition("\n")[2] for row in rows]
    assert together.partition("\n")[2] == "".join(one_by_one)
    formulas = sum(is_formula(row[1]) for row in rows)
    assert any(note.startswith(f"{formulas} cells got a leading '") for note in notes)
