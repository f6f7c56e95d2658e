"""The area under the ROC curve, over weighted groups of candidates at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from planner_cli.bench.statistics import Array, ratio


def auc(known: Sequence[tuple[int, float, bool]], weights: Array) -> Array:
    """P(a right candidate scores over a wrong one, of any two questions), ties counted half.

    ``known`` has (group, score, label); ``weights`` has shape (resamples, groups) and says how often each
    group is drawn. One value per resample; NaN where a resample has only one class.
    """
    groups = weights.shape[1]
    right: list[list[float]] = [[] for _ in range(groups)]
    wrong: list[list[float]] = [[] for _ in range(groups)]
    for group, score, label in known:
        (right if label else wrong)[group].append(score)
    above = np.concatenate([np.asarray(scores, dtype=float) for scores in right]) if groups else np.zeros(0)
    starts = np.cumsum([0, *map(len, right)])
    won = np.zeros((groups, groups))
    for column, scores in enumerate(wrong):
        ordered = np.sort(np.asarray(scores, dtype=float))
        beaten = np.searchsorted(ordered, above, "left") + np.searchsorted(ordered, above, "right")
        cumulated = np.concatenate([[0.0], np.cumsum(beaten / 2)])
        won[:, column] = cumulated[starts[1:]] - cumulated[starts[:-1]]
    rights, wrongs = (weights @ np.array([len(scores) for scores in side], dtype=float) for side in (right, wrong))
    return ratio(np.einsum("bi,ij,bj->b", weights, won, weights, optimize=True), rights * wrongs)
