"""A database opened as the settings say: for whoever asks it, or runs queries of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from planner_cli.database.names import nearest
from planner_cli.errors import DatabaseError
from planner_cli.lexer import as_listed
from planner_cli.settings import Limits
from planner_cli.text import nocase
from planner_cli.types import Schema

if TYPE_CHECKING:
    from planner_cli.app.settings import DatabaseSettings
    from planner_cli.database import Database

_TABLES_NAMED = 12
"""Of a database, in the error about one that it lacks."""
_SAMPLES = 3
"""Values of each column that the models are shown."""


def open_database(
    path: Path, wanted: DatabaseSettings, limits: Limits, note: Callable[[str], None], *, samples: int = _SAMPLES
) -> Database:
    """The file, open for reading only; ``note`` is called with what a user should know about it.

    Raises:
        DatabaseError: the file cannot be used, or a column to redact is not in it.

    """
    from planner_cli.database import Database

    opened = Database.open(
        path,
        limits=limits,
        samples=0 if wanted.no_values else samples,
        private_copy=wanted.private_copy,
        redact=wanted.redact,
    )
    if opened.private_copy is not None:
        size = opened.private_copy.size / 1e6
        note(f"{path} is read from a private copy of {size:.1f} MB, which is removed at the end")
    for each in opened.notes:
        note(each)
    return opened


def part_of(schema: Schema, tables: tuple[str, ...], path: Path) -> Schema:
    """The schema with only the named tables; all of it where none is named.

    Raises:
        DatabaseError: one of them is not in it.

    """
    if not tables:
        return schema
    known = {nocase(table.name) for table in schema.tables}
    for name in tables:
        if nocase(name) in known:
            continue
        why = next((left.reason for left in schema.left_out if nocase(left.name) == nocase(name)), None)
        close = nearest(name, [table.name for table in schema.tables]) if why is None else None
        names = ", ".join(as_listed(table.name) for table in schema.tables[:_TABLES_NAMED])
        raise DatabaseError(
            f"{path}: no table {name!r}" if why is None else f"{path}: {name} cannot be asked: {why}",
            hint=f"did you mean {as_listed(close)}?" if close else f"it has {names}",
        )
    return schema.select(tables)
