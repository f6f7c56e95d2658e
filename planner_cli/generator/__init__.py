"""The generator stage: N samples of one prompt, written together, merged into distinct candidates."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

from planner_cli.control import Control
from planner_cli.engine.protocol import Branch, Engine, Session
from planner_cli.errors import ContextOverflow, TimeLimit
from planner_cli.events import (
    CandidateRepeated,
    CandidateWritten,
    Event,
    GenerationProgress,
    Prefilled,
    StageFinished,
    StageStarted,
    Warned,
)
from planner_cli.prompts.generator import GeneratorPrompt, generator_prompt
from planner_cli.settings import GeneratorSettings, Sampling
from planner_cli.sql import normalise
from planner_cli.types import Candidate, Question

SEED_STEP = 1_000_003
"""Seeds of different runs keep their branches' seeds apart."""


@dataclass(slots=True)
class _Sample:
    """One branch and what it has written."""

    branch: Branch
    text: str = ""
    logprob: float = 0.0


class Generator:
    """A model in the generator's role: its engine and its prompt family."""

    def __init__(self, engine: Engine, prompt: str) -> None:
        self.engine = engine
        self.prompt: GeneratorPrompt = generator_prompt(prompt)

    def write(self, question: Question, settings: GeneratorSettings, *, seed: int, control: Control) -> Iterator[Event]:
        """Write the candidates of one question.

        Yields ``StageStarted``, ``Prefilled``, then ``CandidateWritten`` for each distinct query as it is
        finished and ``CandidateRepeated`` for each further sample of it, and ``StageFinished``. When the time
        limit ends first, the finished candidates count and a warning says so.

        Raises:
            ContextOverflow: the schema does not fit the model's context.
            TimeLimit: the time limit ended before the first candidate.
            Interrupted: the user stopped the run.

        """
        yield StageStarted("generate", settings.candidates)
        started = time.perf_counter()
        prompt = self.prompt.build(question, self.engine)
        try:
            session = self.engine.open(prompt, branches=settings.candidates, room=settings.max_tokens, control=control)
        except ContextOverflow as error:
            tables = len(question.schema.tables)
            raise ContextOverflow(
                f"the schema's {tables} tables are too much: {error.message}", hint=error.hint
            ) from error
        stats = session.stats
        try:
            yield Prefilled("generate", stats.prompt_tokens, stats.cached_tokens, stats.prefill_seconds)
            yield from self._sample(session, settings, seed, control)
        finally:
            session.close()
        yield StageFinished("generate", stats.timings(time.perf_counter() - started))

    def _sample(self, session: Session, settings: GeneratorSettings, seed: int, control: Control) -> Iterator[Event]:
        samples = [
            _Sample(session.branch((), sampling, max_tokens=settings.max_tokens, logprobs=True))
            for sampling in _samplings(settings, seed)
        ]
        distinct: dict[str, Candidate] = {}
        live = len(samples)
        while live:
            try:
                steps = session.step()
            except TimeLimit:
                if not distinct:
                    raise
                yield Warned(f"time ran out with {live} of {len(samples)} candidates unfinished")
                return
            for step in steps:
                sample = samples[step.branch]
                sample.text += step.text
                sample.logprob += step.logprob or 0.0
                if step.finished is None and not self.prompt.complete(sample.text):
                    continue
                sample.branch.close()
                live -= 1
                whole = step.finished != "length" or self.prompt.complete(sample.text)
                yield self._merge(distinct, sample, tokens=step.tokens, complete=whole)
            control.check()
            yield GenerationProgress(session.stats.new_tokens, live)

    def _merge(self, distinct: dict[str, Candidate], sample: _Sample, *, tokens: int, complete: bool) -> Event:
        """The sample as a new candidate, or as one more vote for a known one."""
        sql = self.prompt.parse(sample.text)
        key = normalise(sql)
        greedy = sample.branch.index == 0
        known = distinct.get(key)
        if known is not None:
            distinct[key] = replace(known, samples=known.samples + 1, greedy=known.greedy or greedy)
            return CandidateRepeated(distinct[key])
        distinct[key] = Candidate(
            index=len(distinct), sql=sql, tokens=tokens, logprob=sample.logprob, complete=complete, greedy=greedy
        )
        return CandidateWritten(distinct[key])


def _samplings(settings: GeneratorSettings, seed: int) -> list[Sampling]:
    """The first sample is greedy, the others are drawn, each with a seed of its own."""
    drawn = settings.sampling
    return [
        replace(drawn, temperature=0.0 if index == 0 else drawn.temperature, seed=seed * SEED_STEP + index)
        for index in range(settings.candidates)
    ]
