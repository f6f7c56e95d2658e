"""Build the :class:`Schema` from what the worker reads, within time even when the file is hostile.

The worker is asked in batches. When one batch kills it or runs out of time, its tables are asked one by
one, so that only the culprit is left without its columns or samples.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import Any, Literal, TypeVar

from planner_cli.database import comments, shadows, wire
from planner_cli.database.link import Link
from planner_cli.database.moments import unclear, with_meaning
from planner_cli.database.process import WorkerDiedError, WorkerTimeoutError
from planner_cli.errors import DatabaseError
from planner_cli.text import nocase
from planner_cli.types import Column, ForeignKey, LeftOut, Schema, Table, Value

_COLUMNS_BATCH, _SAMPLES_BATCH = 64, 16
"""Tables in one request."""

_TABLE_SECONDS = 0.1
"""For the columns of one table, and again for its samples; a view may never finish."""

_BATCH_SECONDS = 2.5
"""For a batch, which the worker itself cuts short after one second."""

_ALONE_SECONDS = 1.0
_SAMPLES_SECONDS = 3.0
"""For all samples together; tables after that have none."""

_MORE_VALUES = 40
"""Of a column that may keep moments or codes; from both ends of its table."""
_MORE_SECONDS = 0.5
"""For all of those together."""

_TEXTS_BATCH = 8
_TEXT_SECONDS = 0.1
"""For the texts of one column."""

_TEXTS_SECONDS = 2.0
"""For all texts together; columns after that have none."""

_MOST_TEXTS = 2000
"""Distinct texts of one column; values beyond these are not recognised."""

_TOTAL_SECONDS = 20.0

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of ``sqlite_master``."""

    row: int
    kind: Literal["table", "view", "virtual"]
    name: str
    sql: str


def read(link: Link, samples: int) -> Schema:
    """The schema with up to ``samples`` values a column. Raises :class:`DatabaseError`."""
    until = time.monotonic() + _TOTAL_SECONDS
    everything, collations = _entries(link)
    hidden = _shadows(everything)
    entries = [entry for entry in everything if nocase(entry.name) not in hidden]
    descriptions = _batches(link, entries, _COLUMNS_BATCH, _columns_request, until)
    if len(descriptions) < len(entries):
        raise DatabaseError(
            f"{link.path}: its schema takes over {_TOTAL_SECONDS:g} s to read", hint="ask a copy with fewer tables"
        )
    # A table whose columns cannot be read (an unknown module, a broken view) cannot be queried either.
    described = list(zip(entries, descriptions, strict=True))
    pairs = [(entry, found) for entry, found in described if found and found.get("columns")]
    left_out = tuple(reason for entry, found in described for reason in _missing(entry, found))
    if not pairs:
        raise DatabaseError(
            f"{link.path}: has no tables{_because(left_out)}", hint="check that this is the file you meant"
        )
    primary_keys = {nocase(entry.name): _primary_key(found) for entry, found in pairs}
    tables = [_table(entry, found, primary_keys) for entry, found in pairs]
    parts = (
        LeftOut(entry.name, f"it is a part of {hidden[nocase(entry.name)]}", internal=True)
        for entry in everything
        if nocase(entry.name) in hidden
    )
    unsampled = 0
    if samples > 0:
        tables, unsampled = _with_samples(link, tables, samples)
        tables = _with_meanings(link, tables)
    return Schema(tuple(tables), left_out=(*left_out, *parts), unknown_collations=collations, unsampled=unsampled)


def _missing(entry: _Entry, found: wire.Message | None) -> Iterator[LeftOut]:
    """The table, or those of its columns, that cannot be read."""
    if found is None:
        yield LeftOut(entry.name, "its columns cannot be read in time")
    elif "why" in found:
        yield LeftOut(entry.name, found["why"])
    else:
        failed = [LeftOut(entry.name, why, column) for column, why in found["failed"].items()]
        yield from failed if found["columns"] or failed else (LeftOut(entry.name, "it has no columns"),)


def _because(left_out: Sequence[LeftOut]) -> str:
    return f" that can be read: {left_out[0].name} cannot ({left_out[0].reason})" if left_out else ""


def read_texts(
    link: Link, schema: Schema, length: int
) -> tuple[dict[tuple[str, str], list[str]], list[tuple[str, str]]]:
    """Distinct texts of up to ``length`` characters by (table, column), without views; none for what is unreadable.

    And the columns that were not read to their end in time.
    """

    def request(batch: Sequence[Table]) -> wire.Message:
        wanted = [[table.name, [column.name for column in table.columns]] for table in batch]
        return {"op": "texts", "wanted": wanted, "count": _MOST_TEXTS, "length": length, "seconds": _TEXT_SECONDS}

    tables = [table for table in schema.tables if table.kind == "table"]
    found = _batches(link, tables, _TEXTS_BATCH, request, time.monotonic() + _TEXTS_SECONDS)
    read: dict[tuple[str, str], list[str]] = {}
    late: list[tuple[str, str]] = []
    for table, columns in zip_longest(tables, found):  # fewer when time ran out
        for at, column in enumerate(table.columns):
            place = table.name, column.name
            read[place], complete = columns[at] if columns else ([], False)
            if not complete:
                late.append(place)
    return read, late


# --------------------------------------------------------------------------------- asking the worker


def _batches(
    link: Link, items: Sequence[_Item], size: int, request: Callable[[Sequence[_Item]], wire.Message], until: float
) -> list[Any]:
    """One answer for each item, ``None`` where it failed; fewer than items when time runs out.

    ``request`` asks for a list of items, and the answers are the list under the operation's name.
    """
    found: list[Any] = []
    while len(found) < len(items) and time.monotonic() < until:
        batch = items[len(found) : len(found) + size]
        answers = _answers(link, request(batch), _BATCH_SECONDS)
        if answers:
            found += answers
            continue
        for item in batch:
            if time.monotonic() > until:
                break
            alone = _answers(link, request([item]), _ALONE_SECONDS)
            found.append(alone[0] if alone else None)
    return found


def _answers(link: Link, request: wire.Message, seconds: float) -> list[Any] | None:
    """The worker's answers, ``None`` when it died computing them or could not be stopped in time."""
    try:
        reply = link.ask(request, seconds)
    except (WorkerDiedError, WorkerTimeoutError):
        link.close()
        return None
    if "error" in reply:
        return None
    answers: list[Any] = reply["ok"][request["op"]]
    return answers


def _entries(link: Link) -> tuple[list[_Entry], tuple[str, ...]]:
    """Every table and view SQLite itself did not make, in order of creation; and the unknown collations."""
    found: list[_Entry] = []
    after, more = 0, True
    while more:
        reply = link.ask({"op": "tables", "after": after}, _TOTAL_SECONDS)
        if "error" in reply:
            raise link.refusal(reply)
        for row, kind, name, sql in reply["ok"]["tables"]:
            virtual = kind == "table" and nocase(sql[:14]) == "create virtual"
            found.append(_Entry(row, "virtual" if virtual else kind, name, sql))
            after = row
        more = reply["ok"]["more"]
    return found, tuple(reply["ok"]["collations"])


def _shadows(entries: Sequence[_Entry]) -> dict[str, str]:
    """The tables in which virtual tables keep their content, folded, with the name of the virtual one."""
    return {
        shadow: entry.name
        for entry in entries
        if entry.kind == "virtual"
        for shadow in shadows.names(entry.name, entry.sql)
    }


def _columns_request(entries: Sequence[_Entry]) -> wire.Message:
    return {"op": "columns", "rows": [entry.row for entry in entries], "seconds": _TABLE_SECONDS}


# ---------------------------------------------------------------------------------- building the values


def _table(entry: _Entry, found: wire.Message, primary_keys: Mapping[str, tuple[str, ...]]) -> Table:
    said = comments.read(entry.sql) if entry.kind != "virtual" else comments.Comments()
    return Table(
        name=entry.name,
        kind=entry.kind,
        columns=tuple(
            Column(name, declared_type, bool(key), said.columns.get(nocase(name)))
            for name, declared_type, key in found["columns"]
        ),
        foreign_keys=tuple(_foreign_keys(found["keys"], primary_keys)),
        comment=said.table,
    )


def _primary_key(found: wire.Message) -> tuple[str, ...]:
    parts = sorted((key, name) for name, _, key in found["columns"] if key)
    return tuple(name for _, name in parts)


def _foreign_keys(lines: Sequence[Sequence[Any]], primary_keys: Mapping[str, tuple[str, ...]]) -> Iterator[ForeignKey]:
    """One for each constraint; left out if its parent is unknown or has a different number of key columns."""
    for _, group in groupby(lines, key=itemgetter(0)):
        parts = list(group)
        table = parts[0][1]
        named = tuple(theirs for _, _, _, theirs in parts)
        targets = named if None not in named else primary_keys.get(nocase(table), ())
        if len(targets) == len(parts):
            yield ForeignKey(tuple(ours for _, _, ours, _ in parts), table, targets)


def _with_samples(link: Link, tables: list[Table], count: int) -> tuple[list[Table], int]:
    """The tables with samples, and how many have none since time ran out."""

    def request(batch: Sequence[Table]) -> wire.Message:
        wanted = [[table.name, [column.name for column in table.columns]] for table in batch]
        return {"op": "samples", "wanted": wanted, "count": count, "seconds": _TABLE_SECONDS, "both_ends": False}

    found = _batches(link, tables, _SAMPLES_BATCH, request, time.monotonic() + _SAMPLES_SECONDS)
    return [_sampled(table, values) for table, values in zip_longest(tables, found)], len(tables) - len(found)


def _sampled(table: Table, values: Sequence[Sequence[Any]] | None) -> Table:
    if values is None:
        return table
    columns = (
        replace(column, samples=wire.unpack_row(cells)) for column, cells in zip(table.columns, values, strict=True)
    )
    return replace(table, columns=tuple(columns))


def _with_meanings(link: Link, tables: list[Table]) -> list[Table]:
    """The tables with what their columns' values are: moments, and codes.

    More values are read only of columns that may hold one of them, so that most schemas cost nothing.
    """
    asked = [(table, columns) for table in tables if table.kind == "table" and (columns := unclear(table))]

    def request(batch: Sequence[tuple[Table, Sequence[str]]]) -> wire.Message:
        wanted = [[table.name, columns] for table, columns in batch]
        return {
            "op": "samples", "wanted": wanted, "count": _MORE_VALUES, "seconds": _TABLE_SECONDS, "both_ends": True,
        }  # fmt: skip

    found = _batches(link, asked, _SAMPLES_BATCH, request, time.monotonic() + _MORE_SECONDS)
    more: dict[str, dict[str, Sequence[Value]]] = {
        table.name: {name: wire.unpack_row(cells) for name, cells in zip(columns, values or (), strict=False)}
        for (table, columns), values in zip(asked, found, strict=False)  # fewer when time ran out
    }
    return [with_meaning(table, more.get(table.name, {})) for table in tables]
