"""Rows by the thousand, column by column: as they travel from the worker, and as an export writes them.

Most columns hold values of one kind. Those travel as plain bytes, which costs a tenth of JSON; what is mixed, NULL
included, is JSON. Like :mod:`.wire` only ever parsed as data, and used by both processes: standard library only.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from planner_cli.database import wire

INTEGER, REAL, TEXT, BLOB, MIXED = "i", "r", "t", "b", "m"
"""What all values of a column are."""

_KINDS = {frozenset({int}): INTEGER, frozenset({float}): REAL, frozenset({str}): TEXT, frozenset({bytes}): BLOB}
_VALUES = frozenset({int, float, str, bytes, type(None)})


class Block:
    """Some rows of a result.

    No dataclass: importing that module is a quarter of what the worker's start takes.
    """

    __slots__ = ("columns", "kinds")

    def __init__(self, kinds: tuple[str, ...], columns: tuple[Sequence[Any], ...]) -> None:
        self.kinds = kinds
        self.columns = columns

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def rows(self) -> Iterator[tuple[Any, ...]]:
        return zip(*self.columns, strict=True)

    def first(self, count: int) -> Block:
        """At most so many of its rows."""
        return self if count >= len(self) else Block(self.kinds, tuple(column[:count] for column in self.columns))


def block(rows: Sequence[Sequence[Any]]) -> Block:
    """The block of at least one row."""
    columns = tuple(zip(*rows, strict=True))
    return Block(tuple(kind(set(map(type, column))) for column in columns), columns)


def kind(types: set[type]) -> str:
    return _KINDS.get(frozenset(types), MIXED)


def pack(kinds: Sequence[str], columns: Sequence[Sequence[Any]]) -> wire.Message:
    """A message with the columns as bytes."""
    packed = [_pack(kind, column) for kind, column in zip(kinds, columns, strict=True)]
    return {
        "count": len(columns[0]),
        "columns": [[kind, len(data)] for kind, data in packed],
        "payload": b"".join(data for _, data in packed),
    }


def _pack(kind: str, column: Sequence[Any]) -> tuple[str, bytes]:
    if kind == INTEGER:
        return kind, array("q", column).tobytes()
    if kind == REAL:
        return kind, array("d", column).tobytes()
    if kind == TEXT:
        text = "\0".join(column)
        if text.count("\0") == len(column) - 1:
            return kind, text.encode()
    if kind == BLOB:
        return kind, array("q", map(len, column)).tobytes() + b"".join(column)
    return MIXED, json.dumps(wire.pack_row(column), separators=(",", ":")).encode("ascii")


def unpack(message: wire.Message) -> Block:
    """The inverse of :func:`pack`. Raises :class:`wire.WireError` for whatever is no such message."""
    try:
        count, payload = message["count"], memoryview(message["payload"])
        kinds, columns, start = [], [], 0
        for kind, size in message["columns"]:
            column = _unpack(kind, payload[start : start + size], count)
            if len(column) != count:
                raise wire.WireError("columns of different lengths")
            kinds.append(kind)
            columns.append(column)
            start += size
    except (KeyError, TypeError, ValueError) as error:
        raise wire.WireError("not a block of rows") from error
    return Block(tuple(kinds), tuple(columns))


def _unpack(kind: str, data: memoryview, count: int) -> Sequence[Any]:
    if kind in (INTEGER, REAL):
        numbers = array("q" if kind == INTEGER else "d")
        numbers.frombytes(data)
        return numbers
    if kind == TEXT:
        return str(data, "utf-8").split("\0")
    if kind == BLOB:
        sizes = array("q")
        sizes.frombytes(data[: count * sizes.itemsize])
        return list(_parts(data, count * sizes.itemsize, sizes))
    if kind != MIXED:
        raise wire.WireError("a column of an unknown kind")
    cells = json.loads(str(data, "ascii"))
    return list(wire.unpack_row(cells)) if {dict, list, bool} & set(map(type, cells)) else cells


def _parts(data: memoryview, start: int, sizes: Sequence[int]) -> Iterator[bytes]:
    for size in sizes:
        if size < 0 or start + size > len(data):
            raise wire.WireError("a blob cut short")
        yield bytes(data[start : start + size])
        start += size
