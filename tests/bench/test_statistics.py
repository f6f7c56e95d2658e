from __future__ import annotations

import numpy as np
import pytest

from planner_cli.bench.statistics import difference, estimate, mcnemar, ratio, resample

MCNEMAR = [
    # (name, only a, only b, p) : exact binomial, as in R's binom.test
    ("nothing differs", 0, 0, 1.0),
    ("even", 5, 5, 1.0),
    ("one of each and one more", 1, 2, 1.0),
    ("all on one side", 0, 6, 0.03125),
    ("2 against 10", 2, 10, 0.03857421875),
    ("many", 300, 1300, pytest.approx(0, abs=1e-100)),
]


@pytest.mark.parametrize(("only_a", "only_b", "p"), [c[1:] for c in MCNEMAR], ids=[c[0] for c in MCNEMAR])
def test_mcnemar(only_a, only_b, p):
    a = [True] * only_a + [False] * only_b + [True, False]
    b = [False] * only_a + [True] * only_b + [True, False]
    found = mcnemar(a, b)
    assert (found.only_a, found.only_b, found.both, found.neither) == (only_a, only_b, 1, 1)
    assert found.p == p


def test_runs_of_unequal_length_cannot_be_paired():
    with pytest.raises(ValueError):
        mcnemar([True], [])


def test_the_first_resample_is_the_data():
    drawn = resample(["a", "b", "a"], resamples=5)
    sums = drawn.sums([{"n": 1.0}, {"n": 2.0}, {"n": 4.0}])
    assert sums["n"][0] == 7
    assert set(sums["n"][1:]) <= {4.0, 7.0, 10.0}  # b twice, each once, a twice
    assert drawn.drawn == "databases"
    assert resample(["a", "a"], resamples=5).drawn == "questions"


def test_the_interval_of_a_mean_covers_it_as_often_as_said():
    """40 databases of independent questions: about 95 of 100 intervals hold the truth."""
    chance = np.random.default_rng(0)
    covered = 0
    for seed in range(100):
        values = chance.random(200) < 0.3
        names = [f"d{n % 40}" for n in range(200)]
        sums = resample(names, resamples=400, seed=seed).sums([{"right": float(v), "n": 1.0} for v in values])
        found = estimate(ratio(sums["right"], sums["n"]), 200)
        covered += found.low <= 0.3 <= found.high
    assert 88 <= covered <= 100


def test_nothing_to_count_is_none_and_never_nan():
    found = estimate(ratio(np.zeros(3), np.zeros(3)), 0)
    assert (found.value, found.low, found.high) == (None, None, None)
    assert difference(np.full(3, np.nan), np.zeros(3)).p is None


def test_resamples_without_the_thing_do_not_spoil_the_interval():
    found = estimate(np.array([0.5, np.nan, 0.4, 0.6]), 2)
    assert 0.4 <= found.low <= found.high <= 0.6


def test_a_p_value_is_never_zero():
    assert difference(np.zeros(11), np.ones(11)).p == pytest.approx(0.1)
