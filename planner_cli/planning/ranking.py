"""From results and verdicts to an order: the selection methods, and one line that says why.

    rerank   highest soft score first (the paper's re-ranking)
    vote     largest cluster of equal results first (self-consistency)
    first    the first candidate that runs
    greedy   the greedy sample's query, or nothing

Ties fall to: more votes (or the higher score), a result that is not empty, the greedy sample, the order of
the candidates. Pure functions over values.
"""

from __future__ import annotations

from collections.abc import Sequence

from planner_cli.settings import Select
from planner_cli.types import Candidate, Cluster, Execution, Ranked, Verdict

UNSURE = 0.5
"""A soft score under this says "rather wrong than right"."""


def to_judge(
    select: Select, candidates: Sequence[Candidate], executions: Sequence[Execution], clusters: Sequence[Cluster]
) -> tuple[Cluster, ...]:
    """The clusters whose judgement the selection needs: all, or only the one it has chosen already."""
    if select in ("rerank", "vote"):
        return tuple(clusters)
    ranking = rank(select, candidates, executions, clusters, [None] * len(clusters))
    return tuple(c for c in clusters if ranking and c.index == ranking[0].cluster)


def rank(
    select: Select,
    candidates: Sequence[Candidate],
    executions: Sequence[Execution],
    clusters: Sequence[Cluster],
    verdicts: Sequence[Verdict | None],
) -> tuple[Ranked, ...]:
    """All executable clusters, best first; empty for ``greedy`` when the greedy query does not run."""

    def key(cluster: Cluster) -> tuple[float, ...]:
        verdict = verdicts[cluster.index]
        score = verdict.score if verdict else -1.0
        empty = not executions[cluster.representative].rows
        greedy = any(candidates[i].greedy for i in cluster.candidates)
        match select:
            case "rerank":
                first: tuple[float, ...] = (-score, -cluster.votes, empty, not greedy)
            case "vote":
                first = (-cluster.votes, empty, -score, not greedy)
            case "greedy":
                first = (not greedy, -cluster.votes)
            case "first":
                first = ()
        return (*first, cluster.representative)

    ordered = sorted(clusters, key=key)
    if select == "greedy" and not any(candidates[i].greedy for c in ordered[:1] for i in c.candidates):
        return ()
    return tuple(
        Ranked(c.index, _spokesman(select, c, candidates), c.votes, _score(verdicts[c.index])) for c in ordered
    )


def _spokesman(select: Select, cluster: Cluster, candidates: Sequence[Candidate]) -> int:
    """The candidate whose SQL stands for the cluster: the greedy one where it was asked for, else the judged one."""
    if select == "greedy":
        return next((i for i in cluster.candidates if candidates[i].greedy), cluster.representative)
    return cluster.representative


def _score(verdict: Verdict | None) -> float | None:
    return verdict.score if verdict else None


def reason(
    select: Select, ranking: Sequence[Ranked], candidates: Sequence[Candidate], executions: Sequence[Execution]
) -> str:
    """One line: why the first of the ranking won, or why there is none."""
    samples = sum(c.samples for c in candidates)
    if not ranking:
        if select == "greedy" and any(e.ok for e in executions):
            return "the greedy query cannot be executed (other candidates can: try --select first or vote)"
        return f"none of the {len(candidates)} distinct candidates can be executed"
    best = ranking[0]
    votes = f"{best.votes} of {samples} samples"
    if select == "greedy":
        return f"the greedy sample's query; {votes} give its result"
    if select == "first":
        return f"the first query that runs; {votes} give its result"
    if len(ranking) == 1:
        return f"the only result: {votes} give it" + _judge_note(best)
    second = ranking[1]
    if select == "vote" or best.score is None:
        tie = _vote_tie(best, second, executions) if best.votes == second.votes else f"next has {second.votes}"
        return f"most samples agree: {votes} ({tie})" + _judge_note(best)
    if second.score is not None and best.score == second.score:
        return f"highest score {best.score:.2f}, shared; {votes} against {second.votes}"
    following = "unjudged" if second.score is None else f"{second.score:.2f}"
    return f"highest score {best.score:.2f} (next {following}); {votes} give its result" + _unsure(best)


def _vote_tie(best: Ranked, second: Ranked, executions: Sequence[Execution]) -> str:
    """What decided between two clusters with equal votes."""
    if executions[best.candidate].rows and not executions[second.candidate].rows:
        return "tied; the other result is empty"
    if best.score is not None and second.score is not None and best.score != second.score:
        return f"tied; the judge prefers it, {best.score:.2f} to {second.score:.2f}"
    return "tied; written first"


def _judge_note(best: Ranked) -> str:
    return "" if best.score is None else f"; judge's score {best.score:.2f}" + _unsure(best)


def _unsure(best: Ranked) -> str:
    return "; the judge thinks it rather wrong than right" if best.score is not None and best.score < UNSURE else ""
