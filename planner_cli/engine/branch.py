"""A branch of a session: its place in the cache, and which of its tokens are not there yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from planner_cli.engine.sampler import Sampler
from planner_cli.engine.vocabulary import Decoder


class LlamaBranch:
    """See :class:`~planner_cli.engine.protocol.Branch`."""

    def __init__(
        self,
        index: int,
        queue: list[int],
        *,
        position: int,
        sampler: Sampler,
        decoder: Decoder,
        max_tokens: int,
        logprobs: bool,
        release: Callable[[LlamaBranch], None],
    ) -> None:
        """``queue`` is decoded after ``position`` tokens; ``release`` is called once, when the branch is closed."""
        self._release = release
        self.index = index
        self.queue = queue
        self.sampler = sampler
        self.max_tokens = max_tokens
        self.logprobs = logprobs
        self.sequence: int | None = None
        self.stem: int | None = None
        """Of a branch with a place: the same as another's while both have the same tokens, including the queue's."""
        self.position = position
        """Tokens of this branch, prefix included, that are in the cache."""
        self.tokens = 0
        self.finished: Literal["model", "length"] | None = None if max_tokens else "length"
        self.closed = False
        self.decoder = decoder

    @property
    def admitted(self) -> bool:
        return self.sequence is not None

    @property
    def live_in_cache(self) -> bool:
        """Whether it holds a place."""
        return self.sequence is not None and not self.closed

    @property
    def live(self) -> bool:
        """Whether it is still writing."""
        return self.live_in_cache and self.finished is None

    def close(self) -> None:
        """Free its place in the cache."""
        if not self.closed:
            self.closed = True
            self._release(self)


def sequences(branches: Sequence[LlamaBranch]) -> list[int]:
    """Those of admitted branches."""
    return [branch.sequence or 0 for branch in branches]
