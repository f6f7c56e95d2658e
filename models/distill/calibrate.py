"""Weights of the verdict and the likelihood in the discriminator's score, fitted on questions of held-out schemas.

The trained adapter judges them through the product's own code; a logistic regression finds how far its verdict's
logit and the candidate's ln P can be trusted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.distill.cases import Case as Labelled
from models.distill.iteration import executed
from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.discriminator import Case, Discriminator
from planner_cli.events import ThoughtClosed
from planner_cli.prompts.judging import Blend, log_odds
from planner_cli.prompts.normal_form import write
from planner_cli.settings import DiscriminatorSettings
from planner_cli.types import Candidate, Execution, Question, Schema

_RIDGE = 1e-3
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Observation:
    """One judged candidate."""

    question: int
    verdict: float
    """P(true) of the verdict alone."""
    logprob: float
    correct: bool


def observe(
    cases: Sequence[Labelled], schemas: Mapping[str, Schema], judge: Discriminator, control: Discriminator, budget: int
) -> Iterator[list[Observation]]:
    """Each case's candidates, judged without their results; ``control`` scores by likelihood."""
    settings = DiscriminatorSettings(budget=budget, probe_at=(), result_rows=0)
    for number, case in enumerate(cases):
        question = Question(case.question, schemas[case.schema], case.schema, case.hints)
        given = [
            Case(i, Candidate(i, write(candidate.parts)), Execution(("x",), ()))
            for i, candidate in enumerate(case.candidates)
        ]
        verdicts, likelihoods = (_scores(one, question, given, settings) for one in (judge, control))
        yield [
            Observation(number, verdicts[i], math.log(max(likelihoods[i], 1e-300)), candidate.correct)
            for i, candidate in enumerate(case.candidates)
        ]


def observe_results(
    cases: Sequence[Labelled], pack: Path, judge: Discriminator, budget: int
) -> Iterator[list[Observation]]:
    """Each case's candidates, judged with their real results as at work; no likelihood is read (0)."""
    settings = DiscriminatorSettings(budget=budget, probe_at=())
    numbered = sorted(enumerate(cases), key=lambda pair: pair[1].schema)
    for schema, of_schema in groupby(numbered, lambda pair: pair[1].schema):
        with Database.open(pack / "databases" / schema / f"{schema}.sqlite") as database:
            for number, case in of_schema:
                question = Question(case.question, database.schema, schema, case.hints)
                given = executed(case, range(len(case.candidates)), database)
                verdicts = _scores(judge, question, given, settings)
                yield [Observation(number, verdicts[i], 0.0, c.correct) for i, c in enumerate(case.candidates)]


def _scores(
    judge: Discriminator, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings
) -> dict[int, float]:
    events = judge.judge(question, cases, settings, control=Control())
    return {event.cluster: event.verdict.score for event in events if isinstance(event, ThoughtClosed)}


def fit(observations: Sequence[Observation]) -> Blend:
    """The regression's weights, by Newton's method; each question counts the same."""
    counts = np.bincount([o.question for o in observations])
    weights = np.array([1 / counts[o.question] for o in observations])
    labels = np.array([float(o.correct) for o in observations])
    features = np.array([[log_odds(o.verdict), o.logprob, 1.0] for o in observations])
    found: npt.NDArray[np.float64] = np.zeros(3)
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-features @ found))
        gradient = features.T @ (weights * (labels - p)) - _RIDGE * found
        curvature = (features.T * (weights * p * (1 - p))) @ features + _RIDGE * np.eye(3)
        found = found + np.linalg.solve(curvature, gradient)
    return Blend(*(round(float(value), 4) for value in found))


def quality(observations: Sequence[Observation], scores: Sequence[float]) -> dict[str, float]:
    """Pairwise accuracy within questions, and Hit@1 over those that have a right and a wrong candidate."""
    by_question: dict[int, list[tuple[float, bool]]] = {}
    for observation, score in zip(observations, scores, strict=True):
        by_question.setdefault(observation.question, []).append((score, observation.correct))
    pairs = [
        (right > wrong) + 0.5 * (right == wrong)
        for candidates in by_question.values()
        for right, is_right in candidates
        if is_right
        for wrong, is_wrong in candidates
        if not is_wrong
    ]
    mixed = [c for c in by_question.values() if len({label for _, label in c}) == 2]
    hits = [max(candidates, key=lambda pair: pair[0])[1] for candidates in mixed]
    return {"pairwise": round(float(np.mean(pairs)), 3), "hit_at_1": round(float(np.mean(hits)), 3), "n": len(mixed)}


def across(observations: Sequence[Observation], scores: Sequence[float]) -> float:
    """AUROC over all candidates of all questions: whether a score means the same everywhere."""
    right = np.array([s for o, s in zip(observations, scores, strict=True) if o.correct])
    wrong = np.array([s for o, s in zip(observations, scores, strict=True) if not o.correct])
    above = right[:, None] > wrong[None]
    return round(float(np.mean(above + 0.5 * (right[:, None] == wrong[None]))), 3)
