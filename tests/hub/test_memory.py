"""The memory estimate against the resident set of a process that runs the model."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from planner_cli.hub import read_header
from planner_cli.hub.memory import estimate

Q4_0, Q8_0 = 2, 7
RUN = """
import json, sys
from pathlib import Path
from planner_cli.control import Control
from planner_cli.engine import LlamaEngine, Span, library
from planner_cli.settings import EngineOptions, Sampling

path, prompt, branches, room = Path(sys.argv[1]), *map(int, sys.argv[2:5])
engine = LlamaEngine(path, options=EngineOptions(threads=1))
session = engine.open((Span("word " * prompt),), branches=branches, room=room, control=Control())
for seed in range(branches):
    session.branch((), Sampling(temperature=1.0, seed=seed), max_tokens=room - 1)
session.step()
resident = next(line for line in open("/proc/self/status") if line.startswith("VmRSS:"))
print(json.dumps({"rss": int(resident.split()[1]) * 1024, "repacks": library.repacks_weights()}))
"""
QUANTISE = """
import ctypes, sys
import llama_cpp as L
params = L.llama_model_quantize_default_params()
params.ftype, params.allow_requantize, params.nthread = int(sys.argv[3]), True, 1
sys.exit(L.llama_model_quantize(sys.argv[1].encode(), sys.argv[2].encode(), ctypes.byref(params)))
"""
SHAPES = [(600, 8, 200), (1500, 4, 1000)]


@pytest.fixture(scope="module")
def files(builtin_generator, tmp_path_factory):
    """The built-in base as it is, and in two other formats: one is repacked for the CPU, the other is not."""
    folder = tmp_path_factory.mktemp("formats")
    made = {"Q4_1": builtin_generator.path}
    for name, number in (("Q4_0", Q4_0), ("Q8_0", Q8_0)):
        made[name] = folder / f"{name}.gguf"
        arguments = [str(builtin_generator.path), str(made[name]), str(number)]
        subprocess.run([sys.executable, "-c", QUANTISE, *arguments], check=True, capture_output=True)
    return made


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the resident set is read from /proc")
@pytest.mark.parametrize("name", ["Q4_1", "Q4_0", "Q8_0"])
@pytest.mark.parametrize(("prompt", "branches", "room"), SHAPES)
def test_the_estimate_is_within_15_percent_of_what_is_resident(files, name, prompt, branches, room):
    arguments = map(str, (files[name], prompt, branches, room))
    done = subprocess.run([sys.executable, "-c", RUN, *arguments], check=True, capture_output=True, text=True)
    measured = json.loads(done.stdout)
    context = prompt + branches * room
    made = estimate(read_header(files[name]), context=context, branches=branches, repacks=measured["repacks"])
    assert made.total == pytest.approx(measured["rss"], rel=0.15)
    assert (made.repacked > 0) == (name == "Q4_0" and measured["repacks"])
