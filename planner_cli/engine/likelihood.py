"""How likely given texts are after a prefix: each token's probability, read from the logits of the one before it."""

from __future__ import annotations

from collections.abc import Sequence

from planner_cli.control import Control
from planner_cli.engine.context import Context, log_sum_exp

_Row = tuple[int, int, list[int]]
"""A text's number, a row of logits, and the tokens whose probability is read there, if any."""


class Reading:
    """Reads texts beside each other, each in a fork of the prefix (sequence 0) that is cut afterwards."""

    def __init__(self, context: Context, endings: list[int], start: int, before: Sequence[int]) -> None:
        """``endings`` end a turn; the prefix has ``start`` tokens in the cache, and ``before`` to be decoded."""
        self.decodes = 0
        self._context = context
        self._endings = endings
        self._start = start
        self._before = before

    def of(self, texts: Sequence[list[int]], forks: Sequence[int], control: Control) -> list[float]:
        """Log-probability of each text and then the end of the turn; at most one text a fork."""
        context = self._context
        totals, done = [0.0] * len(texts), [0] * len(texts)
        own = forks[: len(texts)]
        try:
            for fork in own:
                context.fork(0, fork)
            while rows := self._batch(texts, own, done):
                context.decode(control)
                self.decodes += 1
                for number, row, targets in rows:
                    logits = context.logits(row)
                    if targets:
                        totals[number] += log_sum_exp(logits[targets]) - log_sum_exp(logits)
        finally:
            for fork in own:
                context.cut(fork)
        return totals

    def _batch(self, texts: Sequence[list[int]], forks: Sequence[int], done: list[int]) -> list[_Row]:
        """Fill a batch with as much of the texts as there are rows of logits; ``done`` goes on."""
        context = self._context
        context.clear_batch()
        rows: list[_Row] = []
        for number, (fork, text) in enumerate(zip(forks, texts, strict=True)):
            inputs = [*self._before, *text]
            targets = [*([] for _ in self._before[1:]), *([token] for token in text), self._endings]
            part = slice(done[number], done[number] + min(context.outputs - len(rows), context.batch_room))
            if not targets[part]:
                continue
            last = context.add(inputs[part], self._start + part.start, fork, output=True, every=True)
            first = last + 1 - len(targets[part])
            rows += [(number, first + offset, wanted) for offset, wanted in enumerate(targets[part])]
            done[number] += len(targets[part])
        return rows
