"""A database opened as the settings say: for whoever asks it, or runs queries of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from planner_cli.app.notes import Notes, read_notes, unknown, with_notes
from planner_cli.control import Control
from planner_cli.database.names import nearest
from planner_cli.errors import DatabaseError, PlannerError
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
    files: Path | Sequence[Path],
    wanted: DatabaseSettings,
    limits: Limits,
    note: Callable[[str], None],
    *,
    samples: int = _SAMPLES,
    control: Control | None = None,
    progress: Callable[[str], None] = lambda _text: None,
) -> Database:
    """The one database, open for reading only, or a private one made of files of tables (CSV, TSV, JSON lines).

    ``note`` is called with what a user should know about it, ``progress`` while files of tables are read.

    Raises:
        PlannerError: the files are of several kinds, or several databases.
        DatabaseError: a file cannot be used, or a column to redact is not in it.
        Stopped: the control said so.

    """
    from planner_cli.database import Database
    from planner_cli.database.tabular import is_tabular

    files = [files] if isinstance(files, Path) else files
    samples = 0 if wanted.no_values else samples
    others = [file for file in files if not is_tabular(file)]
    if files and not others:
        opened = Database.of_files(
            files, limits=limits, samples=samples, redact=wanted.redact, control=control, progress=progress
        )
    elif len(files) == 1:
        opened = Database.open(
            files[0], limits=limits, samples=samples, private_copy=wanted.private_copy, redact=wanted.redact
        )
    else:
        raise PlannerError(
            f"{others[0]} is no .csv, .tsv or .jsonl file" if others else "no database is named",
            hint="ask one database, or several of such files",
        )
    for each in (*_of_copy(opened), *opened.notes):
        note(each)
    return opened


def _of_copy(opened: Database) -> Iterator[str]:
    """What to know about a copy that is read instead of the file."""
    if opened.guessed:
        yield from opened.guessed
    elif opened.private_copy is not None:
        size = opened.private_copy.size / 1e6
        yield f"{opened.path} is read from a private copy of {size:.1f} MB, which is removed at the end"


def noted(opened: Database, note: Callable[[str], None]) -> Notes:
    """Put the user's notes on a database into its schema, and return them.

    ``note`` is called with what they name that is not there.

    Raises:
        PlannerError: they cannot be read.

    """
    written = read_notes(opened.path)
    opened.schema = with_notes(opened.schema, written)
    missing = unknown(written, opened.schema)
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        note(f"the notes name what is not there: {missing[0]}{more}; planner notes {opened.path} --check lists it")
    return written


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
