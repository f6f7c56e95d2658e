"""A private temporary database made of files of CSV, TSV or JSON lines; removed when it is closed.

The files are data that this process may read, unlike databases; the one made of them is then opened like any other,
in the sandbox.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from planner_cli.control import Control
from planner_cli.database import copying, tabular
from planner_cli.database.copying import PrivateCopy
from planner_cli.errors import DatabaseError
from planner_cli.lexer import quote
from planner_cli.text import nocase

_ROOM = 2
"""Bytes on the disk for one of a file's."""


@dataclass(frozen=True, slots=True)
class Imported:
    copy: PrivateCopy
    said: tuple[str, ...]
    """What was guessed about each file, one line each."""


def build(files: Sequence[Path], control: Control, progress: Callable[[str], None]) -> Imported:
    """The database of the files, each a table named after it.

    Raises:
        DatabaseError: one cannot be read, or the disk has no room.
        Stopped: the control said so. Nothing is left then.

    """
    copying.remove_leftovers()
    size = sum(_size(path) for path in files)
    if size * _ROOM > shutil.disk_usage(tempfile.gettempdir()).free:
        raise DatabaseError(
            f"a temporary database of some {size * _ROOM:,} bytes does not fit {tempfile.gettempdir()}",
            hint="name another folder with TMPDIR",
        )
    made = copying.folder()
    try:
        os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(sqlite3.connect(made, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode=OFF")
            database.execute("PRAGMA synchronous=OFF")
            taken: set[str] = set()
            said = tuple(_import(database, path, taken, control, progress) for path in files)
        return Imported(PrivateCopy(made, made.stat().st_size), said)
    except sqlite3.Error as error:
        PrivateCopy(made, 0).remove()
        raise DatabaseError(f"no temporary database can be made: {error}", hint="see TMPDIR") from error
    except BaseException:
        PrivateCopy(made, 0).remove()
        raise


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DatabaseError(f"{path}: {error.strerror or error}", hint="check the path") from error


def _import(
    database: sqlite3.Connection, path: Path, taken: set[str], control: Control, progress: Callable[[str], None]
) -> str:
    def go_on(what: str, rows: int) -> None:
        if control.should_abort():
            raise control.stopped()
        progress(f"{what} {path.name}, {rows:,} rows")

    shape = None
    for shape in tabular.examine(path):
        go_on("reading", shape.rows)
    assert shape is not None, "a shape is always given"
    table = _table_name(path, taken)
    columns = ", ".join(
        f"{quote(name)} {'REAL' if kind == 'COMMA' else kind}"
        for name, kind in zip(shape.names, shape.types, strict=True)
    )
    database.execute(f"CREATE TABLE {quote(table)} ({columns})")
    places = ", ".join("?" * len(shape.names))
    insert = f"INSERT INTO {quote(table)} VALUES ({places})"  # noqa: S608 - quoted
    database.execute("BEGIN")
    done, width = 0, len(shape.names)
    commas = [at for at, kind in enumerate(shape.types) if kind == "COMMA"]
    for rows in tabular.batches(shape):
        padded = [[*row, *[None] * (width - len(row))] for row in rows]
        for at in commas:
            for row in padded:
                row[at] = row[at] and row[at].replace(",", ".")
        database.executemany(insert, padded)
        done += len(rows)
        go_on("storing", done)
    database.execute("COMMIT")
    return f"{shape.said()}; table {table}"


def _table_name(path: Path, taken: set[str]) -> str:
    """The file's name as a name that needs no quotes, as far as that is possible."""
    base = re.sub(r"\W+", "_", path.stem).strip("_") or "data"
    if base[0].isdigit() or nocase(base).startswith("sqlite_"):
        base = f"t_{base}"
    name, number = base, 1
    while nocase(name) in taken:
        number += 1
        name = f"{base}_{number}"
    taken.add(nocase(name))
    return name
