"""A question that one query answers for certain, so that no model is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from planner_cli.control import Control
from planner_cli.events import Answered, Event, Ranked
from planner_cli.planning.pool import Executor, Pool
from planner_cli.types import Timings


def outright(sql: str, reason: str, database: Executor, control: Control, spent: Timings) -> Iterator[Event]:
    """Run the query; the last event holds the answer."""
    pool = Pool(database, control, spent)
    yield from pool.give(sql)
    answer = pool.answer("first")
    if answer.best is not None:
        answer = replace(answer, confidence=1.0, evidence=None, reason=reason)
    yield Ranked(answer.ranking)
    yield Answered(answer)
