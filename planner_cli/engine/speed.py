"""How fast a model is on this machine: a probe of some seconds, and what it says about a question."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from planner_cli.control import Control
from planner_cli.engine.protocol import Engine, Session, Span
from planner_cli.errors import EngineError, TimeLimit
from planner_cli.settings import Sampling

_TEXT = "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER, total REAL, status TEXT); "
_FIRST_PROMPT = 64
"""Tokens of the prefill that sizes the others."""
_SHORTEST_PROMPT, _LONGEST_PROMPT = 16, 768
BRANCHES = 8
"""As many as a question has candidates by default."""
_ROOM = 128


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second, measured."""

    prefill: float
    """Of a prompt."""
    decode: float
    """Writing one text."""
    batched: float
    """Writing :data:`BRANCHES` texts beside each other, all of them together."""
    seconds: float
    """What the measurement took."""

    def thinking_seconds(self, budget: int, clusters: int = 1) -> float:
        """Writing thoughts of ``budget`` tokens about so many results beside each other."""
        rate = self.decode if clusters == 1 else max(self.decode, self.batched * min(1.0, clusters / BRANCHES))
        return budget * clusters / rate


def question_seconds(
    writer: Speed, judge: Speed, *, prompt: int, candidates: int, sql_tokens: int, clusters: int, budget: int
) -> float:
    """Expected seconds of a question: both prompts, ``candidates`` queries, ``clusters`` thoughts to the budget's end.

    An upper bound of the thinking: thoughts end by themselves too, and a prompt seen before is not read again.
    """
    writing = prompt / writer.prefill + candidates * sql_tokens / max(writer.decode, writer.batched)
    return writing + prompt / judge.prefill + judge.thinking_seconds(budget, clusters)


def measure(engine: Engine, seconds: float = 8.0) -> Speed:
    """Time a prefill, one branch, and :data:`BRANCHES` of them, within ``seconds`` in all (twice that at the most).

    The prompts are of SQL text. Raises :class:`EngineError` when the machine
    is too slow to say anything in that time.
    """
    started = time.perf_counter()
    control = Control(seconds)
    try:
        with _prefilled(engine, _FIRST_PROMPT, control) as session:  # warms up: weights come from the disk
            rate = _rate(session)
        length = int(min(_LONGEST_PROMPT, max(_SHORTEST_PROMPT, rate * seconds / 4)))
        with _prefilled(engine, length, control) as session:
            rate = _rate(session)
            control.restart(seconds / 2)  # a step that is slow for the work beside it must not be the end
            decode = _steps(session, 1, seconds / 4)
            control.restart(seconds / 2)
            batched = _steps(session, BRANCHES, seconds / 4)
    except TimeLimit as error:
        raise EngineError(f"too slow to measure in {seconds:g} s", hint="--no-speed leaves it out") from error
    return Speed(rate, decode, batched, time.perf_counter() - started)


@contextmanager
def _prefilled(engine: Engine, tokens: int, control: Control) -> Iterator[Session]:
    """A session of a prompt of about ``tokens``, nothing of it kept from before."""
    repeats = -(-tokens // max(1, engine.count((Span(_TEXT),))))
    session = engine.open((Span(_TEXT * repeats),), branches=BRANCHES, room=_ROOM, control=control)
    try:
        yield session
    finally:
        session.close()


def _rate(session: Session) -> float:
    return session.stats.prompt_tokens / max(session.stats.prefill_seconds, 1e-9)


def _steps(session: Session, branches: int, seconds: float) -> float:
    """Tokens a second of so many branches that write until the time is over.

    Raises :class:`TimeLimit` when it is over before the first token, :class:`EngineError` when all end at once.
    """
    made = [
        # each begins in its own way: what branches have in common would be decoded once
        session.branch((Span(f" -- {seed}\n"),), Sampling(temperature=1.0, seed=seed), max_tokens=_ROOM - 16)
        for seed in range(branches)
    ]
    session.admit()
    written = 0
    started = time.perf_counter()
    spent = 0.0
    try:
        while spent < seconds and (steps := session.step()):
            written += len(steps)
            spent = time.perf_counter() - started
    except TimeLimit:
        if not written:
            raise
    for branch in made:
        branch.close()
    if not written:
        raise EngineError("the model ends at once: no speed can be measured")
    return written / spent
