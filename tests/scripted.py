"""An engine that follows a script, for unit tests of planning: no model, no llama.cpp.

    engine = ScriptedEngine()
    engine.enqueue(["select 1", "select 2"])                  # the first session's branches, in order
    engine.enqueue(["looks right", "no"], p_true=[0.9, 0.2])  # the second one's, with what probes read

A word (with the blanks before it) is a token. It keeps to the contract: branches wait for places, closed
ones are gone, probes leave branches as they were.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from planner_cli.control import Control
from planner_cli.engine.protocol import Branch, Choice, Message, Prompt, Reasoning, SessionStats, Span, Step
from planner_cli.errors import EngineError
from planner_cli.settings import Sampling
from planner_cli.types import PromptProgress

_WORD = re.compile(r"\s*\S+\s*\Z|\s*\S+|\s+")
Score = float | Callable[[int], float]
"""P(true) of a probe, fixed or by the number of tokens thought so far."""


def words(text: str) -> list[str]:
    """The tokens of a text; joined they are the text again."""
    return _WORD.findall(text)


@dataclass(frozen=True, slots=True)
class Script:
    texts: Sequence[str]
    p_true: Sequence[Score]
    mass: float


class ScriptedBranch:
    def __init__(self, session: ScriptedSession, index: int, suffix: Prompt, text: str, max_tokens: int) -> None:
        self._session = session
        self.index = index
        self.suffix = suffix
        self.pieces = words(text)
        self.max_tokens = max_tokens
        self.tokens = 0
        self.admitted = False
        self.finished: Literal["model", "length"] | None = None if max_tokens else "length"
        self.closed = False

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._session.free += self.admitted
            self.admitted = False

    def next(self) -> Step:
        if self.tokens == len(self.pieces):
            self.finished = "model"
            return Step(self.index, "", self.tokens, "model", 0.0)
        text = self.pieces[self.tokens]
        self.tokens += 1
        if self.tokens >= self.max_tokens:
            self.finished = "length"
        return Step(self.index, text, self.tokens, self.finished, -0.1)


class ScriptedSession:
    def __init__(self, script: Script, prefix: Prompt, places: int, control: Control) -> None:
        self.prefix = prefix
        self.stats = SessionStats(prompt_tokens=sum(len(words(s.text)) for s in prefix))
        self.free = places
        self.branches: list[ScriptedBranch] = []
        self.probed: list[tuple[int, str]] = []
        """What was probed: the branch, and the forced text."""
        self.closed = False
        self._script = script
        self._control = control

    def branch(self, suffix: Prompt, _sampling: Sampling, *, max_tokens: int, logprobs: bool = False) -> ScriptedBranch:
        del logprobs
        if len(self.branches) >= len(self._script.texts):
            raise EngineError(f"the script has texts for {len(self._script.texts)} branches only")
        text = self._script.texts[len(self.branches)]
        made = ScriptedBranch(self, len(self.branches), suffix, text, max_tokens)
        self.branches.append(made)
        return made

    def adopt(self, branch: Branch) -> None:
        own = self.branches[branch.index]
        written = Span("".join(own.pieces[: own.tokens]))
        self.prefix = (*self.prefix, *own.suffix, written)
        own.close()

    def admit(self) -> list[ScriptedBranch]:
        admitted = [b for b in self.branches if not b.admitted and not b.closed][: self.free]
        for branch in admitted:
            branch.admitted = True
        self.free -= len(admitted)
        return admitted

    def step(self) -> list[Step]:
        if self._control.should_abort():
            raise self._control.stopped()
        self.admit()
        live = [b for b in self.branches if b.admitted and b.finished is None]
        steps = [branch.next() for branch in live]
        self.stats.decodes += bool(live)
        self.stats.rows += len(live)
        self.stats.widest = max(self.stats.widest, len(live))
        self.stats.new_tokens += sum(step.finished != "model" for step in steps)
        return steps

    def probe(
        self, branches: Sequence[Branch], forced: Sequence[Prompt], choices: Mapping[str, Sequence[str]]
    ) -> list[Choice]:
        if self._control.should_abort():
            raise self._control.stopped()
        self.admit()
        self.stats.decodes += 1
        answers = []
        for asked, prompt in zip(branches, forced, strict=True):
            branch = self.branches[asked.index]
            if not branch.admitted:
                raise EngineError("a probe found no place: close finished branches before waiting ones are probed")
            score = self._script.p_true[branch.index]
            p_true = score(branch.tokens) if callable(score) else score
            self.probed.append((branch.index, "".join(s.text for s in prompt)))
            first, second = choices
            answers.append(Choice({first: p_true, second: 1 - p_true}, self._script.mass))
        return answers

    def likelihood(self, texts: Sequence[Prompt], *, after: Prompt = ()) -> list[float]:
        del after
        return [-1.0 * sum(len(words(span.text)) for span in text) for text in texts]

    def close(self) -> None:
        for branch in self.branches:
            branch.close()
        self.closed = True


class ScriptedEngine:
    """See the module's text; ``places`` bounds the branches that advance together."""

    takes_grammar = True
    reads_likelihood = True
    longest: int | None = None

    def __init__(self, *, name: str = "scripted", reasoning: Reasoning | None = None, places: int = 32) -> None:
        self.name = name
        self.reasoning = reasoning or Reasoning("think", "<think>", "</think>")
        self.sessions: list[ScriptedSession] = []
        self.progress: Sequence[PromptProgress] = ()
        """What is said while a prompt is read."""
        self._places = places
        self._scripts: list[Script] = []

    def enqueue(self, texts: Sequence[str], *, p_true: Sequence[Score] = (), mass: float = 1.0) -> None:
        """The texts of the next session's branches, and what their probes read."""
        self._scripts.append(Script(texts, p_true, mass))

    def chat(self, messages: Sequence[Message]) -> Prompt:
        spans: list[Span] = []
        for message in messages:
            spans += [Span(f"<{message.role}>", "control"), *message.content]
        return (*spans, Span("<assistant>", "control"))

    def count(self, prompt: Prompt) -> int:
        return sum(len(words(span.text)) for span in prompt)

    def open(self, prefix: Prompt, *, branches: int, room: int, control: Control) -> ScriptedSession:
        del room
        if not self._scripts:
            raise EngineError("the script is at its end: enqueue() one text list a session")
        session = ScriptedSession(self._scripts.pop(0), prefix, min(branches, self._places), control)
        self.sessions.append(session)
        return session

    def opening(self, prefix: Prompt, *, branches: int, room: int, control: Control, seen):
        """In the steps that :attr:`progress` has."""
        yield from map(seen, self.progress)
        return self.open(prefix, branches=branches, room=room, control=control)

    def close(self) -> None:
        """Nothing to free."""

    def free(self) -> None:
        """Nothing to free."""
