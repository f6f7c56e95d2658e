"""Whether a candidate's result is gold's, as a benchmark means it.

Rows are compared as in :func:`planner_cli.database.same_result`: counted, columns in any order, DISTINCT as
written. The order of rows counts exactly if *gold* has an ORDER BY at its top level, whatever the candidate
has; rows that gold's ORDER BY leaves tied may come in any order among themselves.

Not covered: ties under a collation other than BINARY, or under a key that DISTINCT hides, keep gold's order;
and the one row that gold picks from several (a tie at its LIMIT) is the only right one.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType

from planner_cli.bench.datasets import Item
from planner_cli.bench.legacy import standard_strings
from planner_cli.database import Database, same_result
from planner_cli.errors import PlannerError
from planner_cli.settings import Limits
from planner_cli.sql import with_sort_keys
from planner_cli.types import Execution, Row

EVALUATION_LIMITS = Limits(seconds=10.0, rows=10_000, bytes=20_000_000)
"""Bounds of one query in a benchmark, wider than in daily use: a slow right answer is right."""

# ------------------------------------------------------------------------------------------- gold


@dataclass(frozen=True, slots=True)
class Gold:
    """What the right query gives on one database."""

    execution: Execution
    ties: tuple[int, ...] = ()
    """For each row the number of its group of tied rows, ascending; empty where the order of rows is free."""
    settled: bool = True
    """False: rows beyond its LIMIT tie with its last one, so another right query may give others."""

    @classmethod
    def run(cls, database: Database, sql: str) -> Gold:
        """Execute the right query; ``"text"`` in it may be a string.

        Raises:
            PlannerError: it does not run, or has more rows than are fetched. Neither may count against a model.

        """
        sql = standard_strings(sql, database.schema)
        execution = database.execute(sql)
        if execution.error is not None or execution.truncated:
            problem = execution.error or f"more than {len(execution.rows):,} rows"
            raise PlannerError(
                f"the gold query does not run on {database.path}: {problem}", hint=f"mend the data: {sql}"
            )
        if not execution.ordered:
            return cls(execution)
        keys, settled = _sort_keys(database, sql, execution)
        return cls(execution, _groups(keys), settled)


def execute_given(database: Database, sql: str) -> Execution:
    """Run a query that came with the data; ``"text"`` in it may be a string."""
    return database.execute(standard_strings(sql, database.schema))


def matches(gold: Gold, candidate: Execution) -> bool:
    """Whether the candidate's result is right. One that did not run is not."""
    if not gold.ties:
        return same_result(replace(gold.execution, ordered=False), replace(candidate, ordered=False))
    if len(candidate.rows) != len(gold.execution.rows):
        return False
    return same_result(_marked(gold.execution, gold.ties), _marked(candidate, gold.ties))


def _marked(execution: Execution, ties: Sequence[int]) -> Execution:
    """With the tie group in front of each row: in any order, rows are then the same exactly if groups are."""
    # bytes: no result has this column by chance
    rows = tuple((b"tie %d" % tie, *row) for tie, row in zip(ties, execution.rows, strict=True))
    return replace(execution, rows=rows, ordered=False)


def _groups(keys: Sequence[Row]) -> tuple[int, ...]:
    groups = [0]
    for before, after in itertools.pairwise(keys):
        groups.append(groups[-1] + (before != after))
    return tuple(groups[: len(keys)])


def _sort_keys(database: Database, sql: str, execution: Execution) -> tuple[Sequence[Row], bool]:
    """The ORDER BY's values for each row of gold, and whether the rows its LIMIT cuts off all differ in them.

    Where the values cannot be had, no two rows are tied.
    """
    count = len(execution.rows)
    strict = [(place,) for place in range(count)]
    query = with_sort_keys(sql, len(execution.columns))
    if query is None:
        return strict, True
    text, places = query
    found = database.execute(text)
    if not found.ok or len(found.rows) < count:
        return strict, True
    keys = [tuple(row[place] for place in places) for row in found.rows]
    cut = len(keys) > count > 0 and keys[count] == keys[count - 1]
    tied = {row for row, key in zip(found.rows, keys, strict=True) if cut and key == keys[count - 1]}
    return keys[:count], len(tied) < 2


# ---------------------------------------------------------------------------------- several instances


class Instances:
    """Test-suite accuracy: the same query on all instances of a database. A context manager.

    Keeps the instances of the present database open, and what gold gives on them.
    """

    def __init__(self, limits: Limits = EVALUATION_LIMITS) -> None:
        self._limits = limits
        self._open: dict[Path, Database] = {}
        self._gold: dict[tuple[Path, str], Gold] = {}

    def matches(self, item: Item, sql: str) -> bool:
        """Whether ``sql`` gives gold's result on the main database and on each instance of its suite.

        Instances on which gold itself is not settled are left out, if that leaves three or more.

        Raises:
            PlannerError: the item has no gold, an instance cannot be opened, or gold does not run on it.

        """
        gold = item.right_query()
        paths = (item.database_path, *item.suite)
        if not set(paths) <= self._open.keys():
            self.close()
            for path in paths:
                self._open[path] = Database.open(path, limits=self._limits, samples=0)
        settled = [path for path in paths if self._gold_on(path, gold).settled]
        usable = settled if len(settled) >= min(3, len(paths)) else paths
        return all(matches(self._gold_on(path, gold), execute_given(self._open[path], sql)) for path in usable)

    def _gold_on(self, path: Path, sql: str) -> Gold:
        if (path, sql) not in self._gold:
            self._gold[path, sql] = Gold.run(self._open[path], sql)
        return self._gold[path, sql]

    def close(self) -> None:
        for database in self._open.values():
            database.close()
        self._open.clear()
        self._gold.clear()

    def __enter__(self) -> Instances:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
