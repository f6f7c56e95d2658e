"""Which query that ran out of time gets more of it. Pure functions over values.

Every candidate first runs within a short limit, so that an endless one costs little. More time is worth it while the
queries that ran out of theirs could still win: as long as they weigh more, together, than any result that is there
(they may all give the same). A query weighs what it is likely to be worth: its probability, or its samples where not
all probabilities are known; :data:`DOUBT` times as much for each doubt, of which a join of tables without a condition
between them, the usual reason why a query never ends, is one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner_cli.planning.ranking import DOUBT
from planner_cli.sql import is_unbounded
from planner_cli.types import Candidate, Cluster, Execution

SHARE = 4
"""Where there is a result already, longer runs get this part of the time: waiting for a better one ends sooner."""


def ran_out(execution: Execution) -> bool:
    """Whether a query was stopped by its time limit, and by nothing else."""
    return execution.error_kind == "time" and execution.limit is not None


def undecided(
    candidates: Sequence[Candidate], executions: Sequence[Execution], clusters: Sequence[Cluster]
) -> tuple[int, ...]:
    """The candidates that ran out of time, the heaviest first; none where they could not win.

    ``clusters`` are those of the candidates that ran.
    """
    out = [candidate.index for candidate in candidates if ran_out(executions[candidate.index])]
    if not out:
        return ()
    weights = _weights(candidates, executions, [*out, *(i for c in clusters for i in c.candidates)])
    best = max((math.fsum(weights[i] for i in cluster.candidates) for cluster in clusters), default=-1.0)
    if math.fsum(weights[i] for i in out) <= best:
        return ()
    return tuple(sorted(out, key=lambda i: (-weights[i], not candidates[i].greedy, i)))


def _weights(
    candidates: Sequence[Candidate], executions: Sequence[Execution], counted: Sequence[int]
) -> dict[int, float]:
    known = all(candidates[i].logprob is not None for i in counted)
    return {i: _weight(candidates[i], known=known) * DOUBT ** _doubts(candidates[i], executions[i]) for i in counted}


def _weight(candidate: Candidate, *, known: bool) -> float:
    return math.exp(min(0.0, candidate.logprob or 0.0)) if known else float(candidate.samples)


def _doubts(candidate: Candidate, execution: Execution) -> int:
    endless = ran_out(execution) and is_unbounded(candidate.sql)
    return execution.against + endless
