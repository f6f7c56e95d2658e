"""One question in progress: what the planning methods work on, and what they ask of a discriminator."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from planner_cli.control import Control
from planner_cli.discriminator import Case
from planner_cli.errors import TimeLimit
from planner_cli.events import Event
from planner_cli.generator import Generator
from planner_cli.linking import shown_text
from planner_cli.planning.lacking import Lacking, lacking
from planner_cli.planning.pool import Judge, Pool
from planner_cli.prompts.generator import Draft
from planner_cli.settings import DiscriminatorSettings, PlanSettings
from planner_cli.types import Question


class Judging(Protocol):
    """What the methods ask of a discriminator; :class:`planner_cli.discriminator.Discriminator` is one."""

    def judge(
        self, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Every case on its own."""

    def race(
        self, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Every case, ended where it is settled which one wins."""

    def compare(
        self, question: Question, first: Case, second: Case, settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Two cases with each other."""


Others: TypeAlias = Callable[[Question, Lacking], Question]
"""The question with other tables shown, chosen because of what the candidates lack."""


@dataclass(slots=True)
class PlanContext:
    """One question in progress."""

    question: Question
    """It is shown other tables in a second round, where those that were chosen are not enough."""
    generator: Generator
    discriminator: Judging | None
    settings: PlanSettings
    pool: Pool
    others: Others | None = None

    def begin(self, *, count: int, seed: int) -> Iterator[Event]:
        """The first round of samples.

        Where a part of the schema was chosen, it is said which; and if no candidate runs, or one names a table that
        exists and was not shown, there is a second round that sees other tables.
        """
        if self.question.whole is None:
            yield from self.generate(count=count, seed=seed)
            return
        yield self._say("")
        yield from self.generate(count=count, seed=seed)
        missing = lacking(self.question, self.pool, self.settings.mode)
        if missing is None or self.others is None or self.pool.control.expired():
            return
        other = self.others(self.question, missing)
        if other.schema == self.question.schema:
            return
        self.question = other
        if self.pool.mends is not None:
            self.pool.mends = other.schema
        yield self._say(f"a second round, as {missing.why}: ")
        try:
            yield from self.generate(count=count, seed=seed + count)
        except TimeLimit:
            yield self.pool.warn("time ran out in the second round")

    def _say(self, why: str) -> Event:
        """Which tables are shown now."""
        schema, whole = self.question.schema, self.question.whole
        assert whole is not None
        self.pool.shown = tuple(table.name for table in schema.tables)
        return self.pool.warn(f"{why}{shown_text(schema, whole)}; name others with --tables")

    def generate(self, *, count: int, seed: int, draft: Draft | None = None) -> Iterator[Event]:
        """Another round of samples into the pool."""
        return self.pool.take(
            self.generator.write(
                self.question,
                self.settings.generator,
                seed=seed,
                control=self.pool.control,
                count=count,
                draft=draft,
                known=self.pool.candidates,
            ),
            functools.partial(self.generator.likelihood, self.question, control=self.pool.control),
        )

    @property
    def judging(self) -> DiscriminatorSettings:
        """How the discriminator works, with the mode applied."""
        return self.settings.discriminator.under(self.settings.mode)

    @property
    def judge(self) -> Judge | None:
        """The plain judgement of cases, ``None`` without a discriminator."""
        if self.discriminator is None:
            return None
        return functools.partial(
            self.discriminator.judge,
            self.question,
            settings=self.judging,
            control=self.pool.control,
        )

    def judge_new(self) -> Iterator[Event]:
        """Judge what has no verdict yet."""
        if self.judge is not None:
            yield from self.pool.judge(self.pool.unjudged(), self.judge)
