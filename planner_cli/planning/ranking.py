"""From results and verdicts to an order, and one line that says why. Pure functions over values.

    rerank, correct, tree         highest soft score first (the paper's re-ranking)
    race                          the same, but whoever was dropped from the race after all others
    pairwise                      the preferred of the two compared, then by votes
    vote                          largest cluster of equal results first (self-consistency)
    weighted-vote                 largest summed probability of a cluster's queries first (arXiv 2203.11171, section
                                  3.2, "weighted sum"): what the votes estimate, without the luck of the draw; less
                                  where there are doubts about a query that count
                                  (:attr:`planner_cli.types.Execution.against`)
    posterior                     highest product of that sum and the odds of the soft score, to the power of
                                  :data:`TRUST`: what is likely before judging, and what judging found
    vote-judge                    highest product of votes and soft score first
    first                         the first candidate that runs
    greedy                        the greedy sample's query, or nothing

Ties are broken by: more votes (or the higher score), fewer doubts, a result that is not empty, the greedy sample, the
order of the candidates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from planner_cli.prompts.judging import log_odds
from planner_cli.settings import Select
from planner_cli.types import Candidate, Cluster, Execution, Ranked, Verdict

UNSURE = 0.5
"""A soft score under this says "rather wrong than right"."""

DOUBT = 0.06
"""What a query's probability is multiplied by for each comparison that no row satisfies and for each crossed join, and
for each time that is read as what it is not.

e to the -2.8, by a conditional logistic regression over the results of 1,065 questions on training databases (-2.4 for
the one and -2.7 for the other, with 0.86 times ln P). Of the queries there with one, 8 % and 3 % were right; of all,
half."""

TRUST = 1.5
"""How much the odds of a soft score count against the generator's summed probability.

With the built-in pair, over 69 questions on held-out training databases with right and wrong results (16 samples each
at temperature 1): the right one is first in 62 % by probability alone, in 64 at 0.3, 67 at 1.2, 68 from 1.5 to 2."""
_NOTHING = 1e-9
"""Stands for a probability that is not known, or too small to matter."""


def rank(
    select: Select,
    candidates: Sequence[Candidate],
    executions: Sequence[Execution],
    clusters: Sequence[Cluster],
    verdicts: Sequence[Verdict | None],
) -> tuple[Ranked, ...]:
    """All clusters, best first; empty for ``greedy`` when the greedy query does not run.

    Where candidates that cannot run have clusters too (modes ``base`` and ``exec``), only a score can choose one.
    """
    select = _possible(select, verdicts)
    if select in ("vote", "weighted-vote", "posterior", "greedy", "first"):
        clusters = [c for c in clusters if executions[c.representative].ok]

    def key(cluster: Cluster) -> tuple[float, ...]:
        verdict = verdicts[cluster.index]
        score = verdict.score if verdict else -1.0
        empty = not executions[cluster.representative].rows
        greedy = any(candidates[i].greedy for i in cluster.candidates)
        odd = min(len(executions[i].doubts) for i in cluster.candidates)
        match select:
            case "vote":
                first: tuple[float, ...] = (-cluster.votes, odd, empty, -score, not greedy)
            case "weighted-vote":
                first = (-probability(cluster, candidates, executions), -cluster.votes, odd, empty, -score, not greedy)
            case "posterior":
                first = (-posterior(cluster, verdict, candidates, executions), -cluster.votes, odd, empty, not greedy)
            case "vote-judge":  # a result nobody judged counts as even odds
                first = (-cluster.votes * (verdict.score if verdict else 0.5), odd, empty, not greedy)
            case "greedy":
                first = (not greedy, -cluster.votes)
            case "first":
                first = ()
            case _:
                dropped = verdict is not None and verdict.thought.closed_by == "behind"  # in a race
                first = (dropped, -score, -cluster.votes, odd, empty, not greedy)
        return (*first, cluster.representative)

    ordered = sorted(clusters, key=key)
    if select == "greedy" and not any(candidates[i].greedy for c in ordered[:1] for i in c.candidates):
        return ()
    return tuple(
        Ranked(c.index, _spokesman(select, c, candidates, executions), c.votes, _score(verdicts[c.index]))
        for c in ordered
    )


def probability(cluster: Cluster, candidates: Sequence[Candidate], executions: Sequence[Execution]) -> float:
    """The generator's summed probability of a cluster's queries at temperature 1; 0.0 where it is not known.

    Each is worth :data:`DOUBT` times as much for every doubt about it.
    """
    told = [(candidates[i].logprob, executions[i]) for i in cluster.candidates]
    return math.fsum(
        math.exp(min(0.0, logprob)) * DOUBT**execution.against for logprob, execution in told if logprob is not None
    )


def posterior(
    cluster: Cluster, verdict: Verdict | None, candidates: Sequence[Candidate], executions: Sequence[Execution]
) -> float:
    """Logarithm of a cluster's probability after judging, up to a constant; without a verdict the odds are even."""
    prior = math.log(max(probability(cluster, candidates, executions), _NOTHING))
    return prior + (0.0 if verdict is None else TRUST * log_odds(verdict.score))


def _possible(select: Select, verdicts: Sequence[Verdict | None]) -> Select:
    """The method that can be applied: where some results were left unjudged, scores alone cannot order them."""
    by_score = select in {"rerank", "race", "correct", "tree"}
    missing = sum(v is None for v in verdicts)
    return "vote-judge" if by_score and 0 < missing < len(verdicts) else select


def _spokesman(
    select: Select, cluster: Cluster, candidates: Sequence[Candidate], executions: Sequence[Execution]
) -> int:
    """The candidate whose SQL stands for the cluster: the greedy one where it was asked for, else the judged one.

    Where there are doubts about that, the first with the fewest.
    """
    if select == "greedy":
        return next((i for i in cluster.candidates if candidates[i].greedy), cluster.representative)
    return min(cluster.candidates, key=lambda i: len(executions[i].doubts))


def _score(verdict: Verdict | None) -> float | None:
    return verdict.score if verdict else None


def reason(
    select: Select,
    ranking: Sequence[Ranked],
    candidates: Sequence[Candidate],
    executions: Sequence[Execution],
    clusters: Sequence[Cluster],
) -> str:
    """One line: why the first of the ranking won, or why there is none."""
    if not ranking:
        return _why_none(select, candidates, executions)
    samples = sum(candidate.samples for candidate in candidates)
    best, *others = ranking
    votes = f"{best.votes} of {samples} samples"
    result = f"{votes} give its result" if best.votes else "mended, as no sample wrote it"
    if select in _UNRANKED:
        return f"{_UNRANKED[select]}; {result}"
    if not others:
        return f"the only result: {votes} give it" if best.votes else f"the only result: {result}"
    second = others[0]
    if select in ("weighted-vote", "posterior"):
        shares = [probability(clusters[r.cluster], candidates, executions) for r in (best, second)]
        why = _by_probability(select, best, second, shares)
        if why is not None:
            return f"{why}; {result}" + (_unsure(best) if select == "posterior" else "")
    elif select != "vote" and best.score is not None:
        return _by_score(select, ranking, best.score, votes, result)
    tie = _vote_tie(best, second, executions) if best.votes == second.votes else f"next has {second.votes}"
    return f"most samples agree: {votes} ({tie})"


_UNRANKED: dict[Select, str] = {"greedy": "the greedy sample's query", "first": "the first query that runs"}
"""What wins without being compared with others."""


def _why_none(select: Select, candidates: Sequence[Candidate], executions: Sequence[Execution]) -> str:
    if select == "greedy" and any(execution.ok for execution in executions):
        return "the greedy query cannot be executed (other candidates can: try --select first or vote)"
    none = f"none of the {len(candidates)} distinct candidates can be executed"
    late = sum(execution.limit is not None for execution in executions)
    return f"{none}; {late} ran out of time (a larger --query-patience gives more)" if late else none


def _by_score(select: Select, ranking: Sequence[Ranked], score: float, votes: str, result: str) -> str:
    """What the soft score ``score`` of the first of at least two says for it."""
    best, second = ranking[:2]
    if second.score == score:
        return f"highest score {score:.2f}, shared; {votes} against {second.votes}"
    if select == "vote-judge":
        return f"best of votes times score: {votes}, score {score:.2f}" + _unsure(best)
    if select == "pairwise" and second.score is not None:
        return f"compared with the next in both orders, preferred with {score:.2f}; {result}"
    if second.score is None or any(ranked.score is None for ranked in ranking):
        return f"not all results were judged, so votes times score: {votes}, score {score:.2f}" + _unsure(best)
    # in a race, what was dropped keeps the score that it had then
    overtaken = select == "race" and second.score > score
    how = "ahead at the end of the race with" if overtaken else "highest score"
    return f"{how} {score:.2f} (next {second.score:.2f}); {result}" + _unsure(best)


def _by_probability(select: Select, best: Ranked, second: Ranked, shares: Sequence[float]) -> str | None:
    """What the generator's probabilities say for the first of two; ``None`` where they say nothing."""
    if select == "posterior" and best.score is not None and second.score is not None:
        first, other = (f"{share:.2f}" for share in shares)
        return (
            f"likeliest after judging: probability {first}, score {best.score:.2f} (next {other}, {second.score:.2f})"
        )
    return f"most probable result: {shares[0]:.2f} (next {shares[1]:.2f})" if shares[0] > shares[1] else None


def _vote_tie(best: Ranked, second: Ranked, executions: Sequence[Execution]) -> str:
    """What decided between two clusters with equal votes."""
    if executions[best.candidate].rows and not executions[second.candidate].rows:
        return "tied; the other result is empty"
    if best.score is not None and second.score is not None and best.score != second.score:
        return f"tied; the judge prefers it, {best.score:.2f} to {second.score:.2f}"
    return "tied; written first"


def _unsure(best: Ranked) -> str:
    return "; the judge thinks it rather wrong than right" if best.score is not None and best.score < UNSURE else ""
