"""How likely given texts are after a prefix: each token's probability, read from the logits of the one before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner_cli.control import Control
from planner_cli.engine.context import Context, log_sum_exp
from planner_cli.engine.sharing import shared_parts

_Part = tuple[list[int], int, int]
"""The texts that have it in common, and the range of inputs it covers."""


class Reading:
    """Reads texts in one batch, each in a fork of the prefix (sequence 0) that is cut afterwards.

    What texts have in common at their beginning is decoded once, as it is for branches.
    """

    def __init__(
        self, context: Context, endings: list[int], start: int, before: Sequence[int], *, shares: bool
    ) -> None:
        """``endings`` end a turn; the prefix has ``start`` tokens in the cache, and ``before`` still to be decoded.

        ``shares`` says whether a token can be decoded for several texts.
        """
        self.decodes = 0
        self._context = context
        self._endings = endings
        self._start = start
        self._before = before
        self._shares = shares

    def of(self, texts: Sequence[list[int]], forks: Sequence[int], control: Control) -> list[float]:
        """Log-probability of each text followed by the end of the turn; at most one text per fork."""
        context = self._context
        inputs = [[*self._before, *text] for text in texts]
        targets = [[*([] for _ in self._before[1:]), *([token] for token in text), self._endings] for text in texts]
        alone: list[_Part] = [([number], 0, len(one)) for number, one in enumerate(inputs)]
        parts = list(shared_parts(inputs)) if self._shares else alone
        totals = [0.0] * len(texts)
        own = forks[: len(texts)]
        try:
            for fork in own:
                context.fork(0, fork)
            for batch in self._batches(parts):
                self._read(batch, inputs, targets, own, totals, control)
        finally:
            for fork in own:
                context.cut(fork)
        return totals

    def _batches(self, parts: Sequence[_Part]) -> Iterator[list[_Part]]:
        """The parts in order, as many of their tokens at once as there are rows of logits."""
        batch: list[_Part] = []
        room = self._context.outputs
        for members, start, end in parts:
            at = start
            while at < end:
                upto = min(end, at + room)
                batch.append((members, at, upto))
                room -= upto - at
                at = upto
                if not room:
                    yield batch
                    batch, room = [], self._context.outputs
        if batch:
            yield batch

    def _read(
        self,
        batch: Sequence[_Part],
        inputs: Sequence[list[int]],
        targets: Sequence[list[list[int]]],
        forks: Sequence[int],
        totals: list[float],
        control: Control,
    ) -> None:
        """Decode the parts, and add to each text's total what they say about its next tokens."""
        context = self._context
        context.clear_batch()
        for members, start, end in batch:
            own = [forks[member] for member in members]
            context.add(inputs[members[0]][start:end], self._start + start, *own, every=True)
        context.decode(control)
        self.decodes += 1
        row = 0
        for members, start, end in batch:
            for at in range(start, end):
                if any(targets[member][at] for member in members):
                    logits = context.logits(row)
                    whole = log_sum_exp(logits)
                    for member in members:
                        totals[member] += log_sum_exp(logits[targets[member][at]]) - whole
                row += 1
