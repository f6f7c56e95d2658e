"""How many threads to use while other processes work on the same cores.

Threads of one decode wait for the slowest at every operation: with two threads on two cores, one of which is used by
another process, a question takes 1.7 times as long as with one thread (``python -m benchmarks.speed.limits``). So
the load is checked between decodes, and threads are given up where they would have to share a core.

What a seed gives must not depend on what else the machine does. The number of threads changes no bit of a decode,
except that of a single token under flash attention, which splits its sum by threads: there the number stays.
"""

from __future__ import annotations

import time

from planner_cli.engine import library

_WINDOW = 0.15
"""Least seconds between two checks: the system counts in hundredths."""
_HELD = 0.4
"""Share of a core used by others from which it counts as taken. Next to two equal threads a busy loop gets half."""
_FREE = 0.2
"""Share of a core used by others up to which it counts as free again."""


class Contention:
    """Watches the load of the cores this process may use."""

    def __init__(self) -> None:
        self._others = 0.0
        self._seen = self._look()

    @staticmethod
    def _look() -> tuple[float, float | None]:
        """Now, and the CPU seconds of others up to now; ``None`` where the system does not report them."""
        busy = library.rival_seconds()
        return time.monotonic(), None if busy is None else busy - time.process_time()

    def threads(self, most: int, now: int) -> int:
        """How many of ``most`` threads (at least 1) have a core to themselves, when ``now`` are in use."""
        before, earlier = self._seen
        if time.monotonic() - before >= _WINDOW:
            self._seen = at, later = self._look()
            if earlier is not None and later is not None:
                self._others = (later - earlier) / (at - before)
        return fitting(most, now, library.logical_cores(), self._others)


def fitting(most: int, now: int, cores: int, others: float) -> int:
    """Threads that fit next to ``others`` (cores' worth of work) on so many cores; ``now`` stays in between.

    >>> [fitting(2, 2, 2, others) for others in (0.0, 0.3, 0.5, 1.0, 2.0)]
    [2, 2, 1, 1, 1]
    >>> [fitting(2, 1, 2, others) for others in (0.0, 0.3, 0.5)]
    [2, 1, 1]

    """
    fewest, highest = (max(1, min(most, int(cores - others + slack))) for slack in (_FREE, _HELD))
    return max(fewest, min(now, highest))
