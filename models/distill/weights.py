"""The base model and its LoRA adapter: read from GGUF, written to GGUF.

llama.cpp keeps the rows of the query and key maps in another order (pairs of rotary dimensions side by side)
than the network here does (first halves, then second halves); they are put in order on the way in and out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch

MAPS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
"""The linear maps of a layer by llama.cpp's names; an adapter covers all of them."""

Pair = tuple[torch.Tensor, torch.Tensor]
"""An adapter's (A, B) of one map: shapes (rank, inputs) and (outputs, rank)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the network's forward pass needs to know of the base."""

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


def read_base(path: Path) -> Base:
    """The weights of a llama-like GGUF file with tied embeddings.

    Raises:
        ValueError: it is of another architecture.

    """
    reader = gguf.GGUFReader(path)

    def fact(name: str) -> Any:
        return reader.fields[name].contents()

    if fact("general.architecture") != "llama":
        raise ValueError(f"{path}: architecture {fact('general.architecture')!r}, but only llama is known here")
    shape = Shape(
        layers=fact("llama.block_count"),
        width=fact("llama.embedding_length"),
        heads=fact("llama.attention.head_count"),
        kv_heads=fact("llama.attention.head_count_kv"),
        inner=fact("llama.feed_forward_length"),
        epsilon=fact("llama.attention.layer_norm_rms_epsilon"),
        rope_base=fact("llama.rope.freq_base"),
        eos=fact("tokenizer.ggml.eos_token_id"),
    )
    tensors = {}
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        weights = torch.from_numpy(values.reshape([int(n) for n in reversed(tensor.shape)]).copy())
        tensors[tensor.name] = _halves(weights, _heads(tensor.name, shape))
    return Base(shape, tensors)


def read_adapter(path: Path, shape: Shape) -> tuple[dict[str, Pair], float]:
    """The pairs by the map's tensor name, and alpha."""
    reader = gguf.GGUFReader(path)
    found: dict[str, dict[str, torch.Tensor]] = {}
    for tensor in reader.tensors:
        name, _, part = tensor.name.rpartition(".")
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        weights = torch.from_numpy(values.reshape([int(n) for n in reversed(tensor.shape)]).copy())
        found.setdefault(name, {})[part] = _halves(weights, _heads(name, shape)) if part == "lora_b" else weights
    pairs = {name: (parts["lora_a"], parts["lora_b"]) for name, parts in found.items()}
    return pairs, float(reader.fields["adapter.lora.alpha"].contents())


def write_adapter(path: Path, pairs: Mapping[str, Pair], alpha: float, shape: Shape, facts: Mapping[str, str]) -> None:
    """An F16 adapter for llama.cpp; ``facts`` are its ``general.*`` strings (name, license, ...)."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
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
    """How many heads a rotated map's rows belong to, ``None`` for the other maps."""
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
