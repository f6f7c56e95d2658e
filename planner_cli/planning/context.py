"""One question in progress: what the planning methods work on, and what they ask of a discriminator."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from planner_cli.control import Control
from planner_cli.discriminator import Case
from planner_cli.events import Event
from planner_cli.generator import Generator
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


@dataclass(frozen=True, slots=True)
class PlanContext:
    """One question in progress."""

    question: Question
    generator: Generator
    discriminator: Judging | None
    settings: PlanSettings
    pool: Pool

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

    def judge_given(self) -> Iterator[Event]:
        """Judge the given query on its own, where the method left it out."""
        place = self.pool.place_of_given()
        if place is not None and place.score is None and self.judge is not None and not self.pool.control.expired():
            yield from self.pool.judge([self.pool.clusters[place.cluster]], self.judge)

    def judge_new(self) -> Iterator[Event]:
        """Judge what has no verdict yet."""
        if self.judge is not None:
            yield from self.pool.judge(self.pool.unjudged(), self.judge)
