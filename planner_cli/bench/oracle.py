"""A discriminator that knows the right answer, and is wrong as often as configured.

How much a planning method gains from a judge of a given accuracy (arXiv 2402.10890, section 4), and what
the best possible judge would get.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from planner_cli.bench.equality import Gold, matches
from planner_cli.control import Control
from planner_cli.discriminator import Case
from planner_cli.errors import PlannerError
from planner_cli.events import Event, StageFinished, StageStarted, ThoughtClosed
from planner_cli.settings import DiscriminatorSettings
from planner_cli.types import Probe, Question, StageTimings, Thought, Verdict


class Oracle:
    """Scores a right result 1 and a wrong one 0, and the opposite with probability 1 - ``accuracy``.

    Deterministic: the score of a result depends only on the seed, the question and the result's number.
    :meth:`look_up` gives it the right result before each question.

    Raises:
        PlannerError: ``accuracy`` is outside [0, 1].

    """

    def __init__(self, accuracy: float, seed: int = 0) -> None:
        if not 0 <= accuracy <= 1:
            raise PlannerError(f"the oracle's accuracy is {accuracy!r}, but must be between 0 and 1")
        self.accuracy = accuracy
        self.seed = seed
        self._golds: Sequence[Gold] | None = None
        self._item = ""

    def look_up(self, item: str, golds: Sequence[Gold]) -> None:
        """The right results of the next question; none where the data do not answer it."""
        self._item, self._golds = item, golds

    def judge(
        self, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """A verdict without a thought for every case."""
        del question, settings, control
        yield StageStarted("judge", len(cases))
        for case in cases:
            score = self._score(case)
            probe = Probe(0, score, 1.0)
            yield ThoughtClosed(case.cluster, Verdict(score, score == 1.0, 1.0, Thought("", 0, "model"), (probe,)))
        yield StageFinished("judge", StageTimings())

    race = judge
    """There is nothing to race: it does not think."""

    def compare(
        self, question: Question, first: Case, second: Case, settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Both judged; the right one of two is the better."""
        return self.judge(question, (first, second), settings, control=control)

    def _score(self, case: Case) -> float:
        if self._golds is None:
            raise PlannerError("the oracle was not given the right result")
        right = any(matches(gold, case.execution) for gold in self._golds)
        return float(right == self._honest(self._item, case.cluster))

    def _honest(self, item: str, cluster: int) -> bool:
        return random.Random(f"{self.seed} {item} {cluster}").random() < self.accuracy  # noqa: S311 - no secret
