"""Columns whose values nobody is to see: to every query they read as NULL, before anything leaves the sandbox.

SQLite itself puts the NULL in place of each read (``SQLITE_IGNORE`` of its authorizer), so no expression, join,
condition, view, sample or error message can show what is there. Columns generated from a redacted one are redacted
with it; of a virtual table with one nothing can be read, since its functions (``highlight``, ``snippet``) go round
the authorizer. What is not covered: the same values stored elsewhere, under another table's name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeAlias

from planner_cli.database.names import CUTOFF, nearest
from planner_cli.errors import DatabaseError
from planner_cli.types import Schema

Pair: TypeAlias = tuple[str, str]
"""Table and column, in lower case."""


def readings(text: str) -> tuple[Pair, ...]:
    """Every way to read ``TABLE.COLUMN``: either name may have a dot in it."""
    parts = text.strip().lower().split(".")
    return tuple((".".join(parts[:at]), ".".join(parts[at:])) for at in range(1, len(parts)))


def pairs(texts: Iterable[str]) -> tuple[Pair, ...]:
    """What the worker is told: every reading of every text; those that name nothing match nothing."""
    return tuple(dict.fromkeys(pair for text in texts for pair in readings(text)))


def named(texts: Iterable[str], schema: Schema) -> tuple[str, ...]:
    """Those of the texts that name a column of the schema."""
    known = {(table.name.lower(), column.name.lower()) for table in schema.tables for column in table.columns}
    return tuple(text for text in texts if not known.isdisjoint(readings(text)))


def check(texts: Collection[str], schema: Schema, path: Path) -> None:
    """Raise :class:`DatabaseError` for a text that names no column: a slip of the keyboard must not redact nothing."""
    found = named(texts, schema)
    for text in texts:
        if text not in found:
            near = meant(text, (schema,))
            hint = f"did you mean {near}?" if near else _what_there_is(text, schema)
            raise DatabaseError(f"{path}: no column {text!r} to redact", hint=hint)


def meant(text: str, schemas: Iterable[Schema]) -> str | None:
    """The column, as TABLE.COLUMN, that is most like a text which names none; ``None`` where none is like it."""
    columns = {
        f"{table.name}.{column.name}": column.name
        for schema in schemas
        for table in schema.tables
        for column in table.columns
    }
    if "." in text.strip().strip("."):
        return nearest(text, columns)
    place = nearest(text, columns.values(), cutoff=CUTOFF)
    return next((whole for whole, column in columns.items() if column == place), None)


def _what_there_is(text: str, schema: Schema) -> str:
    tables = {table.name.lower(): table for table in schema.tables}
    table = next((tables[name] for name, _ in readings(text) if name in tables), None)
    if table is not None:
        return f"{table.name} has {', '.join(column.name for column in table.columns[:12])}"
    return f"give TABLE.COLUMN; it has {', '.join(table.name for table in schema.tables[:12])}"
