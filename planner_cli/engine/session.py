"""Branches of one prompt, advanced together: scheduling over one context.

Sequence 0 of the context holds the prefix (all but its last token), 1..n the admitted branches, n+1..2n the
forks their probes are read from. A branch's ``queue`` holds those of its tokens that are not yet in the cache:
its suffix at first, then the token sampled last. A decode takes the queues of all live branches at once.

Branches that have been the same so far are decoded once: a cell of the cache can belong to several sequences.
Samples of one prompt begin alike and diverge where the model is undecided: they form a tree. Each draws its own next
token from the logits they share, so what it draws has the same distribution as without sharing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from planner_cli.control import Control
from planner_cli.engine.branch import LlamaBranch, sequences
from planner_cli.engine.context import Context, log_sum_exp
from planner_cli.engine.likelihood import Reading
from planner_cli.engine.protocol import Branch, Choice, Prompt, SessionStats, Step
from planner_cli.engine.sampler import Grammar, Sampler
from planner_cli.engine.sharing import shared_parts
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


class LlamaSession:
    """See :class:`~planner_cli.engine.protocol.Session`."""

    def __init__(
        self, context: Context, vocabulary: Vocabulary, prefix: list[int], places: Places, control: Control
    ) -> None:
        self.vocabulary = vocabulary
        self.stats = SessionStats()
        self.closed = False
        self.shares_rows = context.shares_cells
        """Whether what branches have in common is decoded once; may only be changed before the first of them."""
        self.start = len(prefix) - 1
        """Tokens of the prefix that are in the cache."""
        self._last = prefix[-1:]
        """The one that is not, if any: each branch decodes it separately."""
        self._context = context
        self._places = places
        self._control = control
        self._branches: list[LlamaBranch] = []
        self._free = list(range(places.count, 0, -1))
        self._stems = count()
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
        made = LlamaBranch(
            len(self._branches),
            [*self._last, *tokens],
            position=self.start,
            sampler=Sampler(sampling, self.vocabulary.size, grammar),
            decoder=Decoder(self.vocabulary),
            max_tokens=max_tokens,
            logprobs=logprobs,
            release=self._release,
        )
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
        stems: dict[tuple[int, ...], int] = {}
        for branch in self._branches:
            if not self._free:
                break
            if branch.sequence is None and not branch.closed:
                branch.sequence = self._free.pop()
                self._context.fork(0, branch.sequence)
                new = next(self._stems)
                branch.stem = stems.setdefault(tuple(branch.queue), new) if self.shares_rows else new
                admitted.append(branch)
        started = time.perf_counter()
        while waiting := [b for b in self._branches if b.live_in_cache and len(b.queue) > 1]:
            self._prefill_some(waiting)
        self.stats.prefill_seconds += time.perf_counter() - started if admitted else 0.0
        return admitted

    def _release(self, branch: LlamaBranch) -> None:
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
        taken = dict.fromkeys(branches, 0)
        for alike in self._begun_alike(branches):
            for members, start, end in shared_parts([branch.queue[:-1] for branch in alike]):
                part = alike[members[0]].queue[start:end][: context.batch_room]
                own = [alike[member] for member in members]
                context.add(part, own[0].position + start, *sequences(own))
                for branch in own:
                    taken[branch] += len(part)
        self._decode(taken)

    def _begun_alike(self, branches: Sequence[LlamaBranch]) -> list[list[LlamaBranch]]:
        """Branches that have the same tokens in the cache: of those waiting, the ones that have only the prefix."""
        if not self.shares_rows:
            return [[branch] for branch in branches]
        fresh = [branch for branch in branches if branch.position == self.start]
        return [fresh, *([branch] for branch in branches if branch.position != self.start)]

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
        stems: dict[int | None, list[LlamaBranch]] = {}
        for branch in live:
            stems.setdefault(branch.stem, []).append(branch)
        rows = [self._context.add(b[0].queue, b[0].position, *sequences(b), output=True) for b in stems.values()]
        self.stats.rows += len(rows)
        self._decode(dict.fromkeys(live, 1))
        made = [step for row, alike in zip(rows, stems.values(), strict=True) for step in self._sample(alike, row)]
        return sorted(made, key=lambda step: step.branch)

    def _decode(self, taken: Mapping[LlamaBranch, int]) -> None:
        """Decode the batch, which holds so many tokens of each queue; on a stop, cut back to where it was.

        A model whose memory cannot be cut loses the branches of a stopped decode; a stopped run ends anyway.
        """
        try:
            self._context.decode(self._control)
        except Stopped:
            for branch in taken:
                if branch.sequence is not None:
                    self._context.cut(branch.sequence, branch.position)
            raise
        for branch, moved in taken.items():
            branch.position += moved
            del branch.queue[:moved]

    def _sample(self, alike: Sequence[LlamaBranch], row: int) -> Iterator[Step]:
        """The next token of each of the branches that have been the same up to this row; here they may diverge."""
        stems: dict[int, int] = {}
        total: float | None = None
        for branch in alike:
            token = branch.sampler.sample(self._context, row)
            logprob = None
            if branch.logprobs:
                logits = self._context.logits(row)
                total = log_sum_exp(logits) if total is None else total
                logprob = float(logits[token]) - total
            branch.stem = stems.setdefault(token, next(self._stems))
            yield self._advance(branch, token, logprob)

    def _advance(self, branch: LlamaBranch, token: int, logprob: float | None) -> Step:
        if self.vocabulary.ends(token):
            branch.finished = "model"
            # What a forced close writes goes where the model would have ended, so the end mark is not kept.
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
                while len(queue) > context.batch_room:  # longer than a batch on its own
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
        self._context.add(queue[:count], position, sequence)
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
            reading = Reading(self._context, self.vocabulary.endings, self.start, before, shares=self.shares_rows)
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
