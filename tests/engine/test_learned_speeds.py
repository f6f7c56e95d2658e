"""What is learnt of a machine: arithmetic over step costs, and a real measurement."""

from __future__ import annotations

import dataclasses
import json

import pytest

from planner_cli.control import Control
from planner_cli.engine import LlamaEngine, Span, learning
from planner_cli.engine.learned_speeds import LearnedSpeeds, key
from planner_cli.engine.learning import learn
from planner_cli.errors import EngineError
from planner_cli.settings import EngineOptions, Sampling


def known(*steps, **more):
    return LearnedSpeeds(**{"threads": 2, "batch_threads": 1, "prefill": 100.0, "steps": steps, "seconds": 1.0, "quiet": True, **more})  # fmt: skip


EVEN = known((1, 1.0), (8, 8.0))
SHARED = known((1, 1.0), (8, 2.0), (32, 4.0))
CLIFF = known((1, 0.041), (4, 0.151), (6, 0.213), (8, 0.337), (16, 0.384))
"""Of DeepSeek-R1-Distill-Qwen-1.5B's shape in Q4_K_M on two cores (``llama-cpp.md``)."""

WAVES = [
    ("a batch that gains nothing costs nothing either: one wave", EVEN, 8, 32, 8),
    ("a batch that gains: one wave", SHARED, 8, 32, 8),
    ("no more than there is room for", SHARED, 20, 6, 6),
    ("eight over the cliff go as six and two", CLIFF, 8, 32, 6),
    ("a small gain is not worth a second wave", CLIFF, 7, 32, 7),
    ("sixteen at once", CLIFF, 16, 32, 16),
    ("one", CLIFF, 1, 32, 1),
]


@pytest.mark.parametrize(("speeds", "branches", "most", "expected"), [c[1:] for c in WAVES], ids=[c[0] for c in WAVES])  # fmt: skip
def test_waves(speeds, branches, most, expected):
    assert speeds.wave(branches, most) == expected


def test_steps_between_and_beyond_what_was_measured():
    assert [SHARED.step_seconds(width) for width in (1, 4, 8, 20, 32, 64)] == pytest.approx([1, 10 / 7, 2, 3, 4, 8])


def test_speed_is_that_of_the_waves_taken():
    assert SHARED.speed().batched == 4.0
    assert CLIFF.speed().batched == pytest.approx(8 / (0.213 + CLIFF.step_seconds(2)))


DAMAGED = [
    ("another format", {"format": 0}),
    ("no steps", {"steps": []}),
    ("steps without one text", {"steps": [[2, 1.0]]}),
    ("steps out of order", {"steps": [[1, 1.0], [8, 1.0], [2, 1.0]]}),
    ("a step of no time", {"steps": [[1, 0.0]]}),
    ("no threads", {"threads": 0}),
    ("words", {"prefill": "fast"}),
]


@pytest.mark.parametrize("change", [case[1] for case in DAMAGED], ids=[case[0] for case in DAMAGED])
def test_a_damaged_record_is_none(change):
    assert LearnedSpeeds.read({**SHARED.record(), **change}) is None


def test_a_record_is_read_back():
    assert LearnedSpeeds.read(json.loads(json.dumps(SHARED.record()))) == SHARED
    assert LearnedSpeeds.read(None) is None


@pytest.mark.model
def test_the_key_is_of_one_model_and_setting():
    keys = {key("a", None), key("b", None), key("a", 3)}
    assert len(keys) == 3
    assert key("a", None) in keys


@pytest.fixture
def tiny_engine(tiny_random_model):
    return LlamaEngine(tiny_random_model, options=EngineOptions(threads=1))


@pytest.mark.model
def test_learning_measures_all_widths_of_a_small_model(tiny_engine):
    found = learn(tiny_engine, 60.0)
    assert [width for width, _ in found.steps] == [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]
    assert min(found.threads, found.batch_threads) >= 1
    assert found.step_seconds(32) > found.step_seconds(1) > 0


@pytest.mark.model
def test_an_engine_goes_by_what_was_learnt_unless_told(tiny_engine):
    path = tiny_engine.weights.path
    slow_at_four = known((1, 1.0), (2, 1.1), (4, 8.0))
    engine = LlamaEngine(path, speeds=slow_at_four)
    assert (engine.threads, engine.batch_threads) == (2, 1)
    session = engine.open((Span("one two three"),), branches=4, room=8, control=Control())
    made = [session.branch((), Sampling(temperature=1.0, seed=seed), max_tokens=3) for seed in range(4)]
    written = []
    while steps := session.step():
        written += [step.branch for step in steps]
        for step in steps:
            if step.finished:
                made[step.branch].close()
    assert session.stats.widest == 2
    assert sorted(written) == sorted([0, 1, 2, 3] * 3)
    engine.close()
    told = LlamaEngine(path, options=EngineOptions(threads=1), speeds=slow_at_four)
    assert (told.threads, told.batch_threads, told.speeds) == (1, 1, None)


def test_learned_speeds_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        SHARED.threads = 3


@pytest.mark.model
def test_a_machine_that_is_too_slow_is_given_up(tiny_engine, monkeypatch):
    monkeypatch.setattr(learning, "_PATIENCE", 0.0)
    with pytest.raises(EngineError, match="too slow to measure"):
        learn(tiny_engine, 0.0)
