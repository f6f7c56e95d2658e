"""Whether a candidate's result equals gold's, in a benchmark's sense.

Rows are compared as in :func:`planner_cli.database.same_result`: counted, columns in any order, DISTINCT as
written. The order of rows counts exactly if *gold* has an ORDER BY at its top level, whatever the candidate
has; rows that gold's ORDER BY leaves tied may be in any order among themselves.

Not covered: ties under a collation other than BINARY, or under a key that DISTINCT hides, keep gold's order;
and the one row that gold picks from several (a tie at its LIMIT) is the only right one.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from planner_cli.bench.legacy import standard_strings
from planner_cli.bench.setaside import Kind, UnmeasurableError
from planner_cli.control import Control
from planner_cli.database import Database, same_result
from planner_cli.settings import Limits
from planner_cli.sql import with_sort_keys
from planner_cli.types import ErrorKind, Execution, Row

EVALUATION_LIMITS = Limits(seconds=60.0, rows=100_000, bytes=20_000_000)
"""Limits of a gold query, and of an answer on further instances of its database.

Wide: the largest gold result of Spider's dev set has 20,662 rows, and BIRD has a gold query that takes 39 seconds.
Candidates have the time limit of ``planner ask``, or the user's own; their rows are limited as gold's are, since
a truncated result cannot be compared.
"""

_KINDS: Mapping[ErrorKind, Kind] = {"time": "time", "size": "size", "memory": "size", "busy": "database"}
"""Why gold is unavailable, by the kind of its execution error; anything else is a query that does not run."""

# ------------------------------------------------------------------------------------------- gold


@dataclass(frozen=True, slots=True)
class Gold:
    """What the right query gives on one database."""

    execution: Execution
    ties: tuple[int, ...] = ()
    """For each row the number of its group of tied rows, ascending; empty where the order of rows is free."""
    settled: bool = True
    """False: rows beyond its LIMIT tie with its last one, so another right query may give different ones."""

    @classmethod
    def run(cls, database: Database, sql: str, control: Control | None = None) -> Gold:
        """Execute the right query; ``"text"`` in it may be a string. ``control`` may only be cancelled, not run out.

        Raises:
            UnmeasurableError: it does not run, or has more rows than are fetched. Neither may count against a model.
            Interrupted: the control said so.

        """
        sql = standard_strings(sql, database.schema)
        execution = database.execute(sql, control)
        if control is not None:
            control.check()
        where = database.path.name
        if execution.error is not None:
            kind = _KINDS.get(execution.error_kind or "other", "gold")
            verb = " does not run" if kind == "gold" else ""
            problem = f"the gold query{verb} on {where}: {execution.error}"
            raise UnmeasurableError(kind, problem, hint=f"fix the data: {sql}", passing=execution.error_kind == "busy")
        if execution.truncated:
            what = f"{len(execution.rows):,} rows" if execution.cut_by == "rows" else "the limit on bytes"
            raise UnmeasurableError("size", f"the gold query's result on {where} is over {what}")
        if not execution.ordered:
            return cls(execution)
        keys, settled = _sort_keys(database, sql, execution)
        return cls(execution, _groups(keys), settled)


def execute_given(database: Database, sql: str, control: Control | None = None) -> Execution:
    """Run a query that came with the data; ``"text"`` in it may be a string."""
    return database.execute(standard_strings(sql, database.schema), control)


def matches(gold: Gold, candidate: Execution) -> bool:
    """Whether the candidate's result is right; false for one that did not run."""
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

    Where the values are unavailable, no two rows are tied.
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
