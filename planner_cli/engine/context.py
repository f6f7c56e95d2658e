"""One llama.cpp context: a KV cache, a batch to fill, and decodes that can be stopped."""

from __future__ import annotations

import ctypes
import time
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from planner_cli.control import Control
from planner_cli.engine.contention import Contention
from planner_cli.engine.library import L
from planner_cli.engine.weights import Adapter, Weights
from planner_cli.errors import EngineError
from planner_cli.settings import KvType

BATCH = 512
"""Tokens in one llama_decode; more than the context's n_batch would abort the process."""
PLAIN_BATCH = 256
"""Tokens that plain attention takes at once: its scores stay closer to the core (3 to 6 % faster than 512)."""
OUTPUTS = 64
"""Least rows of logits a decode can give: 13 MB with a vocabulary of 49k, 39 MB with one of 152k."""
KV_TYPES = {"f16": L.GGML_TYPE_F16, "q8_0": L.GGML_TYPE_Q8_0, "q4_0": L.GGML_TYPE_Q4_0}
"""ggml's number of each type."""
KV_SHARE = {"f16": 1.0, "q8_0": 34 / 64, "q4_0": 18 / 64}
"""Bytes of each type relative to f16: 32 numbers and a scale per block."""
_ABORTED = 2
_UNWATCHED_SECONDS = 0.1
"""A decode expected to end within this is checked for stopping only before it: checks during it cost 2 to 3 % of
a small model's step (some 500 calls into Python), and more while another thread holds the interpreter's lock."""


class _Watcher:
    """What llama.cpp asks whether to go on; it refers to no context, so that an unused one is freed at once."""

    control: Control | None = None

    def should_abort(self, _data: Any) -> bool:
        return self.control is not None and self.control.should_abort()


class Context:
    """A KV cache of ``cells`` tokens shared by ``sequences`` sequences (unified: prefixes are shared)."""

    def __init__(
        self,
        weights: Weights,
        *,
        cells: int,
        sequences: int,
        threads: int,
        batch_threads: int | None = None,
        adapter: Adapter | None = None,
        kv: KvType = "f16",
        flash_attention: bool | None = None,
        contention: Contention | None = None,
    ) -> None:
        """``batch_threads`` is for decodes of more than one token, ``threads`` for those of one.

        With ``contention`` the former is an upper limit: see there.
        """
        params = L.llama_context_default_params()
        params.n_ctx = -(-cells // 256) * 256
        params.n_batch = BATCH
        params.n_ubatch = PLAIN_BATCH if flash_attention is False else BATCH
        params.n_seq_max = sequences
        # One row of logits per sequence is the most llama.cpp insists on and more than a step samples; a few more serve
        # the reading of whole texts. The default, a row for each of the batch's 512 tokens, would be 311 MB with a
        # vocabulary of 152k.
        params.n_outputs_max = self.outputs = max(sequences, OUTPUTS)
        params.kv_unified = True
        params.type_k = params.type_v = KV_TYPES[kv]
        self.flash_attention = flash_attention
        if flash_attention is not None:
            params.flash_attn_type = int(flash_attention)
        params.n_threads, params.n_threads_batch = threads, batch_threads or threads
        params.no_perf = True
        self.handle = L.llama_init_from_model(weights.handle, params)
        if not self.handle:
            raise EngineError(
                f"{weights.path.name}: no memory for a context of {cells} tokens",
                hint="use fewer --candidates, a smaller --budget or a smaller --context",
            )
        self.cells = int(L.llama_n_ctx(self.handle))
        self.shares_cells = not weights.recurrent
        """Whether a token can be decoded for several sequences at once."""
        self.sequences = sequences
        self._name, self._adapter, self._adapted = weights.path.name, adapter, False
        try:
            self.adapt(on=True)
        except EngineError:
            L.llama_free(self.handle)
            raise
        self._memory = L.llama_get_memory(self.handle)
        self._vocabulary_size = L.llama_vocab_n_tokens(L.llama_model_get_vocab(weights.handle))
        self._batch = L.llama_batch_init(BATCH, 0, sequences)
        self._free = weakref.finalize(self, _free, self.handle, self._batch)
        self._free.atexit = False  # the process's end frees it, and llama.cpp may be gone by then
        self._watcher = _Watcher()
        # The callback must outlive the context; it only looks at flags (an exception in it would be swallowed).
        self._abort = L.ggml_abort_callback(self._watcher.should_abort)
        self._never_abort = L.ggml_abort_callback()
        self._watched: bool | None = None
        self._token_seconds = float("inf")
        """Seconds per token of the last complete decode."""
        self._threads, self._most, self._now = threads, params.n_threads_batch, params.n_threads_batch
        self._contention = contention

    def _watch(self, watched: bool) -> None:
        if watched != self._watched:
            L.llama_set_abort_callback(self.handle, self._abort if watched else self._never_abort, None)
            self._watched = watched

    def adapt(self, *, on: bool) -> None:
        """Let the adapter, where there is one, act on what is decoded from now on, or not.

        Raises:
            EngineError: llama.cpp cannot apply it.

        """
        if self._adapter is None or on == self._adapted:
            return
        adapters = (L.llama_adapter_lora_p_ctypes * 1)(self._adapter.handle)
        if L.llama_set_adapters_lora(self.handle, adapters, int(on), (ctypes.c_float * 1)(1.0)) != 0:
            raise EngineError(f"{self._name}: the adapter cannot be applied")
        self._adapted = on

    def set_threads(self, threads: int, batch_threads: int) -> None:
        """See the constructor."""
        self._threads, self._most, self._now = threads, batch_threads, batch_threads
        L.llama_set_n_threads(self.handle, threads, batch_threads)

    def _give_way(self) -> None:
        """Use as many threads as can have a core to themselves."""
        if self._contention is not None:
            fitting = self._contention.threads(self._most, self._now)
            if fitting != self._now:
                self._now = fitting
                one = min(self._threads, fitting) if self.flash_attention is False else self._threads
                L.llama_set_n_threads(self.handle, one, fitting)

    # -------------------------------------------------------------------------------------------- batch

    def clear_batch(self) -> None:
        self._batch.n_tokens = 0

    @property
    def batch_room(self) -> int:
        """Tokens that still fit in the batch."""
        return BATCH - int(self._batch.n_tokens)

    def add(
        self, tokens: Sequence[int], position: int, *sequences: int, output: bool = False, every: bool = False
    ) -> int:
        """Put tokens into the batch; with ``output``, the last one's logits are computed, with ``every`` those of each.

        Several ``sequences`` that have been the same so far get the same cells: what they share is decoded once.
        A decode gives at most :attr:`outputs` rows.

        Returns the batch row of the last token.
        """
        batch = self._batch
        row = batch.n_tokens
        for offset, token in enumerate(tokens):
            batch.token[row] = token
            batch.pos[row] = position + offset
            batch.n_seq_id[row] = len(sequences)
            for place, sequence in enumerate(sequences):
                batch.seq_id[row][place] = sequence
            batch.logits[row] = every
            row += 1
        batch.n_tokens = row
        if output:
            batch.logits[row - 1] = 1
        return int(row) - 1

    def decode(self, control: Control | None) -> None:
        """Run the batch.

        Raises:
            Stopped: by the control; how much of the batch is in the cache is undefined until it is cut.
            EngineError: llama.cpp refused the batch.

        """
        if control is not None and control.should_abort():  # not every backend polls the callback
            raise control.stopped()
        self._give_way()
        tokens = max(1, int(self._batch.n_tokens))
        self._watch(tokens * self._token_seconds > _UNWATCHED_SECONDS)
        self._watcher.control = control
        started = time.perf_counter()
        try:
            code = L.llama_decode(self.handle, self._batch)
        finally:
            self._watcher.control = None
        if code == 0:
            self._token_seconds = (time.perf_counter() - started) / tokens
        if code == _ABORTED and control is not None:
            raise control.stopped()
        if code != 0:
            raise EngineError(f"llama_decode failed with code {code} on a batch of {self._batch.n_tokens} tokens")

    def logits(self, row: int) -> npt.NDArray[np.float32]:
        """Logits of one output row, shape (vocabulary,): a view that the next decode overwrites."""
        pointer = L.llama_get_logits_ith(self.handle, row)
        return np.ctypeslib.as_array(pointer, shape=(self._vocabulary_size,))

    # ----------------------------------------------------------------------------------------- sequences

    def fork(self, source: int, target: int) -> None:
        """Let ``target`` share all of ``source``'s tokens (metadata only)."""
        L.llama_memory_seq_cp(self._memory, source, target, -1, -1)

    def cut(self, sequence: int, position: int = 0) -> bool:
        """Drop a sequence's tokens from ``position`` on; false where the model cannot (recurrent state)."""
        return bool(L.llama_memory_seq_rm(self._memory, sequence, position, -1))

    def save(self, sequence: int) -> bytes:
        """Everything in the cache about a sequence's tokens; empty where llama.cpp cannot export it."""
        size = int(L.llama_state_seq_get_size(self.handle, sequence))
        buffer = (ctypes.c_uint8 * size)()
        written = int(L.llama_state_seq_get_data(self.handle, buffer, size, sequence))
        return bytes(memoryview(buffer)[:written])

    def restore(self, sequence: int, state: bytes) -> bool:
        """Bring a saved state back into an empty sequence; whether that worked.

        The state must be complete, and of this model under these parameters: llama.cpp checks little of that.
        """
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        return bool(L.llama_state_seq_set_data(self.handle, buffer, len(state), sequence))

    def clear(self) -> None:
        """Empty the cache; the next tokens take its cells from the beginning."""
        L.llama_memory_clear(self._memory, False)

    def close(self) -> None:
        """Free its memory now; one that nothing refers to any more is freed anyway."""
        self._free()
        self.handle = None


def _free(handle: Any, batch: Any) -> None:
    L.llama_batch_free(batch)
    L.llama_free(handle)


def log_sum_exp(logits: npt.NDArray[np.float32]) -> float:
    """Natural logarithm of the sum of exponentials, computed without overflow."""
    top = float(logits.max())
    return top + float(np.log(np.exp(logits - top).sum(dtype=np.float64)))
