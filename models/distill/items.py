"""What training data is: questions over schemas, as JSON Lines and JSON.

``schemas.json``      {"db": [table, ...]}, a table {"name", "columns": [[name, type, key, values]],
                      "keys": [[ours, table, theirs]]}; values are a few stored texts and numbers
``questions.jsonl``   a line {"schema", "question", "parts", "hints", "source"}; a part is text or [table, column]
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.prompts.normal_form import Name, Part, tables_of
from planner_cli.types import Column, ForeignKey, Schema, Table, Value, ValueHint


@dataclass(frozen=True, slots=True)
class Item:
    schema: str
    """Key of its schema."""
    question: str
    parts: tuple[Part, ...]
    """The right query."""
    hints: tuple[ValueHint, ...]
    """Stored values the question mentions, as the product finds them."""
    source: str

    @property
    def tables(self) -> frozenset[str]:
        return tables_of(self.parts)


def as_json(parts: Sequence[Part]) -> list[Any]:
    """A query's parts: text, or [table, column]."""
    return [[part.table, part.column] if isinstance(part, Name) else part for part in parts]


def from_json(parts: Sequence[Any]) -> tuple[Part, ...]:
    return tuple(part if isinstance(part, str) else Name(*part) for part in parts)


def hints_as_json(hints: Sequence[ValueHint]) -> list[Any]:
    return [[hint.table, hint.column, hint.value] for hint in hints]


def hints_from_json(hints: Sequence[Any]) -> tuple[ValueHint, ...]:
    return tuple(ValueHint(*hint) for hint in hints)


def write_items(path: Path, items: Iterable[Item]) -> int:
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for item in items:
            record = {
                "schema": item.schema,
                "question": item.question,
                "parts": as_json(item.parts),
                "hints": hints_as_json(item.hints),
                "source": item.source,
            }
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count


def read_items(path: Path) -> list[Item]:
    with path.open(encoding="utf-8") as file:
        return [_item(json.loads(line)) for line in file]


def _item(record: Mapping[str, Any]) -> Item:
    return Item(
        record["schema"],
        record["question"],
        from_json(record["parts"]),
        hints_from_json(record["hints"]),
        record["source"],
    )


def write_schemas(path: Path, schemas: Mapping[str, Schema]) -> None:
    data = {
        name: [
            {
                "name": table.name,
                "columns": [[c.name, c.declared_type, c.primary_key, _plain(c.samples)] for c in table.columns],
                "keys": [[k.columns, k.ref_table, k.ref_columns] for k in table.foreign_keys],
            }
            for table in schema.tables
        ]
        for name, schema in schemas.items()
    }
    path.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def _plain(values: Sequence[Value]) -> list[str | int | float]:
    """Those that JSON has."""
    return [value for value in values if isinstance(value, str | int | float)]


def read_schemas(path: Path) -> dict[str, Schema]:
    data = json.loads(path.read_text(encoding="utf-8"))
    return {name: Schema(tuple(_table(table) for table in tables)) for name, tables in data.items()}


def _table(record: Mapping[str, Any]) -> Table:
    columns = tuple(
        Column(name, kind, bool(key), samples=tuple(*values)) for name, kind, key, *values in record["columns"]
    )
    keys: Sequence[Any] = record["keys"]
    foreign = tuple(ForeignKey(tuple(ours), table, tuple(theirs)) for ours, table, theirs in keys)
    return Table(record["name"], columns, foreign_keys=foreign)
