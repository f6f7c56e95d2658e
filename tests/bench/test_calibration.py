from __future__ import annotations

import numpy as np
import pytest
from bench_values import judged, random_rows, row

from planner_cli.bench import scorers
from planner_cli.bench.calibration import calibration


def test_hand_made_bins():
    found = calibration(
        [
            row(judged(True, 0.9), judged(True, 0.95), judged(False, 1.0), judged(True, None), judged(None, 0.9)),
            row(judged(False, 0.0), judged(True, 0.1), judged(False, 0.1), item="q2"),
        ],
        scorers.soft,
        resamples=10,
    )
    filled = {(b.low, b.high): (b.count, b.score, b.right.value) for b in found.bins if b.count}
    assert filled == {
        (0.0, 0.1): (3, pytest.approx(0.2 / 3), pytest.approx(1 / 3)),
        (0.8, 0.9): (1, 0.9, 1.0),
        (0.9, 1.0): (2, 0.975, 0.5),
    }
    assert found.ece.value == pytest.approx((0.8 + 0.1 + 0.95) / 6)
    assert found.ece.n == 6
    assert len(found.bins) == 10


def test_a_judge_that_is_as_sure_as_it_is_right_has_no_error():
    rows = [row(*(judged(n < 7, 0.7) for n in range(10)))]
    assert calibration(rows, scorers.soft, resamples=5).ece.value == pytest.approx(0)


def test_scores_outside_the_range_count_as_its_ends():
    rows = [row(judged(False, 0.9, executable=False), judged(True, 1.0))]
    assert calibration(rows, scorers.check(scorers.soft, ruled_out=-1.0), resamples=5).ece.value == 0


def test_nothing_to_calibrate():
    for rows in ([], [row(judged(True, None))]):
        found = calibration(rows, scorers.soft, resamples=5)
        assert (found.ece.value, found.brier.value, sum(b.count for b in found.bins)) == (None, None, 0)


@pytest.mark.parametrize("seed", range(3))
def test_bins_equal_those_of_scikit_learn(seed):
    pytest.importorskip("sklearn", reason="scikit-learn (extra dev) is not installed")
    from sklearn.calibration import calibration_curve
    from sklearn.metrics import brier_score_loss

    rows = random_rows(100, seed)
    known = [(c.score, c.label) for r in rows for c in r.candidates if c.score is not None]
    scores, labels = np.array([s for s, _ in known]), np.array([label for _, label in known])
    right, score = calibration_curve(labels, scores, n_bins=10)
    found = calibration(rows, scorers.soft, resamples=5)
    assert [b.right.value for b in found.bins if b.count] == pytest.approx(list(right))
    assert [b.score for b in found.bins if b.count] == pytest.approx(list(score))
    assert found.brier.value == pytest.approx(brier_score_loss(labels, scores))
