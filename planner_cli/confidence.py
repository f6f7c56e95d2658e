"""The probability that an answer is right, from everything that is known about it.

A logistic regression: each fact of :class:`Evidence` times its weight, summed, through the logistic function. The
weights are fitted to answers whose rightness is known (:mod:`planner_cli.bench.fitting`), never to the data that a
figure is reported on.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

LEAST_LOG = -9.0
"""ln P of a result below this counts as this: such numbers are estimates of nothing."""
WIDEST_MARGIN = 5.0
"""Ratio, as a logarithm, from which on a lead is as good as any; also of a winner without a rival."""
SUREST_VERDICT = 5.0
"""Log odds of a soft score beyond which it says no more."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known about a result that won, in numbers that add up."""

    probability: float = LEAST_LOG
    """ln of the summed probability, under the generator, of the queries with this result; in [LEAST_LOG, 0]."""
    margin: float = 0.0
    """ln of how much likelier it is than the likeliest other result, within WIDEST_MARGIN; negative where a judge
    chose against the probability."""
    agreement: float = 0.0
    """Share of the samples with this result, in [0, 1]."""
    failed: float = 0.0
    """Share of the samples whose query does not run, in [0, 1]."""
    doubts: float = 0.0
    """Comparisons in it that no row satisfies, and joins of keys that stand for different things; at most 2."""
    empty: float = 0.0
    """1 where it has no rows, or nothing but NULL in them."""
    mended: float = 0.0
    """1 where no sample wrote it: a name in one was replaced."""
    verdict: float = 0.0
    """Log odds of the soft score, within SUREST_VERDICT; 0 where it was not judged."""
    known: float = 1.0
    """Share of the question's own words that are like a name, a comment or a value of the database, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Of the regression; a fact that says nothing about a pair has the weight 0."""

    bias: float
    probability: float = 0.0
    margin: float = 0.0
    agreement: float = 0.0
    failed: float = 0.0
    doubts: float = 0.0
    empty: float = 0.0
    mended: float = 0.0
    verdict: float = 0.0
    known: float = 0.0

    def p_right(self, evidence: Evidence) -> float:
        """P(right), in (0, 1)."""
        facts = asdict(evidence)
        return logistic(self.bias + math.fsum(getattr(self, name) * value for name, value in facts.items()))


GENERAL = Weights(bias=-0.1651, probability=0.2013, margin=0.3067, doubts=-5.5105, empty=-2.7145)
"""For models that nobody measured: without a verdict, since nobody knows what one of theirs is worth. Fitted to 285
answers over training databases: 227 of the built-in pair without its judge (140 of Spider's fold 0, 87 of the everyday
set's training part), 58 of Qwen2.5-Coder-0.5B (fold 0). A larger model is right more often than this says."""

AGAINST = frozenset({"failed", "doubts", "empty", "mended"})
"""Facts that speak against an answer; all others speak for it."""
FACTS = tuple(field.name for field in fields(Evidence))
"""The names of the facts, in order."""


def logistic(logit: float) -> float:
    """1 / (1 + e^-logit), at any size."""
    if logit < 0:
        grown = math.exp(max(logit, -700.0))
        return grown / (1 + grown)
    return 1 / (1 + math.exp(-logit))
