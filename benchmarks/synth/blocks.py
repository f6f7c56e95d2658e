"""Random weights as ggml's quantised blocks, made without a float in between: about as fast as random bytes come.

The quants are random; a block's scale (and minimum) are set so that the weights have mean 0 and a standard deviation
of about :data:`DEVIATION`, as those of a model before training: activations then stay finite through any depth.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from planner_cli.hub.ggml import TENSOR_TYPES

DEVIATION: Final = 0.02
_CHUNK: Final = 2**20
"""About so many bytes are in memory at a time."""


class _Layout(NamedTuple):
    """Where a block's 16-bit floats lie, and the factors of the block's weights they hold."""

    floats: tuple[tuple[int, float], ...]
    """Offset in the block, and its value for quants of standard deviation 1."""


# The deviation of the quants is that of uniform integers; of the K types, that of the product of two of them (a
# 6-bit scale, or an 8-bit one of Q6_K, and the quant). A minimum is what brings the mean to 0.
_LAYOUTS: Final = {
    "Q4_0": _Layout(((0, 1 / 4.61),)),
    "Q4_1": _Layout(((0, 1 / 4.61), (2, -7.5 / 4.61))),
    "Q5_0": _Layout(((0, 1 / 9.23),)),
    "Q5_1": _Layout(((0, 1 / 9.23), (2, -15.5 / 9.23))),
    "Q8_0": _Layout(((0, 1 / 73.9),)),
    "Q4_K": _Layout(((0, 1 / 258.3), (2, 7.5 / 258.3))),
    "Q5_K": _Layout(((0, 1 / 525.0), (2, 15.5 / 525.0))),
    "Q6_K": _Layout(((208, 1 / 1365.0),)),
}
_SMALL_HALVES: Final = bytes(0x24 | byte & 0x83 for byte in range(256))
"""High byte of a 16-bit float, by a random byte: sign and two bits of the fraction kept, the exponent set to -6."""


def random_weights(type_id: int, elements: int, seed: int) -> Iterator[bytes]:
    """The bytes of a matrix of so many elements, in pieces; the same for the same seed."""
    known = TENSOR_TYPES[type_id]
    source = random.Random(seed)
    blocks, at_once = elements // known.block, max(1, _CHUNK // known.bytes)
    for start in range(0, blocks, at_once):
        count = min(at_once, blocks - start)
        piece = bytearray(source.randbytes(count * known.bytes))
        if known.name == "F16":
            piece[1::2] = piece[1::2].translate(_SMALL_HALVES)
        else:
            for offset, factor in _LAYOUTS[known.name].floats:
                low, high = struct.pack("<e", factor * DEVIATION)
                piece[offset :: known.bytes] = bytes([low]) * count
                piece[offset + 1 :: known.bytes] = bytes([high]) * count
        yield bytes(piece)


def vector(name: str, length: int) -> bytes:
    """A norm's ones, or a bias's zeros, in 32-bit floats."""
    return struct.pack("<f", 0.0 if name.endswith(".bias") else 1.0) * length
