from __future__ import annotations

import pytest
from bench_values import judged, row

from planner_cli.bench.rows import ScoredCandidate
from planner_cli.bench.scorecard import CRITERIA, mark, read_scorecard
from planner_cli.errors import PlannerError

ROWS = [
    row(
        judged(True, 0.9, thought="it joins", steps=40, scanned=7),
        chosen=0,
        correct=True,
        seconds={"total": 4.0},
        item="a",
        gold_steps=30,
    ),
    row(
        ScoredCandidate("SELECT 2", False, executable=True),
        ScoredCandidate("SELEC", False, executable=False),  # its error was not kept
        chosen=0,
        correct=False,
        seconds={"total": 6.0},
        item="b",
    ),
]


@pytest.fixture
def card(tmp_path):
    def write(text: str):
        path = tmp_path / "card.toml"
        path.write_text(text)
        return read_scorecard(path)

    return write


def test_every_criterion(card):
    text = "[weights]\n" + "\n".join(f"{name} = 1" for name in CRITERIA) + "\n[latency]\nbest = 0\nworst = 10\n"
    found = mark(ROWS, card(text))
    values = {m.criterion: m.value for m in found.marks}
    assert values == {
        "accuracy": 0.5,
        "executability": pytest.approx(2 / 3),
        "latency": 0.5,
        "query_cost": pytest.approx(30 / 40),
        "human_edits": pytest.approx((1 + 0.5) / 2),  # one token of two may stay
        "audit": 0.5,
    }
    assert found.score == pytest.approx(sum(values.values()) / 6)
    assert "1 right answers; 7 rows scanned" in next(m.measured for m in found.marks if m.criterion == "query_cost")


def test_a_cheaper_answer_than_gold_is_no_more_than_right(card):
    cheap = row(judged(True, 0.9, steps=10), chosen=0, correct=True, gold_steps=30)
    assert mark([cheap], card("[weights]\nquery_cost = 1\n")).score == 1.0


def test_weights_decide_and_zero_leaves_out(card):
    found = mark(ROWS, card("[weights]\naccuracy = 3\naudit = 0\nlatency = 1\n[latency]\nbest = 5\nworst = 6\n"))
    assert [m.criterion for m in found.marks] == ["accuracy", "latency"]
    assert found.score == pytest.approx((3 * 0.5 + 1 * 1.0) / 4)


def test_only_unavailable_criteria_give_no_score(card):
    assert mark(ROWS[1:], card("[weights]\nquery_cost = 1\n")).score is None
    assert mark([], card("[weights]\naccuracy = 1\nlatency = 1\naudit = 1\nhuman_edits = 1")).score is None


BAD = [
    ("no weights", "", "missing or empty"),
    ("unknown criterion", "[weights]\nspeed = 1", r"no weights\.speed"),
    ("unknown table", "[weights]\naudit = 1\n[x]\n", "no x"),
    ("negative", "[weights]\naudit = -1", "-1"),
    ("not a number", "[weights]\naudit = 'much'", "'much'"),
    ("a boolean", "[weights]\naudit = true", "True"),
    ("infinite", "[weights]\naudit = inf", "inf"),
    ("latency turned round", "[weights]\naudit = 1\n[latency]\nbest = 5\nworst = 2", "latency.best"),
    ("not TOML", "[weights\naudit = 1", "line 1"),
    ("weights is no table", "weights = 3", "must be a table"),
]


@pytest.mark.parametrize(("text", "message"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_a_bad_card_says_what_is_wrong(card, text, message):
    with pytest.raises(PlannerError, match=message):
        card(text)


def test_a_missing_card(tmp_path):
    with pytest.raises(PlannerError, match="cannot read"):
        read_scorecard(tmp_path / "none.toml")
