from __future__ import annotations

import itertools
import math

import pytest
from bench_values import judged, row

from planner_cli.bench.quality import MEASURES, quality, thought_quality

TEXTS = [
    # (name, text, measure, expected)
    ("nothing repeats", "one two three four", "word_repetition", 0.0),
    ("case does not count", "One one ONE one", "word_repetition", 0.75),
    ("sentences", "It joins. It joins! Then what? It joins.", "sentence_repetition", 0.5),
    ("lines are sentences", "a b\na b\nc", "sentence_repetition", 1 / 3),
    ("a dot inside a name ends nothing", "the T1.name column", "sentence_repetition", 0.0),
    ("three-word runs", "a b c a b c", "ngram_repetition", 0.25),
    ("too short for a run", "a b", "ngram_repetition", None),
    ("four equally frequent words", "a b c d a b c d", "entropy", 2.0),
    ("one word over and over", "wait wait wait", "entropy", 0.0),
    ("nothing in common", "a b. c d.", "diversity", 1.0),
    ("all the same", "a b. b a.", "diversity", 0.0),
    ("one sentence", "a b c", "diversity", None),
    ("empty", "", "word_repetition", None),
    ("only marks", "... !!", "entropy", None),
]


@pytest.mark.parametrize(("text", "name", "expected"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS])
def test_measures(text, name, expected):
    value = getattr(thought_quality(text), name)
    assert value == (None if expected is None else pytest.approx(expected, abs=1e-12))


def test_diversity_is_the_mean_over_all_pairs():
    sentences = ["a b c", "a b", "d", "a a d"]

    def cosine(left: str, right: str) -> float:
        x, y = left.split(), right.split()
        product = sum(x.count(word) * y.count(word) for word in set(x))
        return product / math.sqrt(sum(x.count(w) ** 2 for w in set(x)) * sum(y.count(w) ** 2 for w in set(y)))

    pairs = list(itertools.combinations(sentences, 2))
    expected = 1 - sum(cosine(*pair) for pair in pairs) / len(pairs)
    assert thought_quality(". ".join(sentences)).diversity == pytest.approx(expected)


def test_a_runs_quality_is_the_mean_over_thoughts():
    rows = [row(judged(True, 0.9, thought="a b"), judged(True, 0.9, thought="a a"), judged(True, 0.9))]
    found = quality(rows, resamples=5)
    assert found["word_repetition"].value == 0.25
    assert found["word_repetition"].n == 2
    assert found["diversity"].value is None


def test_without_thoughts_there_is_no_quality():
    for rows in ([], [row(judged(True, 0.9))]):
        assert {estimate.value for estimate in quality(rows, resamples=5).values()} == {None}
    assert set(quality([])) == set(MEASURES)
