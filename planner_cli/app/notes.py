"""What a database's names do not say, written down by whoever knows it: ``shop.sqlite.planner.toml``.

    note = "All amounts are in cents."          # always shown

    [terms]                                     # shown where a question has all of its words
    "active customer" = "ordered within the last 90 days"

    [tables.orders]                             # shown as comments of the schema
    note = "cancelled ones too"
    [tables.orders.columns]
    total = "without tax"
    fee = { note = "of the carrier", unit = "cents" }
    status = { codes = { B = "booked", D = "done" } }

    [[examples]]                                # shown to a similar question
    question = "How many active customers are there?"
    sql = "SELECT ..."

The file is beside the database, or in the configuration folder under ``notes``, which is read only where there is none
beside it. Descriptions and units of a Datasette ``metadata.json`` beside it count where the notes say nothing, and
comments in ``CREATE TABLE`` where neither does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from planner_cli.app.configuration import config_path
from planner_cli.database.names import nearest
from planner_cli.errors import PlannerError
from planner_cli.text import nocase
from planner_cli.tomlfile import read_toml
from planner_cli.types import Example, Schema, Table

ENDING = ".planner.toml"
DATASETTE = "metadata.json"
_LARGEST = 1_000_000
"""Bytes of a file that is read."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class TableNotes:
    """What is said of one table."""

    name: str
    note: str | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """By name as it is written there."""


@dataclass(frozen=True, slots=True)
class Notes:
    """All that is said about one database."""

    files: tuple[Path, ...] = ()
    """What was read; empty where there is nothing."""
    note: str | None = None
    terms: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    tables: tuple[TableNotes, ...] = ()
    examples: tuple[Example, ...] = ()

    def about(self, table: str) -> TableNotes | None:
        return next((each for each in self.tables if nocase(each.name) == nocase(table)), None)


def places(database: Path) -> tuple[Path, Path]:
    """Where the notes on a database may be: beside it, and in the configuration folder."""
    name = f"{database.name}{ENDING}"
    return database.with_name(name), config_path().parent / "notes" / name


def read_notes(database: Path) -> Notes:
    """What is written about a database.

    Raises:
        PlannerError: a file cannot be read, or says what it cannot say; the place is named.

    """
    file = next((place for place in places(database) if place.is_file()), None)
    notes = Notes() if file is None else _read(file)
    datasette = database.with_name(DATASETTE)
    described = _datasette(datasette, database) if datasette.is_file() else ()
    if not described:
        return notes
    added = tuple(_merged(notes.about(table.name), table) for table in described)
    others = tuple(table for table in notes.tables if all(nocase(table.name) != nocase(t.name) for t in described))
    return replace(notes, files=(*notes.files, datasette), tables=(*others, *added))


def _merged(first: TableNotes | None, second: TableNotes) -> TableNotes:
    """Both, where they differ the first."""
    if first is None:
        return second
    said = {nocase(name) for name in first.columns}
    more = {name: text for name, text in second.columns.items() if nocase(name) not in said}
    return replace(first, note=first.note or second.note, columns={**first.columns, **more})


def with_notes(schema: Schema, notes: Notes) -> Schema:
    """The schema with notes in the place of its comments."""
    if not notes.tables:
        return schema
    return replace(schema, tables=tuple(_noted(table, notes.about(table.name)) for table in schema.tables))


def _noted(table: Table, notes: TableNotes | None) -> Table:
    if notes is None:
        return table
    said = {nocase(name): text for name, text in notes.columns.items()}
    columns = tuple(
        replace(column, comment=said[nocase(column.name)], noted=True) if nocase(column.name) in said else column
        for column in table.columns
    )
    if notes.note is None:
        return replace(table, columns=columns)
    return replace(table, columns=columns, comment=notes.note, noted=True)


def unknown(notes: Notes, schema: Schema) -> list[str]:
    """What the notes are about that is not in the database, a line each, with what may have been meant."""
    found = []
    tables = {nocase(table.name): table for table in schema.tables}
    for each in notes.tables:
        table = tables.get(nocase(each.name))
        if table is None:
            found.append(f"no table {each.name}{_meant(each.name, [t.name for t in schema.tables])}")
            continue
        names = [column.name for column in table.columns]
        known = set(map(nocase, names))
        found += [
            f"no column {each.name}.{name}{_meant(name, names)}" for name in each.columns if nocase(name) not in known
        ]
    return found


def _meant(name: str, known: Sequence[str]) -> str:
    close = nearest(name, known)
    return f"; did you mean {close}?" if close else ""


# ---------------------------------------------------------------------------------------------------- files


@dataclass(frozen=True, slots=True)
class _Place:
    """A value of a file, and where it is."""

    file: Path
    name: str
    value: Any

    def table(self, allowed: Sequence[str] = ()) -> dict[str, _Place]:
        """Its keys; only those that are ``allowed`` where some are."""
        if not isinstance(self.value, dict):
            raise self.wrong("a table")
        found = {key: _Place(self.file, f"{self.name}.{key}".lstrip("."), value) for key, value in self.value.items()}
        for key, place in found.items():
            if allowed and key not in allowed:
                close = nearest(key, allowed)
                raise PlannerError(
                    f"{self.file}: {place.name} means nothing",
                    hint=f"did you mean {close}?" if close else f"known here: {', '.join(allowed)}",
                )
        return found

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.wrong("a text")
        return " ".join(self.value.split())

    def wrong(self, wanted: str) -> PlannerError:
        return PlannerError(f"{self.file}: {self.name} is not {wanted}", hint="planner notes --help shows the form")


def _read(file: Path) -> Notes:
    _check_size(file)
    top = _Place(file, "", read_toml(file)).table(("note", "terms", "tables", "examples"))
    terms, tables = top.get("terms"), top.get("tables")
    return Notes(
        files=(file,),
        note=top["note"].text() if "note" in top else None,
        terms={} if terms is None else {term: place.text() for term, place in terms.table().items()},
        tables=() if tables is None else tuple(_table(name, place) for name, place in tables.table().items()),
        examples=_examples(top["examples"]) if "examples" in top else (),
    )


def _check_size(file: Path) -> None:
    if file.stat().st_size > _LARGEST:
        raise PlannerError(f"{file}: is over {_LARGEST:,} bytes", hint="notes are shown to models: keep what matters")


def _table(name: str, place: _Place) -> TableNotes:
    said = place.table(("note", "columns"))
    columns = said["columns"].table() if "columns" in said else {}
    note = said["note"].text() if "note" in said else None
    return TableNotes(name, note, {column: _column(each) for column, each in columns.items()})


def _column(place: _Place) -> str:
    """A text, or a table of note, unit and codes, as one line."""
    if isinstance(place.value, str):
        return place.text()
    said = place.table(("note", "unit", "codes"))
    codes = said["codes"].table() if "codes" in said else {}
    parts = [
        *([said["note"].text()] if "note" in said else []),
        *([f"in {said['unit'].text()}"] if "unit" in said else []),
        *([", ".join(f"{code} {meaning.text()}" for code, meaning in codes.items())] if codes else []),
    ]
    if not parts:
        raise place.wrong("a text, or a table with note, unit or codes")
    return "; ".join(parts)


def _examples(place: _Place) -> tuple[Example, ...]:
    if not isinstance(place.value, list):
        raise place.wrong("a list: [[examples]]")
    found = []
    for number, value in enumerate(place.value, 1):
        said = _Place(place.file, f"examples {number}", value).table(("question", "sql"))
        if len(said) < 2:
            raise PlannerError(
                f"{place.file}: example {number} lacks its {'sql' if 'question' in said else 'question'}"
            )
        sql = said["sql"].value
        if not isinstance(sql, str) or not sql.strip():
            raise said["sql"].wrong("a text")
        found.append(Example(said["question"].text(), sql.strip().rstrip(";")))
    return tuple(found)


def _datasette(file: Path, database: Path) -> tuple[TableNotes, ...]:
    """The descriptions and units of Datasette's metadata; nothing of a file that is none of Datasette's."""
    _check_size(file)
    try:
        whole = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return ()  # another program's file: nobody asked for it
    tables = whole
    for key in ("databases", database.stem, "tables"):
        tables = tables.get(key, {}) if isinstance(tables, dict) else {}
    if not isinstance(tables, dict):
        return ()
    found = (_described(name, said) for name, said in tables.items() if isinstance(said, dict))
    return tuple(table for table in found if table.note or table.columns)


def _described(name: str, said: Mapping[str, Any]) -> TableNotes:
    texts, units = (_mapping(said.get(key)) for key in ("columns", "units"))
    note = said.get("description")
    columns: dict[str, str] = {}
    for column in dict.fromkeys([*texts, *units]):
        text, unit = texts.get(column), units.get(column)
        parts = [text] if isinstance(text, str) and text.strip() else []
        parts += [f"in {unit}"] if isinstance(unit, str) and unit.strip() else []
        if parts:
            columns[column] = " ".join("; ".join(parts).split())
    return TableNotes(name, " ".join(note.split()) or None if isinstance(note, str) else None, columns)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
