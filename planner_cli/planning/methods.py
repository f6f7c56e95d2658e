"""The planning methods, all on the same pool, events and engine.

    greedy, first   one result is chosen without a judge, and judged for its confidence only
    vote            the largest cluster of equal results (self-consistency)
    weighted-vote   the cluster whose queries have the largest summed probability
    posterior       the largest product of that probability and the odds of the soft score
    rerank          the highest soft score (the paper's re-ranking)
    vote-judge      the highest product of vote share and soft score
    pairwise        the two largest clusters compared with each other, in both orders
    race            re-ranking that stops thinking where it is settled who wins
    correct         iterative correction: the generator sees the best so far and tries again
    tree            tree search over partial queries, cut at clause boundaries

How a finished pool is ordered is in ``ranking.py``; this module says what is generated and judged before that.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

from planner_cli.errors import TimeLimit
from planner_cli.events import Clustered, Event
from planner_cli.planning.context import PlanContext
from planner_cli.planning.ranking import rank
from planner_cli.planning.tree import search
from planner_cli.prompts.generator import Draft
from planner_cli.settings import Select
from planner_cli.types import Cluster

GENERATING: tuple[Select, ...] = ("correct", "tree")
"""Methods that keep generating according to what was judged; all others rank a pool that is sampled once."""

JUDGED_ALIKE: tuple[Select, ...] = ("rerank", "vote", "weighted-vote", "posterior", "vote-judge")
"""Methods that have every result judged on its own: judging for one of them serves the others too."""


def run_method(context: PlanContext) -> Iterator[Event]:
    """Fill the pool in the way the settings' method does."""
    match context.settings.select:
        case "correct":
            yield from _correct(context)
        case "tree":
            yield from search(context)
        case _:
            yield from _sample_and_judge(context)


def _sample_and_judge(context: PlanContext) -> Iterator[Event]:
    yield from sample(context)
    yield from judge_pool(context)


def sample(context: PlanContext) -> Iterator[Event]:
    """The samples that every method but ``correct`` and ``tree`` starts from, whichever it is."""
    pool = context.pool
    try:
        yield from context.begin(count=context.settings.generator.candidates, seed=context.settings.seed)
    except TimeLimit:
        if not pool.given:
            raise
        yield pool.warn("time ran out before the generator had written a query")
        yield Clustered(pool.clusters)


def judge_pool(context: PlanContext) -> Iterator[Event]:
    """Judge a sampled pool in the way the settings' method does."""
    settings, pool = context.settings, context.pool
    judge, discriminator = context.judge, context.discriminator
    if judge is None or discriminator is None:
        return
    match settings.select:
        case "greedy" | "first":  # chosen already: one judgement, for its confidence
            yield from pool.judge(_leaders(context, 1), judge)
        case "pairwise" if len(pool.clusters) > 1:
            first, second = (pool.case(c) for c in _leaders(context, 2))
            compare = functools.partial(
                discriminator.compare, context.judged, first, second, context.judging, control=pool.control
            )
            yield from pool.judge(_leaders(context, 2), lambda _cases: compare())
        case "race":
            race = functools.partial(discriminator.race, context.judged, settings=context.judging, control=pool.control)
            yield from pool.judge(pool.clusters, race)
        case _:
            yield from context.judge_new()


def _leaders(context: PlanContext, count: int) -> list[Cluster]:
    """The first clusters of the ranking without any verdict."""
    pool = context.pool
    nothing = [None] * len(pool.clusters)
    ranking = rank(context.settings.select, pool.candidates, pool.executions, pool.clusters, nothing)
    return [pool.clusters[r.cluster] for r in ranking[:count]]


def _correct(context: PlanContext) -> Iterator[Event]:
    """Rounds of generating and judging, each shown the best query so far (arXiv 2402.10890, section 3)."""
    rules, pool = context.settings.correct, context.pool
    draft: Draft | None = None
    best, without_gain = -1.0, 0
    for turn in range(rules.rounds):
        try:
            count = context.settings.generator.candidates
            seed = context.settings.seed + turn * count
            if turn:
                yield from context.generate(count=count, seed=seed, draft=draft)
            else:
                yield from context.begin(count=count, seed=seed)
        except TimeLimit:
            if not pool.candidates:
                raise
            yield pool.warn(f"time ran out in round {turn + 1} of corrections")
            return
        yield from context.judge_new()
        answer = pool.answer("rerank")
        if pool.control.expired() or pool.control.thinking_stopped:
            return
        score = answer.score if answer.score is not None else answer.vote_share
        without_gain = 0 if answer.best is not None and score > best else without_gain + 1
        best = max(best, score if answer.best is not None else -1.0)
        if best > rules.good or without_gain >= rules.patience:
            return
        shown = answer.best if answer.best is not None else 0
        draft = Draft(pool.candidates[shown].sql, pool.executions[shown].error)
