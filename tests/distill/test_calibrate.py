"""The weights of verdict and likelihood: recovered from what they made, and measured within questions."""

import math
import random

import pytest

from models.distill.calibrate import Observation, fit, quality


def drawn(count, seed, verdict, likelihood, bias):
    """Two candidates a question, right as often as the regression says."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        for _ in range(2):
            logit, logprob = rng.gauss(0, 2), -rng.uniform(1, 30)
            p = 1 / (1 + math.exp(-(verdict * logit + likelihood * logprob + bias)))
            found.append(Observation(number, 1 / (1 + math.exp(-logit)), logprob, rng.random() < p))
    return found


def test_the_weights_are_recovered():
    blend = fit(drawn(4000, 1, 0.8, 0.12, 1.5))
    assert (blend.verdict, blend.likelihood, blend.bias) == pytest.approx((0.8, 0.12, 1.5), abs=0.15)


def test_quality_is_within_questions():
    seen = [
        Observation(0, 0.9, -1, correct=True),
        Observation(0, 0.95, -1, correct=False),
        Observation(0, 0.2, -1, correct=False),
        Observation(1, 0.3, -1, correct=True),
        Observation(1, 0.1, -1, correct=False),
        Observation(2, 0.99, -1, correct=False),
    ]
    assert quality(seen, [o.verdict for o in seen]) == {"pairwise": 0.667, "hit_at_1": 0.5, "n": 2}
