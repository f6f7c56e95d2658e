"""Random weights in a model's shape: the tensors are those of the real file, and llama.cpp runs them."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from math import prod

import pytest

from benchmarks.synth import Shape, known_shape, known_shapes, synthesise
from benchmarks.synth.__main__ import main
from benchmarks.synth.blocks import random_weights
from benchmarks.synth.shapes import QUANTISATIONS, tensors
from planner_cli.control import Control
from planner_cli.errors import ModelError
from planner_cli.hub import read_header
from planner_cli.hub.catalog import load_catalog
from planner_cli.hub.ggml import FILE_TYPES, TENSOR_TYPES
from planner_cli.settings import EngineOptions, Sampling
from tests.hub.gguf_files import write
from tests.hub.tiny_model import tiny

BASE = Shape(
    name="tiny", architecture="llama", layers=9, width=256, heads=4, kv_heads=2, inner=512, vocabulary=320, tied=True,
    context=512, rope_base=10_000, file_type="Q4_K_M",
)  # fmt: skip
SHAPES = {
    "llama, tied": BASE,
    "qwen2, untied": dataclasses.replace(BASE, architecture="qwen2", tied=False),
    "qwen3, long heads": dataclasses.replace(BASE, architecture="qwen3", head=128),
    "rows that no block of 256 fits": dataclasses.replace(BASE, width=192, inner=288),
}
SLOW = {"llama, tied", "qwen3, long heads"}
"""Not quantised by llama.cpp at each commit: untied weights and rows that no block fits have the rest in them."""
QUANTISE = """
import ctypes, sys
import llama_cpp as L
for number in sys.argv[2:]:
    params = L.llama_model_quantize_default_params()
    params.ftype, params.nthread = int(number), 1
    made = f"{sys.argv[1]}.{number}"
    assert L.llama_model_quantize(sys.argv[1].encode(), made.encode(), ctypes.byref(params)) == 0
"""


@pytest.fixture
def vocabulary(tmp_path):
    return write(tmp_path / "vocabulary.gguf", tiny().write())


def types(header):
    return {tensor.name: (tensor.shape, TENSOR_TYPES[tensor.type_id].name) for tensor in header.tensors}


@pytest.mark.model
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in SHAPES]
)
def test_types_are_those_of_llama_cpps_own_quantiser(name, vocabulary, tmp_path):
    numbers = {number: known for number, known in FILE_TYPES.items() if known in QUANTISATIONS and known != "F16"}
    full = tmp_path / "f16.gguf"
    synthesise(SHAPES[name], full, vocabulary=vocabulary, file_type="F16")
    subprocess.run([sys.executable, "-c", QUANTISE, full, *map(str, numbers)], check=True, capture_output=True)
    for number, file_type in numbers.items():
        ours = tmp_path / f"{file_type}.gguf"
        synthesise(SHAPES[name], ours, vocabulary=vocabulary, file_type=file_type)
        assert types(read_header(ours)) == types(read_header(tmp_path / f"f16.gguf.{number}")), file_type
        assert read_header(ours).quantisation == file_type


@pytest.mark.model
@pytest.mark.parametrize(
    ("name", "file_type"), [(name, "Q4_K_M") for name in SHAPES] + [("llama, tied", known) for known in QUANTISATIONS]
)
def test_llama_cpp_runs_it_and_its_logits_are_numbers(name, file_type, vocabulary, tmp_path):
    import numpy as np

    from planner_cli.engine import LlamaEngine, Span

    path = tmp_path / "made.gguf"
    synthesise(SHAPES[name], path, vocabulary=vocabulary, file_type=file_type)
    engine = LlamaEngine(path, options=EngineOptions(threads=1))
    session = engine.open((Span("select 1"),), branches=1, room=8, control=Control())
    session.branch((), Sampling(), max_tokens=4)
    session.step()
    logits = session._context.logits(0).copy()
    engine.close()
    assert np.isfinite(logits).all()
    assert 0.1 < logits.std() < 1  # 0.02 times the root of the width, when all weights have the deviation meant


@pytest.mark.parametrize(
    "file_type",
    [t for t in TENSOR_TYPES.values() if t.name in {"Q8_0", "Q4_K", "F16"}],
    ids=lambda known: known.name,
)
def test_weights_come_in_whole_and_are_the_same_again(file_type):
    number = next(n for n, known in TENSOR_TYPES.items() if known == file_type)
    elements = 256 * 10_000
    made = b"".join(random_weights(number, elements, 1))
    assert len(made) == elements // file_type.block * file_type.bytes
    assert made == b"".join(random_weights(number, elements, 1))
    assert made != b"".join(random_weights(number, elements, 2))


@pytest.mark.model
def test_the_built_in_models_shape_is_that_of_its_file(builtin_generator):
    planned = {
        t.name: (t.shape, TENSOR_TYPES[t.type_id].name) for t in tensors(known_shape("smollm2-135m-instruct"), "Q4_1")
    }
    assert planned == types(read_header(builtin_generator.path))


@pytest.mark.parametrize("shape", known_shapes().values(), ids=lambda shape: shape.name)
def test_shapes_have_the_parameters_of_their_model_cards(shape):
    entry = load_catalog().file(shape.name)
    assert entry is not None
    total = sum(prod(tensor.shape) for tensor in tensors(shape, shape.file_type))
    assert total == pytest.approx(entry.parameters, rel=0.015)  # model cards round to two digits
    assert shape.file_type in entry.file.upper().replace("-", "_")


def test_the_tokenizer_is_the_other_files_filled_up(vocabulary, tmp_path):
    made = synthesise(BASE, tmp_path / "made.gguf", vocabulary=vocabulary)
    header, source = read_header(made.path), read_header(vocabulary)
    assert (header.size, header.parameters) == (made.size, made.parameters)
    for key in ("tokens", "scores", "token_type"):
        assert header.metadata[f"tokenizer.ggml.{key}"].items == BASE.vocabulary
    assert header.chat_template == source.chat_template
    assert b"[PAD264]" in made.path.read_bytes()


REFUSED = [
    ("more tokens than the model", {"shape": dataclasses.replace(BASE, vocabulary=100)}, "has 264 tokens, the model only 100"),
    ("unknown quantisation", {"file_type": "IQ1_S"}, "cannot be made as 'IQ1_S'"),
    ("a file that is there", {"name": "vocabulary.gguf"}, "is there already"),
    ("a folder that is not", {"name": "no/made.gguf"}, "No such file or directory"),
    ("half a file of another", {"name": "half.gguf"}, "another planner writes it, or one was stopped"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_refused_leaves_nothing(change, message, vocabulary, tmp_path):
    (tmp_path / "half.gguf.part").write_bytes(b"")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelError, match=message):
        synthesise(
            change.get("shape", BASE),
            tmp_path / change.get("name", "made.gguf"),
            vocabulary=vocabulary,
            file_type=change.get("file_type"),
        )
    assert sorted(tmp_path.rglob("*")) == before


def test_an_interrupt_leaves_nothing(vocabulary, tmp_path):
    def interrupt(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        synthesise(BASE, tmp_path / "made.gguf", vocabulary=vocabulary, progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["vocabulary.gguf"]


def test_a_file_without_tokenizer_is_no_vocabulary(tmp_path):
    model = tiny()
    model.keys = [key for key in model.keys if not key[0].startswith("tokenizer.ggml")]
    with pytest.raises(ModelError, match="has no tokenizer"):
        synthesise(BASE, tmp_path / "made.gguf", vocabulary=write(tmp_path / "none.gguf", model.write()))


def test_unknown_names_are_answered_with_near_ones():
    with pytest.raises(ModelError, match="not known") as raised:
        known_shape("deepseek-r1-distill-qwen-1.5")
    assert "deepseek-r1-distill-qwen-1.5b" in raised.value.hint


@pytest.mark.model
def test_the_command_writes_a_file_of_the_shape(capsys, tmp_path):
    path = tmp_path / "like.gguf"
    assert main(["--like", "smollm2-135m-instruct", "-o", str(path)]) == 0
    assert capsys.readouterr() == (f"{path}\n", f"135 M parameters, Q4_1, {path.stat().st_size / 1e6:.0f} MB\n")
    header = read_header(path)
    assert (header.size, header.parameters) == (path.stat().st_size, 134_515_008)
    assert main(["--like", "gpt-5", "-o", str(tmp_path / "other.gguf")]) == 3
    assert "the shape of 'gpt-5' is not known" in capsys.readouterr().err
