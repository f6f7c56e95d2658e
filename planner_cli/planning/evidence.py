"""What a finished ranking knows about its winner: the facts that its confidence is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner_cli.confidence import LEAST_LOG, SUREST_VERDICT, WIDEST_MARGIN, Evidence
from planner_cli.prompts.judging import log_odds
from planner_cli.types import Candidate, Cluster, Execution, Ranked, Verdict

_MOST_DOUBTS = 2


def evidence(
    winner: Ranked,
    candidates: Sequence[Candidate],
    executions: Sequence[Execution],
    clusters: Sequence[Cluster],
    verdicts: Sequence[Verdict | None],
    known: float = 1.0,
) -> Evidence:
    """The facts about the result that won; ``known`` is what the database knows of the question."""
    cluster, execution = clusters[winner.cluster], executions[winner.candidate]
    own = _log_sum(cluster, candidates)
    others = [_log_sum(c, candidates) for c in clusters if c is not cluster and executions[c.representative].ok]
    samples = sum(candidate.samples for candidate in candidates)
    failed = sum(c.samples for c, e in zip(candidates, executions, strict=True) if not e.ok)
    verdict = verdicts[winner.cluster]
    return Evidence(
        probability=own,
        margin=_within(own - max(others), WIDEST_MARGIN) if others else WIDEST_MARGIN,
        agreement=winner.votes / samples if samples else 0.0,
        failed=failed / samples if samples else 0.0,
        doubts=float(min(_MOST_DOUBTS, execution.against)),
        empty=float(all(value is None for row in execution.rows for value in row)),
        mended=float(not any(candidates[i].samples for i in cluster.candidates)),
        verdict=0.0 if verdict is None else _within(log_odds(verdict.score), SUREST_VERDICT),
        known=known,
    )


def _log_sum(cluster: Cluster, candidates: Sequence[Candidate]) -> float:
    """Logarithm of the summed probability of its queries."""
    known = [candidates[i].logprob for i in cluster.candidates]
    total = math.fsum(math.exp(min(0.0, logprob)) for logprob in known if logprob is not None)
    return min(0.0, max(LEAST_LOG, math.log(total))) if total > 0 else LEAST_LOG


def _within(value: float, bound: float) -> float:
    return min(bound, max(-bound, value))
