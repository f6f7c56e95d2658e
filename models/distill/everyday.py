"""Schemas as small businesses, clubs and households have them, with plain ``id`` keys and everyday words.

A domain is a few lines of ``everyday.txt``: a table, its columns and what they hold.

    orders: id, customer_id > customers, order_date date, status one_of open|shipped, total money

Kinds: nothing (the key), ``> table`` (a foreign key), ``of a|b|c`` and ``person company`` (what people call a row),
``one_of a|b|c`` and ``city country first last`` (what many rows share), ``text`` (free, may be NULL), ``int money real
year date datetime flag``. The lists of persons and the like stand in front of the domains.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner_cli.types import Column, ForeignKey, Schema, Table

_FILE = Path(__file__).with_name("everyday.txt")


@dataclass(frozen=True, slots=True)
class Field:
    """A column and what it holds."""

    name: str
    kind: str
    """``id``, ``key``, ``label``, ``text``, ``category``, ``number``, ``year``, ``date`` or ``flag``."""
    values: tuple[str, ...] = ()
    parent: str | None = None
    """The table it points to."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A schema with what its columns hold."""

    name: str
    schema: Schema
    fields: dict[str, tuple[Field, ...]]
    """By table."""


def domains() -> list[Domain]:
    """All domains of ``everyday.txt``."""
    blocks = _FILE.read_text(encoding="utf-8").split("\n\n")[1:]
    lists = dict(_list(line) for line in blocks[0].splitlines())
    return [_domain(f"everyday_{number}", block.splitlines(), lists) for number, block in enumerate(blocks[1:])]


def _list(line: str) -> tuple[str, tuple[str, ...]]:
    name, _, values = line.removeprefix("@").partition(": ")
    return name, tuple(values.split("|"))


def _domain(name: str, lines: Sequence[str], lists: Mapping[str, tuple[str, ...]]) -> Domain:
    fields = {}
    for line in lines:
        table, _, rest = line.partition(": ")
        fields[table] = tuple(_field(text, lists) for text in rest.split(", "))
    tables = tuple(_table(table, columns) for table, columns in fields.items())
    return Domain(name, Schema(tables), fields)


def _field(text: str, lists: Mapping[str, tuple[str, ...]]) -> Field:
    name, _, kind = text.partition(" ")
    kind, _, detail = kind.partition(" ")
    match kind:
        case "":
            return Field(name, "id")
        case ">":
            return Field(name, "key", parent=detail)
        case "of":
            return Field(name, "label", tuple(detail.split("|")))
        case "person" | "company":
            return Field(name, "label", lists[kind])
        case "city" | "country":
            return Field(name, "category", lists[kind])
        case "first" | "last":
            part = 0 if kind == "first" else -1
            return Field(name, "category", tuple(person.split()[part] for person in lists["person"]))
        case "one_of":
            return Field(name, "category", tuple(detail.split("|")))
        case "text" | "flag" | "year":
            return Field(name, kind)
        case "date" | "datetime":
            return Field(name, "date")
        case "int" | "money" | "real":
            return Field(name, "number")
    raise ValueError(f"{text!r}: unknown kind {kind!r}")


def _table(name: str, columns: tuple[Field, ...]) -> Table:
    keys = tuple(ForeignKey((c.name,), c.parent, ("id",)) for c in columns if c.parent)
    return Table(name, tuple(Column(c.name, _declared(c), c.kind == "id") for c in columns), foreign_keys=keys)


def _declared(column: Field) -> str:
    if column.kind in ("id", "key", "year"):
        return "INTEGER"
    return {"number": "REAL", "date": "DATE", "flag": "BOOLEAN"}.get(column.kind, "TEXT")


def thinned(domain: Domain, rng: random.Random) -> Domain:
    """The domain without some columns and without some tables that nothing points to."""
    pointed = {column.parent for columns in domain.fields.values() for column in columns}
    tables = [t for t in domain.fields if t in pointed or rng.random() < 0.7] or list(domain.fields)
    fields = {
        table: tuple(c for c in domain.fields[table] if c.kind in ("id", "key", "label") or rng.random() < 0.85)
        for table in tables
    }
    built = tuple(_table(table, columns) for table, columns in fields.items())
    return Domain(f"{domain.name}_{rng.getrandbits(32):08x}", Schema(built), fields)
