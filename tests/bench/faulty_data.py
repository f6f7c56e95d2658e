"""Data sets in the layouts of Spider and BIRD with every fault that a benchmark must not end by."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

MANY = 20_662
"""Rows of the largest gold result of Spider's dev set."""
SCRIPT = f"""
CREATE TABLE singer (id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INT);
INSERT INTO singer VALUES (1, 'Ann', 'France', 31), (2, 'Bo', 'Spain', 25), (3, 'Cid', 'France', 52);
CREATE TABLE sale (id INTEGER PRIMARY KEY, amount INT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {MANY}) INSERT INTO sale SELECT i, i % 97 FROM n;
"""
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
HUGE = "SELECT a.id FROM sale a JOIN sale b ON b.id < 8"

MEASURED = {
    "plain": ("How many singers are there?", "SELECT count(*) FROM singer"),
    "large": ("List the ids of all sales.", "SELECT id FROM sale"),
    "empty": ("Which singers are from Peru?", "SELECT name FROM singer WHERE country = 'Peru'"),
    "quoted": ("Which singers are from Spain?", 'SELECT name FROM singer WHERE country = "Spain"'),
}
"""Questions that can be measured, by id."""

FAULTS = {
    # id: (database, gold, kind, what its reason says)
    "column": ("concert", "SELECT nme FROM singer", "gold", "no such column: nme"),
    "table": ("concert", "SELECT name FROM singers", "gold", "no such table: singers"),
    "syntax": ("concert", "SELECT count(* FROM singer", "gold", "syntax error"),
    "function": ("concert", "SELECT median_of(age) FROM singer", "gold", "median_of"),
    "writes": ("concert", "DELETE FROM singer", "gold", "DELETE is not allowed"),
    "endless": ("concert", ENDLESS, "time", "over the time limit of"),
    "huge": ("concert", HUGE, "size", "is over 100,000 rows"),
    "blank": ("concert", "  ", "record", "there is no"),
    "nowhere": ("gone", "SELECT 1", "record", "there is no database 'gone'"),
    "damaged": ("damaged", "SELECT count(*) FROM singer", "database", "damaged"),
    "hollow": ("hollow", "SELECT 1", "database", "hollow.sqlite"),
    "text": ("text", "SELECT 1", "database", "text.sqlite"),
    "locked": ("locked", "SELECT count(*) FROM singer", "database", "locked"),
}
"""Questions that cannot."""

LAYOUTS = {
    # name: (file, folder of the databases, id, gold)
    "spider": ("dev.json", "database", "id", "query"),
    "bird": ("dev.json", "dev_databases", "question_id", "SQL"),
    "paper": ("spider_intrin_eval.json", "databases", "qid", "sql"),
}


def build(path: Path, script: str = SCRIPT) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return path


def faulty(folder: Path, layout: str, *, candidates: bool = False, without: Collection[str] = ()) -> Path:
    """The data set's folder. Its database ``locked`` is so only while :func:`locked` holds it.

    ``without``: faults that are left out, as the endless query, which computes up to its time limit.
    """
    file, databases, key, gold = LAYOUTS[layout]
    place = folder / databases
    main = build(place / "concert/concert.sqlite")
    build(place / "concert/concert_v1.sqlite")
    build(place / "locked/locked.sqlite")
    whole = main.read_bytes()
    (place / "concert/concert_v2.sqlite").write_bytes(whole[:3000])
    for name in ("._concert.sqlite", ".concert.sqlite", "concert (copy).sqlite", "concert_backup.sqlite"):
        (place / "concert" / name).write_bytes(b"Mac OS X        \x00\x05\x16\x07")
    for name, data in (
        ("damaged", whole[:100] + b"\xa5" * (len(whole) - 100)), ("hollow", b""), ("text", b"not a database\n" * 99),
    ):  # fmt: skip
        (place / name).mkdir()
        (place / name / f"{name}.sqlite").write_bytes(data)
    asked = [
        *((name, "concert", question, sql) for name, (question, sql) in MEASURED.items()),
        *(
            (name, database, f"Is {name} measured?", sql)
            for name, (database, sql, *_) in FAULTS.items()
            if name not in without
        ),
        ("plain", "concert", "The same id again?", "SELECT 2"),
    ]
    records = [{key: name, "db_id": database, "question": text, gold: sql} for name, database, text, sql in asked]
    records.append({key: "silent", "db_id": "concert", gold: "SELECT 1"})
    records.append({key: "homeless", "question": "In which database?", gold: "SELECT 1"})
    if candidates:
        records = [
            {**record, "top_n": [record[gold], "SELECT count(*) FROM sale", "SELECT nope"], "top_n_label": [1, 0, 0]}
            for record in records
        ]
        records.append({key: "alone", "db_id": "concert", "question": "No candidates?", gold: "SELECT 1", "top_n": [],
                        "top_n_label": []})  # fmt: skip
    (folder / file).write_text(json.dumps(records, indent=1))
    return folder


_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """While another process writes to the database ``locked``."""
    (path,) = folder.glob("*/locked/locked.sqlite")
    command = [sys.executable, "-c", _HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.communicate()
