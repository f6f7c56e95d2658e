"""The engine's contract: a tree of sequences over one KV cache.

    session = engine.open(prefix, branches=8, room=200)   # the shared prompt, prefilled once
    branches = [session.branch(suffix, sampling, max_tokens=64) for suffix in suffixes]
    while steps := session.step():                        # one token for every live branch, one decode
        ...
    session.probe(branches, forced, choices)              # what would be said if the branch ended here
    session.adopt(branch)                                 # later branches begin where this one has got to

Two engines implement it: llama.cpp in this process and a model behind a server; unit tests have a scripted one.
Text in, text out: no caller outside ``engine`` sees a token id.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from planner_cli.control import Control
from planner_cli.settings import Sampling
from planner_cli.types import PromptProgress, StageTimings

S = TypeVar("S")
T = TypeVar("T")
U = TypeVar("U")

ACTS_BEHIND = "planner.adapter.acts_behind"
"""GGUF key of an adapter (true) that was trained to act on what a session writes and reads behind its prefix, from the
prefix's last token on. The prefix's KV cache is then the base's own, and the same for every such adapter."""

SpanKind: TypeAlias = Literal["control", "text", "data", "stable", "cut"]


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a prompt, and how far it is trusted.

    ``control``: template text, special tokens in it are parsed. ``text``: our own words, never parsed for
    special tokens. ``data``: from the user, the database or a model; as ``text``, and whatever would still
    become a special token or end a thought is neutralised. ``stable`` and ``cut`` have no text: what comes before
    ``stable`` is the same for every question about a database, what comes before ``cut`` for every branch.
    """

    text: str
    kind: SpanKind = "text"


Prompt: TypeAlias = tuple[Span, ...]

STABLE = Span("", "stable")
CUT = Span("", "cut")


def drained(steps: Generator[Any, None, T]) -> T:
    """What a generator returns."""
    try:
        while True:
            next(steps)
    except StopIteration as end:
        found: T = end.value
        return found


def mapped(each: Callable[[S], T], steps: Generator[S, None, U]) -> Generator[T, None, U]:
    """The same generator with other steps."""
    with closing(steps):
        try:
            while True:
                yield each(next(steps))
        except StopIteration as end:
            found: U = end.value
            return found


def split_at(mark: Span, prompt: Prompt) -> tuple[Prompt, Prompt]:
    """The spans before and after the ``mark``; without one, all of them are before."""
    if mark not in prompt:
        return prompt, ()
    at = prompt.index(mark)
    return prompt[:at], prompt[at + 1 :]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat, before the model's template is applied."""

    role: Literal["system", "user", "assistant"]
    content: Prompt


@dataclass(frozen=True, slots=True)
class Reasoning:
    """How a model marks its chain of thought.

    ``opened``: the chat template already ends with ``open``. A model without such marks thinks in
    plain text: both are empty.
    """

    name: str
    open: str = ""
    close: str = ""
    opened: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One token of one branch."""

    branch: int
    """The branch's index within its session."""
    text: str
    """May be empty: an incomplete multi-byte character, or the end of generation."""
    tokens: int
    """Tokens this branch has sampled so far, without the end mark."""
    finished: Literal["model", "length"] | None = None
    """``model``: the model ended its turn. ``length``: ``max_tokens`` is reached."""
    logprob: float | None = None
    """ln P of the token under the model at temperature 1, where requested."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A forced choice read from the next token's logits."""

    probabilities: Mapping[str, float]
    """Each choice's share of the probability of all choices; they add up to 1."""
    mass: float
    """Probability of all choices together among all tokens, in [0, 1]."""


@dataclass(slots=True)
class SessionStats:
    """What a session has cost so far."""

    prompt_tokens: int = 0
    """The prefix, and each branch's suffix."""
    cached_tokens: int = 0
    """How many tokens of the prefix were already in the KV cache."""
    prefill_seconds: float = 0.0
    """Of the prefix and the suffixes."""
    new_tokens: int = 0
    decodes: int = 0
    """Decodes that sampled or probed."""
    rows: int = 0
    """Rows of those decodes that were sampled from: branches that have been the same so far share one."""
    widest: int = 0
    """The most branches that advanced in one decode."""

    def timings(self, seconds: float) -> StageTimings:
        """The same as a stage's cost; ``seconds`` is its whole wall time."""
        return StageTimings(
            seconds=seconds,
            prefill_seconds=self.prefill_seconds,
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            new_tokens=self.new_tokens,
            decodes=self.decodes,
            rows=self.rows,
        )


class Branch(Protocol):
    """A sequence that shares the session's prefix. Closed branches cost nothing."""

    @property
    def index(self) -> int:
        """Position in the session, from 0, in order of creation."""

    @property
    def admitted(self) -> bool:
        """Whether it has its place in the KV cache, rather than waiting for one."""

    def close(self) -> None:
        """Free its place; the text it wrote stays with the caller."""


class Session(Protocol):
    stats: SessionStats

    def branch(self, suffix: Prompt, sampling: Sampling, *, max_tokens: int, logprobs: bool = False) -> Branch:
        """A new continuation of the prefix; it waits for a place when the KV cache is full."""

    def adopt(self, branch: Branch) -> None:
        """Make what ``branch`` has written part of the prefix of every later branch, and close it."""

    def admit(self) -> Sequence[Branch]:
        """Give waiting branches places, as far as there are any; returns those newly admitted."""

    def step(self) -> Sequence[Step]:
        """Sample one token for every admitted live branch in a single decode; empty when none is live.

        Raises:
            Stopped: by the session's control; the branches are as they were before the call.

        """

    def probe(
        self, branches: Sequence[Branch], forced: Sequence[Prompt], choices: Mapping[str, Sequence[str]]
    ) -> list[Choice]:
        """What each branch would answer if ``forced`` were written now; the branches stay unchanged.

        ``forced`` has one text per branch (a branch may occur several times), ``choices`` the spellings of each
        choice, for example
        ``{"true": (" true", "true"), "false": (" false", "false")}``.
        """

    def likelihood(self, texts: Sequence[Prompt], *, after: Prompt = ()) -> list[float]:
        """Log-probability of each text as everything the model would write after the prefix and ``after``.

        In nats; the end of the turn is included.

        Raises:
            EngineError: this engine cannot tell (a server gives the likelihood only of what it writes).

        """

    def close(self) -> None:
        """Free all branches; the engine can open another session."""


class Templated(Protocol):
    """What is needed of a model to write a prompt for it."""

    @property
    def reasoning(self) -> Reasoning: ...

    def chat(self, messages: Sequence[Message]) -> Prompt:
        """The model's chat template applied, with the assistant's turn opened; contents stay spans of their own."""


class Engine(Protocol):
    name: str
    reasoning: Reasoning
    takes_grammar: bool
    """Whether a sampling's grammar is enforced."""
    reads_likelihood: bool
    """Whether its sessions give the likelihood of given texts."""

    @property
    def longest(self) -> int | None:
        """The most tokens of a prompt and what follows it; ``None`` where that is not known."""

    def chat(self, messages: Sequence[Message]) -> Prompt:
        """The model's chat template applied, with the assistant's turn opened; contents stay spans of their own."""

    def count(self, prompt: Prompt) -> int:
        """Length of a prompt in tokens."""

    def open(self, prefix: Prompt, *, branches: int, room: int, control: Control) -> Session:
        """Prefill ``prefix`` for up to ``branches`` continuations of at most ``room`` tokens each.

        What comes before :data:`STABLE` in it may be reused from an earlier question. That only changes how long it
        takes: every session begins from the same state, whatever was asked before.

        An adapter acts on all of it, or, where it was trained so and the engine is llama.cpp in this process, only
        from the prefix's last token on: what stands before is then as the base alone has it.

        Raises:
            ContextOverflow: not even one branch of that room fits.
            Stopped: by the control, during the prefill.

        """

    def opening(
        self, prefix: Prompt, *, branches: int, room: int, control: Control, seen: Callable[[PromptProgress], T]
    ) -> Generator[T, None, Session]:
        """:meth:`open` in steps: yields what ``seen`` makes of each, where the engine knows how far it is.

        What was read of the part before :data:`STABLE` is kept where it is stopped, or abandoned, before its end.
        """

    def close(self) -> None:
        """Free what the engine holds; it can be used again."""

    def free(self) -> None:
        """Close it for good: the model's memory, or the connection, is given back."""
