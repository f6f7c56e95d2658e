"""Files that are sound GGUF and no use here: each is refused by its header, in a line of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from gguf_files import ADAPTER, MODEL, gguf, tensor, write
from tiny_model import BOOL, STRING, UINT, Tiny, tiny

from planner_cli.cli import main
from planner_cli.errors import ExitCode, ModelError
from planner_cli.hub import bring, registry, resolve


def of(architecture: str):
    """The tiny model as one of another architecture."""

    def change(model: Tiny) -> None:
        model.keys = [(name.replace("llama.", f"{architecture}."), kind, value) for name, kind, value in model.keys]
        model.set("general.architecture", architecture)

    return change


def key(name, kind, value):
    return lambda model: model.keys.append((name, kind, value))


def bare(*keys):
    """Nothing but these keys, and weights."""

    def change(model: Tiny) -> None:
        model.keys = list(keys)

    return change


NOT_MODELS = [
    ("BERT", of("bert"), "is an encoder: it turns text into vectors and cannot write (architecture: bert)"),
    ("ModernBERT", of("modern-bert"), "is an encoder"),
    ("nomic-embed", of("nomic-bert"), "is an encoder"),
    ("nomic-embed v2", of("nomic-bert-moe"), "is an encoder"),
    ("jina v2", of("jina-bert-v2"), "is an encoder"),
    ("EmbeddingGemma", of("gemma-embedding"), "is an encoder"),
    ("the encoder of T5", of("t5encoder"), "is an encoder: it"),
    ("T5", of("t5"), "is an encoder with a decoder"),
    ("attention to both sides", key("llama.attention.causal", BOOL, False), "is an encoder (its attention is not causal)"),
    ("Qwen3-Embedding", key("llama.pooling_type", UINT, 3), "is an embedding model (pooling: last)"),
    ("mean pooling", key("llama.pooling_type", UINT, 1), "is an embedding model (pooling: mean)"),
    ("a reranker", key("llama.pooling_type", UINT, 4), "is a reranker"),
    ("Dream", of("dream"), "is a diffusion model"),
    ("EAGLE-3", of("eagle3"), "is a draft model"),
    ("Whisper", of("whisper"), "is a model of sound"),
    ("CLIP", of("clip"), "is a multimodal projector (mmproj)"),
    ("a projector by its type", key("general.type", STRING, "mmproj"), "is a multimodal projector (mmproj)"),
    ("an importance matrix", bare(("general.type", STRING, "imatrix")), "is an importance matrix"),
    ("one of before it had a type", bare(("imatrix.chunk_count", UINT, 1)), "is an importance matrix"),
    ("a control vector", of("controlvector"), "is a control vector"),
    ("no architecture", bare(("general.name", STRING, "x")), "does not say its architecture"),
]  # fmt: skip


def made(folder: Path, change) -> Path:
    model = tiny()
    change(model)
    return write(folder / "file.gguf", model.write())


@pytest.mark.parametrize(("change", "message"), [n[1:] for n in NOT_MODELS], ids=[n[0] for n in NOT_MODELS])
def test_what_cannot_write_is_refused_by_its_header(tmp_path, change, message):
    path = made(tmp_path, change)
    for use in (lambda: resolve(str(path), "generator"), lambda: bring_in(path), lambda: bring_in(path, copy=True)):
        with pytest.raises(ModelError) as caught:
            use()
        assert message in caught.value.message
        assert "\n" not in caught.value.message
    assert registry.installed() == {}
    with pytest.raises(ModelError, match="is not a LoRA adapter, but "):
        resolve("builtin", "generator", adapter=str(path))


def bring_in(path: Path, *, copy=False):
    return bring.bring_in(str(path), copy=copy, name=None, tell=lambda *_: None, note=lambda _: None)


def test_pooling_of_none_is_a_model_that_writes(tmp_path):
    path = made(tmp_path, key("llama.pooling_type", UINT, 0))
    assert resolve(str(path), "generator").path == path


KINDS = [
    ("an adapter as a model", gguf(ADAPTER), "model", "is a LoRA adapter, not a model"),
    ("an adapter without its type", gguf([*MODEL, ("adapter.type", "lora")]), "model", "is a LoRA adapter, not a model"),
    ("a model as an adapter", gguf(MODEL), "adapter", "is not a LoRA adapter, but a model"),
    ("a vocabulary", gguf([*MODEL, ("tokenizer.ggml.tokens", ["a"])], [], data=0), "model", "only a vocabulary"),
    ("a header", gguf(MODEL, [], data=0), "model", "only a header"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "kind", "message"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
def test_each_kind_in_the_others_place_is_told(tmp_path, content, kind, message):
    path = str(write(tmp_path / "file.gguf", content))
    with pytest.raises(ModelError, match=message):
        resolve(path, "generator") if kind == "model" else resolve("builtin", "generator", adapter=path)


# ------------------------------------------------------------------------------------------------- split models


def part(number: int, count: int = 3) -> bytes:
    return gguf([*MODEL, ("split.no", number - 1), ("split.count", count)], [tensor(f"blk.{number}.x")])


FIRST, SECOND, THIRD = (f"m-{n:05d}-of-00003.gguf" for n in (1, 2, 3))
SPLIT = [
    ("all there", {FIRST: part(1), SECOND: part(2), THIRD: part(3)}, FIRST, None),
    ("one missing", {FIRST: part(1), THIRD: part(3)}, FIRST, f"{SECOND} is missing: it is part 2 of the 3"),
    ("the last missing", {FIRST: part(1), SECOND: part(2)}, FIRST, f"{THIRD} is missing"),
    ("one cut short", {FIRST: part(1), SECOND: part(2)[:-64], THIRD: part(3)}, FIRST, f"{SECOND} is truncated"),
    ("one of another model", {FIRST: part(1), SECOND: part(2, 4), THIRD: part(3)}, FIRST, f"{SECOND} is not part 2"),
    ("one that is no part", {FIRST: part(1), SECOND: gguf(), THIRD: part(3)}, FIRST, f"{SECOND} is not part 2"),
    ("not the first", {FIRST: part(1), SECOND: part(2), THIRD: part(3)}, SECOND, "is part 2 of the 3 of a split"),
    ("renamed", {"model.gguf": part(1)}, "model.gguf", "but is not named like one"),
    ("named as another part", {SECOND: part(1)}, SECOND, "is part 1 of the 3 of a split model, but is not named like one"),
    ("joined with cat", {"m.gguf": part(1) + part(2) + part(3)}, "m.gguf", "one after another, as cat joins them"),
    ("joined in the wrong order", {"m.gguf": part(2) + part(1) + part(3)}, "m.gguf", "one after another"),
    ("joined under the first's name", {FIRST: part(1) + part(2)}, FIRST, "one after another"),
    ("merged, in one part", {"m.gguf": part(1, 1)}, "m.gguf", None),
]  # fmt: skip


@pytest.mark.parametrize(("files", "named", "message"), [s[1:] for s in SPLIT], ids=[s[0] for s in SPLIT])
def test_split_models_say_which_part_is_wrong(tmp_path, files, named, message):
    for name, content in files.items():
        write(tmp_path / name, content)
    path = tmp_path / named
    if message is None:
        assert resolve(str(path), "generator").path == path
        return
    with pytest.raises(ModelError) as caught:
        resolve(str(path), "generator")
    assert message in caught.value.message
    assert caught.value.hint


def test_one_part_of_a_split_model_is_not_imported(tmp_path):
    for name, content, message in (
        ("renamed.gguf", part(2), "is part 2 of the 3 of a split model"),
        (FIRST, part(1), "is part 1 of the 3 of a split model"),
        ("m.gguf", part(1) + part(2) + part(3), "one after another"),
    ):
        with pytest.raises(ModelError, match=message) as caught:
            bring_in(write(tmp_path / name, content))
        assert "llama-gguf-split --merge" in caught.value.hint


# --------------------------------------------------------------------------------------------- what it is there for


def test_the_commands_end_in_a_line(tmp_path, shop, capsys):
    path = str(made(tmp_path, key("llama.attention.causal", BOOL, False)))
    for command in (
        ["models", "import", path],
        ["models", "default", "generator", path],
        ["ask", "how many", str(shop), "--generator", path],
        ["ask", "how many", str(shop), "--discriminator", path],
    ):
        code, error = main(command), capsys.readouterr().err
        assert code == ExitCode.MODEL, (command, error)
        assert "its attention is not causal" in error


@pytest.mark.model
def test_the_engine_refuses_what_came_without_that_look(tmp_path):
    from planner_cli.engine import LlamaEngine

    with pytest.raises(ModelError, match="its attention is not causal"):
        LlamaEngine(made(tmp_path, key("llama.attention.causal", BOOL, False)))


@pytest.mark.model
@pytest.mark.parametrize("known", [True, False], ids=["with the look", "without it"])
def test_the_trial_dies_where_a_question_would(tmp_path, known):
    """llama.cpp aborts at a prompt longer than one of its batches; the trial's must be."""
    path = made(tmp_path, key("llama.attention.causal", BOOL, False))
    blind = "import planner_cli.engine.weights as w; w.why_it_cannot_write = lambda read: None; "
    code = f"{'' if known else blind}from planner_cli.engine.trial import main; main()"
    environment = {**os.environ, "GGML_NO_BACKTRACE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == (0 if known else -6)
    assert ("attention is not causal" in done.stdout) is known
