"""The tokenizer of a GGUF file, copied byte for byte into another one."""

from __future__ import annotations

import struct
from pathlib import Path

from planner_cli.errors import ModelError
from planner_cli.hub.gguf import TOKENS, raw_pairs

_STRING, _ARRAY, _INT32, _FLOAT32 = 8, 9, 5, 6
_UNUSED = 5
"""``LLAMA_TOKEN_TYPE_UNUSED``"""


def tokenizer_pairs(path: Path, size: int) -> dict[str, bytes]:
    """Every ``tokenizer.*`` pair of a file (type and value, as they stand in it), padded to ``size`` tokens.

    The padding is what llama.cpp's own converter makes of unused rows: ``[PAD123]``, marked as unused.

    Raises:
        ModelError: the file is damaged, has no tokenizer, or has more tokens than that.

    """
    pairs = {key: value for key, value in raw_pairs(path).items() if key.startswith("tokenizer.")}
    if TOKENS not in pairs:
        raise ModelError(f"{path} has no tokenizer", hint="--vocabulary names another GGUF file")
    have = _items(pairs[TOKENS])
    if have > size:
        raise ModelError(f"{path} has {have} tokens, the model only {size}", hint="give another vocabulary")
    names = [f"[PAD{number}]".encode() for number in range(have, size)]
    padding = {
        TOKENS: b"".join(struct.pack("<Q", len(name)) + name for name in names),
        "tokenizer.ggml.scores": struct.pack("<f", 0.0) * len(names),
        "tokenizer.ggml.token_type": struct.pack("<i", _UNUSED) * len(names),
    }
    for key, more in padding.items():
        if key in pairs:
            pairs[key] = _extended(pairs[key], more, len(names))
    return pairs


def _items(pair: bytes) -> int:
    return int(struct.unpack_from("<Q", pair, 8)[0])


def _extended(pair: bytes, more: bytes, count: int) -> bytes:
    """An array with items after its last; its head is type, items' type and number of items."""
    kind, item, items = struct.unpack_from("<IIQ", pair)
    return struct.pack("<IIQ", kind, item, items + count) + pair[16:] + more
