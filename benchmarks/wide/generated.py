"""A wide schema from a seed: an ERP's kind of names, keys that link, a few rows."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

_AREAS, _THINGS, _KINDS, _COLUMNS, _CITIES = (
    line.split()
    for line in (
        "sales purchase stock ledger payroll project service quality fleet energy",
        "order invoice customer supplier product item payment contract employee vehicle delivery warehouse account",
        "header line status history note price address document plan type",
        "code name status amount quantity city country created_at changed_at valid_from unit currency",
        "Lisbon Oslo Quito Dakar Hanoi Turin Perth Lima",
    )
)


def write(path: Path, tables: int, *, seed: int = 0, columns: int = 8) -> None:
    """A file with that many tables, each linked to an earlier one."""
    draw = random.Random(seed)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN")
    made: list[str] = []
    for number in range(tables):
        name = "_".join((draw.choice(_AREAS), draw.choice(_THINGS), draw.choice(_KINDS), str(number)))
        names = draw.sample(_COLUMNS, columns)
        parent = draw.choice(made) if made else name
        made.append(name)
        link = f"{parent}_id INTEGER REFERENCES {parent} (id)"
        connection.execute(f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, {link}, {', '.join(names)})")
        row = [draw.choice(_CITIES) if column in ("city", "name") else f"{column} {number}" for column in names]
        connection.execute(f"INSERT INTO {name} VALUES (1, 1, {', '.join('?' * columns)})", row)
    connection.execute("COMMIT")
    connection.close()
