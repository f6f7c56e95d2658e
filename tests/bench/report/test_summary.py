"""The short report for the terminal."""

from dataclasses import replace

import pytest
from report_runs import HOSTILE, INFO, end_to_end_rows, intrinsic_rows, stored, two_questions

from planner_cli.bench.report import curve_text, suggested_budget, summary_text
from planner_cli.bench.report.terminal import cell_width
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.errors import PlannerError

SMALL = replace(INFO, settings={"budget": 16, "mode": "base"})

CURVE = """\
pairwise accuracy against thinking budget (tokens): tiny
100 %|      |           *
     |      |
     |      |
     |      |
 50 %|      *
     |      |
     |      |
     |      |
  0 %|      o           o
     +------------------------
            0          16
                        ^
* forced close, | 95 % interval; o plain cut; ^ knee: 16
tokens
"""

OVERVIEW = """\
The judge at each run's own budget
                         pairwise
                         accuracy  macro  Hit@1             knee         failure
run   budget  questions         %   F1 %      %  MRR %  (tokens)    AUC   rate %
--------------------------------------------------------------------------------
tiny      16          2     100.0  100.0  100.0  100.0        16  1.000      0.0
(not shown at this width: forced close, calibration error, mode, judge)
"""


@pytest.fixture
def tiny(tmp_path):
    return stored(tmp_path / "tiny", two_questions(), SMALL)


def test_curve_by_hand(tiny):
    assert curve_text(tiny, 60, 14) == CURVE


def test_suggested_budget(tiny):
    assert suggested_budget(tiny) == 16


def test_summary_by_hand(tiny):
    text = summary_text([tiny], 80)
    assert text.startswith(OVERVIEW)
    table = [line.split() for line in text.splitlines()]
    assert ["0", "forced", "50.0", "50.0", "50.0", "75.0", "0.0", "0.750", "0.50"] in table
    assert ["16", "plain", "0.0", "33.3", "50.0", "75.0", "100.0", "0.500", "1.50"] in table
    assert "published" not in text


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140, 200])
def test_nothing_is_wider_than_the_terminal(tmp_path, width):
    judge = stored(tmp_path / ("x" * 60), intrinsic_rows(24))
    answers = stored(tmp_path / "\u8868\u8868", end_to_end_rows(12), replace(INFO, kind="e2e"))
    text = summary_text([judge, answers], width) + curve_text(judge, width, 16)
    assert max(map(cell_width, text.splitlines())) <= width
    assert ("not shown at this width" in text) == (width < 140)


def test_only_color_brings_control_characters(tmp_path):
    row = replace(end_to_end_rows(1, methods=("greedy",))[0], method=HOSTILE)
    model = {**INFO.models[0], "name": HOSTILE}
    run = stored(tmp_path / "r", [row], replace(INFO, kind="e2e", models=(model,)))
    plain = summary_text([run], 100)
    assert plain.replace("\n", "").isprintable()
    coloured = summary_text([run], 100, color=True)
    assert coloured.replace("\x1b[1m", "").replace("\x1b[0m", "") == plain


def test_a_run_at_one_budget_has_no_curve(tmp_path):
    candidate = ScoredCandidate("SELECT 1", label=True, judged=True, score=0.5, hard=False)
    row = ItemRow(key="k", item="q", database="d", question="?", gold="SELECT 1", candidates=(candidate,))
    run = stored(tmp_path / "r", [row], replace(INFO, settings={"budget": 0}))
    assert suggested_budget(run) is None
    assert "Scores and modes at 0 tokens" in summary_text([run], 100)
    with pytest.raises(PlannerError, match="at one budget only"):
        curve_text(run, 80, 16)


def test_a_long_ladder_is_thinned_to_the_width(tmp_path):
    run = stored(tmp_path / "r", intrinsic_rows(24))
    drawn = curve_text(run, 30, 12).splitlines()
    budgets = drawn[next(at for at, line in enumerate(drawn) if "+--" in line) + 1].split()
    assert budgets == ["16", "64", "256"]
