"""``plan()``: one question, as a stream of events.

Generator-discriminator planning as in arXiv 2505.03786 section 3 (framework of arXiv 2402.10890): N candidate
queries, each executed, the executable ones scored, the best one kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from planner_cli.control import Control
from planner_cli.discriminator import LOW_MASS
from planner_cli.events import Answered, Event, Ranked
from planner_cli.generator import Generator
from planner_cli.linking.asked import asked
from planner_cli.linking.known import share_known
from planner_cli.planning.context import Judging, Others, PlanContext
from planner_cli.planning.given import about_given
from planner_cli.planning.methods import run_method
from planner_cli.planning.pool import Executor, Pool
from planner_cli.settings import PlanSettings, rules_out
from planner_cli.types import Question, Timings
from planner_cli.types import Ranked as RankedCluster


def plan(
    question: Question,
    database: Executor,
    generator: Generator,
    discriminator: Judging | None,
    settings: PlanSettings,
    *,
    control: Control | None = None,
    spent: Timings | None = None,
    given: str | None = None,
    others: Others | None = None,
) -> Iterator[Event]:
    """Answer one question; the last event is ``Answered``.

    Without a discriminator nothing is judged and the votes decide. A query that is ``given`` is the first candidate,
    and the answer is about it: in the winner's place, with its own score, whichever is first in the ranking. ``spent``
    carries what was spent before (schema reading, loading) into the answer's timings. ``control`` stops the run; its
    time limit does not raise once a candidate has been executed: what has been found by then is the answer. ``others``
    chooses what a second round is shown of a wide schema.

    Raises:
        ContextOverflow: the schema does not fit the generator's context.
        TimeLimit: the time limit ended before the first candidate.
        Interrupted: the user stopped the run.
        EngineError: llama.cpp failed.

    """
    pool = new_pool(question, database, settings, control or Control(settings.max_seconds), spent)
    context = PlanContext(question, generator, discriminator, settings, pool, others)
    if given is not None:
        yield from pool.give(given)
    yield from run_method(context)
    if given is not None:
        yield from context.judge_given()
    yield from finish(pool, settings)


def new_pool(
    question: Question, database: Executor, settings: PlanSettings, control: Control, spent: Timings | None = None
) -> Pool:
    """An empty pool, as the settings' mode requires."""
    knows = rules_out(settings.mode)  # otherwise nobody may know what runs before it is chosen
    mends = question.schema if settings.generator.mend and knows else None
    patience = settings.limits.patience if knows else 0.0
    schema = question.whole or question.schema
    look = partial(asked, question.with_earlier, schema=schema)
    return Pool(
        database, control, spent, failed=not knows, mends=mends, patience=patience, earlier=question.earlier,
        weights=settings.confidence, now=question.now, look=look,
        known=share_known(question.with_earlier, schema, question.hints, question.notes),
    )  # fmt: skip


def finish(pool: Pool, settings: PlanSettings) -> Iterator[Event]:
    """Rank a pool and say what is odd about its answer; the last event is ``Answered``."""
    best = pool.place_of_given() if pool.given else next(iter(pool.ranking(settings.select)), None)
    for doubt in _doubts(pool, best):
        yield pool.warn(doubt)
    answer = pool.answer(settings.select)
    if pool.given:
        answer = about_given(answer, best, settings.confidence)
    yield Ranked(answer.ranking)
    yield Answered(answer)


def _doubts(pool: Pool, best: RankedCluster | None) -> Iterator[str]:
    """What is odd about the verdict on the answer's query (which runs), or about the query, in words."""
    if best is None:
        return
    late = pool.late()
    if late:
        limit = pool.executions[late[0]].limit
        yield (
            f"candidate {late[0] + 1} may be better, but needs more than {limit:.0f} s: "
            "a larger --query-patience gives more"
        )
    verdict, execution = pool.verdicts[best.cluster], pool.executions[best.candidate]
    if verdict is not None and verdict.mass < LOW_MASS:
        yield (
            f"the discriminator was not about to give a verdict (only {verdict.mass:.0%} of its probability is on the "
            "words of one): its score means little"
        )
    yield from (doubt.text for doubt in execution.doubts)
