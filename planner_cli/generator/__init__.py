"""The generator stage: N samples of one prompt, written together, merged into distinct candidates."""

from __future__ import annotations

import time
from collections.abc import Generator as Generated
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from planner_cli.control import Control
from planner_cli.engine.protocol import Branch, Engine, Session
from planner_cli.errors import ContextOverflow, TimeLimit
from planner_cli.events import (
    CandidateRepeated,
    CandidateWritten,
    Event,
    GenerationProgress,
    Prefilled,
    Prefilling,
    StageFinished,
    StageStarted,
    Warned,
)
from planner_cli.prompts.generator import Draft, GeneratorPrompt, generator_prompt
from planner_cli.settings import GeneratorSettings, Sampling
from planner_cli.sql import normalise
from planner_cli.types import Candidate, Question, StageTimings

SEED_STEP = 1_000_003
"""Keeps the branch seeds of runs with different seeds apart."""


@dataclass(slots=True)
class Sample:
    """One branch and what it has written."""

    branch: Branch
    text: str = ""
    logprob: float = 0.0


class Generator:
    """A model in the generator's role: its engine and its prompt family."""

    def __init__(self, engine: Engine, prompt: str) -> None:
        self.engine = engine
        self.prompt: GeneratorPrompt = generator_prompt(prompt)

    def write(
        self,
        question: Question,
        settings: GeneratorSettings,
        *,
        seed: int,
        control: Control,
        count: int | None = None,
        draft: Draft | None = None,
        known: Sequence[Candidate] = (),
    ) -> Iterator[Event]:
        """Write candidates of one question.

        ``count`` samples instead of the settings'; ``draft`` is a query to improve on, or the beginning of
        one to continue from; ``known`` are the candidates that there are, whose numbering continues. The first
        sample is greedy, unless some of these were sampled in earlier rounds.

        Yields ``StageStarted``, ``Prefilling`` and ``Prefilled``, then ``CandidateWritten`` for each distinct query as
        it is finished and ``CandidateRepeated`` for each further sample of it, and ``StageFinished``. When time runs
        out first, the finished candidates count and a warning says so.

        Raises:
            ContextOverflow: the schema does not fit the model's context.
            TimeLimit: the time limit ended before the first candidate of this round.
            Interrupted: the user stopped the run.

        """
        known = tuple(known)  # as it is now: the caller's list grows by what is written here
        first = not any(candidate.samples for candidate in known)
        count = settings.candidates if count is None else count
        yield StageStarted("generate", count)
        started = time.perf_counter()
        session = yield from self._opened(question, settings, count, control, draft)
        stats = session.stats
        possible = settings.constrained > 0 and self.engine.takes_grammar
        grammar = self.prompt.grammar(question.schema) if possible else None
        if settings.constrained and grammar is None:
            yield Warned(
                "no candidate is held to the names that exist: this engine, prompt or schema does not allow it"
            )
        try:
            yield Prefilled("generate", stats.prompt_tokens, stats.cached_tokens, stats.prefill_seconds)
            begun = draft.sql if draft is not None and draft.partial else ""
            samples = [
                Sample(session.branch((), sampling, max_tokens=settings.max_tokens, logprobs=True), begun)
                for sampling in _samplings(settings, count, seed, greedy=first, grammar=grammar)
            ]
            yield from self._sample(session, samples, known, control, greedy=first)
        finally:
            session.close()
        yield StageFinished("generate", stats.timings(time.perf_counter() - started))

    def _opened(
        self, question: Question, settings: GeneratorSettings, count: int, control: Control, draft: Draft | None = None
    ) -> Generated[Event, None, Session]:
        """The session of so many samples."""
        prompt = self.prompt.build(question, self.engine, draft)
        try:
            return (yield from self.engine.opening(
                prompt, branches=count, room=settings.max_tokens, control=control, seen=partial(Prefilling, "generate")
            ))  # fmt: skip
        except ContextOverflow as error:
            tables = len(question.schema.tables)
            raise ContextOverflow(f"a schema of {tables} tables: {error.message}", hint=error.hint) from error

    def warm(self, question: Question, settings: GeneratorSettings, *, control: Control) -> Iterator[Event]:
        """Read the prompt of a question and keep what is the same for all: ``Prefilling`` and ``Prefilled``.

        Raises:
            ContextOverflow: the schema does not fit the model's context.
            Stopped: the control said so; what was read is kept.

        """
        session = yield from self._opened(question, settings, settings.candidates, control)
        stats = session.stats
        session.close()
        yield Prefilled("generate", stats.prompt_tokens, stats.cached_tokens, stats.prefill_seconds)

    def likelihood(
        self, question: Question, queries: Sequence[str], *, control: Control
    ) -> tuple[Sequence[float | None], StageTimings]:
        """How likely the model is to write each query and nothing else, as ln P, and what reading that cost.

        ``None`` where the engine cannot tell.
        For queries that it did not write itself: those it did write already have theirs.

        Raises:
            ContextOverflow: they do not fit the model's context.
            TimeLimit, Interrupted: the control stopped it.

        """
        if not self.engine.reads_likelihood or not queries:
            return [None] * len(queries), StageTimings()
        started = time.perf_counter()
        texts = [self.prompt.written(sql, question.schema) for sql in queries]
        room = max(map(self.engine.count, texts)) + 1
        prompt = self.prompt.build(question, self.engine)
        session = self.engine.open(prompt, branches=len(texts), room=room, control=control)
        try:
            found = session.likelihood(texts)
        finally:
            session.close()
        return found, session.stats.timings(time.perf_counter() - started)

    def _sample(
        self,
        session: Session,
        samples: Sequence[Sample],
        known: Sequence[Candidate],
        control: Control,
        *,
        greedy: bool,
    ) -> Iterator[Event]:
        """Advance all samples until they end; ``greedy``: the first one was."""
        distinct = {normalise(c.sql): c for c in known}
        live = len(samples)
        while live:
            try:
                steps = session.step()
            except TimeLimit:
                if live == len(samples):
                    raise
                yield Warned(f"time ran out with {live} of {len(samples)} candidates unfinished")
                return
            for step in steps:
                sample = samples[step.branch]
                sample.text += step.text
                sample.logprob += step.logprob or 0.0
                whole = self.prompt.complete(sample.text)
                if step.finished is None and not whole:
                    continue
                sample.branch.close()
                live -= 1
                written = Candidate(
                    index=len(distinct),
                    sql=self.prompt.parse(sample.text),
                    tokens=step.tokens,
                    logprob=sample.logprob,
                    complete=whole or step.finished != "length",
                    greedy=greedy and step.branch == 0,
                )
                yield _merge(distinct, written)
            control.check()
            yield GenerationProgress(session.stats.new_tokens, live)


def _merge(distinct: dict[str, Candidate], written: Candidate) -> Event:
    """A sample as a new candidate, or as one more vote for a known one."""
    key = normalise(written.sql)
    known = distinct.get(key)
    if known is None:
        distinct[key] = written
        return CandidateWritten(written)
    distinct[key] = replace(
        known,
        samples=known.samples + 1,
        tokens=known.tokens or written.tokens,
        logprob=written.logprob if known.logprob is None else known.logprob,
        greedy=known.greedy or written.greedy,
    )
    return CandidateRepeated(distinct[key])


def _samplings(
    settings: GeneratorSettings, count: int, seed: int, *, greedy: bool, grammar: str | None
) -> list[Sampling]:
    """Each sample has its own seed; with ``greedy`` the first one is not drawn but takes the likeliest tokens."""
    drawn = settings.sampling
    return [
        replace(
            drawn,
            temperature=0.0 if greedy and index == 0 else drawn.temperature,
            seed=seed * SEED_STEP + index,
            grammar=grammar if index >= count - settings.constrained else None,
        )
        for index in range(count)
    ]
