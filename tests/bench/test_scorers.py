from __future__ import annotations

import math
import subprocess
import sys

import pytest
from bench_values import judged, row, thought

from planner_cli.bench import scorers
from planner_cli.bench.rows import ItemRow
from planner_cli.errors import PlannerError

THOUGHT = thought(True, (0, 0.1), (16, 0.2), (32, 0.3), (64, 0.4), closed_by="budget")
SHORT = thought(True, (0, 0.1), (16, 0.2), (20, 0.9))

AT_BUDGET = [
    ("exactly at a probe", THOUGHT, 16, 0.2),
    ("between probes the lower counts", THOUGHT, 31, 0.2),
    ("without thinking", THOUGHT, 0, 0.1),
    ("its own budget", THOUGHT, 64, 0.4),
    ("over its own budget", THOUGHT, 512, 0.4),
    ("just before it ended itself", SHORT, 19, 0.2),
    ("ended itself exactly there", SHORT, 20, 0.9),
    ("ended itself before", SHORT, 32, 0.9),
    ("not judged", judged(True, None, judged=False, tokens=0, closed_by=None), 16, None),
]


@pytest.mark.parametrize(("candidate", "budget", "expected"), [c[1:] for c in AT_BUDGET], ids=[c[0] for c in AT_BUDGET])
def test_the_score_at_a_smaller_budget(candidate, budget, expected):
    assert scorers.at_budget(budget)(candidate) == expected


def test_a_budget_without_a_probe_is_an_error_and_not_a_failure_of_the_judge():
    with pytest.raises(PlannerError, match="no score at 8 tokens"):
        scorers.at_budget(8)(thought(True, (16, 0.5), (32, 0.6)))


PLAIN_CUT = [
    ("closed itself, verdict fits", SHORT, 28, 0.9),
    ("closed itself, verdict does not fit", SHORT, 27, None),
    ("closed at the budget", THOUGHT, 512, None),
    ("stopped by the clock", thought(True, (5, 0.5), closed_by="time"), 512, None),
    ("not judged", judged(True, None, judged=False, closed_by=None), 512, None),
]


@pytest.mark.parametrize(("candidate", "budget", "expected"), [c[1:] for c in PLAIN_CUT], ids=[c[0] for c in PLAIN_CUT])
def test_the_plain_cut_has_a_verdict_only_where_the_model_gave_one(candidate, budget, expected):
    assert scorers.plain_cut(budget)(candidate) == expected


def test_hard_is_the_word_and_hardened_the_word_of_any_score():
    assert [scorers.hard(judged(True, score)) for score in (0.5, 0.49, None)] == [1.0, 0.0, None]
    hardened = scorers.hardened(scorers.at_budget(16))
    assert hardened(THOUGHT) == 0.0
    assert scorers.hardened(scorers.soft)(judged(True, None)) is None


def test_check_rules_out_only_what_is_known_not_to_run():
    candidates = [judged(False, 0.9, executable=runs) for runs in (True, False, None)]
    checked = scorers.check(scorers.soft)
    assert scorers.scores(row(*candidates), checked) == (0.9, 0.0, 0.9)
    assert scorers.scores(row(*candidates), scorers.check(scorers.soft, ruled_out=-1.0)) == (0.9, -1.0, 0.9)
    assert scorers.scores(row(*candidates), scorers.check(scorers.oracle())) == (0.0, 0.0, 0.0)


def test_a_vote_counts_samples_of_the_same_result():
    candidates = [
        judged(True, None, samples=2, cluster=0),
        judged(True, None, samples=3, cluster=1),
        judged(True, None, samples=2, cluster=0),
        judged(False, None, samples=1, executable=False),
    ]
    assert scorers.scores(row(*candidates), scorers.vote_share) == (0.5, 0.375, 0.5, 0.0)


def test_the_generators_probability():
    assert scorers.logprob(judged(True, None, logprob=math.log(0.25))) == pytest.approx(0.25)
    assert scorers.logprob(judged(True, None)) is None


def test_noise_is_the_same_in_every_process():
    code = (
        "from planner_cli.bench import scorers; from planner_cli.bench.rows import ItemRow, ScoredCandidate as C;"
        "r = ItemRow('k', 'q1', 'd', '?', 'g', candidates=(C('a'), C('a')));"
        "print(scorers.scores(r, scorers.random(3)))"
    )
    run = [sys.executable, "-c", code]
    outputs = {subprocess.run(run, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert len(outputs) == 1
    first, second = eval(outputs.pop())
    assert first != second


def _rows(count: int) -> list[ItemRow]:
    return [row(judged(number % 2 == 0, None), item=f"q{number}") for number in range(count)]


@pytest.mark.parametrize("accuracy", [0.0, 0.3, 1.0])
def test_an_oracle_is_right_as_often_as_told(accuracy):
    rows = _rows(4000)
    judge = scorers.oracle(accuracy, seed=5)
    right = sum(scorers.scores(r, judge)[0] == float(r.candidates[0].label) for r in rows)
    assert right / len(rows) == pytest.approx(accuracy, abs=0.03)
    assert judge.of(row(judged(None, None))) == [None]


def test_an_oracle_of_an_impossible_accuracy_is_refused():
    with pytest.raises(PlannerError, match=r"1\.5"):
        scorers.oracle(1.5)


def test_ties_go_to_the_earliest_candidate():
    assert scorers.top(row(judged(False, 0.5), judged(True, None), judged(True, 0.5)), scorers.soft) == 0
    assert scorers.top(row(), scorers.soft) is None
