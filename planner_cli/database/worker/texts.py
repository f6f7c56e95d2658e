"""Read the distinct short texts of columns for the parent, as many as fit in a time and a size."""

from __future__ import annotations

import time
from collections.abc import Sequence

import apsw

from planner_cli.database import wire
from planner_cli.database.worker.connection import Connection
from planner_cli.lexer import quote

_BATCH_SECONDS = 1.0
_BYTES = 2_000_000
"""Bytes of one reply, all texts together."""


def texts(
    connection: Connection, wanted: Sequence[tuple[str, Sequence[str]]], count: int, length: int, seconds: float
) -> wire.Message:
    """For each ``(table, columns)`` the texts of each column, at most ``count`` of at most ``length`` characters.

    With each column's texts: whether its time was enough.

    A column takes up to ``seconds``; what was found by then counts. Stops early, with fewer answers, when the
    total takes too long or is too large.
    """
    until = time.monotonic() + _BATCH_SECONDS
    found: list[list[tuple[list[str], bool]]] = []
    left = _BYTES
    for table, columns in wanted:
        answer = [_distinct(connection, table, column, count, length, seconds) for column in columns]
        left -= sum(len(text) for column, _ in answer for text in column)
        found.append(answer)
        if time.monotonic() > until or left < 0:
            break
    return {"texts": found}


def _distinct(
    connection: Connection, table: str, column: str, count: int, length: int, seconds: float
) -> tuple[list[str], bool]:
    name = quote(column)
    sql = (
        f"SELECT DISTINCT {name} COLLATE BINARY FROM main.{quote(table)} "  # noqa: S608 - quoted names
        f"WHERE typeof({name}) = 'text' AND length({name}) <= {length:d} LIMIT {count:d}"
    )
    found: list[str] = []
    connection.deadline = time.monotonic() + seconds
    try:
        for (text,) in connection.raw.execute(sql):
            found.append(text)
    except apsw.InterruptError:
        return found, not found  # numbers all the way, most likely
    except (apsw.Error, UnicodeError, MemoryError, ValueError):
        pass  # no valid text from here on
    return found, True
