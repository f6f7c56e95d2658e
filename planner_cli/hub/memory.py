"""How much memory a model will take, from its header alone.

The parts are those llama.cpp allocates on a CPU, each as its log names it; their sizes were compared with the
resident set of a process that ran the model (``tests/hub/test_memory.py``). What is not covered: layers on a GPU
(the same bytes are there), windowed attention (which takes less), recurrent state.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner_cli.hub.ggml import TENSOR_TYPES
from planner_cli.hub.gguf import ArrayInfo, GgufHeader, TensorInfo
from planner_cli.settings import SCORES_BYTES

PROCESS = 48 * 2**20
"""Python, numpy and llama.cpp before a model is loaded (measured: 48 MiB)."""
_VOCABULARY_ENTRY = 384
"""Bytes per token of llama.cpp's tokenizer: measured 18 MiB at 49,152 tokens."""
_SAMPLED_TOKEN = 12
"""``llama_token_data``: a sampler keeps one for every token of the vocabulary."""
_BATCH, _PLAIN_BATCH = 512, 256
"""Tokens of one decode, with flash attention and without, as :mod:`planner_cli.engine.context` sets them."""
_CELLS = 256
"""The KV cache's size is rounded up to these."""
_REPACKED = frozenset({"Q4_0", "Q4_K", "IQ4_NL"})
"""Types llama.cpp copies into another order for the CPU's vector units (x86 with AVX2; ARM, but for IQ4_NL)."""


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Bytes, by what they are for."""

    weights: int
    """The file's tensors, mapped."""
    repacked: int
    """A second copy of those in a format the CPU wants in another order; the first can be dropped by the system."""
    kv_cache: int
    compute: int
    """Scratch of one decode, and its logits."""
    vocabulary: int
    """The tokenizer, and the samplers' candidate lists."""
    process: int = PROCESS

    @property
    def total(self) -> int:
        return self.weights + self.repacked + self.kv_cache + self.compute + self.vocabulary + self.process

    @property
    def needed(self) -> int:
        """The least that must fit: the mapped original of what was repacked can be dropped."""
        return self.total - self.repacked


def tensor_bytes(header: GgufHeader) -> int:
    """Bytes of all tensors together (those of a type newer than our table count as F16)."""
    return sum(_bytes(tensor) for tensor in header.tensors)


def estimate(
    header: GgufHeader, *, context: int, branches: int, adapter: GgufHeader | None = None, repacks: bool = True
) -> MemoryEstimate:
    """Memory of a process that runs the model on a CPU.

    ``context``: tokens in the KV cache over all ``branches``; ``repacks``: whether this CPU has the vector units
    for which llama.cpp repacks (see :func:`planner_cli.engine.library.repacks_weights`).
    """
    cells = -(-context // _CELLS) * _CELLS
    sequences = 1 + 2 * branches  # the prefix, the branches, and a fork of each for its probe
    vocabulary = vocabulary_size(header)
    width, inner = _number(header, "embedding_length"), _number(header, "feed_forward_length")
    scores = 4 * (_number(header, "attention.head_count") or 1) * _PLAIN_BATCH * cells
    plain = scores <= SCORES_BYTES
    return MemoryEstimate(
        weights=tensor_bytes(header) + (tensor_bytes(adapter) if adapter else 0),
        repacked=sum(_bytes(tensor) for tensor in header.tensors if _is_repacked(tensor)) if repacks else 0,
        kv_cache=cells * kv_bytes_per_token(header),
        # two halves of the feed-forward layer and four rows of the residual stream, the attention mask in F16,
        # the logits once in the graph and once in the output buffer
        # and the scores of attention, where flash attention is not used in place of them
        compute=(_PLAIN_BATCH if plain else _BATCH) * (4 * (2 * inner + 4 * width) + 2 * cells)
        + 2 * 4 * sequences * vocabulary
        + (scores if plain else 0),
        vocabulary=vocabulary * (_VOCABULARY_ENTRY + branches * _SAMPLED_TOKEN),
    )


def kv_bytes_per_token(header: GgufHeader) -> int:
    """F16 keys and values of one token over all layers."""
    heads = _number(header, "attention.head_count") or 1
    kv_heads = _number(header, "attention.head_count_kv") or heads
    usual = _number(header, "embedding_length") // heads
    key = _number(header, "attention.key_length") or usual
    value = _number(header, "attention.value_length") or usual
    return _number(header, "block_count") * kv_heads * (key + value) * 2


def vocabulary_size(header: GgufHeader) -> int:
    tokens = header.metadata.get("tokenizer.ggml.tokens")
    return tokens.items if isinstance(tokens, ArrayInfo) else 0


def _number(header: GgufHeader, key: str) -> int:
    """A size of the architecture; 0 when the file does not say (or says one a layer, as an array)."""
    value = header.metadata.get(f"{header.architecture}.{key}")
    return value if isinstance(value, int) else 0


def _bytes(tensor: TensorInfo) -> int:
    known = TENSOR_TYPES.get(tensor.type_id)
    return tensor.elements // known.block * known.bytes if known else tensor.elements * 2


def _is_repacked(tensor: TensorInfo) -> bool:
    """Whether llama.cpp repacks it: a matrix of whole groups of eight rows. Embeddings are only looked up."""
    known = TENSOR_TYPES.get(tensor.type_id)
    two_dimensional = len(tensor.shape) > 1 and tensor.shape[1] % 8 == 0
    return known is not None and known.name in _REPACKED and two_dimensional and tensor.name != "token_embd.weight"
