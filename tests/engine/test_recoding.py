"""The same weights in another quantisation."""

from __future__ import annotations

import pytest

from planner_cli.control import Control
from planner_cli.engine import LlamaEngine, Span
from planner_cli.engine.recoding import recode
from planner_cli.errors import EngineError
from planner_cli.settings import EngineOptions, Sampling

pytestmark = pytest.mark.model

PROMPT = (Span("The capital of France is"),)


def greedy(engine, tokens):
    session = engine.open(PROMPT, branches=1, room=16, control=Control())
    session.branch((), Sampling(), max_tokens=tokens)
    text = ""
    while steps := session.step():
        text += "".join(step.text for step in steps)
    session.close()
    return text


def test_the_base_says_the_same_in_eight_bits(builtin_generator, base_engine, tmp_path):
    target = tmp_path / "eight.gguf"
    recode(builtin_generator.path, target, "Q8_0")
    assert target.stat().st_size > builtin_generator.path.stat().st_size
    engine, source = (LlamaEngine(path, options=EngineOptions(threads=1)) for path in (target, builtin_generator.path))
    assert (engine.description, source.description) == ("llama 135M Q8_0", "llama 135M Q4_1")
    assert greedy(engine, 3) == greedy(source, 3) == greedy(base_engine, 3)
    engine.close()
    source.close()


def test_what_is_no_model_is_refused(tmp_path):
    source = tmp_path / "not.gguf"
    source.write_bytes(b"GGUF but nothing else")
    with pytest.raises(EngineError, match=r"cannot write not\.gguf as Q8_0"):
        recode(source, tmp_path / "target.gguf", "Q8_0")
