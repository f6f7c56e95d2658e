"""How many threads to use while other processes work on the same cores.

Threads of one decode wait for the slowest at every operation: with two threads on two cores, one of which another
process holds, a question takes 1.7 times as long as with one thread alone (``python -m benchmarks.speed.limits``). So
the load is looked at between decodes, and threads are given up where they would have to share a core.

What a seed gives must not depend on what else the machine does. A count of threads changes no bit of a decode, but
for that of a single token under flash attention, which splits its sum by threads: there the count stays.
"""

from __future__ import annotations

import time

from planner_cli.engine import library

_WINDOW = 0.15
"""Seconds between two looks, at least: the system counts hundredths."""
_HELD = 0.4
"""Of a core used by others: from there on it counts as held. Beside two equal threads an endless loop gets a half."""
_FREE = 0.2
"""Of a core used by others: up to there it counts as free again."""


class Contention:
    """Looks at the load of the cores this process may use."""

    def __init__(self) -> None:
        self._others = 0.0
        self._seen = self._look()

    @staticmethod
    def _look() -> tuple[float, float | None]:
        """Now, and the CPU seconds of others up to now; ``None`` where the system does not tell."""
        busy = library.rival_seconds()
        return time.monotonic(), None if busy is None else busy - time.process_time()

    def threads(self, most: int, now: int) -> int:
        """How many of ``most`` threads (at least 1) find a core of their own, when ``now`` are in use."""
        before, earlier = self._seen
        if time.monotonic() - before >= _WINDOW:
            self._seen = at, later = self._look()
            if earlier is not None and later is not None:
                self._others = (later - earlier) / (at - before)
        return fitting(most, now, library.logical_cores(), self._others)


def fitting(most: int, now: int, cores: int, others: float) -> int:
    """Threads that fit beside ``others`` (cores' worth of work) on so many cores; ``now`` stays in between.

    >>> [fitting(2, 2, 2, others) for others in (0.0, 0.3, 0.5, 1.0, 2.0)]
    [2, 2, 1, 1, 1]
    >>> [fitting(2, 1, 2, others) for others in (0.0, 0.3, 0.5)]
    [2, 1, 1]

    """
    fewest, highest = (max(1, min(most, int(cores - others + slack))) for slack in (_FREE, _HELD))
    return max(fewest, min(now, highest))
