"""Bringing a prompt into the KV cache: in batches, saying how long it takes, and going on where it was stopped.

What comes first in a prompt, and is the same for every question about a database, is decoded separately, whether its
state is kept or not, and the KV cache is emptied first: a batch's shape and the order of its cells change low bits of
the logits (``llama-cpp.md`` section 6), and what was asked earlier must not. The state after any of its batches is as
good as the last: one that was stopped is kept too, and the next run continues it with the same batches.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from planner_cli.control import Control
from planner_cli.engine.context import BATCH, Context
from planner_cli.engine.prefix_cache import PrefixCache
from planner_cli.errors import Interrupted
from planner_cli.types import PromptProgress

log = logging.getLogger("planner_cli.cache")

LEAST_CACHED = 32
"""Tokens of a stable part under which prefill costs no more than keeping its state."""
FIRST = 64
"""Tokens of the first batch of a long stable part: how fast the machine is shows in a fraction of a second."""
_LONG = 2 * BATCH
_RECENT = 4
"""Points in time from which the speed is computed: that of the last three batches, as other work comes and goes."""


def first_batch(stable: int) -> int:
    """Tokens of the first batch of a stable part of this length."""
    return FIRST if stable > _LONG else BATCH


def batch_ends(stable: int, total: int) -> list[int]:
    """Where the batches of a prompt end, of which so many tokens are stable."""
    return [*_ends(0, stable, first_batch(stable)), *_ends(stable, total, BATCH)]


def _ends(start: int, end: int, first: int) -> list[int]:
    return [*range(start + first, end, BATCH), end] if start < end else []


class Clock:
    """How long the rest of a prompt takes, from what was read of it so far."""

    def __init__(
        self, start: int, total: int, *, growth: float, rate: float | None, now: Callable[[], float] = time.perf_counter
    ) -> None:
        """``growth``: how much more a token costs for each one before it; ``rate``: tokens a second, where known."""
        self._start, self._total, self._growth, self._rate = start, total, growth, rate
        self._now = now
        self._began = now()
        self._marks: deque[tuple[float, float]] = deque(maxlen=_RECENT)

    def at(self, done: int) -> PromptProgress:
        """With so many tokens read now."""
        now = self._now()
        self._marks.append((self._work(done), now))
        (work_then, then), (work_now, _) = self._marks[0], self._marks[-1]
        rate = (work_now - work_then) / max(1e-6, now - then) if len(self._marks) > 1 else self._rate
        left = (self._work(self._total) - work_now) / rate if rate else None
        return PromptProgress(done, self._total, self._start, now - self._began, left)

    def _work(self, tokens: int) -> float:
        """In tokens at the beginning of a context: attention makes later ones dearer."""
        return tokens + self._growth * tokens * tokens / 2


@dataclass(frozen=True, slots=True)
class Prefill:
    """Of one model in one context."""

    context: Context
    cache: PrefixCache
    key: Callable[[Sequence[int]], str]
    """Under which the state of these tokens is kept."""
    model: str
    """The file's name."""
    keeps: bool
    """Whether the model's states can be kept at all."""
    growth: float
    rate: float | None

    def read(self, tokens: Sequence[int], stable: int, control: Control) -> Generator[PromptProgress, None, int]:
        """Bring tokens into sequence 0; returns how many came from the prefix cache.

        Raises:
            Stopped: by the control; what was read of the stable part is kept.
            EngineError: llama.cpp refused a batch.

        """
        self.context.clear()
        keeps = self.keeps and stable >= LEAST_CACHED
        begun = self._restore(tokens, stable) if keeps else 0
        clock = Clock(begun, len(tokens), growth=self.growth, rate=self.rate)
        done = begun
        try:
            if done < len(tokens):
                yield clock.at(done)
            for end in batch_ends(stable, len(tokens)):
                if end > done:
                    self._decode(tokens, done, end, control)
                    done = end
                    if done == stable and keeps:
                        self._keep(tokens, stable, begun)
                    yield clock.at(done)
        except BaseException as error:
            if keeps and begun < done < stable:
                self.context.cut(0, done)  # a batch that was cut off may be there in part
                self._keep(tokens, done, begun)
                if isinstance(error, Interrupted):
                    error.hint = f"{done:,} tokens of the prompt's {stable:,} are kept: the next run goes on there"
            raise
        return begun

    def _decode(self, tokens: Sequence[int], start: int, end: int, control: Control) -> None:
        self.context.clear_batch()
        self.context.add(tokens[start:end], start, 0)
        self.context.decode(control)

    def _restore(self, tokens: Sequence[int], stable: int) -> int:
        """Bring back the longest state that is kept, and say how many tokens it has."""
        for end in reversed(batch_ends(stable, stable)):
            key = self.key(tokens[:end])
            state = self.cache.get(key)
            if state is None:
                continue
            if self.context.restore(0, state):
                return end
            log.debug("llama.cpp refused a cached state of %s", self.model)
            self.cache.drop(key)
            self.context.clear()
        return 0

    def _keep(self, tokens: Sequence[int], count: int, begun: int) -> None:
        """Keep the state of so many tokens, instead of the shorter one that it began with."""
        if saved := self.context.save(0):
            self.cache.put(self.key(tokens[:count]), saved, model=self.model, tokens=count)
            if begun:
                self.cache.drop(self.key(tokens[:begun]))
