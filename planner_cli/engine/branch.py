"""A branch of a session, and what branches have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from planner_cli.engine.sampler import Sampler
from planner_cli.engine.vocabulary import Decoder

if TYPE_CHECKING:
    from planner_cli.engine.session import LlamaSession


class LlamaBranch:
    """See :class:`~planner_cli.engine.protocol.Branch`."""

    def __init__(
        self, session: LlamaSession, index: int, queue: list[int], sampler: Sampler, max_tokens: int, *, logprobs: bool
    ) -> None:
        self._session = session
        self.index = index
        self.queue = queue
        self.sampler = sampler
        self.max_tokens = max_tokens
        self.logprobs = logprobs
        self.sequence: int | None = None
        self.stem: int | None = None
        """Of a branch with a place: another's stem as long as both have the same tokens, the queue's included."""
        self.position = session.start
        """Tokens of this branch, prefix included, that are in the cache."""
        self.tokens = 0
        self.finished: Literal["model", "length"] | None = None if max_tokens else "length"
        self.closed = False
        self.decoder = Decoder(session.vocabulary)

    @property
    def admitted(self) -> bool:
        return self.sequence is not None

    @property
    def live_in_cache(self) -> bool:
        """Whether it holds a place."""
        return self.sequence is not None and not self.closed

    @property
    def live(self) -> bool:
        """Whether it still writes."""
        return self.live_in_cache and self.finished is None

    def close(self) -> None:
        """Free its place in the cache."""
        if not self.closed:
            self.closed = True
            self._session.release(self)


def sequences(branches: Sequence[LlamaBranch]) -> list[int]:
    """Those of admitted branches."""
    return [branch.sequence or 0 for branch in branches]


def shared_parts(
    texts: Sequence[Sequence[int]], members: Sequence[int] | None = None, start: int = 0
) -> Iterator[tuple[list[int], int, int]]:
    """The texts as a tree: which of them have a part in common, and from where to where, parents before children."""
    groups: dict[int, list[int]] = {}
    for member in range(len(texts)) if members is None else members:
        if len(texts[member]) > start:
            groups.setdefault(texts[member][start], []).append(member)
    for group in groups.values():
        first, end = texts[group[0]], start + 1
        shortest = min(len(texts[member]) for member in group)
        while end < shortest and all(texts[member][end] == first[end] for member in group):
            end += 1
        yield group, start, end
        yield from shared_parts(texts, group, end)
