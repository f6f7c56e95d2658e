"""The regression that turns evidence into P(right)."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest

from planner_cli.confidence import FACTS, Evidence, Weights, logistic

CASES = [
    # name, weights, evidence, log odds expected
    ("only a bias", Weights(0.7), Evidence(), 0.7),
    ("likelier is surer", Weights(0.0, probability=0.5), Evidence(probability=-2.0), -1.0),
    ("a verdict", Weights(0.1, verdict=2.0), Evidence(verdict=1.5), 3.1),
    ("doubts", Weights(0.0, doubts=-1.5), Evidence(doubts=2.0), -3.0),
    (
        "all of them",
        Weights(1.0, **dict.fromkeys(FACTS, 1.0)),
        Evidence(-1.0, 2.0, 0.5, 0.25, 1.0, 1.0, 1.0, -3.0, 0.5),
        3.25,
    ),
]


@pytest.mark.parametrize(("name", "weights", "evidence", "expected"), CASES, ids=[case[0] for case in CASES])
def test_facts_add_up(name, weights, evidence, expected):
    p = weights.p_right(evidence)
    assert math.log(p / (1 - p)) == pytest.approx(expected)


def test_every_fact_has_a_weight():
    assert tuple(field.name for field in fields(Weights)) == ("bias", *FACTS)


@pytest.mark.parametrize(("logit", "expected"), [(0, 0.5), (1e4, 1.0), (-1e4, 0.0), (math.log(3), 0.75)])
def test_no_size_is_too_large_for_the_logistic_function(logit, expected):
    assert logistic(logit) == pytest.approx(expected)
