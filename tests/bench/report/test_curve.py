"""The curve from one pass: which budgets, which figures, what time, and where the knee is."""

from dataclasses import replace

import pytest
from report_runs import INFO, end_to_end_rows, stored, two_questions

from planner_cli.bench.report.curve import Point, budget_figures, judge_seconds_at, knee, ladder, points
from planner_cli.bench.report.reading import as_run, judged_rows, own_budget, with_shared_verdicts
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.bench.scorers import scores, soft
from planner_cli.bench.statistics import Estimate
from planner_cli.types import Probe


def plain_points(*values):
    return [Point(16 * number, Estimate(value)) for number, value in enumerate(values)]


def wide(budget, value, half):
    return Point(budget, Estimate(value, value - half, value + half))


KNEES = [
    ("no points", [], None),
    ("nothing known", plain_points(None, None), None),
    ("one point", plain_points(0.5), 0),
    ("rising", plain_points(0.1, 0.5, 0.9), 32),
    ("plateau: the first of the best", plain_points(0.1, 0.9, 0.9, 0.9), 16),
    ("within 1 % of the range", plain_points(0.1, 0.8925, 0.9), 16),
    ("not within 1 % of the range", plain_points(0.1, 0.8915, 0.9), 32),
    ("falling: thinking hurts", plain_points(0.9, 0.5), 0),
    ("a hole", plain_points(0.2, None, 0.9), 32),
    ("within one standard error of the best", [wide(0, 0.85, 0.2), wide(16, 0.9, 0.0981)], 0),
    ("beyond one standard error of the best", [wide(0, 0.849, 0.2), wide(16, 0.9, 0.0979)], 16),
    ("the best one's error counts", [wide(0, 0.5, 0.4), wide(16, 0.9, 0.01)], 16),
]


@pytest.mark.parametrize(("given", "expected"), [k[1:] for k in KNEES], ids=[k[0] for k in KNEES])
def test_knee(given, expected):
    assert knee(given) == expected


def test_both_curves_from_one_pass_by_hand(tmp_path):
    info = replace(INFO, settings={"budget": 16, "mode": "base"})
    at_0, at_16 = budget_figures(stored(tmp_path / "r", two_questions(), info))
    expected = [
        (at_0.forced, {"pairwise": 0.5, "macro_f1": 0.5, "hit_at_1": 0.5, "mrr": 0.75, "failure": 0.0, "auc": 0.75}),
        (at_16.forced, {"pairwise": 1.0, "macro_f1": 1.0, "hit_at_1": 1.0, "mrr": 1.0, "failure": 0.0, "auc": 1.0}),
        (at_16.plain, {"pairwise": 0.0, "macro_f1": 1 / 3, "hit_at_1": 0.5, "mrr": 0.75, "failure": 1.0, "auc": 0.5}),
    ]
    for figures, by_hand in expected:
        assert {name: figures[name].value for name in by_hand} == pytest.approx(by_hand)
    assert [(p.budget, p.figure.value) for p in points((at_0, at_16), "pairwise")] == [(0, 0.5), (16, 1.0)]


def run_of(tmp_path, *candidates, budget=64, **changes):
    row = ItemRow(key="k", item="q", database="d", question="?", gold="SELECT 1", candidates=candidates, **changes)
    return stored(tmp_path / "r", [row], replace(INFO, settings={"plan": {"discriminator": {"budget": budget}}}))


def thought(tokens, *probes, **changes):
    values = {"judged": True, "score": 0.5, "closed_by": "model"}
    return ScoredCandidate(
        "SELECT 1", tokens=tokens, probes=tuple(Probe(t, 0.5, 1.0) for t in probes), **{**values, **changes}
    )


LADDERS = [
    ("checkpoints, not where a thought ended", [thought(40, 0, 16, 32, 40)], (0, 16, 32, 64)),
    ("the longest thought passed most", [thought(10, 0, 10), thought(64, 0, 16, 32, 64)], (0, 16, 32, 64)),
    ("not under the first score of any thought", [thought(64, 0, 16, 64), thought(64, 16, 64)], (16, 64)),
    ("no scores on the way", [thought(64)], (64,)),
    ("no thought at all", [thought(0, 0)], (64,)),
    ("nothing judged", [ScoredCandidate("SELECT 1")], (64,)),
]


@pytest.mark.parametrize(("candidates", "expected"), [c[1:] for c in LADDERS], ids=[c[0] for c in LADDERS])
def test_ladder(tmp_path, candidates, expected):
    run = run_of(tmp_path, *candidates)
    assert ladder(run) == expected
    assert [f.budget for f in budget_figures(run)] == (list(expected) if any(c.judged for c in candidates) else [])


def test_the_budget_is_that_of_the_longest_thought_when_no_setting_says(tmp_path):
    run = stored(tmp_path / "r", two_questions(), replace(INFO, settings={}))
    assert own_budget(run) == 16


TIMES = [
    ("its own budget: measured", {"judge": 1.3, "prefill": 0.3}, 64, [1.3]),
    ("half of the tokens", {"judge": 1.3, "prefill": 0.3}, 20, [0.3 + 1.0 * (20 + 10) / 50]),
    ("no thinking: reading stays", {"judge": 1.3, "prefill": 0.3}, 0, [0.3]),
    ("reading not timed", {"judge": 1.3}, 20, [1.3 * 30 / 50]),
    ("not timed", {"total": 1.0}, 20, []),
]


@pytest.mark.parametrize(("seconds", "budget", "expected"), [t[1:] for t in TIMES], ids=[t[0] for t in TIMES])
def test_judge_time_at_a_budget(tmp_path, seconds, budget, expected):
    run = run_of(
        tmp_path, thought(40, 0, 40), thought(10, 0, 10), ScoredCandidate("dropped", tokens=99), seconds=seconds
    )
    assert judge_seconds_at(run, budget) == pytest.approx(expected)


def test_a_verdict_counts_for_all_queries_with_that_result():
    judged = thought(16, 0, 16, cluster=1, score=0.8, label=True)
    row = ItemRow(
        key="k", item="q", database="d", question="?", gold="", candidates=(
            ScoredCandidate("same", cluster=1, label=True), judged, ScoredCandidate("other", cluster=2),
            ScoredCandidate("fails"),
        ),
    )  # fmt: skip
    shared = with_shared_verdicts(row).candidates
    assert [(c.sql, c.judged, c.score) for c in shared] == [
        ("same", True, 0.8), ("SELECT 1", True, 0.8), ("other", False, None), ("fails", False, None),
    ]  # fmt: skip


def test_what_was_ruled_out_cannot_win(tmp_path):
    fails = ScoredCandidate("fails", executable=False)
    for kind, mode, expected in (("intrinsic", "base", None), ("intrinsic", "pro", 0.0), ("e2e", "base", 0.0)):
        run = stored(tmp_path / f"{kind}-{mode}", two_questions(), replace(INFO, kind=kind, settings={"mode": mode}))
        row = replace(run.rows[0], candidates=(fails, *run.rows[0].candidates))
        assert scores(row, as_run(run, soft))[0] == expected


def test_the_judge_is_measured_on_each_question_once(tmp_path):
    run = stored(tmp_path / "r", end_to_end_rows(8), replace(INFO, kind="e2e"))
    assert len(run.rows) == 24
    assert {row.method for row in judged_rows(run)} == {"rerank"}
    assert len(judged_rows(run)) == 8
