"""The base model and its LoRA adapter: read from GGUF, written to GGUF.

Of a llama, llama.cpp keeps the rows of the query and key maps in another order (pairs of rotary dimensions side by
side) than the network here does (first halves, then second halves); they are put in order on the way in and out.
A Qwen2's rows lie as they are needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

from planner_cli.engine.protocol import ACTS_BEHIND
from planner_cli.hub.gguf import PROMPT

MAPS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
"""The linear maps of a layer by llama.cpp's names; an adapter covers all of them."""

Pair = tuple[torch.Tensor, torch.Tensor]
"""An adapter's (A, B) of one map: shapes (rank, inputs) and (outputs, rank)."""

_ROWS_IN_PAIRS = {"llama": True, "qwen2": False}
"""The architectures that are known here, and whether llama.cpp keeps their rotary dimensions side by side."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the network's forward pass needs to know of the base."""

    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    inner: int
    epsilon: float
    rope_base: float
    eos: int


@dataclass(slots=True)
class Base:
    shape: Shape
    tensors: dict[str, torch.Tensor]
    """By GGUF name, dequantised to float32, query and key rows in the network's order."""


def read_shape(path: Path) -> Shape:
    """Of a llama or Qwen2 GGUF file.

    Raises:
        ValueError: it is of another architecture.

    """
    reader = gguf.GGUFReader(path)

    def fact(name: str) -> Any:
        return reader.fields[name].contents()

    kind = fact("general.architecture")
    if kind not in _ROWS_IN_PAIRS:
        raise ValueError(f"{path}: architecture {kind!r}, but only {' and '.join(_ROWS_IN_PAIRS)} are known here")
    return Shape(
        architecture=kind,
        layers=fact(f"{kind}.block_count"),
        width=fact(f"{kind}.embedding_length"),
        heads=fact(f"{kind}.attention.head_count"),
        kv_heads=fact(f"{kind}.attention.head_count_kv"),
        inner=fact(f"{kind}.feed_forward_length"),
        epsilon=fact(f"{kind}.attention.layer_norm_rms_epsilon"),
        rope_base=fact(f"{kind}.rope.freq_base"),
        eos=fact("tokenizer.ggml.eos_token_id"),
    )


def read_base(path: Path) -> Base:
    """The weights of a file, and their shape; see :func:`read_shape`."""
    shape = read_shape(path)
    return Base(shape, {t.name: _halves(_dequantised(t), _heads(t.name, shape)) for t in gguf.GGUFReader(path).tensors})


def _dequantised(tensor: gguf.ReaderTensor) -> torch.Tensor:
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    return torch.from_numpy(values.reshape([int(n) for n in reversed(tensor.shape)]).copy())


def read_adapter(path: Path, shape: Shape) -> tuple[dict[str, Pair], float]:
    """The pairs by the map's tensor name, and alpha."""
    reader = gguf.GGUFReader(path)
    found: dict[str, dict[str, torch.Tensor]] = {}
    for tensor in reader.tensors:
        name, _, part = tensor.name.rpartition(".")
        weights = _dequantised(tensor)
        found.setdefault(name, {})[part] = _halves(weights, _heads(name, shape)) if part == "lora_b" else weights
    pairs = {name: (parts["lora_a"], parts["lora_b"]) for name, parts in found.items()}
    return pairs, float(reader.fields["adapter.lora.alpha"].contents())


def write_adapter(
    path: Path,
    pairs: Mapping[str, Pair],
    alpha: float,
    shape: Shape,
    facts: Mapping[str, str],
    *,
    behind: bool = False,
    prompt: str | None = None,
) -> None:
    """An F16 adapter for llama.cpp; ``facts`` are its ``general.*`` strings (name, license, ...).

    ``behind`` marks one that acts only behind the prompt, ``prompt`` is the family that it was trained on: both for
    the product's own eyes.
    """
    writer = gguf.GGUFWriter(path, shape.architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    if behind:
        writer.add_bool(ACTS_BEHIND, val=True)
    if prompt is not None:
        writer.add_string(PROMPT, prompt)
    for key, text in facts.items():
        writer.add_string(f"general.{key}", text)
    for name, (a, b) in pairs.items():
        writer.add_tensor(f"{name}.lora_a", a.numpy().astype(np.float16))
        writer.add_tensor(f"{name}.lora_b", _pairs(b, _heads(name, shape)).numpy().astype(np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _heads(name: str, shape: Shape) -> int | None:
    """How many heads a rotated map's rows belong to, ``None`` for the other maps and where rows need no other order."""
    if not _ROWS_IN_PAIRS[shape.architecture]:
        return None
    if name.endswith("attn_q.weight"):
        return shape.heads
    return shape.kv_heads if name.endswith("attn_k.weight") else None


def _halves(weights: torch.Tensor, heads: int | None) -> torch.Tensor:
    if heads is None:
        return weights
    rows, columns = weights.shape
    return weights.reshape(heads, rows // heads // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns).contiguous()


def _pairs(weights: torch.Tensor, heads: int | None) -> torch.Tensor:
    if heads is None:
        return weights
    rows, columns = weights.shape
    return weights.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns).contiguous()
