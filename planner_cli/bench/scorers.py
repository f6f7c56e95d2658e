"""How a candidate's score is read from a row: one run, many judges.

A scorer gives P(correct) in [0, 1], or ``None`` where the judge failed; metrics count a failure as
:data:`FAILURE_SCORE`, as the paper does. Scores that depend on the other candidates of the question, or on
which question it is, are :class:`RowScorer`; every metric takes either kind.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from planner_cli.bench.rows import ItemRow, ScoredCandidate, Scorer
from planner_cli.errors import PlannerError
from planner_cli.types import Probe

FAILURE_SCORE = 0.5
"""What a missing verdict counts as (arXiv 2505.03786)."""


@dataclass(frozen=True, slots=True)
class RowScorer:
    """A scorer that needs the whole row."""

    of: Callable[[ItemRow], Sequence[float | None]]
    """One score for each candidate, same order."""


AnyScorer: TypeAlias = Scorer | RowScorer


def scores(row: ItemRow, scorer: AnyScorer) -> tuple[float | None, ...]:
    """The scores of a row's candidates, same order; ``None`` is a failure of the judge."""
    if isinstance(scorer, RowScorer):
        return tuple(scorer.of(row))
    return tuple(scorer(candidate) for candidate in row.candidates)


def filled(row: ItemRow, scorer: AnyScorer) -> tuple[float, ...]:
    """As :func:`scores`, failures replaced by :data:`FAILURE_SCORE`."""
    return tuple(FAILURE_SCORE if score is None else score for score in scores(row, scorer))


def top(row: ItemRow, scorer: AnyScorer) -> int | None:
    """Index of the best candidate, the earliest one among equals; ``None`` without candidates."""
    values = filled(row, scorer)
    return max(range(len(values)), key=values.__getitem__) if values else None


# ------------------------------------------------------------------------------------ the judge's scores


def soft(candidate: ScoredCandidate) -> float | None:
    """P(true) / (P(true) + P(false)) at the run's own budget."""
    return candidate.score


def hard(candidate: ScoredCandidate) -> float | None:
    """The verdict's word: 1.0 or 0.0."""
    return None if candidate.hard is None else float(candidate.hard)


def hardened(scorer: Scorer) -> Scorer:
    """The word that ``scorer`` would give: 1.0 from 0.5 on, else 0.0."""

    def word(candidate: ScoredCandidate) -> float | None:
        score = scorer(candidate)
        return None if score is None else float(score >= 0.5)

    return word


def at_budget(budget: int) -> Scorer:
    """The soft score a run with this smaller budget would have given, by forced close.

    It is that of the last probe at or under ``budget`` tokens; a thought that ended on its own before that
    keeps its own. Between two probes the lower one counts. A budget over the run's own gives the run's scores.

    The scorer raises:
        PlannerError: a judged candidate with a longer thought has no probe at or under the budget.

    """

    def score(candidate: ScoredCandidate) -> float | None:
        if not candidate.judged or candidate.tokens <= budget:
            return candidate.score
        return _last_probe(candidate, budget).p_true

    return score


def _last_probe(candidate: ScoredCandidate, budget: int) -> Probe:
    reached = [probe for probe in candidate.probes if probe.tokens <= budget]
    if not reached:
        raise PlannerError(
            f"a thought of {candidate.tokens} tokens has no score at {budget} tokens or fewer",
            hint="run again with that budget among the probes",
        )
    return reached[-1]


def plain_cut(budget: int, answer_tokens: int = 8) -> Scorer:
    """The paper's way: generation just stops at ``budget`` tokens.

    There is a verdict only if the thought closed itself, and the answer up to its verdict (``answer_tokens``)
    still fitted; everything else is a failure.
    """

    def score(candidate: ScoredCandidate) -> float | None:
        whole = candidate.closed_by == "model" and candidate.tokens + answer_tokens <= budget
        return candidate.score if whole else None

    return score


def check(scorer: AnyScorer, ruled_out: float = 0.0) -> AnyScorer:
    """Candidates known not to run get ``ruled_out`` before the judge is asked.

    With 0.0 such a candidate ties with one that the judge gave exactly 0.0 (every hard "false"). The published
    code puts it below all of them: -1.0 reproduces that.
    """
    if isinstance(scorer, RowScorer):
        of = scorer.of
        return RowScorer(
            lambda row: [
                ruled_out if candidate.executable is False else score
                for candidate, score in zip(row.candidates, of(row), strict=True)
            ]
        )
    plain = scorer
    return lambda candidate: ruled_out if candidate.executable is False else plain(candidate)


# ------------------------------------------------------------------------------------ without a judge


def _vote_shares(row: ItemRow) -> list[float]:
    total = sum(candidate.samples for candidate in row.candidates)
    votes: dict[int, int] = {}
    for candidate in row.candidates:
        if candidate.cluster is not None:
            votes[candidate.cluster] = votes.get(candidate.cluster, 0) + candidate.samples
    return [0.0 if c.cluster is None else votes[c.cluster] / total for c in row.candidates]


vote_share = RowScorer(_vote_shares)
"""Share of the question's samples that gave the same result; 0.0 for a candidate without a result."""


def logprob(candidate: ScoredCandidate) -> float | None:
    """The generator's own probability of the whole query; it ranks, but is not P(correct)."""
    return None if candidate.logprob is None else math.exp(min(0.0, candidate.logprob))


def executable(candidate: ScoredCandidate) -> float | None:
    """1.0 for a query that runs, 0.0 for one that does not."""
    return None if candidate.executable is None else float(candidate.executable)


def random(seed: int = 0) -> RowScorer:
    """Uniform noise; the same for the same seed, question and position, in any process."""
    return RowScorer(lambda row: [_noise("random", seed, row.item, place) for place in range(len(row.candidates))])


def oracle(accuracy: float = 1.0, seed: int = 0) -> RowScorer:
    """A judge that knows the label, and says the opposite with probability 1 - ``accuracy``.

    A candidate with unknown label is a failure. Raises :class:`PlannerError` for an accuracy outside [0, 1].
    """
    if not 0 <= accuracy <= 1:
        raise PlannerError(f"the oracle's accuracy is {accuracy!r}, but must be between 0 and 1")

    def verdict(row: ItemRow, place: int) -> float | None:
        label = row.candidates[place].label
        honest = _noise("oracle", seed, row.item, place) < accuracy
        return None if label is None else float(label == honest)

    return RowScorer(lambda row: [verdict(row, place) for place in range(len(row.candidates))])


def _noise(*key: object) -> float:
    """A number in [0, 1) that depends only on the key (``hash()`` differs between processes)."""
    digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
