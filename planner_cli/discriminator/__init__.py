"""The discriminator stage: thoughts about candidates, cut at a budget, and the soft scores read from them.

The budget is enforced here, token by token, never left to the model. When it ends, or the clock or the user
says so, the thought is closed *for* the model, the answer's opening is written, and the verdict's logits are
read: every judged candidate has a score at every budget (the paper's plain cut left 94 % of them without one
at 256 tokens). The same read at checkpoints on the way gives the score at each smaller budget.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from planner_cli.control import Control
from planner_cli.engine.protocol import Branch, Engine, Prompt, Session, split_at_cut
from planner_cli.errors import EngineError, TimeLimit
from planner_cli.events import (
    Event,
    Prefilled,
    Probed,
    StageFinished,
    StageStarted,
    ThoughtClosed,
    ThoughtToken,
    Warned,
)
from planner_cli.prompts.discriminator import CHOICES, DiscriminatorPrompt, discriminator_prompt
from planner_cli.settings import DiscriminatorSettings
from planner_cli.types import Candidate, ClosedBy, Execution, Probe, Question, Thought, Verdict

LOW_MASS = 0.5
"""Under this much probability on true and false together, the model was not about to answer."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: a cluster's representative and what running it gave."""

    cluster: int
    candidate: Candidate
    execution: Execution


@dataclass(slots=True)
class _Thinking:
    """One thought in progress."""

    case: Case
    branch: Branch
    text: str = ""
    tokens: int = 0
    probes: list[Probe] = field(default_factory=list)
    finished: bool = False
    """The engine has ended the branch: end mark, or the budget."""
    closed_itself: bool = False
    """The model has written its end-of-thinking mark."""
    verdict: Verdict | None = None

    def due(self, ladder: Sequence[int]) -> bool:
        """Whether a checkpoint is reached that has not been probed."""
        return self.tokens in ladder and not (self.probes and self.probes[-1].tokens == self.tokens)


class Discriminator:
    """A model in the discriminator's role: its engine and its prompt family."""

    def __init__(self, engine: Engine, prompt: str) -> None:
        self.engine = engine
        self.prompt: DiscriminatorPrompt = discriminator_prompt(prompt)

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
        yield StageStarted("judge", len(cases))
        started = time.perf_counter()
        prompts = [
            split_at_cut(self.prompt.build(question, c.candidate, c.execution, self.engine, settings.result_rows))
            for c in cases
        ]
        prefix = prompts[0][0]
        if any(other != prefix for other, _ in prompts):
            raise EngineError("the shared parts of the discriminator's prompts differ")
        suffixes = [suffix for _, suffix in prompts]
        room = max(map(self.engine.count, suffixes)) + settings.budget + self._verdict_room()
        session = self.engine.open(prefix, branches=len(cases), room=room, control=control)
        stats = session.stats
        try:
            yield Prefilled("judge", stats.prompt_tokens, stats.cached_tokens, stats.prefill_seconds)
            thoughts = [
                _Thinking(
                    case,
                    session.branch(suffix, settings.sampling, max_tokens=settings.budget),
                    finished=settings.budget == 0,
                )
                for case, suffix in zip(cases, suffixes, strict=True)
            ]
            run = _Run(self, session, settings, control)
            yield from run.think(thoughts)
        finally:
            session.close()
        yield StageFinished("judge", stats.timings(time.perf_counter() - started))

    def _verdict_room(self) -> int:
        """Tokens a forced close may take."""
        return max(self.engine.count(self.verdict_text(closed_itself=itself)) for itself in (True, False)) + 1

    def verdict_text(self, *, closed_itself: bool) -> Prompt:
        return self.prompt.verdict(self.engine, closed_itself=closed_itself)


class _Run:
    """The loop over one session."""

    def __init__(
        self, discriminator: Discriminator, session: Session, settings: DiscriminatorSettings, control: Control
    ) -> None:
        self.discriminator = discriminator
        self.session = session
        self.settings = settings
        self.control = control
        self.close_mark = discriminator.engine.reasoning.close
        self.ladder = tuple(t for t in settings.probe_at if t < settings.budget)
        self.close_seconds = 0.0
        """How long the last probe took: what a forced close will cost when time runs out."""

    def think(self, thoughts: list[_Thinking]) -> Iterator[Event]:
        """Until every thought has its verdict, or the time limit has ended."""
        try:
            while any(t.verdict is None for t in thoughts):
                self.control.check()
                self.session.admit()
                present = [t for t in thoughts if t.branch.admitted and t.verdict is None]
                stop = self._stop()
                ready = present if stop else [t for t in present if t.finished]
                if ready:
                    yield from self._close(ready, stop)
                    continue
                if due := [t for t in present if t.due(self.ladder)]:
                    yield from self._probe(due)
                    continue
                yield from self._advance(thoughts)
        except TimeLimit:
            yield from self._give_up(thoughts)

    def _stop(self) -> ClosedBy | None:
        """Who ends all thoughts now, if anybody does."""
        if self.control.thinking_stopped:
            return "user"
        left = self.control.seconds_left()
        # Twice the last probe: the closing one must not be cut off by the limit it is there to keep.
        if left is not None and left <= 2 * self.close_seconds:
            return "time"
        return None

    def _advance(self, thoughts: list[_Thinking]) -> Iterator[Event]:
        """One token for every thought."""
        steps = self.session.step()
        if not steps:
            raise EngineError("thoughts are waiting, but no branch is live")  # else this loop would never end
        for step in steps:
            thought = thoughts[step.branch]
            thought.tokens = step.tokens
            thought.text += step.text
            thought.finished = step.finished is not None
            shown = step.text
            if self.close_mark and self.close_mark in thought.text:
                before = thought.text.partition(self.close_mark)[0]
                shown = step.text[: max(0, len(step.text) - (len(thought.text) - len(before)))]
                thought.text = before
                thought.finished = thought.closed_itself = True
            elif step.finished == "model":
                thought.closed_itself = not self.close_mark
            yield ThoughtToken(thought.case.cluster, shown, thought.tokens)

    def _read(self, thoughts: Sequence[_Thinking]) -> list[Probe]:
        """The scores as they are now, in one decode."""
        started = time.perf_counter()
        text = self.discriminator.verdict_text
        forced = [text(closed_itself=t.closed_itself) for t in thoughts]
        answers = self.session.probe([t.branch for t in thoughts], forced, CHOICES)
        self.close_seconds = time.perf_counter() - started
        return [
            Probe(t.tokens, answer.probabilities["true"], answer.mass)
            for t, answer in zip(thoughts, answers, strict=True)
        ]

    def _probe(self, thoughts: Sequence[_Thinking]) -> Iterator[Event]:
        for thought, probe in zip(thoughts, self._read(thoughts), strict=True):
            thought.probes.append(probe)
            yield Probed(thought.case.cluster, probe)

    def _close(self, thoughts: Sequence[_Thinking], stop: ClosedBy | None) -> Iterator[Event]:
        """Read the verdicts of finished thoughts and free their places."""
        for thought, probe in zip(thoughts, self._read(thoughts), strict=True):
            if thought.probes and thought.probes[-1].tokens == probe.tokens:
                thought.probes.pop()  # the same place, read once more with the close the model itself wrote
            thought.probes.append(probe)
            yield Probed(thought.case.cluster, probe)
            yield self._verdict(thought, self._closed_by(thought, stop))

    def _closed_by(self, thought: _Thinking, stop: ClosedBy | None) -> ClosedBy:
        if not thought.finished and stop is not None:
            return stop
        ended_itself = thought.closed_itself or thought.tokens < self.settings.budget
        return "model" if ended_itself else "budget"

    def _verdict(self, thought: _Thinking, closed_by: ClosedBy) -> ThoughtClosed:
        last = thought.probes[-1]
        thought.verdict = Verdict(
            score=last.p_true,
            hard=last.p_true >= 0.5,
            mass=last.mass,
            thought=Thought(thought.text.strip(), thought.tokens, closed_by),
            probes=tuple(thought.probes),
        )
        thought.branch.close()
        return ThoughtClosed(thought.case.cluster, thought.verdict)

    def _give_up(self, thoughts: Sequence[_Thinking]) -> Iterator[Event]:
        """The limit ended inside a decode: what was probed on the way is the score, the rest has none."""
        unjudged = 0
        for thought in thoughts:
            if thought.verdict is not None:
                continue
            if thought.probes:
                yield self._verdict(thought, "time")
            else:
                unjudged += 1
        if unjudged:
            yield Warned(f"time ran out before {unjudged} of {len(thoughts)} results were judged")
