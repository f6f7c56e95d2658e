"""Shapes of known models: the tensors a file of one holds, each with the type that llama.cpp's quantiser gives it."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from math import prod
from pathlib import Path
from typing import Final

from planner_cli.errors import ModelError
from planner_cli.hub.ggml import FILE_TYPES, TENSOR_TYPES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_NUMBERS: Final = {known.name: number for number, known in TENSOR_TYPES.items()}
_FILE_NUMBERS: Final = {name: number for number, name in FILE_TYPES.items()}
_MOST: Final = {
    "F16": "F16", "Q4_0": "Q4_0", "Q4_1": "Q4_1", "Q5_0": "Q5_0", "Q5_1": "Q5_1", "Q8_0": "Q8_0", "Q4_K_M": "Q4_K",
    "Q5_K_M": "Q5_K", "Q6_K": "Q6_K",
}  # fmt: skip
"""The type most tensors of a file get, by the file's type."""
QUANTISATIONS: Final = tuple(_MOST)
_SMALLER_BLOCKS: Final = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
"""What a matrix gets whose rows are not whole blocks of 256."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What of a model decides its speed. Field meanings stand at the top of ``shapes.toml``."""

    name: str
    architecture: str
    layers: int
    width: int
    heads: int
    kv_heads: int
    inner: int
    vocabulary: int
    tied: bool
    context: int
    rope_base: float
    file_type: str
    head: int | None = None

    @property
    def head_length(self) -> int:
        """Elements of one attention head."""
        return self.head or self.width // self.heads


@dataclass(frozen=True, slots=True)
class PlannedTensor:
    """A tensor to be written."""

    name: str
    shape: tuple[int, ...]
    """Elements of a row first."""
    type_id: int
    """ggml's number."""

    @property
    def bytes(self) -> int:
        known = TENSOR_TYPES[self.type_id]
        return prod(self.shape) // known.block * known.bytes


@cache
def known_shapes() -> dict[str, Shape]:
    """All of them, by name."""
    text = (Path(__file__).parent / "shapes.toml").read_text(encoding="utf-8")
    return {name: Shape(name=name, **table) for name, table in tomllib.loads(text).items()}


def known_shape(name: str) -> Shape:
    """The shape of a name.

    Raises:
        ModelError: there is none.

    """
    shapes = known_shapes()
    if name in shapes:
        return shapes[name]
    near = difflib.get_close_matches(name.lower(), shapes, n=3, cutoff=0.5)
    hint = "did you mean " + " or ".join(near) if near else "known shapes: " + ", ".join(shapes)
    raise ModelError(f"the shape of {name!r} is not known", hint=hint)


def file_type_number(file_type: str) -> int:
    """llama.cpp's number of a file type, for example ``Q4_K_M``."""
    return _FILE_NUMBERS[file_type]


def tensors(shape: Shape, file_type: str) -> Iterator[PlannedTensor]:
    """Every tensor of a file of that shape, in the order in which llama.cpp's own files hold them."""
    attention, keys = shape.heads * shape.head_length, shape.kv_heads * shape.head_length
    matrices = {
        "attn_q": (shape.width, attention), "attn_k": (shape.width, keys), "attn_v": (shape.width, keys),
        "attn_output": (attention, shape.width), "ffn_gate": (shape.width, shape.inner),
        "ffn_up": (shape.width, shape.inner), "ffn_down": (shape.inner, shape.width),
    }  # fmt: skip
    vectors = {"attn_norm.weight": shape.width, "ffn_norm.weight": shape.width}
    if shape.architecture == "qwen2":
        vectors |= {"attn_q.bias": attention, "attn_k.bias": keys, "attn_v.bias": keys}
    if shape.architecture == "qwen3":
        vectors |= {"attn_q_norm.weight": shape.head_length, "attn_k_norm.weight": shape.head_length}
    yield _matrix("token_embd.weight", (shape.width, shape.vocabulary), _embedding_type(shape, file_type))
    for layer in range(shape.layers):
        for name, size in matrices.items():
            chosen = _layer_type(name, layer, shape.layers, file_type)
            yield _matrix(f"blk.{layer}.{name}.weight", size, chosen)
        for name, length in vectors.items():
            yield PlannedTensor(f"blk.{layer}.{name}", (length,), _NUMBERS["F32"])
    yield PlannedTensor("output_norm.weight", (shape.width,), _NUMBERS["F32"])
    if not shape.tied:
        yield _matrix("output.weight", (shape.width, shape.vocabulary), _output_type(file_type))


def _embedding_type(shape: Shape, file_type: str) -> str:
    """A tied embedding is the output projection too, and kept as carefully."""
    return _output_type(file_type) if shape.tied else _MOST[file_type]


def _output_type(file_type: str) -> str:
    return _MOST[file_type] if file_type in {"F16", "Q8_0"} else "Q6_K"


def _layer_type(name: str, layer: int, layers: int, file_type: str) -> str:
    """``llama_tensor_get_type_impl`` of llama.cpp's quantiser, for the file types in :data:`QUANTISATIONS`."""
    # the layers whose values and feed-forward outputs the K_M mixes keep at six bits
    more = layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2
    if file_type in {"Q4_K_M", "Q5_K_M"} and name in {"attn_v", "ffn_down"} and more:
        return "Q6_K"
    return _MOST[file_type]


def _matrix(name: str, size: tuple[int, int], wanted: str) -> PlannedTensor:
    if size[0] % TENSOR_TYPES[_NUMBERS[wanted]].block:
        wanted = _SMALLER_BLOCKS.get(wanted, "F16")
    return PlannedTensor(name, size, _NUMBERS[wanted])
