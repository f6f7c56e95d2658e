"""The rows of a database on which two queries differ: as few as delta debugging finds.

Nothing is copied: a query is run on fewer rows by a common table expression of each table's name, ``WITH orders AS
(SELECT * FROM main.orders WHERE rowid IN (3, 8)) SELECT ... FROM orders``, which SQLite finds before the table. So the
sandbox is what it always is. What is not covered: views and tables without a rowid (they stay whole), queries that name
``main.`` themselves or need a rowid.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from planner_cli.database.results import same_result
from planner_cli.lexer import code, quote
from planner_cli.sql import is_ordered, sources
from planner_cli.text import nocase
from planner_cli.types import Execution, Schema

SECONDS = 2.0
"""For all of it; what has been found by then is what there is."""
_STEPS = (30, 300, 1_000)
"""First rows of each table that are tried, until the queries differ on them."""
_MOST_PARTS = 16
"""Parts that are tried alone."""

Run = Callable[[str, float], Execution]
"""Runs a query within so many seconds, whatever goes wrong with it."""

_Item = tuple[int, int]
"""A table by its place, and one of its rowids."""


@dataclass(frozen=True, slots=True)
class Separation:
    """Rows of the database, and what the two queries give on them alone."""

    tables: tuple[tuple[str, Execution], ...]
    """Each table that was reduced, with the rows that are left of it, perhaps none."""
    one: Execution
    other: Execution
    smallest: bool
    """Whether the queries agree as soon as any one of the rows is taken away."""

    @property
    def count(self) -> int:
        return sum(len(rows.rows) for _, rows in self.tables)


def separate(run: Run, one: str, other: str, schema: Schema, *, seconds: float = SECONDS) -> Separation | None:
    """The rows that separate two queries; ``None`` where none are found in time."""
    search = _Search(run, (one, other), schema, time.monotonic() + seconds)
    kept = search.begin()
    return None if kept is None else search.reduced(kept)


class _Search:
    def __init__(self, run: Run, queries: tuple[str, str], schema: Schema, until: float) -> None:
        self._run = run
        self._queries = queries
        self._ordered = tuple(map(is_ordered, queries))
        self._until = until
        read = {nocase(source.table) for query in queries for source in sources(query)}
        self._tables = [table.name for table in schema.tables if table.kind == "table" and nocase(table.name) in read]
        self._late = False

    def begin(self) -> list[_Item] | None:
        """The first rows of each table, so many that the queries differ on them."""
        if not self._tables or any(_names_main(query) for query in self._queries):
            return None
        for count in _STEPS:
            kept: list[_Item] = []
            for at, table in enumerate(self._tables):
                found = self._run(f"SELECT rowid FROM main.{quote(table)} LIMIT {count}", self._left())  # noqa: S608 - quoted
                kept += [(at, row[0]) for row in found.rows if isinstance(row[0], int)]
                if not found.ok:
                    return None
            if self._differ(kept):
                return kept
            if all(sum(place == at for place, _ in kept) < count for at in range(len(self._tables))):
                return None  # these are all rows
        return None

    def reduced(self, kept: list[_Item]) -> Separation | None:
        """Take parts away, halves first and then ever smaller ones, as long as the queries still differ."""
        size = max(1, len(kept) // 2)
        smallest = False
        while not smallest and not self._late:
            kept = self._part(kept, size)
            before = len(kept)
            at = 0
            while at < len(kept) and not self._late:
                fewer = kept[:at] + kept[at + size :]
                if self._differ(fewer):
                    kept = fewer
                else:
                    at += size
            smallest = size == 1 and len(kept) == before and not self._late
            size = max(1, size // 2)
        return self._shown(kept, smallest=smallest)

    def _part(self, kept: list[_Item], size: int) -> list[_Item]:
        """The first part of this size on which the queries differ, where there are not too many to try; else all."""
        parts = [kept[at : at + size] for at in range(0, len(kept), size)]
        return next((part for part in parts if self._differ(part)), kept) if 1 < len(parts) <= _MOST_PARTS else kept

    def _differ(self, kept: Sequence[_Item]) -> bool:
        found = self._both(kept)
        return found is not None and not same_result(*found)

    def _both(self, kept: Sequence[_Item]) -> tuple[Execution, Execution] | None:
        """Both results on these rows alone; ``None`` where one fails or the time is over."""
        results = []
        for query, ordered in zip(self._queries, self._ordered, strict=True):
            self._late = self._late or self._left() <= 0
            if self._late:
                return None
            found = self._run(on_rows(query, self._by_table(kept)), self._left())
            if not found.ok:
                return None
            results.append(replace(found, ordered=ordered))
        return results[0], results[1]

    def _by_table(self, kept: Sequence[_Item]) -> dict[str, list[int]]:
        rows: dict[str, list[int]] = {table: [] for table in self._tables}
        for at, rowid in kept:
            rows[self._tables[at]].append(rowid)
        return rows

    def _shown(self, kept: Sequence[_Item], *, smallest: bool) -> Separation | None:
        """With the rows themselves, and both queries run on them once more: that is the check."""
        self._until, self._late = max(self._until, time.monotonic() + SECONDS), False
        found = self._both(kept)
        if found is None or same_result(*found):
            return None
        tables = [
            (table, self._run(f"SELECT * FROM main.{quote(table)} WHERE {_among(rowids)}", self._left()))  # noqa: S608 - quoted
            for table, rowids in self._by_table(kept).items()
        ]
        return Separation(tuple(tables), *found, smallest)

    def _left(self) -> float:
        return max(0.0, self._until - time.monotonic())


def on_rows(query: str, rows: dict[str, list[int]]) -> str:
    """The query on these rows of these tables alone, given by their rowids."""
    shadows = ", ".join(
        f"{quote(table)} AS (SELECT * FROM main.{quote(table)} WHERE {_among(rowids)})"  # noqa: S608 - quoted
        for table, rowids in rows.items()
    )
    parts = code(query)
    words = [nocase(token.text) for token in itertools.islice(parts, 2)]
    if words[:1] != ["with"]:
        return f"WITH {shadows} {query}"
    recursive = "RECURSIVE " if words[1:] == ["recursive"] else ""
    rest = query[parts[1 if recursive else 0].end :]
    return f"WITH {recursive}{shadows}, {rest}"


def _among(rowids: Sequence[int]) -> str:
    return f"rowid IN ({', '.join(map(str, rowids))})"


def _names_main(query: str) -> bool:
    texts = [nocase(token.identifier or token.text) for token in code(query)]
    return any(pair == ("main", ".") for pair in itertools.pairwise(texts))
