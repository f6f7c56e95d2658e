"""Files of CSV, TSV and JSON lines as a private temporary database: what is guessed, what is refused, what is left."""

import stat
from types import SimpleNamespace

import pytest

from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.errors import DatabaseError, Interrupted

FILES = {
    # name: (file, bytes, columns with types, rows, part of what is said)
    "a byte order mark": ("a.csv", "id,city\n1,Köln\n".encode("utf-8-sig"), "id INTEGER, city TEXT", [(1, "Köln")], "1 row"),
    "UTF-16": ("a.csv", "id,city\n1,Köln\n".encode("utf-16"), "id INTEGER, city TEXT", [(1, "Köln")], "utf-16"),
    "neither UTF-8 nor commas": (
        "a.csv", "Nr;Name;Umsatz\r\n1;Müller;12,50\r\n2;Öz;-3\r\n".encode("cp1252"), "Nr INTEGER, Name TEXT, Umsatz REAL",
        [(1, "Müller", 12.5), (2, "Öz", -3.0)], "semicolons, cp1252; decimal commas read as points",
    ),
    "bars": ("a.csv", b"a|b\n1|x,y\n2|z\n", "a INTEGER, b TEXT", [(1, "x,y"), (2, "z")], "bars"),
    "tabs": ("a.tsv", b"a\tb\n1\tx;y\n", "a INTEGER, b TEXT", [(1, "x;y")], "tabs"),
    "quotes": ("a.csv", b'a,b\n1,"x, ""y""\nz"\n', "a INTEGER, b TEXT", [(1, 'x, "y"\nz')], ""),
    "quotes that break the rules": ("a.csv", b'a,b\n"x"y,1\n', "a TEXT, b INTEGER", [("xy", 1)], "quotes inside quotes"),
    "empty and doubled names": (
        "a.csv", b"id,,name,Name\n1,x,y,z\n", "id INTEGER, column_2 TEXT, name TEXT, Name_2 TEXT", [(1, "x", "y", "z")], "",
    ),
    "rows of different lengths": (
        "a.csv", b"a,b\n1\n2,x,more\n\n3,y\n", "a INTEGER, b TEXT, column_3 TEXT",
        [(1, None, None), (2, "x", "more"), (3, "y", None)], "2 rows with more or fewer cells than the header",
    ),
    "no header": ("a.csv", b"1,2.5\n2,3\n", "column_1 INTEGER, column_2 REAL", [(1, 2.5), (2, 3.0)], "no header"),
    "a header alone": ("a.csv", b"a,b\n", "a TEXT, b TEXT", [], "0 rows, 2 columns"),
    "codes are no numbers": ("a.csv", b"zip,n\n01099,1\n50667,1_000\n", "zip TEXT, n TEXT", [("01099", "1"), ("50667", "1_000")], ""),
    "empty cells": ("a.csv", b"a,b\n,\n1,x\n", "a INTEGER, b TEXT", [(None, None), (1, "x")], ""),
    "one column": ("a.csv", b"name\nx\ny\n", "name TEXT", [("x",), ("y",)], ""),
    "integers that SQLite cannot hold": ("a.csv", b"n,m\n12345678901234567890,1e5\n", "n TEXT, m REAL", [("12345678901234567890", 1e5)], ""),
    "JSON lines": (
        "a.jsonl", b'{"a": 1, "b": "007"}\n\n{"a": 2.5, "c": ["x"], "d": true}\n{"c": null, "e": 18446744073709551616}\n',
        "a REAL, b TEXT, c TEXT, d INTEGER, e TEXT",
        [(1.0, "007", None, None, None), (2.5, None, '["x"]', 1, None), (None, None, None, None, "18446744073709551616")],
        "3 rows, 5 columns",
    ),
}  # fmt: skip
REFUSED = [
    ("a.csv", b"", "is empty"),
    ("a.csv", b'a,b\n1,"open\nx,y\n', "a quote is never closed"),
    ("a.csv", b"a\n" + b"x" * 10_000_001 + b"\n", "cannot be read as CSV"),
    ("a.csv", ",".join(f"c{i}" for i in range(2001)).encode(), "has 2,001 columns"),
    ("a.jsonl", b'{"a": 1}\n[1]\n', "line 2 is no JSON object"),
    ("a.jsonl", b'{"a": 1}\n{"a"\n', "not JSON, one object a line"),
    ("a.jsonl", b"\n", "is empty"),
    ("nowhere/a.csv", None, "No such file"),
]


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """Where temporary databases are made; nothing is left there."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def rows(database: Database, table: str) -> list[tuple[object, ...]]:
    return [row for block in database.blocks(f'SELECT * FROM "{table}"') for row in block.rows()]


@pytest.mark.parametrize(("file", "data", "columns", "expected", "said"), FILES.values(), ids=FILES)
def test_what_is_read(tmp_path, file, data, columns, expected, said):
    path = tmp_path / file
    path.write_bytes(data)
    with Database.of_files([path]) as database:
        (table,) = database.schema.tables
        assert ", ".join(f"{column.name} {column.declared_type}" for column in table.columns) == columns
        assert rows(database, table.name) == expected
        assert said in database.guessed[0]
        assert database.path == path
    assert path.read_bytes() == data


@pytest.mark.parametrize(("file", "data", "why"), REFUSED, ids=[f"{file}: {why}" for file, _, why in REFUSED])
def test_what_is_refused(tmp_path, file, data, why):
    path = tmp_path / file
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(DatabaseError, match=why):
        Database.of_files([path])


def test_several_files_are_tables_named_after_them(tmp_path):
    names = ["2024 sales.csv", "sub/2024-sales.csv", "customers.tsv", "sqlite_x.csv", "-.csv"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("id\n1\n")
    with Database.of_files([tmp_path / name for name in names]) as database:
        assert [table.name for table in database.schema.tables] == [
            "t_2024_sales", "t_2024_sales_2", "customers", "t_sqlite_x", "data",
        ]  # fmt: skip
        assert database.execute("SELECT count(*) FROM customers").rows == ((1,),)


def test_nobody_else_can_read_it(tmp_path, temporary):
    (tmp_path / "a.csv").write_text("a\n1\n")
    with Database.of_files([tmp_path / "a.csv"]) as database:
        made = database.private_copy.path
        assert made.is_relative_to(temporary)
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
        assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_ctrl_c_leaves_nothing(tmp_path, monkeypatch, batch):
    monkeypatch.setattr("planner_cli.database.tabular._BATCH", 2)
    (tmp_path / "a.csv").write_text("a\n" + "1\n" * 8)
    control, seen = Control(), []

    def progress(text: str) -> None:
        seen.append(text)
        if len(seen) == batch:
            control.cancel()

    with pytest.raises(Interrupted):
        Database.of_files([tmp_path / "a.csv"], control=control, progress=progress)
    assert len(seen) == batch
    assert seen[0] == "reading a.csv, 2 rows"


def test_what_a_killed_planner_left_is_removed(tmp_path, temporary):
    left = temporary / "planner-copy-999999999-x"
    left.mkdir()
    (tmp_path / "a.csv").write_text("a\n1\n")
    Database.of_files([tmp_path / "a.csv"]).close()
    assert not left.exists()


def test_no_room(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("a\n1\n")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=3))
    with pytest.raises(DatabaseError, match="does not fit"):
        Database.of_files([tmp_path / "a.csv"])
