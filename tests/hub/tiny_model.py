"""A whole llama model of 60 KB that llama.cpp loads and runs, and damage to it: of bytes, and of meaning."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.hub.gguf_files import F32, tensor, text

WIDTH, HIDDEN, ALIGNMENT = 32, 64, 32
_FORMATS = {4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q"}
STRING, ARRAY, UINT, INT, FLOAT, BOOL = 8, 9, 4, 5, 6, 7


@dataclass
class Tiny:
    """The parts, to be changed before :meth:`write`: keys as (name, type, value), an array's value as (type, items)."""

    keys: list[tuple[str, int, Any]]
    tensors: dict[str, tuple[int, ...]]
    noise: random.Random = field(default_factory=lambda: random.Random(1))

    def set(self, name: str, value: Any, type_id: int | None = None) -> None:
        self.keys = [(n, type_id or t, value) if n == name else (n, t, v) for n, t, v in self.keys]

    def array(self, name: str) -> tuple[int, Any] | None:
        """An array's ``(type, items)``; ``None`` when there is none of this name (any more)."""
        return next((value for key, type_id, value in self.keys if key == name and type_id == ARRAY), None)

    def write(self) -> bytes:
        head = b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.keys))
        head += b"".join(
            text(name) + struct.pack("<I", type_id) + _value(type_id, value) for name, type_id, value in self.keys
        )
        data = bytearray()
        for name, shape in self.tensors.items():
            head += tensor(name, shape, F32, len(data))
            count = 1
            for size in shape:
                count *= size
            data += struct.pack(f"<{count}f", *([0.01] * count))
            data += b"\0" * (-len(data) % ALIGNMENT)
        return head + b"\0" * (-len(head) % ALIGNMENT) + bytes(data)


def _value(type_id: int, value: Any) -> bytes:
    if type_id == STRING:
        return text(value)
    if type_id != ARRAY:
        return struct.pack(_FORMATS[type_id], value)
    items_type, items = value
    return struct.pack("<IQ", items_type, len(items)) + b"".join(_value(items_type, item) for item in items)


def tiny() -> Tiny:
    """A sound one: SentencePiece tokens for each byte and a few words, one layer."""
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁select", "▁1", "▁from", "t"]
    kinds = [2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 259)
    size = len(tokens)
    keys: list[tuple[str, int, Any]] = [
        ("general.architecture", STRING, "llama"),
        ("llama.context_length", UINT, 4096),
        ("llama.embedding_length", UINT, WIDTH),
        ("llama.block_count", UINT, 1),
        ("llama.feed_forward_length", UINT, HIDDEN),
        ("llama.attention.head_count", UINT, 2),
        ("llama.attention.head_count_kv", UINT, 2),
        ("llama.attention.layer_norm_rms_epsilon", FLOAT, 1e-5),
        ("llama.rope.dimension_count", UINT, WIDTH // 2),
        ("tokenizer.ggml.model", STRING, "llama"),
        ("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)),
        ("tokenizer.ggml.scores", ARRAY, (FLOAT, [-float(i) for i in range(size)])),
        ("tokenizer.ggml.token_type", ARRAY, (INT, kinds)),
        ("tokenizer.ggml.bos_token_id", UINT, 1),
        ("tokenizer.ggml.eos_token_id", UINT, 2),
        ("tokenizer.ggml.unknown_token_id", UINT, 0),
        (
            "tokenizer.chat_template",
            STRING,
            "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant: ",
        ),
    ]
    block = {"attn_norm": (WIDTH,), "ffn_norm": (WIDTH,), "ffn_gate": (WIDTH, HIDDEN), "ffn_up": (WIDTH, HIDDEN),
             "ffn_down": (HIDDEN, WIDTH)} | {f"attn_{part}": (WIDTH, WIDTH) for part in ("q", "k", "v", "output")}  # fmt: skip
    tensors: dict[str, tuple[int, ...]] = {"token_embd.weight": (WIDTH, size), "output_norm.weight": (WIDTH,)}
    tensors |= {f"blk.0.{name}.weight": shape for name, shape in block.items()}
    return Tiny(keys, tensors)


def _swap_value(model: Tiny, rng: random.Random) -> None:
    place = rng.randrange(len(model.keys))
    name, type_id, _ = model.keys[place]
    values: dict[int, list[Any]] = {
        STRING: ["", "llama", "gpt2", "bert", "mamba", "x" * 1000, "qwen2", "t5", "plamo2", "{% for %}", "\0"],
        UINT: [0, 1, 2, 3, 7, 31, 512, 513, 2**16, 2**31 - 1, 2**31, 2**32 - 1],
        FLOAT: [0.0, -1.0, 1e38, float("nan"), float("inf")],
    }
    if type_id in values:
        model.keys[place] = (name, type_id, rng.choice(values[type_id]))
    else:
        _change_array(model, rng)


def _change_array(model: Tiny, rng: random.Random) -> None:
    name = rng.choice(["tokens", "scores", "token_type"])
    items_type, items = model.array(f"tokenizer.ggml.{name}") or (None, ())
    items = list(items)
    if items_type not in {STRING, INT, FLOAT} or not items:  # an earlier change has taken it away
        return
    what = rng.choice(["repeat", "shorten", "empty", "value"])
    if what == "repeat":
        items[rng.randrange(len(items))] = items[rng.randrange(len(items))]
    elif what == "shorten":
        del items[rng.randrange(len(items)) :]
    elif what == "empty":
        items = []
    else:
        odd = {STRING: ["", "\n", "\0", "▁" * 500, "<0xZZ>"], INT: [-1, 0, 99, 2**31 - 1], FLOAT: [float("nan"), 1e38]}
        items[rng.randrange(len(items))] = rng.choice(odd[items_type])
    model.set(f"tokenizer.ggml.{name}", (items_type, items))


def _change_type(model: Tiny, rng: random.Random) -> None:
    place = rng.randrange(len(model.keys))
    name, _, _ = model.keys[place]
    model.keys[place] = (
        name,
        *rng.choice([(UINT, 3), (STRING, "x"), (FLOAT, 1.0), (BOOL, True), (ARRAY, (UINT, [1, 2]))]),
    )


def _drop_or_double(model: Tiny, rng: random.Random) -> None:
    place = rng.randrange(len(model.keys))
    if rng.random() < 0.7:
        del model.keys[place]
    else:
        model.keys.append(model.keys[place])


def _change_tensor(model: Tiny, rng: random.Random) -> None:
    name = rng.choice(list(model.tensors))
    shape = model.tensors[name]
    what = rng.choice(["drop", "shape", "name", "turn"])
    if what == "drop":
        del model.tensors[name]
    elif what == "shape":
        model.tensors[name] = (*shape[:-1], rng.choice([1, 2, 31, 33, 64, 300]))
    elif what == "turn":
        model.tensors[name] = shape[::-1]
    else:
        model.tensors[rng.choice(["", "blk.0.x", "blk.999.attn_q.weight", "output.weight", name + "\0"])] = (
            model.tensors.pop(name)
        )


_MEANING: list[Callable[[Tiny, random.Random], None]] = [_swap_value, _swap_value, _change_array, _change_type, _drop_or_double, _change_tensor]  # fmt: skip


def damaged(rng: random.Random) -> bytes:
    """The tiny model with seeded damage: half of it to what it says, half to its bytes (mostly of the header)."""
    model = tiny()
    if rng.random() < 0.5:
        for _ in range(rng.choice([1, 1, 1, 2, 4])):
            rng.choice(_MEANING)(model, rng)
        return model.write()
    data = bytearray(model.write())
    header = 9000  # keys, vocabulary and tensor table end about here
    for _ in range(rng.choice([1, 1, 2, 8, 40])):
        at = rng.randrange(24 if rng.random() < 0.1 else header if rng.random() < 0.9 else len(data))
        data[at] = rng.choice([0, 0xFF, rng.randrange(256), data[at] ^ 1 << rng.randrange(8)])
    if rng.random() < 0.05:
        del data[rng.randrange(len(data)) :]
    return bytes(data)
