"""Weights of the confidence, fitted to answers that are known to be right or wrong.

Logistic regression with a Gaussian prior around weights that are already known: few answers hardly move them, many
do. What is reported is always predicted by weights that were fitted without the database in question.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from planner_cli.bench.auc import auc
from planner_cli.bench.statistics import Array
from planner_cli.confidence import AGAINST, FACTS, Evidence, Weights

STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0)
"""Precisions of the prior that are tried, for facts scaled to a variance of 1."""
BINS = 10
SURE = 0.8
"""A probability that people act on."""
_STEPS = 30
_FOLDS = 10


@dataclass(frozen=True, slots=True)
class Known:
    """An answer of which it is known whether it is right."""

    group: str
    """Its database."""
    evidence: Evidence
    right: bool


@dataclass(frozen=True, slots=True)
class Quality:
    """How good probabilities are."""

    count: int
    right: float
    """Share of right answers."""
    log_loss: float
    ece: float
    """Expected calibration error: mean distance between probability and share of right ones over ten equal bins."""
    auroc: float | None
    """P(a right answer has the higher probability); ``None`` where all are right, or all wrong."""
    sure_wrong: float
    """Share of all answers that are wrong with a probability of at least 0.5."""
    kept: float
    """Of the right ones, the share with at least 0.5."""
    sure: int
    """Answers with at least :data:`SURE`."""
    sure_right: int
    """Of those, the right ones."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """New weights, and what weights fitted in the same way predict of databases they have not seen."""

    weights: Weights
    strength: float
    before: Quality
    """With the weights that the fit began from."""
    after: Quality
    """Cross-validated."""


def fit(known: Sequence[Known], base: Weights) -> Fitted:
    """Fit weights around ``base``; the prior's strength is the one that predicts unseen databases best.

    With less than three databases, answers are left out in turn instead.

    Raises:
        ValueError: there are less than two answers, or none of them right, or none wrong.

    """
    if len({each.right for each in known}) < 2:
        raise ValueError("there must be right and wrong answers")
    labels = np.array([float(each.right) for each in known])
    folds = _folds(known)
    tried = [(strength, _predicted(known, folds, base, strength)) for strength in STRENGTHS]
    strength, predicted = min(tried, key=lambda each: _log_loss(each[1], labels))
    return Fitted(
        weights=_fit(known, base, strength),
        strength=strength,
        before=quality([base.p_right(each.evidence) for each in known], labels.astype(bool).tolist()),
        after=quality(predicted.tolist(), labels.astype(bool).tolist()),
    )


def quality(probabilities: Sequence[float], right: Sequence[bool]) -> Quality:
    """How good these probabilities of these answers are."""
    p, labels = np.array(probabilities), np.array(right, dtype=float)
    places = np.minimum((p * BINS).astype(int), BINS - 1)
    gaps = [abs(float((p - labels)[places == place].sum())) for place in range(BINS)]
    area = auc([(0, *each) for each in zip(probabilities, right, strict=True)], np.ones((1, 1)))[0]
    sure = p >= 0.5
    return Quality(
        count=len(p),
        right=float(labels.mean()),
        log_loss=_log_loss(p, labels),
        ece=sum(gaps) / len(p),
        auroc=None if np.isnan(area) else float(area),
        sure_wrong=float((sure * (1 - labels)).mean()),
        kept=float(sure[labels == 1].mean()) if labels.any() else 0.0,
        sure=int((p >= SURE).sum()),
        sure_right=int(labels[p >= SURE].sum()),
    )


def _folds(known: Sequence[Known]) -> list[list[int]]:
    """What is left out together: a database, or every tenth answer."""
    groups = list(dict.fromkeys(each.group for each in known))
    place: Callable[[int], int]
    if len(groups) < 3:
        count, place = min(_FOLDS, len(known)), lambda i: i % _FOLDS
    else:
        count, place = len(groups), lambda i: groups.index(known[i].group)
    folds: list[list[int]] = [[] for _ in range(count)]
    for i in range(len(known)):
        folds[place(i)].append(i)
    return folds


def _predicted(known: Sequence[Known], folds: Sequence[Sequence[int]], base: Weights, strength: float) -> Array:
    """P(right) of each answer by weights that were fitted without its fold."""
    found: Array = np.zeros(len(known))
    for fold in folds:
        left_out = set(fold)
        weights = _fit([each for i, each in enumerate(known) if i not in left_out], base, strength)
        for i in fold:
            found[i] = weights.p_right(known[i].evidence)
    return found


def _fit(known: Sequence[Known], base: Weights, strength: float) -> Weights:
    """The most probable weights. A fact whose weight would have the wrong sign, which is chance, has none."""
    used = list(FACTS)
    while True:
        found = _newton(known, base, strength, used)
        wrong = [name for name in used if getattr(found, name) * (-1 if name in AGAINST else 1) < 0]
        if not wrong:
            return found
        used = [name for name in used if name not in wrong]


def _newton(known: Sequence[Known], base: Weights, strength: float, used: Sequence[str]) -> Weights:
    """The maximum of the posterior over the weights of the facts ``used``."""
    facts = np.array([[getattr(each.evidence, name) for name in used] for each in known]).reshape(len(known), -1)
    labels = np.array([float(each.right) for each in known])
    scale = facts.std(axis=0)
    scale[scale < 1e-9] = 1.0
    columns = np.hstack([np.ones((len(known), 1)), facts / scale])
    prior = np.array([base.bias, *(getattr(base, name) for name in used)]) * np.array([1.0, *scale])
    found = prior.copy()
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-np.clip(columns @ found, -500, 500)))
        gradient = columns.T @ (labels - p) - strength * (found - prior)
        curvature = (columns.T * (p * (1 - p))) @ columns + strength * np.eye(len(prior))
        found = found + np.linalg.solve(curvature, gradient)
    bias, *weights = (found / np.array([1.0, *scale])).tolist()
    return Weights(round(bias, 4), **{name: round(value, 4) for name, value in zip(used, weights, strict=True)})


def _log_loss(p: Array, labels: Array) -> float:
    """Mean negative log-likelihood, in nats."""
    bounded = np.clip(p, 1e-9, 1 - 1e-9)
    return float(-(labels * np.log(bounded) + (1 - labels) * np.log(1 - bounded)).mean())
