from dataclasses import replace

import pytest

from planner_cli.planning.ranking import rank, reason
from planner_cli.types import Candidate, Cluster, Comparison, Doubt, Execution, Thought, Verdict

ROWS = Execution(("n",), ((1,),))
EMPTY = Execution(("n",))
FAILED = Execution(error="no such table: x", error_kind="missing")


def verdict(score):
    return None if score is None else Verdict(score, score >= 0.5, 1.0, Thought("", 0, "budget"))


def setup(*clusters, failed=False):
    """Clusters of one candidate each: (votes, score, execution, greedy)."""
    candidates = [Candidate(i, f"select {i}", samples=c[0], greedy=c[3]) for i, c in enumerate(clusters)]
    executions = [c[2] for c in clusters]
    grouped, verdicts = [], []
    for i, (votes, score, execution, _) in enumerate(clusters):
        if execution.ok or failed:
            grouped.append(Cluster(len(grouped), (i,), votes))
            verdicts.append(verdict(score))
    return candidates, executions, grouped, verdicts


CASES = [
    # name, select, clusters, candidates best first
    ("rerank by score", "rerank", [(6, 0.2, ROWS, True), (2, 0.9, ROWS, False)], [1, 0]),
    ("rerank tie by votes", "rerank", [(2, 0.5, ROWS, True), (6, 0.5, ROWS, False)], [1, 0]),
    ("rerank tie, not empty", "rerank", [(4, 0.5, EMPTY, True), (4, 0.5, ROWS, False)], [1, 0]),
    ("rerank, some unjudged", "rerank", [(7, None, ROWS, True), (1, 0.9, ROWS, False)], [0, 1]),
    ("rerank, some unjudged, a sure one", "rerank", [(4, None, ROWS, True), (4, 0.9, ROWS, False)], [1, 0]),
    ("vote by votes", "vote", [(2, 0.9, ROWS, True), (6, 0.2, ROWS, False)], [1, 0]),
    ("vote tie, not empty", "vote", [(4, 0.9, EMPTY, True), (4, 0.2, ROWS, False)], [1, 0]),
    ("vote tie by score", "vote", [(4, 0.2, ROWS, True), (4, 0.9, ROWS, False)], [1, 0]),
    ("vote tie, greedy", "vote", [(4, 0.5, ROWS, False), (4, 0.5, ROWS, True)], [1, 0]),
    ("vote tie by order", "vote", [(4, 0.5, ROWS, False), (4, 0.5, ROWS, False)], [0, 1]),
    ("votes times score", "vote-judge", [(6, 0.3, ROWS, True), (2, 0.8, ROWS, False)], [0, 1]),
    ("score outweighs votes", "vote-judge", [(5, 0.1, ROWS, True), (3, 0.8, ROWS, False)], [1, 0]),
    ("votes times score, unjudged is even odds", "vote-judge", [(4, None, ROWS, True), (4, 0.4, ROWS, False)], [0, 1]),
    (
        "pairwise, others behind",
        "pairwise",
        [(3, 0.3, ROWS, True), (3, 0.7, ROWS, False), (2, None, ROWS, False)],
        [1, 0, 2],
    ),
    ("unjudged vote", "vote", [(1, None, ROWS, False), (7, None, ROWS, False)], [1, 0]),
    ("first that runs", "first", [(7, 0.9, FAILED, True), (1, 0.1, EMPTY, False), (6, 0.9, ROWS, False)], [1, 2]),
    ("greedy", "greedy", [(7, 0.9, ROWS, False), (1, 0.1, EMPTY, True)], [1, 0]),
    ("greedy does not run", "greedy", [(7, 0.9, ROWS, False), (1, None, FAILED, True)], []),
    ("nothing runs", "rerank", [(8, None, FAILED, True)], []),
]


JUDGED_WITHOUT_KNOWING = [
    # name, select, clusters (those that failed have one too), candidates best first
    ("a score may choose what fails", "rerank", [(1, 0.9, FAILED, False), (7, 0.4, ROWS, True)], [0, 1]),
    ("votes may not", "vote", [(7, 0.9, FAILED, False), (1, 0.4, ROWS, True)], [1]),
    ("first may not", "first", [(7, 0.9, FAILED, False), (1, 0.4, ROWS, True)], [1]),
    ("greedy may not", "greedy", [(7, 0.9, FAILED, True), (1, 0.4, ROWS, False)], []),
]


@pytest.mark.parametrize(
    ("select", "clusters", "expected"),
    [c[1:] for c in JUDGED_WITHOUT_KNOWING],
    ids=[c[0] for c in JUDGED_WITHOUT_KNOWING],
)
def test_rank_where_the_judge_does_not_know_what_runs(select, clusters, expected):
    facts = setup(*clusters, failed=True)
    assert [r.candidate for r in rank(select, *facts)] == expected


@pytest.mark.parametrize(("select", "clusters", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_rank(select, clusters, expected):
    facts = setup(*clusters)
    assert [r.candidate for r in rank(select, *facts)] == expected


REASONS = [
    ("one", "vote", [(8, 0.9, ROWS, True)], "the only result: 8 of 8 samples give it"),
    (
        "unjudged",
        "vote",
        [(5, None, ROWS, True), (3, None, ROWS, False)],
        "most samples agree: 5 of 8 samples (next has 3)",
    ),
    (
        "tie",
        "vote",
        [(4, 0.2, ROWS, True), (4, 0.9, ROWS, False)],
        "most samples agree: 4 of 8 samples (tied; the judge prefers it, 0.90 to 0.20)",
    ),
    (
        "tie with an empty one",
        "vote",
        [(4, None, EMPTY, True), (4, None, ROWS, False)],
        "most samples agree: 4 of 8 samples (tied; the other result is empty)",
    ),
    (
        "rerank",
        "rerank",
        [(6, 0.2, ROWS, True), (2, 0.9, ROWS, False)],
        "highest score 0.90 (next 0.20); 2 of 8 samples give its result",
    ),
    (
        "rerank, low",
        "rerank",
        [(6, 0.2, ROWS, True), (2, 0.3, ROWS, False)],
        "highest score 0.30 (next 0.20); 2 of 8 samples give its result; the judge thinks it rather wrong than right",
    ),
    (
        "rerank, shared",
        "rerank",
        [(6, 0.5, ROWS, True), (2, 0.5, ROWS, False)],
        "highest score 0.50, shared; 6 of 8 samples against 2",
    ),
    (
        "rerank, next unjudged",
        "rerank",
        [(6, 0.5, ROWS, True), (2, None, ROWS, False)],
        "not all results were judged, so votes times score: 6 of 8 samples, score 0.50",
    ),
    (
        "rerank without a judge",
        "rerank",
        [(6, None, ROWS, True), (2, None, ROWS, False)],
        "most samples agree: 6 of 8 samples (next has 2)",
    ),
    (
        "first",
        "first",
        [(7, 0.9, FAILED, True), (1, 0.1, EMPTY, False)],
        "the first query that runs; 1 of 8 samples give its result",
    ),
    ("greedy", "greedy", [(7, 0.9, ROWS, True)], "the greedy sample's query; 7 of 7 samples give its result"),
    (
        "greedy fails",
        "greedy",
        [(7, 0.9, ROWS, False), (1, None, FAILED, True)],
        "the greedy query cannot be executed (other candidates can: try --select first or vote)",
    ),
    ("nothing", "rerank", [(8, None, FAILED, True)], "none of the 1 distinct candidates can be executed"),
]


@pytest.mark.parametrize(("select", "clusters", "expected"), [c[1:] for c in REASONS], ids=[c[0] for c in REASONS])
def test_reason(select, clusters, expected):
    candidates, executions, grouped, verdicts = setup(*clusters)
    ranking = rank(select, candidates, executions, grouped, verdicts)
    assert reason(select, ranking, candidates, executions, grouped) == expected


@pytest.mark.parametrize(
    "doubt",
    [
        {"unmatched": (Comparison("orders", "status", "'shiped'"),)},
        {"crossed": ("orders.id = customers.id",)},
        {"odd": (Doubt("unlinked", "nothing links orders and customers"),)},
    ],
    ids=["a value that its column does not hold", "keys of different things", "tables that nothing links"],
)
def test_a_doubt_costs_probability(doubt):
    candidates = [Candidate(0, "select 0", logprob=-0.2), Candidate(1, "select 1", logprob=-2.0)]
    clusters = [Cluster(0, (0,), 1), Cluster(1, (1,), 1)]
    odd = replace(ROWS, **doubt)
    for executions, best in (([ROWS, ROWS], 0), ([odd, ROWS], 1), ([odd, odd], 0)):
        ranking = rank("weighted-vote", candidates, executions, clusters, [None, None])
        assert ranking[0].cluster == best


@pytest.mark.parametrize("select", ["vote", "weighted-vote", "posterior", "vote-judge", "rerank", "pairwise", "race"])
def test_of_two_with_the_same_support_the_one_without_a_doubt_wins(select):
    candidates = [Candidate(i, f"select {i}", logprob=-1.0) for i in range(2)]
    clusters = [Cluster(i, (i,), 1) for i in range(2)]
    odd = replace(ROWS, odd=(Doubt("tie", "2 rows tie for the first place"),))  # of a kind that is not counted
    for executions, best in (([ROWS, ROWS], 0), ([odd, ROWS], 1), ([odd, odd], 0)):
        ranking = rank(select, candidates, executions, clusters, [verdict(0.7), verdict(0.7)])
        assert ranking[0].cluster == best


def test_of_the_queries_with_one_result_the_first_without_a_doubt_is_shown():
    candidates = [Candidate(i, f"select {i}", logprob=-1.0) for i in range(3)]
    odd = replace(ROWS, odd=(Doubt("tie", "2 rows tie for the first place"),))
    ranking = rank("vote", candidates, [odd, ROWS, ROWS], [Cluster(0, (0, 1, 2), 3)], [None])
    assert ranking[0].candidate == 1


WEIGHTED = [
    # name, each cluster's votes and its queries' ln P, clusters best first, why
    ("probability before votes", [(3, (-3.0, -3.0)), (2, (-1.0,))], [1, 0], "most probable result: 0.37 (next 0.10); 2 of 5 samples give its result"),
    ("summed", [(1, (-1.0,)), (2, (-1.5, -1.5))], [1, 0], "most probable result: 0.45 (next 0.37); 2 of 3 samples give its result"),
    ("a mended one has none", [(0, (None,)), (1, (-9.0,))], [1, 0], "most probable result: 0.00 (next 0.00); 1 of 1 samples give its result"),
    ("a mended one may win", [(0, (-0.5,)), (1, (-2.0,))], [0, 1], "most probable result: 0.61 (next 0.14); mended, as no sample wrote it"),
    ("not known: votes", [(1, (None,)), (4, (None,))], [1, 0], "most samples agree: 4 of 5 samples (next has 1)"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "order", "why"), [w[1:] for w in WEIGHTED], ids=[w[0] for w in WEIGHTED])
def test_weighted_votes(given, order, why):
    candidates, clusters = [], []
    for votes, logprobs in given:
        first = len(candidates)
        each = [votes - len(logprobs) + 1, *[1] * (len(logprobs) - 1)]
        candidates += [
            Candidate(first + i, f"select {first + i}", samples=each[i], logprob=p) for i, p in enumerate(logprobs)
        ]
        clusters.append(Cluster(len(clusters), tuple(range(first, len(candidates))), votes))
    executions = [ROWS] * len(candidates)
    ranking = rank("weighted-vote", candidates, executions, clusters, [None] * len(clusters))
    assert [r.cluster for r in ranking] == order
    assert reason("weighted-vote", ranking, candidates, executions, clusters) == why


POSTERIOR = [
    # name, each cluster's ln P and score, clusters best first, why
    ("both agree", [(-0.5, 0.8), (-2.0, 0.3)], [0, 1], "likeliest after judging: probability 0.61, score 0.80 (next 0.14, 0.30); 1 of 2 samples give its result"),
    ("the judge outweighs it", [(-0.5, 0.3), (-2.0, 0.8)], [1, 0], "likeliest after judging: probability 0.14, score 0.80 (next 0.61, 0.30); 1 of 2 samples give its result"),
    ("a near thing", [(-0.5, 0.4), (-2.0, 0.6)], [0, 1], "likeliest after judging: probability 0.61, score 0.40 (next 0.14, 0.60); 1 of 2 samples give its result; the judge thinks it rather wrong than right"),
    ("no verdict is even odds", [(-2.0, 0.6), (-0.5, None)], [1, 0], "most probable result: 0.61 (next 0.14); 1 of 2 samples give its result"),
    ("no probability: the score", [(None, 0.2), (None, 0.3)], [1, 0], "likeliest after judging: probability 0.00, score 0.30 (next 0.00, 0.20); 1 of 2 samples give its result; the judge thinks it rather wrong than right"),
    ("certain scores", [(-9.0, 1.0), (-0.1, 0.0)], [0, 1], "likeliest after judging: probability 0.00, score 1.00 (next 0.90, 0.00); 1 of 2 samples give its result"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "order", "why"), [p[1:] for p in POSTERIOR], ids=[p[0] for p in POSTERIOR])
def test_a_posterior_weighs_probability_and_score(given, order, why):
    candidates = [Candidate(i, f"select {i}", logprob=logprob) for i, (logprob, _) in enumerate(given)]
    clusters = [Cluster(i, (i,), 1) for i in range(len(given))]
    verdicts = [verdict(score) for _, score in given]
    executions = [ROWS] * len(given)
    ranking = rank("posterior", candidates, executions, clusters, verdicts)
    assert [r.cluster for r in ranking] == order
    assert reason("posterior", ranking, candidates, executions, clusters) == why


def test_greedy_speaks_for_itself_within_its_cluster():
    candidates = [Candidate(0, "select 1"), Candidate(1, "select 1+0", greedy=True)]
    clusters = [Cluster(0, (0, 1), 2)]
    (ranked,) = rank("greedy", candidates, [ROWS, ROWS], clusters, [None])
    assert ranked.candidate == 1
