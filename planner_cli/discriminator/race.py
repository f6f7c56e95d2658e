"""A race between thoughts: stop when it is settled which one wins."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from planner_cli.discriminator.thinking import Thinking
from planner_cli.settings import RaceSettings


class Race:
    """After every slice of thought, name the thoughts that need not go on.

    All cases are scored without a thought first. A case that is more than ``margin`` behind the leader cannot
    win and is dropped; when only the leader is left, or its score has been stable over two slices and no other
    is near, the race is over. (Answer convergence: arXiv 2412.20993, 2506.02536; racing as in successive halving.)
    """

    def __init__(self, settings: RaceSettings) -> None:
        self.settings = settings

    def __call__(self, thoughts: Sequence[Thinking]) -> Sequence[Thinking]:
        """The running thoughts to end now, each with its last probe as its verdict."""
        if any(not t.probes for t in thoughts):
            return ()  # a waiting one may still lead
        leader = max(thoughts, key=lambda t: t.probes[-1].p_true)  # the first of equals
        best = leader.probes[-1].p_true
        running = [t for t in thoughts if t.verdict is None and not t.finished]
        behind = [t for t in running if best - t.probes[-1].p_true > self.settings.margin]
        rivals = [t for t in thoughts if t is not leader and best - t.probes[-1].p_true <= self.settings.margin]
        if not rivals or self._settled(leader, rivals):
            return running
        return behind

    def _settled(self, leader: Thinking, rivals: Sequence[Thinking]) -> bool:
        """Whether the leader's score has stopped moving and no rival is as near as its moves."""
        scores = [p.p_true for p in leader.probes[-3:]]
        if len(scores) < 3:
            return False
        moves = [abs(b - a) for a, b in itertools.pairwise(scores)]
        gap = scores[-1] - max(t.probes[-1].p_true for t in rivals)
        return max(moves) < self.settings.stable and gap > self.settings.stable
