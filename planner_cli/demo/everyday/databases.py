"""Makes the databases: the same bytes for the same generator and seed, on every machine."""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Literal, TypeAlias

from planner_cli.demo import dice
from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday import making, sets
from planner_cli.demo.everyday.making import Rows
from planner_cli.errors import DatabaseError, PlannerError
from planner_cli.types import Row

Third: TypeAlias = Literal["train", "tune", "test"]
THIRDS: tuple[Third, ...] = ("train", "tune", "test")

DATABASES: tuple[str, ...] = (
    "appointments", "browser", "budget", "bugs", "corporate", "crm", "energy", "events", "flashcards", "flights",
    "football", "grades", "inventory", "library", "payroll", "photos", "sensors", "survey", "tickets",
    "warenwirtschaft", "workouts",
)  # fmt: skip
"""In turn of the training, tuning and test third: the order was fixed before the first question was written. New ones
are added at the end, so that none changes its third."""

SEEDS = (1, 2, 3)
"""The first makes the database that is asked. The others make further instances, with other rows: a query that is right
by chance is wrong there."""

_VERSION_AT = 96
"""Where the header holds the version of the SQLite that wrote the file; nothing reads it."""


def third(name: str) -> Third:
    """The part of the set to which a database and all its questions belong."""
    return THIRDS[DATABASES.index(name) % len(THIRDS)]


@functools.cache
def digest(name: str) -> str:
    """Of everything that the rows of a database depend on: what is made of other code is another file."""
    files = (dice.__file__, making.__file__, __file__, sets.SOURCES[name].__file__)
    return hashlib.sha256(b"\0".join(Path(str(file)).read_bytes() for file in files)).hexdigest()[:12]


def made(name: str, folder: Path) -> tuple[Path, ...]:
    """The instances of a database under ``folder``, in the order of :data:`SEEDS`; made if they are not there yet.

    Raises:
        DatabaseError: the folder cannot be written.

    """
    own = folder / f"{name}-{digest(name)}"
    paths = tuple(own / f"{name}{'' if seed == SEEDS[0] else f'-{seed}'}.sqlite" for seed in SEEDS)
    try:
        for place in (folder, own):  # a mode is not for parents that are made along the way
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"cannot write {folder}: {error.strerror or error}") from error
    for seed, path in zip(SEEDS, paths, strict=True):
        if not path.exists():
            write(path, name, seed)
    return paths


def write(path: Path, name: str, seed: int, *, size: int | None = None) -> None:
    """Write one instance to ``path``, replacing what is there. ``size`` is the number of events of the event log.

    Raises:
        DatabaseError: the file cannot be written.
        PlannerError: the database has no size to choose, or there is none of this name.

    """
    if name not in sets.SOURCES:
        raise PlannerError(f"there is no everyday database {name!r}", hint=f"one of: {', '.join(DATABASES)}")
    if size is not None and name != "events":
        raise PlannerError(f"the size of {name} cannot be chosen", hint="events is the one that grows")
    found = sets.events.rows(Dice(seed), size) if size is not None else sets.SOURCES[name].rows(Dice(seed))
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            draft.unlink(missing_ok=True)
            _fill(draft, sets.SOURCES[name].SCHEMA, found)
            draft.chmod(0o600)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DatabaseError(f"cannot write {path}: {reason}") from error


def _fill(path: Path, schema: str, rows: Rows) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA page_size = 4096; PRAGMA auto_vacuum = NONE; PRAGMA journal_mode = OFF;")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(schema)
        with connection:
            for table, found in rows.items():
                _insert(connection, table, iter(found))
    with path.open("r+b") as file:
        file.seek(_VERSION_AT)
        file.write(bytes(4))


def _insert(connection: sqlite3.Connection, table: str, rows: Iterator[Row]) -> None:
    first = next(rows, None)
    if first is not None:
        marks = ", ".join("?" * len(first))
        name = table.replace('"', '""')
        connection.executemany(f'INSERT INTO "{name}" VALUES ({marks})', itertools.chain([first], rows))  # noqa: S608 - ours
