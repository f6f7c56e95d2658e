"""``plan()``: the loop of one question, as a stream of events.

Generator-discriminator planning as in arXiv 2505.03786 section 3 (framework of arXiv 2402.10890): N candidate
queries, each executed, the executable ones scored, the best one kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from planner_cli.control import Control
from planner_cli.database import cluster
from planner_cli.discriminator import LOW_MASS, Case, Discriminator
from planner_cli.errors import ContextOverflow, TimeLimit
from planner_cli.events import (
    Answered,
    CandidateExecuted,
    CandidateRepeated,
    CandidateWritten,
    Clustered,
    Event,
    Ranked,
    StageFinished,
    ThoughtClosed,
    Warned,
)
from planner_cli.generator import Generator
from planner_cli.planning.ranking import rank, reason, to_judge
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, Candidate, Cluster, Execution, Question, Timings, Verdict


class Executor(Protocol):
    """Where candidates run; :class:`planner_cli.database.Database` is one."""

    def execute(self, sql: str, *, control: Control | None = None) -> Execution:
        """Run one query; what goes wrong with it is in the value."""


@dataclass(slots=True)
class _State:
    """What the run has found so far."""

    candidates: list[Candidate] = field(default_factory=list)
    executions: list[Execution] = field(default_factory=list)
    clusters: tuple[Cluster, ...] = ()
    verdicts: list[Verdict | None] = field(default_factory=list)
    timings: Timings = field(default_factory=Timings)


def plan(
    question: Question,
    database: Executor,
    generator: Generator,
    discriminator: Discriminator | None,
    settings: PlanSettings,
    *,
    control: Control | None = None,
    spent: Timings | None = None,
) -> Iterator[Event]:
    """Answer one question; the last event is ``Answered``.

    Without a discriminator nothing is judged and the votes decide. ``spent`` carries what was spent before
    (schema reading, loading) into the answer's timings. ``control`` stops the run; its time limit does not
    raise once a candidate has been executed: what is there then is the answer.

    Raises:
        ContextOverflow: the schema does not fit the generator's context.
        TimeLimit: the time limit ended before the first candidate.
        Interrupted: the user stopped the run.
        EngineError: llama.cpp failed.

    """
    control = control or Control(settings.max_seconds)
    state = _State(timings=spent or Timings())
    started = time.perf_counter()
    yield from _generate(question, database, generator, settings, control, state)
    state.clusters = cluster(state.candidates, state.executions)
    state.verdicts = [None] * len(state.clusters)
    yield Clustered(state.clusters)
    cases = [
        Case(c.index, state.candidates[c.representative], state.executions[c.representative])
        for c in to_judge(settings.select, state.candidates, state.executions, state.clusters)
    ]
    if discriminator is not None and cases:
        yield from _judge(question, discriminator, cases, settings, control, state)
    total = state.timings.schema + state.timings.load + time.perf_counter() - started
    state.timings = replace(state.timings, total=total)
    answer = _answer(state, settings)
    yield Ranked(answer.ranking)
    yield Answered(answer)


def _generate(
    question: Question,
    database: Executor,
    generator: Generator,
    settings: PlanSettings,
    control: Control,
    state: _State,
) -> Iterator[Event]:
    """Write the candidates and run each as soon as it is there."""
    executing = 0.0
    for event in generator.write(question, settings.generator, seed=settings.seed, control=control):
        yield event
        match event:
            case CandidateWritten(candidate):
                started = time.perf_counter()
                state.candidates.append(candidate)
                # Past the time limit a candidate that is there is still run: its own limit is short.
                state.executions.append(database.execute(candidate.sql, control=None if control.expired() else control))
                executing += time.perf_counter() - started
                control.check()
                yield CandidateExecuted(candidate.index, state.executions[-1])
            case CandidateRepeated(candidate):
                state.candidates[candidate.index] = candidate
            case StageFinished(_, timings):
                generate = replace(timings, seconds=timings.seconds - executing)
                state.timings = replace(state.timings, generate=generate, execute=executing)


def _judge(
    question: Question,
    discriminator: Discriminator,
    cases: Sequence[Case],
    settings: PlanSettings,
    control: Control,
    state: _State,
) -> Iterator[Event]:
    """Have the clusters judged; an answer without a score is better than none."""
    try:
        for event in discriminator.judge(question, cases, settings.discriminator, control=control):
            yield event
            match event:
                case ThoughtClosed(index, verdict):
                    state.verdicts[index] = verdict
                case StageFinished(_, timings):
                    state.timings = replace(state.timings, judge=timings)
    except TimeLimit:
        yield Warned("time ran out before the results were judged; the votes decide")
    except ContextOverflow as error:
        yield Warned(f"the discriminator judged nothing: {error.message}; the votes decide")
    masses = [v.mass for v in state.verdicts if v is not None]
    if masses and max(masses) < LOW_MASS:
        yield Warned(
            f"the discriminator was not about to say true or false (at most {max(masses):.0%} of its probability "
            "there): its scores say little"
        )


def _answer(state: _State, settings: PlanSettings) -> Answer:
    facts = (state.candidates, state.executions, state.clusters, state.verdicts)
    ranking = rank(settings.select, *facts)
    best = ranking[0] if ranking else None
    samples = sum(c.samples for c in state.candidates)
    return Answer(
        candidates=tuple(state.candidates),
        executions=tuple(state.executions),
        clusters=state.clusters,
        verdicts=tuple(state.verdicts),
        ranking=ranking,
        best=best.candidate if best else None,
        confidence=best.score if best else None,
        vote_share=best.votes / samples if best else 0.0,
        reason=reason(settings.select, ranking, state.candidates, state.executions),
        timings=state.timings,
    )
