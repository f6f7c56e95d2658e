"""Branches of one prompt, advanced together: scheduling over one context.

Sequence 0 of the context holds the prefix (all but its last token), 1..n the admitted branches, n+1..2n the
forks their probes are read from. A branch's ``queue`` holds the tokens that are its but not yet in the cache:
its suffix at first, then the token sampled last. A decode takes the queues of all live branches at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from planner_cli.control import Control
from planner_cli.engine.context import Context, log_sum_exp
from planner_cli.engine.likelihood import Reading
from planner_cli.engine.protocol import Branch, Choice, Prompt, SessionStats, Step
from planner_cli.engine.sampler import Grammar, Sampler
from planner_cli.engine.vocabulary import Decoder, Vocabulary
from planner_cli.errors import EngineError, Stopped
from planner_cli.settings import Sampling


@dataclass(frozen=True, slots=True)
class Places:
    """How the KV cache is divided: one prefix, and ``count`` places of ``room`` tokens."""

    prefix: int
    count: int
    room: int

    @property
    def cells(self) -> int:
        return self.prefix + self.count * self.room


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


class LlamaSession:
    """See :class:`~planner_cli.engine.protocol.Session`."""

    def __init__(
        self, context: Context, vocabulary: Vocabulary, prefix: list[int], places: Places, control: Control
    ) -> None:
        self.vocabulary = vocabulary
        self.stats = SessionStats()
        self.closed = False
        self.start = len(prefix) - 1
        """Tokens of the prefix that are in the cache."""
        self._last = prefix[-1:]
        """The one that is not, if any: each branch decodes it itself."""
        self._context = context
        self._places = places
        self._control = control
        self._branches: list[LlamaBranch] = []
        self._free = list(range(places.count, 0, -1))
        self._choices: dict[tuple[str, tuple[str, ...]], dict[str, list[int]]] = {}
        """First tokens of the choices, by the text before them and their names."""

    def branch(self, suffix: Prompt, sampling: Sampling, *, max_tokens: int, logprobs: bool = False) -> LlamaBranch:
        """See :meth:`Session.branch`."""
        tokens = self.vocabulary.encode_prompt(suffix)
        if len(tokens) + max_tokens > self._places.room:
            raise EngineError(
                f"a branch of {len(tokens)} + {max_tokens} tokens is over its room of {self._places.room}"
            )
        self.stats.prompt_tokens += len(tokens)
        grammar = None if sampling.grammar is None else Grammar(self.vocabulary, sampling.grammar)
        sampler = Sampler(sampling, self.vocabulary.size, grammar)
        made = LlamaBranch(self, len(self._branches), [*self._last, *tokens], sampler, max_tokens, logprobs=logprobs)
        self._branches.append(made)
        return made

    def adopt(self, branch: Branch) -> None:
        """See :meth:`Session.adopt`: its cells become the prefix's, nothing is decoded again."""
        own = self._branches[branch.index]
        if own.sequence is None or any(not other.closed for other in self._branches if other is not own):
            raise EngineError("only a branch that is alone in its session can be adopted")
        self._context.fork(own.sequence, 0)
        self.start, self._last = own.position, own.queue  # the token sampled last; none after an end of turn
        own.close()

    def admit(self) -> list[LlamaBranch]:
        """See :meth:`Session.admit`. Their suffixes are prefilled here, all but the last token of each."""
        admitted = []
        for branch in self._branches:
            if not self._free:
                break
            if branch.sequence is None and not branch.closed:
                branch.sequence = self._free.pop()
                self._context.fork(0, branch.sequence)
                admitted.append(branch)
        started = time.perf_counter()
        while waiting := [b for b in self._branches if b.live_in_cache and len(b.queue) > 1]:
            self._prefill_some(waiting)
        self.stats.prefill_seconds += time.perf_counter() - started if admitted else 0.0
        return admitted

    def release(self, branch: LlamaBranch) -> None:
        """Take a closed branch's place back."""
        branch.sampler.close()
        if branch.sequence is not None:
            self._context.cut(branch.sequence)
            self._free.append(branch.sequence)
            branch.sequence = None

    def _prefill_some(self, branches: Sequence[LlamaBranch]) -> None:
        """Move as much of the queues into the cache as one batch takes; the last token of each stays."""
        context = self._context
        context.clear_batch()
        taken = []
        for branch in branches:
            part = branch.queue[:-1][: context.batch_room]
            if part and branch.sequence is not None:
                context.add(part, branch.position, branch.sequence, output=False)
                taken.append((branch, len(part)))
        self._decode(taken)

    # ---------------------------------------------------------------------------------------------- step

    def step(self) -> list[Step]:
        """See :meth:`Session.step`."""
        self.admit()
        live = [b for b in self._branches if b.live]
        if not live:
            return []
        self.stats.widest = max(self.stats.widest, len(live))
        self.stats.decodes += 1
        self._context.clear_batch()
        rows = [self._context.add(b.queue, b.position, b.sequence or 0, output=True) for b in live]
        self._decode([(branch, 1) for branch in live])
        return [self._sample(branch, row) for branch, row in zip(live, rows, strict=True)]

    def _decode(self, taken: Sequence[tuple[LlamaBranch, int]]) -> None:
        """Decode the batch, which holds so many tokens of each queue; on a stop, cut back to where it was.

        A model whose memory cannot be cut loses the branches of a stopped decode; a stopped run ends anyway.
        """
        try:
            self._context.decode(self._control)
        except Stopped:
            for branch, _ in taken:
                if branch.sequence is not None:
                    self._context.cut(branch.sequence, branch.position)
            raise
        for branch, count in taken:
            branch.position += count
            del branch.queue[:count]

    def _sample(self, branch: LlamaBranch, row: int) -> Step:
        token = branch.sampler.sample(self._context, row)
        logprob = None
        if branch.logprobs:
            logits = self._context.logits(row)
            logprob = float(logits[token]) - log_sum_exp(logits)
        if self.vocabulary.ends(token):
            branch.finished = "model"
            # What a forced close writes comes where the model would have ended, so the end mark is not kept.
            return Step(branch.index, "", branch.tokens, "model", logprob)
        branch.tokens += 1
        branch.queue.append(token)
        self.stats.new_tokens += 1
        if branch.tokens >= branch.max_tokens:
            branch.finished = "length"
        return Step(branch.index, branch.decoder.feed(token), branch.tokens, branch.finished, logprob)

    # --------------------------------------------------------------------------------------------- probe

    def probe(
        self, branches: Sequence[Branch], forced: Sequence[Prompt], choices: Mapping[str, Sequence[str]]
    ) -> list[Choice]:
        """See :meth:`Session.probe`."""
        self.admit()
        own = [self._branches[branch.index] for branch in branches]
        answers: list[Choice] = []
        if any(branch.closed for branch in own):
            raise EngineError("a closed branch cannot be probed")
        if any(branch.sequence is None for branch in own):
            raise EngineError("a probe found no place: close finished branches before waiting ones are probed")
        pending = [
            (branch, self.vocabulary.encode_prompt(text), self._choice_tokens(text, choices))
            for branch, text in zip(own, forced, strict=True)
        ]
        while len(answers) < len(pending):
            answers += self._probe_some(pending[len(answers) :])
        return answers

    def _probe_some(self, pending: Sequence[tuple[LlamaBranch, list[int], dict[str, list[int]]]]) -> list[Choice]:
        """Probe as many as there are forks and as one batch takes, in order."""
        context = self._context
        context.clear_batch()
        rows: list[tuple[int, dict[str, list[int]]]] = []
        forks = range(self._places.count + 1, 2 * self._places.count + 1)
        try:
            for fork, (branch, forced, tokens) in zip(forks, pending, strict=False):
                queue, position = [*branch.queue, *forced], branch.position
                if rows and len(queue) > context.batch_room:
                    break
                context.fork(branch.sequence or 0, fork)
                while len(queue) > context.batch_room:  # by itself longer than a batch
                    position += self._decode_ahead(queue, position, fork)
                rows.append((context.add(queue, position, fork, output=True), tokens))
            self.stats.decodes += 1
            context.decode(self._control)
            return [self._read(row, tokens) for row, tokens in rows]
        finally:
            for fork in forks:
                context.cut(fork)

    def _decode_ahead(self, queue: list[int], position: int, sequence: int) -> int:
        """Move one batch of the queue into the cache; returns how many tokens."""
        count = self._context.batch_room
        self._context.add(queue[:count], position, sequence, output=False)
        self._context.decode(self._control)
        self._context.clear_batch()
        del queue[:count]
        return count

    def likelihood(self, texts: Sequence[Prompt], *, after: Prompt = ()) -> list[float]:
        """See :meth:`Session.likelihood`; the texts are read as many at once as there are forks."""
        written = [self.vocabulary.encode_prompt(text) for text in texts]
        forks = range(self._places.count + 1, 2 * self._places.count + 1)
        found: list[float] = []
        while len(found) < len(written):
            some = written[len(found) : len(found) + len(forks)]
            before = [*self._last, *self.vocabulary.encode_prompt(after)]
            reading = Reading(self._context, self.vocabulary.endings, self.start, before)
            found += reading.of(some, forks, self._control)
            self.stats.decodes += reading.decodes
        return found

    def _choice_tokens(self, forced: Prompt, choices: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
        tail = forced[-1].text if forced and forced[-1].kind == "text" else ""
        key = (tail, tuple(choices))
        if key not in self._choices:
            self._choices[key] = self.vocabulary.choice_tokens(tail, choices)
        return self._choices[key]

    def _read(self, row: int, tokens: Mapping[str, list[int]]) -> Choice:
        logits = self._context.logits(row)
        total = log_sum_exp(logits)
        shares = {name: float(np.exp(logits[ids] - np.float64(total)).sum()) for name, ids in tokens.items()}
        mass = sum(shares.values())
        if not 0 < mass < 2:  # also NaN: a damaged model or adapter
            raise EngineError("the model's logits are not numbers")
        return Choice({name: share / mass for name, share in shares.items()}, min(1.0, mass))

    def close(self) -> None:
        """See :meth:`Session.close`."""
        for branch in self._branches:
            branch.close()
        self.closed = True
