"""Whether a score of 0.8 is right eight times in ten: reliability bins and their expected calibration error.

Over all labelled candidates that have a score; a failure of the judge is left out. Scores
outside [0, 1] (a ruled-out candidate's -1) count as the nearest end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from planner_cli.bench.rows import ItemRow
from planner_cli.bench.scorers import AnyScorer, scores
from planner_cli.bench.statistics import RESAMPLES, Array, Estimate, Sums, estimate, ratio, resample

BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Candidates with a score over ``low`` and at most ``high`` (the first one from ``low`` on)."""

    low: float
    high: float
    count: int
    score: float | None
    """Their mean score; ``None`` where there are none."""
    right: Estimate
    """Share of right ones among them."""


@dataclass(frozen=True, slots=True)
class Calibration:
    bins: tuple[Bin, ...]
    ece: Estimate
    """Mean distance between score and share of right ones over the bins, weighted by their counts."""
    brier: Estimate
    """Mean squared distance between score and label; 0.25 for a judge that always says 0.5."""


def calibration(
    rows: Sequence[ItemRow],
    scorer: AnyScorer,
    *,
    bins: int = BINS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Calibration:
    """Reliability over ``bins`` equally wide bins of the score."""
    edges = np.linspace(0.0, 1.0, bins + 1)
    drawn = resample([row.database for row in rows], resamples=resamples, seed=seed)
    sums = drawn.sums([_counts(row, scorer, edges) for row in rows]) if rows else _nothing(bins)
    total = sum((sums[f"count {place}"] for place in range(bins)), start=np.zeros_like(sums["brier"]))
    gap = sum(
        (np.abs(sums[f"score {place}"] - sums[f"right {place}"]) for place in range(bins)),
        start=np.zeros_like(total),
    )
    return Calibration(
        bins=tuple(_bin(sums, place, edges) for place in range(bins)),
        ece=estimate(ratio(gap, total), float(total[0])),
        brier=estimate(ratio(sums["brier"], total), float(total[0])),
    )


def _counts(row: ItemRow, scorer: AnyScorer, edges: Array) -> dict[str, float]:
    bins = len(edges) - 1
    counts = {f"{what} {place}": 0.0 for place in range(bins) for what in ("count", "score", "right")}
    counts["brier"] = 0.0
    for given, candidate in zip(scores(row, scorer), row.candidates, strict=True):
        if given is None or candidate.label is None:
            continue
        score = min(1.0, max(0.0, given))
        place = int(np.searchsorted(edges[1:-1], score))  # at an edge: the lower bin
        counts[f"count {place}"] += 1
        counts[f"score {place}"] += score
        counts[f"right {place}"] += candidate.label
        counts["brier"] += (score - candidate.label) ** 2
    return counts


def _nothing(bins: int) -> Sums:
    names = [f"{what} {place}" for place in range(bins) for what in ("count", "score", "right")]
    return {name: np.zeros(1) for name in (*names, "brier")}


def _bin(sums: Sums, place: int, edges: Array) -> Bin:
    count, score = sums[f"count {place}"], sums[f"score {place}"]
    return Bin(
        low=float(edges[place]),
        high=float(edges[place + 1]),
        count=int(count[0]),
        score=float(score[0] / count[0]) if count[0] else None,
        right=estimate(ratio(sums[f"right {place}"], count), float(count[0])),
    )
