"""Weights of the confidence from answers known to be right or wrong."""

from __future__ import annotations

import random
from dataclasses import asdict, replace

import pytest

from planner_cli.bench.fitting import Known, fit, quality
from planner_cli.confidence import FACTS, Evidence, Weights

TRUTH = Weights(-0.5, probability=0.8, verdict=1.2)
NOTHING_KNOWN = Weights(0.0)


def drawn(count, seed=0, groups=8, truth=TRUTH):
    """Answers that are right as often as ``truth`` says."""
    rng = random.Random(seed)
    for i in range(count):
        evidence = Evidence(probability=rng.uniform(-4, 0), agreement=rng.random(), verdict=rng.gauss(0, 1.5))
        yield Known(f"db{i % groups}", evidence, rng.random() < truth.p_right(evidence))


def test_what_made_the_answers_right_is_found_again():
    found = fit(list(drawn(3000)), NOTHING_KNOWN).weights
    assert found.probability == pytest.approx(TRUTH.probability, abs=0.15)
    assert found.verdict == pytest.approx(TRUTH.verdict, abs=0.15)
    assert found.agreement == pytest.approx(0.0, abs=0.5)


def test_it_is_sure_only_as_often_as_it_is_right():
    found = fit(list(drawn(1500)), NOTHING_KNOWN)
    assert found.after.ece < 0.05 < found.before.ece
    assert found.after.log_loss < found.before.log_loss
    assert found.after.auroc > 0.75


def test_few_answers_hardly_move_what_is_known():
    few = fit(list(drawn(20, groups=1)), TRUTH).weights
    assert asdict(few) == pytest.approx(asdict(TRUTH), abs=0.7)


def test_the_order_of_the_answers_does_not_matter():
    known = list(drawn(200))
    back = fit(known[::-1], NOTHING_KNOWN).weights
    assert asdict(back) == pytest.approx(asdict(fit(known, NOTHING_KNOWN).weights), abs=1e-3)


def test_facts_that_never_vary_keep_their_weight():
    known = list(drawn(100))
    found = fit(known, Weights(0.0, mended=-0.4)).weights
    assert found.mended == pytest.approx(-0.4)
    assert set(asdict(found)) == {"bias", *FACTS}


def test_chance_makes_no_fact_speak_for_what_it_speaks_against():
    known = [replace(each, evidence=replace(each.evidence, failed=float(each.right))) for each in drawn(200)]
    found = fit(known, NOTHING_KNOWN).weights
    assert found.failed == 0.0
    assert found.verdict > 0


@pytest.mark.parametrize("right", [True, False])
def test_answers_of_one_kind_teach_nothing(right):
    with pytest.raises(ValueError, match="right and wrong"):
        fit([Known("db", Evidence(), right)] * 30, NOTHING_KNOWN)


QUALITIES = [
    # name, probabilities, right, what is expected
    ("perfect", [1.0, 0.0], [True, False], {"ece": 0.0, "auroc": 1.0, "sure_wrong": 0.0, "kept": 1.0, "sure": 1}),
    ("upside down", [0.0, 1.0], [True, False], {"ece": 1.0, "auroc": 0.0, "sure_wrong": 0.5, "kept": 0.0, "sure_right": 0}),
    ("even odds", [0.5] * 4, [True, True, False, False], {"ece": 0.0, "auroc": 0.5, "sure_wrong": 0.5, "kept": 1.0}),
    ("too sure", [0.9] * 4, [True, True, False, False], {"ece": 0.4, "right": 0.5, "sure": 4, "sure_right": 2}),
    ("all right", [0.6, 0.7], [True, True], {"auroc": None, "right": 1.0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "p", "right", "expected"), QUALITIES, ids=[case[0] for case in QUALITIES])
def test_how_good_probabilities_are(name, p, right, expected):
    found = asdict(quality(p, right))
    assert {key: found[key] for key in expected} == pytest.approx(expected)
