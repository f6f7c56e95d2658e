"""How answers ended: wrong ones that nothing warns of are counted apart, and the test part is not taken apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from report_runs import INFO, end_to_end_rows, stored

from planner_cli.bench.report import summary_text
from planner_cli.bench.report.cases import disagreements
from planner_cli.bench.report.naming import Named
from planner_cli.bench.report.outcome_tables import outcome, outcome_tables
from planner_cli.bench.rows import ItemRow, ScoredCandidate

ROW = ItemRow(key="k", item="shop-01", database="shop", question="?", gold="SELECT 1", chosen=0, correct=False)

ENDS = [
    # (name, changes of the row, how it ended)
    ("right", {"correct": True}, "right"),
    ("right on every instance", {"correct": True, "correct_suite": True}, "right"),
    ("right by chance", {"correct": True, "correct_suite": False, "confidence": 0.9}, "wrong"),
    ("another reading, right everywhere", {"correct_suite": True}, "right"),
    ("wrong and doubted", {"confidence": 0.49}, "doubted"),
    ("wrong and believed", {"confidence": 0.5}, "wrong"),
    ("wrong without a score", {"confidence": None}, "wrong"),
    ("no answer", {"chosen": None}, "none"),
    ("rightly no answer", {"chosen": None, "gold": None, "correct": True, "correct_suite": True}, "right"),
]


@pytest.mark.parametrize(("changes", "expected"), [e[1:] for e in ENDS], ids=[e[0] for e in ENDS])
def test_outcome(changes, expected):
    assert outcome(replace(ROW, **changes)) == expected


def named(tmp_path, rows):
    return Named(stored(tmp_path / "r", rows, replace(INFO, kind="e2e")), "r", "r")


ROWS = [
    replace(ROW, key="1", item="a-01", database="a", part="tune", kinds=("top", "join"), method="vote", correct=True),
    replace(ROW, key="2", item="a-02", database="a", part="tune", kinds=("join",), method="vote", confidence=0.2),
    replace(ROW, key="3", item="b-01", database="b", part="train", kinds=("date",), method="vote", chosen=None),
    replace(ROW, key="4", item="c-01", database="c", part="test", kinds=("top", "secret"), method="vote"),
]


def test_tables(tmp_path):
    by_part, by_database, by_kind = outcome_tables(named(tmp_path, ROWS))
    assert [line.cells for line in by_part.lines] == [
        ("tune", 2, 1, 1, 0, 0, 0.5), ("train", 1, 0, 0, 0, 1, 0.0), ("test", 1, 0, 0, 1, 0, 0.0),
    ]  # fmt: skip
    assert [line.cells[:3] for line in by_database.lines] == [("a", 2, 1), ("b", 1, 0)]
    assert [line.cells[:3] for line in by_kind.lines] == [("date", 1, 0), ("join", 2, 1), ("top", 1, 1)]


def test_of_the_test_part_only_totals(tmp_path):
    (by_part,) = outcome_tables(named(tmp_path, ROWS[3:]))
    assert [line.cells[0] for line in by_part.lines] == ["test"]


def test_data_without_parts_have_no_such_table(tmp_path):
    assert outcome_tables(named(tmp_path, end_to_end_rows(4))) == ()


def test_the_summary_has_them(tmp_path):
    text = summary_text([stored(tmp_path / "r", ROWS, replace(INFO, kind="e2e"))], 100)
    assert "How the answers ended, by part: r" in text
    assert "secret" not in text


def test_no_case_of_the_test_part_is_shown(tmp_path):
    candidate = ScoredCandidate("SELECT 2", label=False, executable=True, judged=True, score=0.9)
    rows = [replace(row, candidates=(candidate,)) for row in ROWS]
    shown = [case.title for case in disagreements(stored(tmp_path / "r", rows, replace(INFO, kind="e2e")))]
    assert len(shown) == 3
    assert not any("c-01" in title for title in shown)
