"""Writes the file: header, tensor table, then the weights as they are made."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO, Final

from benchmarks.synth.blocks import random_weights, vector
from benchmarks.synth.shapes import QUANTISATIONS, PlannedTensor, Shape, file_type_number, tensors
from benchmarks.synth.vocabulary import tokenizer_pairs
from planner_cli.errors import ModelError

ALIGNMENT: Final = 32
_UINT32, _FLOAT32, _STRING = 4, 6, 8
_NORM_EPSILON: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Synthetic:
    """What was written."""

    path: Path
    size: int
    """Bytes."""
    parameters: int
    file_type: str


def synthesise(
    shape: Shape,
    path: Path,
    *,
    vocabulary: Path,
    file_type: str | None = None,
    progress: Callable[[int, int | None], None] = lambda _done, _total: None,
) -> Synthetic:
    """Write a GGUF file of the shape with random weights, the same for the same arguments.

    ``vocabulary`` is a GGUF file whose tokenizer it gets; ``progress`` is told the bytes written, and of how many.

    Raises:
        ModelError: the path is taken or cannot be written, or the quantisation or the vocabulary does not fit.

    """
    file_type = file_type or shape.file_type
    if file_type not in QUANTISATIONS:
        raise ModelError(f"random weights cannot be made as {file_type!r}", hint="known: " + ", ".join(QUANTISATIONS))
    planned = tuple(tensors(shape, file_type))
    head = _header(shape, file_type, planned, tokenizer_pairs(vocabulary, shape.vocabulary))
    total = len(head) + sum(_padded(tensor.bytes) for tensor in planned)
    part = path.with_name(path.name + ".part")
    if path.exists():
        raise ModelError(f"{path} is there already", hint="remove it, or name another file with -o")
    try:
        with part.open("xb") as file:
            _write(file, head, planned, lambda done: progress(done, total))
        part.rename(path)
    except FileExistsError as error:
        raise ModelError(f"{part} is there: another planner writes it, or one was stopped", hint="remove it") from error
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ModelError(f"cannot write {path}: {error.strerror or error}") from error
    except BaseException:  # an interrupt among them: half a file is of no use
        part.unlink(missing_ok=True)
        raise
    return Synthetic(path, total, sum(prod(tensor.shape) for tensor in planned), file_type)


def _write(file: BinaryIO, head: bytes, planned: Sequence[PlannedTensor], told: Callable[[int], None]) -> None:
    done = file.write(head)
    for tensor in planned:
        for piece in _content(tensor):
            done += file.write(piece)
            told(done)
        done += file.write(b"\0" * (-tensor.bytes % ALIGNMENT))
    told(done)


def _content(tensor: PlannedTensor) -> Iterator[bytes]:
    if len(tensor.shape) == 1:
        yield vector(tensor.name, tensor.shape[0])
    else:
        yield from random_weights(tensor.type_id, prod(tensor.shape), zlib.crc32(tensor.name.encode()))


def _header(shape: Shape, file_type: str, planned: Sequence[PlannedTensor], tokenizer: Mapping[str, bytes]) -> bytes:
    """Everything before the weights, padded to where they begin."""
    architecture = shape.architecture
    pairs = {
        "general.architecture": _text_pair(architecture),
        "general.name": _text_pair(f"random weights in the shape of {shape.name}"),
        "general.file_type": _number_pair(file_type_number(file_type)),
        "general.quantization_version": _number_pair(2),
        f"{architecture}.attention.layer_norm_rms_epsilon": _float_pair(_NORM_EPSILON),
        f"{architecture}.rope.freq_base": _float_pair(shape.rope_base),
    }
    sizes = {
        "block_count": shape.layers, "context_length": shape.context, "embedding_length": shape.width,
        "feed_forward_length": shape.inner, "attention.head_count": shape.heads,
        "attention.head_count_kv": shape.kv_heads, "attention.key_length": shape.head_length,
        "attention.value_length": shape.head_length, "rope.dimension_count": shape.head_length,
    }  # fmt: skip
    pairs |= {f"{architecture}.{key}": _number_pair(value) for key, value in sizes.items()}
    pairs |= tokenizer
    head = b"GGUF" + struct.pack("<IQQ", 3, len(planned), len(pairs))
    head += b"".join(_text(key) + value for key, value in pairs.items())
    offset = 0
    for tensor in planned:
        head += _text(tensor.name) + struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        head += struct.pack("<IQ", tensor.type_id, offset)
        offset += _padded(tensor.bytes)
    return head + b"\0" * (-len(head) % ALIGNMENT)


def _padded(size: int) -> int:
    return size + -size % ALIGNMENT


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def _text_pair(value: str) -> bytes:
    return struct.pack("<I", _STRING) + _text(value)


def _number_pair(value: int) -> bytes:
    return struct.pack("<II", _UINT32, value)


def _float_pair(value: float) -> bytes:
    return struct.pack("<If", _FLOAT32, value)
