"""Columns whose values nobody should see: they read as NULL to every query, before anything leaves the sandbox.

SQLite itself puts the NULL in place of each read (``SQLITE_IGNORE`` of its authorizer), so no expression, join,
condition, view, sample or error message can show what is there. Columns generated from a redacted one are redacted
with it; a virtual table with one cannot be read at all, since its functions (``highlight``, ``snippet``) bypass
the authorizer. What is not covered: the same values stored elsewhere, under another table's name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias

from planner_cli.database.names import CUTOFF, nearest
from planner_cli.errors import DatabaseError
from planner_cli.lexer import ListedName, NameListError, as_listed, listed_names
from planner_cli.text import nocase
from planner_cli.types import Column, Schema, Table

_HOW = 'TABLE.COLUMN, with names that hold a dot or a comma in quotes: "a,b"."c.d"'

Pair: TypeAlias = tuple[str, str]
"""Table and column, folded by :func:`planner_cli.text.nocase`."""


def readings(text: str) -> tuple[Pair, ...]:
    """Every way to read ``TABLE.COLUMN``, or several with commas between them; see :func:`.listed_names`.

    Raises :class:`.NameListError`.
    """
    return tuple(_folded(pair) for name in listed_names(text) for pair in name.pairs)


def columns(texts: Iterable[str]) -> tuple[ListedName, ...]:
    """The columns that the texts name, one or several each.

    Raises :class:`DatabaseError` for a text that cannot be read.
    """
    try:
        return tuple(name for text in texts for name in listed_names(text))
    except NameListError as error:
        raise DatabaseError(f"what to redact cannot be read: {error}", hint=_HOW) from error


def pairs(texts: Iterable[str]) -> tuple[Pair, ...]:
    """What the worker uses: every reading of every column; those that name nothing match nothing.

    Raises :class:`DatabaseError` for a text that cannot be read.
    """
    return tuple(dict.fromkeys(_folded(pair) for name in columns(texts) for pair in name.pairs))


def named(texts: Iterable[str], schema: Schema) -> tuple[str, ...]:
    """Those of the texts that name a column of the schema."""
    return tuple(text for text in texts if _is_known(readings(text), schema))


def _is_known(pairs: Iterable[Pair], schema: Schema) -> bool:
    """Whether one of them is a column; those the schema leaves out count, since nobody reads them anyway."""
    known = {_folded((table.name, column.name)) for table in schema.tables for column in table.columns}
    known |= {_folded((left.table, left.column)) for left in schema.left_out if left.column is not None}
    unread = {nocase(left.table) for left in schema.left_out if left.column is None and not left.internal}
    return any(pair in known or pair[0] in unread for pair in map(_folded, pairs))


def check(texts: Collection[str], schema: Schema, path: Path) -> None:
    """Raise :class:`DatabaseError` for a name that is not a column: a typing error must not redact nothing."""
    for name in columns(texts):
        if not _is_known(name.pairs, schema):
            table = _table_itself(name, schema)
            near = None if table else meant(name, (schema,))
            hint = f"did you mean {near}?" if near else _what_there_is(name, schema)
            if table:
                hint = f"{as_listed(table.name)} is a table: name its columns, {_columns_of(table)}"
            raise DatabaseError(f"{path}: no column {name.text!r} to redact", hint=hint)


def meant(name: ListedName, schemas: Iterable[Schema]) -> str | None:
    """The column most like a name that matches none, in the form it can be given; ``None`` where none is like it.

    Where its table exists, the column is one of that table's.
    """
    wanted = ".".join(part for part, _ in name.parts)
    every = [(table, column) for schema in schemas for table in schema.tables for column in table.columns]
    for table, column in name.pairs:
        own = [pair for pair in every if nocase(pair[0].name) == nocase(table)]
        if own:
            return _most_like(column, own, [c.name for _, c in own])
    if len(name.parts) > 1:
        return _most_like(wanted, every, [f"{t.name}.{c.name}" for t, c in every])
    return _most_like(wanted, every, [c.name for _, c in every], cutoff=CUTOFF)


def _most_like(
    wanted: str, columns: Sequence[tuple[Table, Column]], names: Sequence[str], *, cutoff: float = 0.6
) -> str | None:
    found = nearest(wanted, names, cutoff=cutoff)
    if found is None:
        return None
    table, column = columns[names.index(found)]
    return f"{as_listed(table.name)}.{as_listed(column.name)}"


def _folded(pair: Pair) -> Pair:
    return nocase(pair[0]), nocase(pair[1])


def _what_there_is(name: ListedName, schema: Schema) -> str:
    tables = {nocase(table.name): table for table in schema.tables}
    table = next((tables[found] for found, _ in map(_folded, name.pairs) if found in tables), None)
    if table is None:
        return f"give {_HOW}; it has {', '.join(as_listed(table.name) for table in schema.tables[:12])}"
    return f"{as_listed(table.name)} has {_columns_of(table)}"


def _table_itself(name: ListedName, schema: Schema) -> Table | None:
    """The table that is all that was named."""
    whole = nocase(".".join(part for part, _ in name.parts))
    return next((table for table in schema.tables if nocase(table.name) == whole), None)


def _columns_of(table: Table) -> str:
    return ", ".join(as_listed(column.name) for column in table.columns[:12])
