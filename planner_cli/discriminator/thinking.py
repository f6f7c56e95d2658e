"""Thoughts that advance together, cut at a budget, and the soft scores read from them.

The budget is enforced here, token by token, never left to the model. When it ends, or the clock or the user
says so, the thought is closed *for* the model, the answer's opening is written, and the verdict's logits are
read: every judged candidate has a score at every budget (the paper's plain cut left 94 % of them without one
at 256 tokens). The same read at checkpoints along the way gives the score at each smaller budget.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from planner_cli.control import Control
from planner_cli.discriminator.loops import loops
from planner_cli.engine.protocol import Branch, Engine, Prompt, Session
from planner_cli.errors import EngineError, TimeLimit
from planner_cli.events import Event, Probed, ThoughtClosed, ThoughtToken, Warned
from planner_cli.prompts.judging import DiscriminatorPrompt
from planner_cli.settings import DiscriminatorSettings
from planner_cli.types import Candidate, ClosedBy, Execution, Probe, Thought, Verdict

LOW_MASS = 0.5
"""With less probability than this on true and false together, the model was not about to answer."""


_LONGEST_OPENING = 60
"""Characters at the end of a thought that are looked at for the beginning of a verdict."""
_LOOK_FOR_LOOPS = 8
"""Tokens of a thought between two checks for a loop."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: a cluster's representative and what running it gave."""

    cluster: int
    candidate: Candidate
    execution: Execution


@dataclass(slots=True)
class Thinking:
    """One thought in progress."""

    case: Case
    branch: Branch
    unread: Prompt = ()
    """The part of its prompt that its branch has not been given yet: the candidate, while an outline is written."""
    outline: str = ""
    """The part of the thought written before the candidate was shown."""
    text: str = ""
    shown: int = 0
    """Characters of the thought that were streamed."""
    outlined: int = 0
    """Tokens of the outline."""
    tokens: int = 0
    """Of all of it."""
    logprob: float | None = None
    """ln P of the candidate under the model as a generator, where the score uses it too."""
    word: float = 0.5
    """P(positive verdict) alone, as last read."""
    probes: list[Probe] = field(default_factory=list)
    finished: bool = False
    """The branch is at its end: end mark, closing mark, a loop, or the budget."""
    closed_itself: bool = False
    """The model has written its end-of-thinking mark."""
    looped: bool = False
    """It repeated itself and was ended for that."""
    states: bool = False
    """It has just opened a verdict of its own, whose word comes next."""
    stated: Stated | None = None
    """The last verdict of its own."""
    verdict: Verdict | None = None

    @property
    def running(self) -> bool:
        return self.verdict is None and not self.finished

    @property
    def dropped(self) -> bool:
        """Whether it was ended for being behind the others."""
        return self.verdict is not None and self.verdict.thought.closed_by == "behind"

    def due(self, ladder: Collection[int]) -> bool:
        """Whether it has reached a checkpoint that has not been probed."""
        return self.tokens in ladder and not (self.probes and self.probes[-1].tokens == self.tokens)

    def whole(self) -> str:
        """Its text, outline included."""
        return f"{self.outline.strip()}\n{self.text.strip()}".strip()


@dataclass(frozen=True, slots=True)
class Stated:
    """A verdict within a thought, as the model was about to write it."""

    word: float
    """P(positive verdict)."""
    mass: float
    before: int
    """Characters of the thought before it."""


_REST = re.compile(r"""\s*"?\w+"?[\s}`.]*""")
"""What may come behind the opening of a verdict that ends a thought: its word, and the end of its JSON."""


Ended: TypeAlias = tuple[Thinking, ClosedBy]
"""A thought to end, and who ends it."""


Decided: TypeAlias = Callable[[Sequence[Thinking]], Sequence[Ended]]
"""Looks at all thoughts after the scores were read, and names those that need not continue."""


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """When the score is read while a thought goes on, and who may end thoughts by it."""

    tokens: Collection[int]
    """Of thought. Those over the budget are not reached."""
    in_outline: bool = True
    """Whether also before the candidates are shown, when each reading must show all of them for a moment."""
    decided: Decided | None = None


class ThinkingLoop:
    """The loop over one session.

    ``budget`` bounds each thought, in tokens; ``settings`` say how it is written.
    """

    def __init__(
        self,
        session: Session,
        engine: Engine,
        prompt: DiscriminatorPrompt,
        *,
        budget: int,
        settings: DiscriminatorSettings,
        checkpoints: Checkpoints,
        control: Control,
    ) -> None:
        self.session = session
        self.engine = engine
        self.prompt = prompt
        self.budget = budget
        self.settings = settings
        self.checkpoints = checkpoints
        self.control = control
        self.close_mark = prompt.close(engine)
        self.opens_verdict = _opening(prompt, engine)
        self.ladder = frozenset(t for t in checkpoints.tokens if t < budget)
        self.close_seconds = 0.0
        """How long the last probe took: what a forced close will cost when time runs out."""

    def think(self, thoughts: list[Thinking]) -> Iterator[Event]:
        """Run until every thought has its verdict, or time has run out.

        Thoughts with an ``unread`` part share one branch; it becomes their outline, then each gets its own.
        """
        try:
            if thoughts[0].unread:
                yield from self._outline(thoughts)
            while any(t.verdict is None for t in thoughts):
                self.control.check()
                self.session.admit()
                present = [t for t in thoughts if t.branch.admitted and t.verdict is None]
                stop = self._stop()
                ready = present if stop else [t for t in present if t.finished]
                if ready:
                    yield from self._close(ready, stop)
                    continue
                if stating := [t for t in present if t.states]:
                    self._hear(stating)
                if due := [t for t in present if t.due(self.ladder)]:
                    yield from self._look(due, thoughts)
                    continue
                yield from self._advance(thoughts)
        except TimeLimit:
            yield from self._give_up(thoughts)

    def _outline(self, thoughts: Sequence[Thinking]) -> Iterator[Event]:
        """Write what precedes the candidates, once for all of them; probes show each its candidate for a moment."""
        shared = thoughts[0].branch
        text, ended = "", False
        while not ended:
            self.control.check()
            self.session.admit()
            running = [t for t in thoughts if t.verdict is None]
            if stop := self._stop():
                yield from self._close(running, stop)
            elif due := [t for t in running if self.checkpoints.in_outline and t.due(self.ladder)]:
                yield from self._look(due, thoughts)
            else:
                (step,) = self.session.step()
                text += step.text
                ended = self.close_mark in text or step.finished is not None or self._goes_round(text, step.tokens)
                for thought in running:
                    thought.tokens = thought.outlined = step.tokens
                    thought.outline = text.partition(self.close_mark)[0]
                    yield ThoughtToken(thought.case.cluster, step.text, step.tokens)
            if all(t.verdict is not None for t in thoughts):
                shared.close()
                return
        self.session.adopt(shared)
        yield from self._part(running, closed=self.close_mark in text)

    def _part(self, thoughts: Sequence[Thinking], *, closed: bool) -> Iterator[Event]:
        """Give each thought its own branch after the outline, which the model (``closed``) or the budget ended."""
        for thought in thoughts:
            rest = thought.unread[1:] if closed else thought.unread  # its line's end is there already
            left = self.budget - thought.tokens
            thought.branch = self.session.branch(rest, self.settings.sampling, max_tokens=left)
            thought.unread, thought.finished = (), left == 0
            if not closed:
                yield ThoughtToken(thought.case.cluster, self.close_mark, thought.tokens)

    def _look(self, due: Sequence[Thinking], thoughts: Sequence[Thinking]) -> Iterator[Event]:
        """Read the scores that are due, and end what they settle."""
        yield from self._probe(due)
        if self.checkpoints.decided is not None:
            for thought, closed_by in self.checkpoints.decided(thoughts):
                yield self._verdict(thought, closed_by)

    def _goes_round(self, text: str, tokens: int) -> bool:
        """Whether a text repeats itself, checked now and then."""
        return self.settings.stop_loops and tokens % _LOOK_FOR_LOOPS == 0 and loops(text)

    def _stop(self) -> ClosedBy | None:
        """Who ends all thoughts now, if anyone."""
        if self.control.thinking_stopped:
            return "user"
        left = self.control.seconds_left()
        # Twice the last probe: the closing one must not be cut off by the limit it is there to keep.
        if left is not None and left <= 2 * self.close_seconds:
            return "time"
        return None

    def _advance(self, thoughts: list[Thinking]) -> Iterator[Event]:
        """One token for every thought."""
        steps = self.session.step()
        if not steps:
            raise EngineError("thoughts are waiting, but no branch is live")  # else this loop would never end
        owners = {t.branch.index: t for t in thoughts}
        for step in steps:
            thought = owners[step.branch]
            thought.tokens = thought.outlined + step.tokens
            thought.text += step.text
            thought.finished = step.finished is not None
            if self.close_mark and self.close_mark in thought.text:
                thought.text = thought.text.partition(self.close_mark)[0]
                thought.finished = thought.closed_itself = True
            elif step.finished == "model":
                thought.closed_itself = not self.close_mark
            elif self._goes_round(thought.text, thought.tokens):
                thought.finished = thought.looped = True
            thought.states = not thought.finished and self._opens_verdict(thought.text)
            yield ThoughtToken(thought.case.cluster, self._unshown(thought), thought.tokens)

    def _unshown(self, thought: Thinking) -> str:
        """Text not streamed yet, except for a tail that may be the beginning of the closing mark."""
        text = thought.text
        held = 0
        if not thought.finished:
            lengths = range(min(len(self.close_mark) - 1, len(text)), 0, -1)
            held = next((n for n in lengths if self.close_mark.startswith(text[-n:])), 0)
        new = text[thought.shown : len(text) - held]
        thought.shown += len(new)
        return new

    def _opens_verdict(self, text: str) -> bool:
        return self.opens_verdict is not None and self.opens_verdict.search(text[-_LONGEST_OPENING:]) is not None

    def _hear(self, thoughts: Sequence[Thinking]) -> None:
        """Read the verdicts that thoughts are about to write themselves: nothing has to be forced."""
        answers = self.session.probe([t.branch for t in thoughts], [()] * len(thoughts), self.prompt.choices)
        for thought, answer in zip(thoughts, answers, strict=True):
            word = answer.probabilities[self.prompt.positive]
            thought.stated, thought.states = Stated(word, answer.mass, len(thought.text)), False

    def _final(self, thoughts: Sequence[Thinking]) -> list[Probe]:
        """The scores of finished thoughts: of those that end with their own verdict that one, else the forced one."""
        own = [t.stated if t.stated and _REST.fullmatch(t.text[t.stated.before :]) else None for t in thoughts]
        forced = [t for t, stated in zip(thoughts, own, strict=True) if stated is None]
        read = iter(self._read(forced) if forced else ())
        found = []
        for thought, stated in zip(thoughts, own, strict=True):
            if stated is None:
                found.append(next(read))
            else:
                thought.word = stated.word
                found.append(Probe(thought.tokens, self._score(thought), stated.mass))
        return found

    def _read(self, thoughts: Sequence[Thinking]) -> list[Probe]:
        """The scores as they are now, in one decode."""
        started = time.perf_counter()
        forced = [(*t.unread, *self.prompt.verdict(self.engine, closed_itself=t.closed_itself)) for t in thoughts]
        answers = self.session.probe([t.branch for t in thoughts], forced, self.prompt.choices)
        self.close_seconds = time.perf_counter() - started
        for thought, answer in zip(thoughts, answers, strict=True):
            thought.word = answer.probabilities[self.prompt.positive]
        return [Probe(t.tokens, self._score(t), answer.mass) for t, answer in zip(thoughts, answers, strict=True)]

    def _score(self, thought: Thinking) -> float:
        blend = self.prompt.likelihood.blend if self.prompt.likelihood is not None else None
        return thought.word if blend is None or thought.logprob is None else blend.score(thought.word, thought.logprob)

    def _probe(self, thoughts: Sequence[Thinking]) -> Iterator[Event]:
        for thought, probe in zip(thoughts, self._read(thoughts), strict=True):
            thought.probes.append(probe)
            yield Probed(thought.case.cluster, probe)

    def _close(self, thoughts: Sequence[Thinking], stop: ClosedBy | None) -> Iterator[Event]:
        """Read the verdicts of finished thoughts and free their places."""
        for thought, probe in zip(thoughts, self._final(thoughts), strict=True):
            if thought.probes and thought.probes[-1].tokens == probe.tokens:
                thought.probes.pop()  # the same place, read once more with the close the model itself wrote
            thought.probes.append(probe)
            yield Probed(thought.case.cluster, probe)
            yield self._verdict(thought, self._closed_by(thought, stop))

    def _closed_by(self, thought: Thinking, stop: ClosedBy | None) -> ClosedBy:
        if not thought.finished and stop is not None:
            return stop
        if thought.looped:
            return "loop"
        ended_itself = thought.closed_itself or thought.tokens < self.budget
        return "model" if ended_itself else "budget"

    def _verdict(self, thought: Thinking, closed_by: ClosedBy) -> ThoughtClosed:
        last = thought.probes[-1]
        thought.verdict = Verdict(
            score=last.p_true,
            hard=thought.word >= 0.5,
            mass=last.mass,
            thought=Thought(thought.whole(), thought.tokens, closed_by),
            probes=tuple(thought.probes),
        )
        if not thought.unread:  # else it is the others' branch too
            thought.branch.close()
        return ThoughtClosed(thought.case.cluster, thought.verdict)

    def _give_up(self, thoughts: Sequence[Thinking]) -> Iterator[Event]:
        """The time limit was reached inside a decode: what was probed before is the score, the rest has none."""
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


def _opening(prompt: DiscriminatorPrompt, engine: Engine) -> re.Pattern[str] | None:
    """What a thought ends with that is about to write its verdict, with any white space in it."""
    forced = prompt.verdict(engine, closed_itself=True)
    parts = re.findall(r'"\w+"|\S', forced[-1].text) if forced and prompt.thinks else []
    return re.compile(r"\s*".join(map(re.escape, parts)) + r"\s*\Z") if parts else None
