"""The speed probe: bounded, and it says what is arithmetic about a question."""

from __future__ import annotations

import time

import pytest

from planner_cli.engine import LlamaEngine
from planner_cli.engine.speed import BRANCHES, Speed, measure, question_seconds
from planner_cli.errors import EngineError
from planner_cli.settings import EngineOptions

SPEED = Speed(prefill=100.0, decode=10.0, batched=20.0, seconds=1.0)
THOUGHTS = [("one", 1, 10.0), ("all places", BRANCHES, 40.0), ("few are no slower than one by one", 2, 20.0)]


@pytest.mark.parametrize(("clusters", "expected"), [case[1:] for case in THOUGHTS], ids=[case[0] for case in THOUGHTS])
def test_seconds_of_thinking(clusters, expected):
    assert SPEED.thinking_seconds(100, clusters) == expected


def test_seconds_of_a_question_add_up():
    took = question_seconds(SPEED, SPEED, prompt=100, candidates=8, sql_tokens=10, clusters=1, budget=100)
    assert took == 1 + 8 * 10 / 20 + 1 + 10


@pytest.mark.model
def test_a_probe_keeps_to_its_time(tiny_random_model):
    engine = LlamaEngine(tiny_random_model, options=EngineOptions(threads=1))
    started = time.process_time()
    speed = measure(engine, 1.0)
    assert time.process_time() - started < 4  # twice its time is allowed
    assert min(speed.prefill, speed.decode, speed.batched) > 0
    engine.close()


@pytest.mark.model
def test_too_little_time_is_said(base_engine):
    with pytest.raises(EngineError, match=r"too slow to measure in 0\.001 s"):
        measure(base_engine, 0.001)
