"""Branches of one prompt as concurrent requests: the server's batcher advances them together.

A branch that samples is one request. A greedy branch (a thought, by default) is requested a few tokens at a time:
between two such requests it occupies no slot on the server, so a probe finds one, and a thought that is closed early
has cost nothing more. The server's prefix cache makes continuing cheap.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias, TypeVar

from planner_cli.control import Control
from planner_cli.engine.protocol import Branch, Choice, Prompt, SessionStats, Step
from planner_cli.engine.server.dialects import Dialect, Piece, State
from planner_cli.errors import EngineError
from planner_cli.settings import Sampling

_T = TypeVar("_T")

SLICE = 16
"""Tokens of a greedy branch in one request; probes are at multiples of it."""
_LOOK_SECONDS = 0.05
"""Between two checks of the control while waiting."""

_Arrival: TypeAlias = "Piece | Exception | None"
"""A token, why there will be none, or the end of the request."""


class ServerBranch:
    """See :class:`~planner_cli.engine.protocol.Branch`."""

    def __init__(
        self, session: ServerSession, index: int, state: State, sampling: Sampling, max_tokens: int, *, logprobs: bool
    ) -> None:
        self._session = session
        self.index = index
        self.state = state
        """The prompt and what this branch has written, as far as it was passed on."""
        self.sampling = sampling
        self.max_tokens = max_tokens
        self.logprobs = logprobs
        self.tokens = 0
        self.finished: Literal["model", "length"] | None = None if max_tokens else "length"
        self.admitted = False
        self.closed = False
        self._arrivals: queue.SimpleQueue[_Arrival] | None = None
        """Of the request in flight."""
        self._came = 0
        """Tokens of that request passed on."""
        self._asked = 0

    @property
    def live(self) -> bool:
        return self.admitted and not self.closed and self.finished is None

    def start(self, run: Callable[[Callable[[], None]], None]) -> None:
        """Make sure that a request is in flight."""
        if self._arrivals is not None:
            return
        left = self.max_tokens - self.tokens
        self._asked = min(left, SLICE) if self.sampling.temperature == 0 else left
        self._came = 0
        arrivals: queue.SimpleQueue[_Arrival] = queue.SimpleQueue()
        self._arrivals = arrivals
        state, asked = self.state, self._asked
        run(lambda: self._read(state, asked, arrivals))

    def _read(self, state: State, asked: int, arrivals: queue.SimpleQueue[_Arrival]) -> None:
        """In a thread of its own: pass on every token of one request."""
        pieces = self._session.dialect.stream(
            state, self.sampling, asked, logprobs=self.logprobs, stopped=lambda: self.closed
        )
        try:
            for piece in pieces:
                arrivals.put(piece)
            arrivals.put(None)
        except Exception as error:  # noqa: BLE001 - it is raised where the token is waited for
            arrivals.put(error)

    def next(self, wait: Callable[[queue.SimpleQueue[_Arrival]], _Arrival]) -> Step | None:
        """The next token; ``None`` when one more request has to be sent for it."""
        assert self._arrivals is not None
        arrival = wait(self._arrivals)
        if isinstance(arrival, Exception):
            raise arrival
        if arrival is None:
            self._arrivals = None
            if self._came >= self._asked:
                return None
            return self._ended(None)
        if arrival.end:
            self._arrivals = None
            return self._ended(arrival.logprob)
        self._came += 1
        self.tokens += 1
        self.state = _after(self.state, arrival.state)
        if self.tokens >= self.max_tokens:
            self.finished = "length"
        logprob = arrival.logprob if self.logprobs else None
        return Step(self.index, arrival.text, self.tokens, self.finished, logprob)

    def _ended(self, logprob: float | None) -> Step:
        self.finished = "model"
        return Step(self.index, "", self.tokens, "model", logprob if self.logprobs else None)

    def close(self) -> None:
        """Give its place back; a request in flight ends at its next token."""
        if not self.closed:
            self.closed = True
            self._session.release(self)


class ServerSession:
    """See :class:`~planner_cli.engine.protocol.Session`."""

    def __init__(self, dialect: Dialect, prefix: State, places: int, room: int, control: Control) -> None:
        self.dialect = dialect
        self.stats = SessionStats(prompt_tokens=dialect.count(prefix))
        self.closed = False
        self._prefix = prefix
        self._room = room
        self._free = places
        self._control = control
        self._branches: list[ServerBranch] = []

    def branch(self, suffix: Prompt, sampling: Sampling, *, max_tokens: int, logprobs: bool = False) -> ServerBranch:
        """See :meth:`Session.branch`."""
        state = self.dialect.encode(suffix, first=False)
        length = self.dialect.count(state)
        if length + max_tokens > self._room:
            raise EngineError(f"a branch of {length} + {max_tokens} tokens is over its room of {self._room}")
        self.stats.prompt_tokens += length
        whole = _after(self._prefix, state)
        made = ServerBranch(self, len(self._branches), whole, sampling, max_tokens, logprobs=logprobs)
        self._branches.append(made)
        return made

    def adopt(self, branch: Branch) -> None:
        """See :meth:`Session.adopt`: the server's own prefix cache makes it cheap."""
        own = self._branches[branch.index]
        self._prefix = own.state
        own.close()

    def admit(self) -> list[ServerBranch]:
        """See :meth:`Session.admit`: as many at once as the server handles."""
        waiting = [branch for branch in self._branches if not branch.admitted and not branch.closed]
        admitted = waiting[: self._free]
        for branch in admitted:
            branch.admitted = True
        self._free -= len(admitted)
        return admitted

    def release(self, branch: ServerBranch) -> None:
        """Take a closed branch's place back."""
        self._free += branch.admitted
        branch.admitted = False

    def step(self) -> list[Step]:
        """See :meth:`Session.step`: the next token of each live branch, as they arrive from the server."""
        self.admit()
        live = [branch for branch in self._branches if branch.live]
        steps: list[Step] = []
        for branch in live:
            branch.start(_run)
        for branch in live:
            step = branch.next(self._wait)
            while step is None:
                branch.start(_run)
                step = branch.next(self._wait)
            steps.append(step)
        self.stats.decodes += bool(live)
        self.stats.rows += len(live)
        self.stats.widest = max(self.stats.widest, len(live))
        self.stats.new_tokens += sum(step.finished != "model" for step in steps)
        return steps

    def probe(
        self, branches: Sequence[Branch], forced: Sequence[Prompt], choices: Mapping[str, Sequence[str]]
    ) -> list[Choice]:
        """See :meth:`Session.probe`: one request per branch, all at once."""
        self.admit()
        own = [self._branches[branch.index] for branch in branches]
        if any(branch.closed for branch in own):
            raise EngineError("a closed branch cannot be probed")
        if any(not branch.admitted for branch in own):
            raise EngineError("a probe found no place: close finished branches before waiting ones are probed")
        waiting = [self._ask(branch.state, text, choices) for branch, text in zip(own, forced, strict=True)]
        self.stats.decodes += 1
        answers = []
        for arrivals in waiting:
            answer = self._wait(arrivals)
            if isinstance(answer, Exception):
                raise answer
            answers.append(answer)
        return answers

    def likelihood(self, texts: Sequence[Prompt], *, after: Prompt = ()) -> list[float]:
        """See :meth:`Session.likelihood`: there is no common server API for it."""
        del after
        raise EngineError(
            f"a server does not say how likely {len(texts)} given texts are", hint="use --engine llama for this judge"
        )

    def _ask(
        self, state: State, forced: Prompt, choices: Mapping[str, Sequence[str]]
    ) -> queue.SimpleQueue[Choice | Exception]:
        arrivals: queue.SimpleQueue[Choice | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                arrivals.put(self.dialect.choose(state, forced, choices))
            except Exception as error:  # noqa: BLE001 - it is raised where the answer is waited for
                arrivals.put(error)

        _run(ask)
        return arrivals

    def _wait(self, arrivals: queue.SimpleQueue[_T]) -> _T:
        """What arrives next, unless the control stops it first."""
        while True:
            if self._control.should_abort():
                self.close()
                raise self._control.stopped()
            try:
                return arrivals.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                continue

    def close(self) -> None:
        """See :meth:`Session.close`."""
        for branch in self._branches:
            branch.close()
        self.closed = True


def _run(work: Callable[[], None]) -> None:
    """In a thread that does not keep the process alive: a server that never answers must not either."""
    threading.Thread(target=work, daemon=True).start()


def _after(state: State, more: State) -> State:
    if isinstance(state, str):
        return state + str(more)
    assert not isinstance(more, str)
    return (*state, *more)
