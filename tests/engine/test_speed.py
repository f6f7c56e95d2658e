"""What a measured speed says about a question: arithmetic."""

from __future__ import annotations

import pytest

from planner_cli.engine.speed import BRANCHES, Speed, question_seconds

SPEED = Speed(prefill=100.0, decode=10.0, batched=20.0, seconds=1.0)
THOUGHTS = [("one", 1, 10.0), ("all places", BRANCHES, 40.0), ("few are no slower than one by one", 2, 20.0)]


@pytest.mark.parametrize(("clusters", "expected"), [case[1:] for case in THOUGHTS], ids=[case[0] for case in THOUGHTS])
def test_seconds_of_thinking(clusters, expected):
    assert SPEED.thinking_seconds(100, clusters) == expected


def test_seconds_of_a_question_add_up():
    took = question_seconds(SPEED, SPEED, prompt=100, candidates=8, sql_tokens=10, clusters=1, budget=100)
    assert took == 1 + 8 * 10 / 20 + 1 + 10
    assert (
        question_seconds(SPEED, None, prompt=100, candidates=8, sql_tokens=10, clusters=1, budget=100)
        == 1 + 8 * 10 / 20
    )
