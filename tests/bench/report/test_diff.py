"""Two runs, question by question, with figures by hand."""

from dataclasses import replace

import pytest
from report_runs import HOSTILE, INFO, end_to_end_rows, stored, two_questions

from planner_cli.bench.report import diff, diff_text, write_diff
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.errors import PlannerError

ANSWERS = replace(INFO, kind="e2e")


def answers(*correct, method="rerank", gold="SELECT 1"):
    """One question each on databases a and b in turn, whose answer is right or not."""
    return [
        ItemRow(
            key=f"{method}{number}", item=f"q{number}", database="ab"[number % 2], question=f"Question {number}?",
            gold=gold, method=method, candidates=(ScoredCandidate(f"SELECT {right}", label=right, executable=True),),
            chosen=0, correct=right,
        )
        for number, right in enumerate(correct)
    ]  # fmt: skip


@pytest.fixture
def pair(tmp_path):
    a = stored(tmp_path / "a", answers(True, True, False, False, False, False, False), ANSWERS)
    b = stored(tmp_path / "b", answers(True, False, True, True, True, True, False), replace(ANSWERS, settings={"x": 2}))
    return a, b


def test_counts_and_tests_by_hand(pair):
    compared = diff(*pair)
    counts = compared.counts
    assert (counts.both, counts.only_a, counts.only_b, counts.neither) == (1, 1, 4, 1)
    assert counts.p == pytest.approx(2 * (1 + 5) / 2**5)
    a, b, change = compared.figures["execution accuracy"]
    assert (a.value, b.value, change.value) == pytest.approx((2 / 7, 5 / 7, 3 / 7))
    assert [(p.a.item, p.right_a, p.right_b) for p in compared.changed] == [
        ("q1", True, False), ("q2", False, True), ("q3", False, True), ("q4", False, True), ("q5", False, True),
    ]  # fmt: skip


def test_the_text_says_it(pair):
    text = diff_text(*pair)
    assert "7 items paired" in text
    assert "Both right 1, only A 1, only B 4, neither 1." in text
    assert "p = 0.375; so uneven a split is within what chance explains" in text
    assert "settings.x null against 2" in text
    assert (
        "q1 · b · only A right\n  Question: Question 1?\n  SQL, gold: SELECT 1\n  SQL of A (rerank): SELECT True\n"
        in text
    )
    assert text.index("only A right\n") < text.index("only B right\n")


def test_the_interval_is_paired(tmp_path):
    """B is right wherever A is, and once more in each database: no resample can say otherwise."""
    a = stored(tmp_path / "a", answers(*[True, False, False, True, False, False]), ANSWERS)
    b = stored(tmp_path / "b", answers(*[True, True, True, True, False, False]), ANSWERS)
    change = diff(a, b).figures["execution accuracy"][2]
    assert (change.value, change.low, change.high) == pytest.approx((1 / 3, 1 / 3, 1 / 3))


def test_a_judge_is_right_when_its_best_candidate_is(tmp_path):
    rows = two_questions()
    worse = [replace(rows[0], candidates=tuple(replace(c, score=1 - c.score) for c in rows[0].candidates)), rows[1]]
    compared = diff(stored(tmp_path / "a", rows), stored(tmp_path / "b", worse))
    assert (compared.counts.both, compared.counts.only_a) == (1, 1)
    a, b, change = compared.figures["pairwise accuracy"]
    assert (a.value, b.value, change.value) == (1.0, 0.5, -0.5)


def test_only_common_questions_are_paired(tmp_path):
    unknown = [replace(row, correct=None) for row in answers(True, True, True)[2:]]
    a = stored(tmp_path / "a", answers(True, False), ANSWERS)
    b = stored(tmp_path / "b", [*answers(True, True)[1:], *unknown], ANSWERS)
    compared = diff(a, b)
    assert [p.a.item for p in compared.pairs] == ["q1"]
    assert compared.left_out == 2
    assert compared.figures["execution accuracy"][0].value == 0.0


def test_runs_of_several_methods_are_paired_by_method(tmp_path):
    a = stored(tmp_path / "a", end_to_end_rows(8), ANSWERS)
    b = stored(tmp_path / "b", end_to_end_rows(8, methods=("vote", "rerank")), ANSWERS)
    compared = diff(a, b)
    assert len(compared.pairs) == 16
    assert not compared.changed


def test_runs_of_one_method_each_are_paired_by_question(tmp_path):
    a = stored(tmp_path / "a", answers(True, method="vote"), ANSWERS)
    b = stored(tmp_path / "b", answers(False, method="rerank"), ANSWERS)
    assert diff(a, b).counts.only_a == 1
    assert "SQL of A (vote)" in diff_text(a, b)


REFUSED = [
    ("two kinds", lambda rows: (rows, INFO), "cannot be paired"),
    (
        "nothing in common",
        lambda rows: ([replace(row, item="z" + row.item) for row in rows], ANSWERS),
        "no question in common",
    ),
    ("another gold", lambda rows: ([replace(row, gold="SELECT 2") for row in rows], ANSWERS), "a different gold query"),
]


@pytest.mark.parametrize(("change", "told"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_what_cannot_be_paired(tmp_path, change, told):
    a = stored(tmp_path / "a", answers(True, False), ANSWERS)
    rows, info = change(answers(True, False))
    with pytest.raises(PlannerError, match=told):
        diff(a, stored(tmp_path / "b", rows, info))


def test_files_and_hostile_text(tmp_path):
    def hostile(right):
        row = answers(right)[0]
        return [replace(row, question=HOSTILE, candidates=(replace(row.candidates[0], sql=HOSTILE, error=HOSTILE),))]

    a, b = stored(tmp_path / "a", hostile(True), ANSWERS), stored(tmp_path / "b", hostile(False), ANSWERS)
    text = diff_text(a, b)
    assert text.replace("\n", "").isprintable()
    files = write_diff(a, b, tmp_path / "out")
    assert "<img src" not in files.html.read_text(encoding="utf-8")
    assert [path.name for path in (files.markdown, files.html, *files.tables)] == ["diff.md", "diff.html", "diff.csv"]
