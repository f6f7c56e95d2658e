"""How sure a figure is: intervals by bootstrap clustered by database, and paired tests between two runs.

Questions about one database succeed and fail together, so whole databases are drawn, not questions. Every
metric is a function of sums over questions, so a resample is a weighted sum of per-database sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Sums: TypeAlias = Mapping[str, Array]
"""Sums by name; each array has one number per resample."""
Statistic: TypeAlias = Callable[[Sums], Array]

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float | None
    """``None``: there was nothing to count."""
    low: float | None = None
    high: float | None = None
    """``None`` where no interval can be given (one question, or resamples without anything to count)."""
    n: int = 0
    """What it is a share or mean of: questions, candidates or pairs."""


@dataclass(frozen=True, slots=True)
class Resamples:
    """How often each group was drawn in each resample. The first one is the data itself."""

    weights: Array
    """Shape (1 + resamples, groups)."""
    place: tuple[int, ...]
    """For each row, its group's index."""
    drawn: Literal["databases", "questions"]
    """With a single database its questions are drawn instead; the interval then says nothing of others."""

    def sums(self, counts: Sequence[Mapping[str, float]]) -> Sums:
        """Totals of per-row counts (same keys everywhere), one per resample."""
        if not counts:
            return {}
        names = list(counts[0])
        table = np.zeros((self.weights.shape[1], len(names)))
        np.add.at(table, list(self.place), [[row[name] for name in names] for row in counts])
        totals = self.weights @ table
        return {name: totals[:, column] for column, name in enumerate(names)}


def resample(databases: Sequence[str], *, resamples: int = RESAMPLES, seed: int = 0) -> Resamples:
    """Draw databases with replacement; ``databases`` names each row's. The same seed draws the same."""
    names = sorted(set(databases))
    by_database = len(names) > 1
    number = {name: index for index, name in enumerate(names)}
    place = [number[name] if by_database else index for index, name in enumerate(databases)]
    groups = len(names) if by_database else len(place)
    weights = np.ones((1 + resamples, groups))
    if groups:
        weights[1:] = np.random.default_rng(seed).multinomial(groups, [1 / groups] * groups, size=resamples)
    return Resamples(weights, tuple(place), "databases" if by_database else "questions")


def estimate(values: Array, n: float) -> Estimate:
    """From a statistic's values: the first is the figure, the others give the interval (2.5 % to 97.5 %)."""
    low, high = interval(values[1:])
    return Estimate(number(values[0]), low, high, int(n))


def interval(values: Array) -> tuple[float | None, float | None]:
    known = values[~np.isnan(values)]
    if len(known) < 2:
        return None, None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def number(value: float | np.float64) -> float | None:
    """``None`` for NaN, which stands for nothing-to-count inside this package."""
    return None if math.isnan(value) else float(value)


def ratio(part: Array, whole: Array) -> Array:
    """Part of whole; NaN where whole is 0."""
    shares: Array = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
    return shares


# ---------------------------------------------------------------------------------------- two runs


@dataclass(frozen=True, slots=True)
class McNemar:
    """Two runs on the same questions, where only one of them is right."""

    only_a: int
    only_b: int
    both: int
    neither: int
    p: float
    """Exact, two-sided: how likely so uneven a split is if neither run is better."""


def mcnemar(a: Sequence[bool], b: Sequence[bool]) -> McNemar:
    """``a[i]`` and ``b[i]`` say whether each run was right on question i; lengths must agree."""
    only_a = sum(x and not y for x, y in zip(a, b, strict=True))
    only_b = sum(y and not x for x, y in zip(a, b, strict=True))
    both = sum(x and y for x, y in zip(a, b, strict=True))
    total = only_a + only_b
    tail = sum(math.comb(total, k) for k in range(min(only_a, only_b) + 1))
    # integers: 2.0**-total would underflow from 1,075 questions on
    p = min(1.0, 2 * tail / 2**total)
    return McNemar(only_a, only_b, both, len(a) - both - total, p)


@dataclass(frozen=True, slots=True)
class Difference:
    """How far run B is above run A, over the same resamples of the same questions."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    """Two-sided: twice the share of resamples on the other side of 0, at least 1 / resamples."""


def difference(a: Array, b: Array) -> Difference:
    """From one statistic's values in both runs, taken over the same :class:`Resamples`."""
    values = b - a
    drawn = values[1:][~np.isnan(values[1:])]
    low, high = interval(values[1:])
    if not len(drawn):
        return Difference(number(values[0]), low, high, None)
    beside = min(float(np.mean(drawn <= 0)), float(np.mean(drawn >= 0)))
    return Difference(number(values[0]), low, high, min(1.0, max(2 * beside, 1 / len(drawn))))
