"""The discriminator stage: a model in the judge's role, and the ways to ask it."""

from __future__ import annotations

import math
import time
from collections.abc import Generator as Generated
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from planner_cli.control import Control
from planner_cli.discriminator.race import Race
from planner_cli.discriminator.thinking import LOW_MASS, Case, Checkpoints, Thinking, ThinkingLoop
from planner_cli.engine.protocol import CUT, Engine, Prompt, Session, split_at
from planner_cli.errors import EngineError
from planner_cli.events import Event, Prefilled, Prefilling, StageFinished, StageStarted, ThoughtClosed, Warned
from planner_cli.prompts.discriminator import discriminator_prompt
from planner_cli.prompts.judging import DiscriminatorPrompt, View
from planner_cli.prompts.shown import Subject
from planner_cli.settings import PROBES, DiscriminatorSettings
from planner_cli.types import Candidate, Execution, Probe, Question, Thought, Verdict

__all__ = ["LOW_MASS", "Case", "Discriminator"]


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is asked about a question's candidates."""

    prompt: DiscriminatorPrompt
    question: Question
    cases: Sequence[Case]
    subjects: Sequence[Sequence[Subject]]
    """What is shown for each case."""
    settings: DiscriminatorSettings

    @property
    def budget(self) -> int:
        return self.settings.budget if self.prompt.thinks else 0

    def prompts(self, engine: Engine) -> tuple[Prompt, list[Prompt]]:
        """What they all have in common, and what follows for each."""
        view = View(rows=self.settings.result_rows, schema=self.settings.schema)
        whole = [split_at(CUT, self.prompt.build(self.question, shown, engine, view)) for shown in self.subjects]
        prefix = whole[0][0]
        if any(other != prefix for other, _ in whole):
            raise EngineError("the shared parts of the discriminator's prompts differ")
        return prefix, [suffix for _, suffix in whole]


class Discriminator:
    """A model in the discriminator's role: its engine and its prompt family."""

    def __init__(self, engine: Engine, prompt: str) -> None:
        self.engine = engine
        self.prompt = discriminator_prompt(prompt)

    def judge(
        self, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Judge every case, with all thoughts advancing together.

        Yields ``StageStarted``, ``Prefilled``, then for each case its ``ThoughtToken``, ``Probed`` and
        ``ThoughtClosed`` events, and ``StageFinished``. A case that time left no score for gets no
        ``ThoughtClosed``; a warning says so.

        Raises:
            ContextOverflow: a prompt does not fit the model's context.
            TimeLimit: the time limit ended during the prefill.
            Interrupted: the user stopped the run.

        """
        return self._think(self._each(question, cases, settings), _usual(settings, control), control)

    def race(
        self, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Judge without thinking first, think only about what can still win; see :class:`Race`.

        Yields and raises what :meth:`judge` does; a thought that was ended early is ``behind`` or ``decided``.
        """
        slices = range(0, settings.budget, settings.race.slice)
        checkpoints = Checkpoints(slices, decided=Race(settings.race))
        return self._think(self._each(question, cases, settings), checkpoints, control)

    def compare(
        self, question: Question, first: Case, second: Case, settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Ask which of two is better, in both orders, and average.

        The two thoughts run under the cases' cluster numbers; at the end each case gets one ``ThoughtClosed``
        whose score is P(this one is the better), the mean over both orders (position bias cancels).
        """
        pair = discriminator_prompt("pair")
        one, two = Subject(first.candidate, first.execution), Subject(second.candidate, second.execution)
        asking = _Asking(pair, question, (first, second), [(one, two), (two, one)], settings)
        found: dict[int, Verdict] = {}
        for event in self._think(asking, _usual(settings, control), control):
            if isinstance(event, ThoughtClosed):
                found[event.cluster] = event.verdict
            elif isinstance(event, StageFinished) and len(found) == 2:
                better = (found[first.cluster].score + 1 - found[second.cluster].score) / 2
                for case, score in ((first, better), (second, 1 - better)):
                    verdict = found[case.cluster]
                    yield ThoughtClosed(case.cluster, replace(verdict, score=score, hard=score >= 0.5))
                yield event
            else:
                yield event

    def _each(self, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings) -> _Asking:
        """Each case on its own."""
        subjects = [(Subject(case.candidate, case.execution),) for case in cases]
        return _Asking(self.prompt, question, cases, subjects, settings)

    def _think(self, asking: _Asking, checkpoints: Checkpoints, control: Control) -> Iterator[Event]:
        """One thought per case about what is shown for it, under the case's cluster number."""
        yield StageStarted("judge", len(asking.cases))
        started = time.perf_counter()
        session, suffixes = yield from self._opened(asking, control)
        stats = session.stats
        try:
            yield Prefilled("judge", stats.prompt_tokens, stats.cached_tokens, stats.prefill_seconds)
            yield from self._judged(asking, session, suffixes, checkpoints, control)
        finally:
            session.close()
        yield StageFinished("judge", stats.timings(time.perf_counter() - started))

    def _opened(self, asking: _Asking, control: Control) -> Generated[Event, None, tuple[Session, list[Prompt]]]:
        """The session for all cases, and what follows for each."""
        prefix, suffixes = asking.prompts(self.engine)
        verdicts = [asking.prompt.verdict(self.engine, closed_itself=closed) for closed in (True, False)]
        # one more for the prompt's last token, which each branch decodes itself
        room = max(map(self.engine.count, suffixes)) + asking.budget + max(map(self.engine.count, verdicts)) + 1
        session = yield from self.engine.opening(
            prefix, branches=len(asking.cases), room=room, control=control, seen=partial(Prefilling, "judge")
        )
        return session, suffixes

    def warm(self, question: Question, settings: DiscriminatorSettings, *, control: Control) -> Iterator[Event]:
        """Read the prompt of a question and keep what is the same for all: ``Prefilling`` and ``Prefilled``.

        Raises what :meth:`judge` does; what was read until then is kept.
        """
        case = Case(0, Candidate(0, "select 1"), Execution(("1",), ((1,),)))
        session, _ = yield from self._opened(self._each(question, [case], settings), control)
        stats = session.stats
        session.close()
        yield Prefilled("judge", stats.prompt_tokens, stats.cached_tokens, stats.prefill_seconds)

    def _judged(
        self,
        asking: _Asking,
        session: Session,
        suffixes: Sequence[Prompt],
        checkpoints: Checkpoints,
        control: Control,
    ) -> Iterator[Event]:
        """By the likelihoods of the queries, by thoughts and verdicts, or by both."""
        likelihood = asking.prompt.likelihood
        logprobs: Sequence[float] = ()
        if likelihood is not None:
            if likelihood.blend is None or self.engine.reads_likelihood:
                written = [likelihood.written(asking.question, shown[0]) for shown in asking.subjects]
                logprobs = session.likelihood(written, after=likelihood.after)
            else:
                yield Warned(f"{self.engine.name} cannot read how likely a query is: scores are the verdicts' alone")
            if likelihood.blend is None:
                for case, logprob in zip(asking.cases, logprobs, strict=True):
                    yield ThoughtClosed(case.cluster, _unthought(math.exp(min(0.0, logprob))))
                return
        thoughts = _begun(asking, session, suffixes)
        for thought, logprob in zip(thoughts, logprobs, strict=False):
            thought.logprob = logprob
        loop = ThinkingLoop(
            session,
            self.engine,
            asking.prompt,
            budget=asking.budget,
            settings=asking.settings,
            checkpoints=checkpoints,
            control=control,
        )
        yield from loop.think(thoughts)


def _usual(settings: DiscriminatorSettings, control: Control) -> Checkpoints:
    """Those of :attr:`DiscriminatorSettings.probe_at`."""
    if settings.probe_at is not None:
        return Checkpoints(settings.probe_at)
    return Checkpoints(PROBES, in_outline=control.seconds_left() is not None)


def _begun(asking: _Asking, session: Session, suffixes: Sequence[Prompt]) -> list[Thinking]:
    """The thoughts before their first token: each on its own branch, or all on the branch of their outline."""
    sampling, budget = asking.settings.sampling, asking.budget
    pairs = zip(asking.cases, suffixes, strict=True)
    if asking.prompt.outlines and budget:
        outline = session.branch(suffixes[0][:1], sampling, max_tokens=budget)
        return [Thinking(case, outline, unread=suffix[1:]) for case, suffix in pairs]
    return [
        Thinking(case, session.branch(suffix, sampling, max_tokens=budget), finished=budget == 0)
        for case, suffix in pairs
    ]


def _unthought(score: float) -> Verdict:
    """A score for which no verdict was read."""
    return Verdict(score, hard=score >= 0.5, mass=1.0, thought=Thought("", 0, "budget"), probes=(Probe(0, score, 1.0),))
