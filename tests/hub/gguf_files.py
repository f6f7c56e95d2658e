"""Writes small GGUF files, sound and damaged."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

F32, Q4_1 = 0, 3
MODEL = [("general.architecture", "llama"), ("general.name", "Tiny"), ("llama.context_length", 512)]
ADAPTER = [("general.architecture", "llama"), ("general.type", "adapter"), ("adapter.type", "lora")]
Pairs = Sequence[tuple[str, "str | int | bool | list[str] | list[int]"]]


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def pair(key: str, value: str | int | bool | list[str] | list[int]) -> bytes:
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if isinstance(value, bool):
        return text(key) + struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return text(key) + struct.pack("<II", 4, value)
    if value and isinstance(value[0], int):
        return text(key) + struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)
    return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))


def tensor(name: str, shape: Sequence[int] = (32,), type_id: int = F32, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, type_id, offset)


def gguf(
    pairs: Pairs = MODEL,
    tensors: Sequence[bytes] = (tensor("token_embd.weight"),),
    *,
    magic: bytes = b"GGUF",
    version: int = 3,
    keys: int | None = None,
    tensor_count: int | None = None,
    data: int = 128,
) -> bytes:
    """A whole file with ``data`` bytes of weights; counts may be made to lie."""
    head = magic + struct.pack(
        "<IQQ",
        version,
        len(tensors) if tensor_count is None else tensor_count,
        len(pairs) if keys is None else keys,
    )
    head += b"".join(pair(*item) for item in pairs) + b"".join(tensors)
    return head + b"\0" * (-len(head) % 32) + b"\1" * data


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
