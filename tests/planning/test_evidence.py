"""The facts about a winner."""

from __future__ import annotations

import math
from dataclasses import asdict

import pytest

from planner_cli.confidence import LEAST_LOG, SUREST_VERDICT, WIDEST_MARGIN, Evidence
from planner_cli.planning.evidence import evidence
from planner_cli.types import Candidate, Cluster, Comparison, Doubt, Execution, Ranked, Thought, Verdict

ROWS = Execution(("n",), ((1,),))
FAILED = Execution(error="no such table: x", error_kind="missing")
ALONE = Evidence(probability=math.log(0.5), margin=WIDEST_MARGIN, agreement=1.0)


def verdict(score):
    return None if score is None else Verdict(score, score >= 0.5, 1.0, Thought("", 0, "budget"))


def found(*clusters, score=None, failed=0, known=1.0):
    """Of the first cluster; each is (samples and probabilities of its candidates, its result)."""
    candidates, executions, grouped = [], [], []
    for members, execution in clusters:
        first = len(candidates)
        for samples, p in members:
            logprob = None if p is None else math.log(p)
            candidates.append(Candidate(len(candidates), f"select {len(candidates)}", samples, logprob=logprob))
            executions.append(execution)
        votes = sum(samples for samples, _ in members)
        grouped.append(Cluster(len(grouped), tuple(range(first, len(candidates))), votes))
    if failed:
        candidates.append(Candidate(len(candidates), "select x from x", failed, logprob=math.log(0.9)))
        executions.append(FAILED)
    winner = Ranked(0, 0, grouped[0].votes, score)
    return evidence(winner, candidates, executions, grouped, [verdict(score), *[None] * (len(grouped) - 1)], known)


CASES = [
    # name, clusters, other arguments, what differs from ALONE
    ("alone", [([(8, 0.5)], ROWS)], {}, {}),
    ("two queries with one result", [([(4, 0.3), (4, 0.2)], ROWS)], {}, {}),
    ("a rival", [([(6, 0.5)], ROWS), ([(2, 0.25)], ROWS)], {}, {"margin": math.log(2), "agreement": 0.75}),
    (
        "the nearest of two rivals counts",
        [([(4, 0.5)], ROWS), ([(2, 0.01)], ROWS), ([(2, 0.25)], ROWS)],
        {},
        {"margin": math.log(2), "agreement": 0.5},
    ),
    (
        "a judge chose the less likely",
        [([(2, 0.5)], ROWS), ([(6, 1.0)], ROWS)],
        {"score": 0.5},
        {"margin": -math.log(2), "agreement": 0.25},
    ),
    ("some do not run", [([(6, 0.5)], ROWS)], {"failed": 2}, {"agreement": 0.75, "failed": 0.25}),
    ("judged", [([(8, 0.5)], ROWS)], {"score": 0.75}, {"verdict": math.log(3)}),
    ("judged beyond doubt", [([(8, 0.5)], ROWS)], {"score": 1.0}, {"verdict": SUREST_VERDICT}),
    ("nobody knows how likely", [([(8, None)], ROWS)], {}, {"probability": LEAST_LOG}),
    ("hardly likely", [([(8, 1e-9)], ROWS)], {}, {"probability": LEAST_LOG}),
    ("more likely than possible", [([(4, 0.9), (4, 0.9)], ROWS)], {}, {"probability": 0.0}),
    ("the database knows half of the words", [([(8, 0.5)], ROWS)], {"known": 0.5}, {"known": 0.5}),
    ("no rows", [([(8, 0.5)], Execution(("n",)))], {}, {"empty": 1.0}),
    ("nothing but NULL", [([(8, 0.5)], Execution(("n", "m"), ((None, None),)))], {}, {"empty": 1.0}),
    ("a NULL among others", [([(8, 0.5)], Execution(("n", "m"), ((None, 1),)))], {}, {}),
    ("mended", [([(0, 0.5)], ROWS)], {"failed": 8}, {"agreement": 0.0, "failed": 1.0, "mended": 1.0}),
    (
        "doubts",
        [([(8, 0.5)], Execution(("n",), ((1,),), unmatched=(Comparison("t", "a", "x"),) * 2, crossed=("t.id = u.no",)))],
        {},
        {"doubts": 2.0},
    ),
    (
        "a doubt that counts, and one that is only shown",
        [([(8, 0.5)], Execution(("n",), ((1,),), odd=(Doubt("unlinked", "..."), Doubt("tie", "..."))))],
        {},
        {"doubts": 1.0},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "clusters", "others", "differs"), CASES, ids=[case[0] for case in CASES])
def test_what_is_known_about_a_winner(name, clusters, others, differs):
    assert asdict(found(*clusters, **others)) == pytest.approx({**asdict(ALONE), **differs})
