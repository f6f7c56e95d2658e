"""One question in progress: what the planning methods work on, and what they ask of a discriminator."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
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
        """Another round of samples into the pool; of a question that may continue another one, in both readings."""
        for question, share in _readings(self.question, count):
            continues = question.earlier is not None
            yield from self.pool.take(
                self.generator.write(
                    question,
                    self.settings.generator,
                    seed=seed,
                    control=self.pool.control,
                    count=share,
                    draft=draft,
                    known=self.pool.candidates,
                ),
                functools.partial(self.generator.likelihood, question, control=self.pool.control),
                continues=continues,
            )

    @property
    def judging(self) -> DiscriminatorSettings:
        """How the discriminator works, with the mode applied."""
        return self.settings.discriminator.under(self.settings.mode)

    @property
    def judge(self) -> Judge | None:
        """The plain judgement of cases, ``None`` without a discriminator."""
        return None if self.discriminator is None else functools.partial(self._judge, self.discriminator)

    @property
    def judged(self) -> Question:
        """The question as a judge of several results at once reads it."""
        earlier = self.question.earlier
        return _for_judge(self.question, continues=earlier is not None and earlier.sure)

    def _judge(self, discriminator: Judging, cases: Sequence[Case]) -> Iterator[Event]:
        """Each case under the reading in which it was written."""
        for continues in (False, True):
            own = [case for case in cases if self.pool.continues(case.candidate.index) is continues]
            if own:
                question = _for_judge(self.question, continues=continues)
                yield from discriminator.judge(question, own, self.judging, control=self.pool.control)

    def judge_given(self) -> Iterator[Event]:
        """Judge the given query on its own, where the method left it out."""
        place = self.pool.place_of_given()
        if place is not None and place.score is None and self.judge is not None and not self.pool.control.expired():
            yield from self.pool.judge([self.pool.clusters[place.cluster]], self.judge)

    def judge_new(self) -> Iterator[Event]:
        """Judge what has no verdict yet."""
        if self.judge is not None:
            yield from self.pool.judge(self.pool.unjudged(), self.judge)


def _readings(question: Question, count: int) -> Iterator[tuple[Question, int]]:
    """The question on its own for one half of the samples, as a follow-up for the other; only the latter if it is sure.

    A single sample is spent on the question as it stands.
    """
    earlier = question.earlier
    if earlier is None or earlier.sure:
        yield question, count
        return
    yield replace(question, earlier=None), count - count // 2
    if count > 1:
        yield question, count // 2


def _for_judge(question: Question, *, continues: bool) -> Question:
    return question if continues else replace(question, earlier=None)
