"""Tree search over partial queries: best first, a step at a time, each valued by the whole queries it leads to.

A node is a query cut at a clause boundary. Expanding it writes ``width`` continuations to the end (rollouts),
runs and judges the results, and gives each next step the mean score of the rollouts through it. Only complete
queries are answers. Based on the Monte-Carlo tree search of arXiv 2402.10890, section 3.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

from planner_cli.errors import TimeLimit
from planner_cli.events import Event
from planner_cli.lexer import code
from planner_cli.planning.context import PlanContext
from planner_cli.prompts.generator import Draft

_CLAUSES = frozenset(("from", "join", "on", "where", "having", "limit", "union", "intersect", "except"))
_JOINS = frozenset(("inner", "left", "right", "full", "cross", "natural", "outer"))


def boundaries(sql: str) -> list[int]:
    """Offsets at which a clause begins, outside quotes, comments and parentheses, ascending."""
    found, depth = [], 0
    tokens = code(sql)
    words = [token.text.lower() if token.kind == "word" else "" for token in tokens]
    for token, before, word, after in zip(tokens, ["", *words], words, [*words[1:], ""], strict=False):
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        begins = (
            (word in _CLAUSES and not (word == "join" and before in _JOINS))
            or (word in _JOINS and before not in _JOINS and (after == "join" or after in _JOINS))
            or (word in ("group", "order") and after == "by")
        )
        if begins and depth == 0 and token.start:
            found.append(token.start)
    return found


def next_step(partial: str, whole: str) -> str | None:
    """``whole`` up to the end of the clause that follows ``partial``; ``None`` when that is its last one."""
    return next((whole[:at].rstrip() for at in boundaries(whole) if len(whole[:at].rstrip()) > len(partial)), None)


def search(context: PlanContext) -> Iterator[Event]:
    """Expand the most promising partial query until a complete one is good enough, or nothing is left."""
    rules, pool = context.settings.tree, context.pool
    heap: list[tuple[float, int, str]] = [(0.0, 0, "")]
    seen = {""}
    for expansion in range(rules.expansions):
        if not heap:
            return
        _, _, partial = heapq.heappop(heap)
        before = {c.index: c.samples for c in pool.candidates}
        try:
            seed = context.settings.seed + expansion * rules.width
            if partial:
                yield from context.generate(count=rules.width, seed=seed, draft=Draft(partial, partial=True))
            else:
                yield from context.begin(count=rules.width, seed=seed)
        except TimeLimit:
            if not pool.candidates:
                raise
            yield pool.warn(f"time ran out after {expansion} expansions of the tree")
            return
        yield from context.judge_new()
        if pool.control.expired() or pool.control.thinking_stopped:
            return
        values = _values(context)
        if max(values.values(), default=0.0) > rules.good:
            return
        steps: dict[str, list[float]] = {}
        for candidate in pool.candidates:
            new = candidate.samples - before.get(candidate.index, 0)
            step = next_step(partial, candidate.sql) if new and candidate.sql.startswith(partial) else None
            if step is not None:
                steps.setdefault(step, []).extend([values.get(candidate.index, 0.0)] * new)
        for step, scores in steps.items():
            if step not in seen:
                seen.add(step)
                heapq.heappush(heap, (-sum(scores) / len(scores), len(seen), step))


def _values(context: PlanContext) -> dict[int, float]:
    """Each candidate's worth: its cluster's soft score, its vote share where nothing is judged, 0 if it fails."""
    pool = context.pool
    values: dict[int, float] = {}
    for found, verdict in zip(pool.clusters, pool.verdicts, strict=True):
        worth = verdict.score if verdict is not None else found.votes / pool.samples
        values.update(dict.fromkeys(found.candidates, worth))
    return values
