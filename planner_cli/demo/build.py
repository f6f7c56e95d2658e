"""Writes the demo database: into a temporary file first, so that a half-made one is never seen."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from planner_cli.demo.business import rows
from planner_cli.demo.schema import SCHEMA, TABLES
from planner_cli.errors import DatabaseError

APPLICATION_ID = 0x504C4E44
"""``PLND``, at byte 68 of the file: how we recognise a file as ours."""

_HEADER_BYTES = 100
_SIBLINGS = ("-wal", "-journal")


def build(path: Path, *, seed: int = 7, force: bool = False) -> bool:
    """Write the demo database to ``path``; the same rows for the same seed, on every machine.

    Returns whether anything was written: a file that already has exactly this content is left as it is. Any other file
    is replaced only with ``force``. Raises :class:`DatabaseError` when it refuses to, when the folder is missing or
    cannot be written, and when another program has the old file open with changes not yet in it.
    """
    path = path.expanduser()
    _check_target(path, force)
    path = path.resolve()  # a link stays a link: its target is replaced
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            draft.unlink(missing_ok=True)
            _write(draft, seed)
            if path.exists() and _same_content(path, draft):
                return False
            if path.exists() and not force:
                raise DatabaseError(
                    f"{path} is a demo database that was changed", hint="name another file, or use --force"
                )
            _flush(draft)
            draft.replace(path)
        finally:
            for suffix in ("", "-journal"):
                draft.with_name(draft.name + suffix).unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DatabaseError(f"cannot write {path}: {reason}") from error
    return True


def _check_target(path: Path, force: bool) -> None:
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder", hint=f"name a file in it, such as {path / 'demo.sqlite'}")
    if not path.parent.is_dir():
        raise DatabaseError(f"there is no folder {path.parent}", hint=f"mkdir -p {path.parent}")
    if not path.exists():
        return
    if not path.is_file():
        raise DatabaseError(f"{path} is not a regular file")
    if not force and not _is_demo(path):
        raise DatabaseError(f"{path} exists and is not a demo database", hint="name another file, or use --force")
    for suffix in _SIBLINGS:
        # Left next to the new file, SQLite would replay it into that.
        sibling = path.with_name(path.name + suffix)
        if sibling.exists():
            raise DatabaseError(
                f"{path} is in use: {sibling.name} is next to it", hint="close it, or name another file"
            )


def _is_demo(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            header = stream.read(_HEADER_BYTES)
    except OSError as error:
        raise DatabaseError(f"cannot read {path}: {error.strerror or error}") from error
    return header.startswith(b"SQLite format 3\0") and header[68:72] == APPLICATION_ID.to_bytes(4, "big")


def _same_content(one: Path, other: Path) -> bool:
    """Whether both hold the same schema and rows: their bytes depend on SQLite's version, and on a VACUUM."""
    return one.read_bytes() == other.read_bytes() or _dump(one) == _dump(other)


def _dump(path: Path) -> list[str] | None:
    """The database as SQL; ``None`` when it cannot be read."""
    try:
        # immutable: nothing is created next to it, and no lock is waited for
        with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as connection:
            return list(connection.iterdump())
    except sqlite3.Error:
        return None


def _write(path: Path, seed: int) -> None:
    tables = rows(seed)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(f"PRAGMA page_size = 4096; PRAGMA application_id = {APPLICATION_ID};{SCHEMA}")
        connection.execute("PRAGMA foreign_keys = ON")
        with connection:
            for table in TABLES:
                marks = ", ".join("?" * len(tables[table][0]))
                connection.executemany(f"INSERT INTO {table} VALUES ({marks})", tables[table])  # noqa: S608 -- our names


def _flush(path: Path) -> None:
    """Flush to disk before the rename: after a power cut there is the old file or the new one, never an empty one."""
    with path.open("rb") as stream:
        os.fsync(stream.fileno())
