"""Draws for the rows of the databases that come with planner: the same for a seed on every machine and Python."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


class Dice:
    """Draws from ``random()`` alone, the one method whose sequence Python promises never to change."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed).random

    def chance(self, probability: float) -> bool:
        return self._random() < probability

    def between(self, low: int, high: int) -> int:
        """Draw a whole number from low to high, both included."""
        return low + int(self._random() * (high - low + 1))

    def skewed(self, low: int, high: int, power: float) -> int:
        """Like :meth:`between`, but the greater ``power``, the more often low."""
        return low + int(self._random() ** power * (high - low + 1))

    def pick(self, items: Sequence[_T]) -> _T:
        return items[self.between(0, len(items) - 1)]

    def weighted(self, items: Sequence[_T], weights: Sequence[float]) -> _T:
        point = self._random() * sum(weights)
        for item, weight in zip(items, weights, strict=True):
            point -= weight
            if point < 0:
                return item
        return items[-1]

    def weekday(self, first: dt.date, last: dt.date, power: float = 1.0) -> dt.date:
        """Draw a working day in the range; the greater ``power``, the earlier."""
        day = first + dt.timedelta(days=self.skewed(0, (last - first).days, power))
        while day.weekday() > 4:
            day += dt.timedelta(days=1)
        return min(day, last)
