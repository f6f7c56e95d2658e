"""A race between thoughts that stops once the winner is settled."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from planner_cli.discriminator.thinking import Ended, Thinking
from planner_cli.settings import RaceSettings


class Race:
    """After every slice of thought, name the thoughts that need not go on.

    All cases are scored without a thought first. A case that is more than ``margin`` behind the leader is dropped; of
    those that have thought, only the better part (``keep``) goes on after each slice (successive halving, Jamieson and
    Talwalkar 2016, arXiv 1502.07943). When only the leader is left, or its score has been stable over two slices and
    no other is near, the race is over (answer convergence: arXiv 2412.20993, 2506.02536).

    What is dropped is out, whatever its score was then: scores read after different lengths of thought do not compare.
    With the built-in judge they fall as it thinks, so a case dropped early would beat those that continued.
    """

    def __init__(self, settings: RaceSettings) -> None:
        self.settings = settings

    def __call__(self, thoughts: Sequence[Thinking]) -> Sequence[Ended]:
        """The running thoughts to end now, each with its last probe as its verdict: ``behind``, or ``decided``."""
        if any(not t.probes for t in thoughts):
            return ()  # a waiting one may still lead
        racing = sorted((t for t in thoughts if not t.dropped), key=lambda t: -t.probes[-1].p_true)  # a stable sort
        best = racing[0].probes[-1].p_true
        near = [t for t in racing if best - t.probes[-1].p_true <= self.settings.margin]
        running = [t for t in racing if t.running]
        going = [t for t in near if t.running]
        if any(t.tokens for t in running):
            going = going[: math.ceil(self.settings.keep * len(running))]
        kept = {t.case.cluster for t in going}
        behind: list[Ended] = [(t, "behind") for t in thoughts if t.running and t.case.cluster not in kept]
        rivals = [t for t in near[1:] if not t.running or t.case.cluster in kept]
        if not rivals or self._settled(racing[0], rivals):
            return [*behind, *((t, "decided") for t in thoughts if t.case.cluster in kept)]
        return behind

    def _settled(self, leader: Thinking, rivals: Sequence[Thinking]) -> bool:
        """Whether the leader's score has stopped moving and no rival is within its last movement."""
        scores = [p.p_true for p in leader.probes[-3:]]
        if len(scores) < 3:
            return False
        moves = [abs(b - a) for a, b in itertools.pairwise(scores)]
        gap = scores[-1] - max(t.probes[-1].p_true for t in rivals)
        return max(moves) < self.settings.stable and gap > self.settings.stable
