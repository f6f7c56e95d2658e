"""Several planning methods on one question: sampled once, and judged once in each way they need."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from planner_cli.control import Control
from planner_cli.events import Answered, Event
from planner_cli.generator import Generator
from planner_cli.planning.context import Judging, Others, PlanContext
from planner_cli.planning.methods import GENERATING, JUDGED_ALIKE, judge_pool, sample
from planner_cli.planning.plan import finish, new_pool
from planner_cli.planning.pool import Executor, Pool
from planner_cli.settings import PlanSettings, Select
from planner_cli.types import Answer, Question


def judged_as(select: Select) -> Select:
    """The first of the methods that have the same things judged in the same way."""
    return JUDGED_ALIKE[0] if select in JUDGED_ALIKE else select


class Pooled:
    """A pool that is sampled on creation, and answered by every method that ranks one.

    Each answer is the one that :func:`planner_cli.planning.plan` gives for the same settings and seed, with what it
    would have cost: the sampling, and its own judging. ``settings.max_seconds`` applies to each method anew.

    Raises:
        ContextOverflow, TimeLimit, Interrupted, EngineError: as :func:`planner_cli.planning.plan`.

    """

    def __init__(
        self,
        question: Question,
        database: Executor,
        generator: Generator,
        discriminator: Judging | None,
        settings: PlanSettings,
        control: Control,
        others: Others | None = None,
    ) -> None:
        control.restart(settings.max_seconds)
        self._pool = new_pool(question, database, settings, control)
        self._context = PlanContext(question, generator, discriminator, settings, self._pool, others)
        _exhaust(sample(self._context))
        self._left = control.seconds_left()
        self._elapsed = self._pool.elapsed
        self._judged: dict[Select, tuple[Pool, float]] = {}

    def answer(self, select: Select) -> Answer:
        """The answer of a method that ranks a pool; raises ``ValueError`` for one that does its own generating."""
        if select in GENERATING:
            raise ValueError(f"{select} does not rank a pool")
        way = judged_as(select)
        if way not in self._judged:
            self._judged[way] = self._judge(select)
        pool, elapsed = self._judged[way]
        return _last(finish(pool.fork(elapsed), replace(self._context.settings, select=select)))

    def _judge(self, select: Select) -> tuple[Pool, float]:
        """A pool with the verdicts that the method gave, and the seconds it took in all."""
        if self._left is not None:
            self._pool.control.restart(max(self._left, _NOTHING))
        pool = self._pool.fork(self._elapsed)
        _exhaust(judge_pool(replace(self._context, settings=replace(self._context.settings, select=select), pool=pool)))
        return pool, pool.elapsed


_NOTHING = 1e-9
"""Seconds left once the time has run out."""


def _exhaust(events: Iterator[Event]) -> None:
    deque(events, maxlen=0)


def _last(events: Iterator[Event]) -> Answer:
    *_, last = events
    assert isinstance(last, Answered)
    return last.answer
