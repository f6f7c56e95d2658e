"""The discriminator stage: a model in the judge's role, and the ways to ask it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from planner_cli.control import Control
from planner_cli.discriminator.race import Race
from planner_cli.discriminator.thinking import LOW_MASS, Case, Ended, Thinking, ThinkingLoop
from planner_cli.engine.protocol import CUT, Engine, Prompt, Session, split_at
from planner_cli.errors import EngineError
from planner_cli.events import Event, Prefilled, StageFinished, StageStarted, ThoughtClosed, Warned
from planner_cli.prompts.discriminator import discriminator_prompt
from planner_cli.prompts.judging import DiscriminatorPrompt, View
from planner_cli.prompts.shown import Subject
from planner_cli.settings import PROBES, DiscriminatorSettings, Sampling
from planner_cli.types import Probe, Question, Thought, Verdict

__all__ = ["LOW_MASS", "Case", "Discriminator"]

Decided = Callable[[Sequence[Thinking]], Sequence[Ended]]


class Discriminator:
    """A model in the discriminator's role: its engine and its prompt family."""

    def __init__(self, engine: Engine, prompt: str) -> None:
        self.engine = engine
        self.prompt = discriminator_prompt(prompt)

    def judge(
        self, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Judge every case, all thoughts advancing together.

        Yields ``StageStarted``, ``Prefilled``, then for each case its ``ThoughtToken``, ``Probed`` and
        ``ThoughtClosed`` events, and ``StageFinished``. A case that time left no score for gets no
        ``ThoughtClosed``; a warning says so.

        Raises:
            ContextOverflow: a prompt does not fit the model's context.
            TimeLimit: the time limit ended during the prefill.
            Interrupted: the user stopped the run.

        """
        subjects = [(Subject(c.candidate, c.execution),) for c in cases]
        return self._think(self.prompt, question, cases, subjects, settings, control, settings.probe_at, None)

    def race(
        self, question: Question, cases: Sequence[Case], settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Judge without thinking first, think only about what can still win; see :class:`Race`.

        Yields and raises what :meth:`judge` does; a thought that was ended early is ``behind`` or ``decided``.
        """
        subjects = [(Subject(c.candidate, c.execution),) for c in cases]
        ladder = range(0, settings.budget, settings.race.slice)
        return self._think(self.prompt, question, cases, subjects, settings, control, ladder, Race(settings.race))

    def compare(
        self, question: Question, first: Case, second: Case, settings: DiscriminatorSettings, *, control: Control
    ) -> Iterator[Event]:
        """Ask which of two is better, in both orders, and average.

        The two thoughts run under the cases' cluster numbers; at the end each case gets one ``ThoughtClosed``
        whose score is P(this one is the better), the mean over both orders (position bias cancels).
        """
        pair = discriminator_prompt("pair")
        one, two = Subject(first.candidate, first.execution), Subject(second.candidate, second.execution)
        found: dict[int, Verdict] = {}
        for event in self._think(
            pair, question, (first, second), [(one, two), (two, one)], settings, control, settings.probe_at, None
        ):
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

    def _think(
        self,
        prompt: DiscriminatorPrompt,
        question: Question,
        cases: Sequence[Case],
        subjects: Sequence[Sequence[Subject]],
        settings: DiscriminatorSettings,
        control: Control,
        ladder: Sequence[int] | None,
        decided: Decided | None,
    ) -> Iterator[Event]:
        """One thought about each of ``subjects``, under the number of the case beside it.

        ``ladder`` as in :attr:`DiscriminatorSettings.probe_at`.
        """
        yield StageStarted("judge", len(cases))
        started = time.perf_counter()
        budget = settings.budget if prompt.thinks else 0
        view = View(rows=settings.result_rows, schema=settings.schema)
        prompts = [split_at(CUT, prompt.build(question, subject, self.engine, view)) for subject in subjects]
        prefix = prompts[0][0]
        if any(other != prefix for other, _ in prompts):
            raise EngineError("the shared parts of the discriminator's prompts differ")
        suffixes = [suffix for _, suffix in prompts]
        closing = max(self.engine.count(prompt.verdict(self.engine, closed_itself=x)) for x in (True, False))
        # one more for the prompt's last token, which each branch decodes itself
        room = max(map(self.engine.count, suffixes)) + budget + closing + 1
        session = self.engine.open(prefix, branches=len(cases), room=room, control=control)
        stats = session.stats
        try:
            yield Prefilled("judge", stats.prompt_tokens, stats.cached_tokens, stats.prefill_seconds)
            likelihoods: Sequence[float] = ()
            if not prompt.asks or (prompt.blend is not None and self.engine.reads_likelihood):
                texts = [prompt.written(question, one) for one, *_ in subjects]
                likelihoods = session.likelihood(texts, after=prompt.writes_after)
            elif prompt.blend is not None:
                yield Warned(f"{self.engine.name} does not tell how likely a query is: scores are the verdicts' alone")
            if not prompt.asks:
                for case, logprob in zip(cases, likelihoods, strict=True):
                    yield ThoughtClosed(case.cluster, _unthought(math.exp(min(0.0, logprob))))
            else:
                loop = ThinkingLoop(
                    session,
                    self.engine,
                    prompt,
                    budget=budget,
                    ladder=PROBES if ladder is None else ladder,
                    probe_outline=ladder is not None or control.seconds_left() is not None,
                    sampling=settings.sampling,
                    control=control,
                    stop_loops=settings.stop_loops,
                    decided=decided,
                )
                thoughts = self._begun(prompt, session, cases, suffixes, settings.sampling, budget)
                for thought, logprob in zip(thoughts, likelihoods, strict=False):
                    thought.logprob = logprob
                yield from loop.think(thoughts)
        finally:
            session.close()
        yield StageFinished("judge", stats.timings(time.perf_counter() - started))

    @staticmethod
    def _begun(
        prompt: DiscriminatorPrompt,
        session: Session,
        cases: Sequence[Case],
        suffixes: Sequence[Prompt],
        sampling: Sampling,
        budget: int,
    ) -> list[Thinking]:
        """The thoughts before their first token: each on a branch of its own, or all on that of their outline."""
        if prompt.outlines and budget:
            outline = session.branch(suffixes[0][:1], sampling, max_tokens=budget)
            return [Thinking(case, outline, unread=suffix[1:]) for case, suffix in zip(cases, suffixes, strict=True)]
        return [
            Thinking(case, session.branch(suffix, sampling, max_tokens=budget), finished=budget == 0)
            for case, suffix in zip(cases, suffixes, strict=True)
        ]


def _unthought(score: float) -> Verdict:
    """A score that no verdict was read for."""
    return Verdict(score, hard=score >= 0.5, mass=1.0, thought=Thought("", 0, "budget"), probes=(Probe(0, score, 1.0),))
