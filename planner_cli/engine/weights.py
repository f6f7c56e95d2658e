"""Model files in memory: loaded once, shared by every engine that uses them."""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.engine import library
from planner_cli.engine.library import L
from planner_cli.engine.protocol import ACTS_BEHIND
from planner_cli.engine.purpose import why_it_cannot_write
from planner_cli.engine.vocabulary import special_tokens
from planner_cli.errors import ModelError

_ATTENTION_COST = 2.5
"""Of an operation of attention, in those of a matrix product (2.2 to 3.1 on two cores, Qwen2.5-Coder-0.5B, by whether
its vocabulary counts once or twice)."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A LoRA adapter over loaded weights."""

    handle: Any
    acts_behind: bool
    """See :data:`ACTS_BEHIND`."""


class Weights:
    """One loaded GGUF and the LoRA adapters loaded over it.

    A generator and a discriminator that are adapters of one base share one instance, so the base is in memory
    once; the file is mapped, not read.
    """

    def __init__(self, path: Path, *, gpu_layers: int | None = None, vocabulary_only: bool = False) -> None:
        """Load the file; with ``vocabulary_only`` none of its tensors, just the tokenizer."""
        library.start()
        self.path = path
        params = L.llama_model_default_params()
        self.gpu_layers = _wanted_gpu_layers(gpu_layers)
        params.n_gpu_layers = self.gpu_layers
        params.vocab_only = vocabulary_only
        self.handle = L.llama_model_load_from_file(os.fsencode(path), params)
        if not self.handle:
            raise ModelError(
                f"{path.name}: llama.cpp cannot load this model file",
                hint="PLANNER_DEBUG=1 shows llama.cpp's own log; the file may be damaged or too new",
            )
        if not vocabulary_only:
            other = why_it_cannot_write(self.metadata)
            if other is not None:
                raise ModelError(f"{path.name} is {other}", hint="planner models recommend names models that do")
        self._adapters: dict[Path, Adapter] = {}
        self._users = 0

    def use(self) -> Weights:
        """Count one more user, who ends with :meth:`release`."""
        self._users += 1
        return self

    def release(self) -> None:
        """Count one user less; the last one frees the weights, and the adapters over them."""
        self._users -= 1
        if self._users == 0:
            for key in [key for key, weights in _LOADED.items() if weights is self]:
                del _LOADED[key]
            self._adapters.clear()
            L.llama_model_free(self.handle)
            self.handle = None

    def adapter(self, path: Path) -> Adapter:
        """A LoRA adapter for this model, loaded at its first use.

        Raises:
            ModelError: it cannot be loaded, or belongs to a model of another shape.

        """
        if path not in self._adapters:
            handle = L.llama_adapter_lora_init(self.handle, os.fsencode(path))
            if not handle:
                raise ModelError(
                    f"{path.name}: not a LoRA adapter for {self.path.name}",
                    hint="an adapter fits only the base model it was trained on",
                )
            self._adapters[path] = Adapter(handle, _text(L.llama_adapter_meta_val_str, handle, ACTS_BEHIND) == "true")
        return self._adapters[path]

    @functools.cached_property
    def special_tokens(self) -> dict[int, str]:
        """See :func:`~planner_cli.engine.vocabulary.special_tokens`."""
        return special_tokens(self.handle)

    def metadata(self, key: str) -> str | None:
        """One value of the GGUF header as text, ``None`` where it is absent."""
        return _text(L.llama_model_meta_val_str, self.handle, key)

    @functools.cached_property
    def description(self) -> str:
        """Architecture, size and quantisation, for example ``llama 135M Q4_1``."""
        buffer = ctypes.create_string_buffer(256)
        L.llama_model_desc(self.handle, buffer, len(buffer))
        # llama.cpp's own size is guessed from the layers ("256M" for this project's 135M model)
        architecture, _, rest = buffer.value.decode("utf-8", "replace").partition(" ")
        quantisation = rest.split(" ", 1)[-1]
        return f"{architecture} {_size_text(self.parameters)} {quantisation}"

    @property
    def adds_space(self) -> bool:
        """Whether the tokenizer puts a space before the first word of every text (SentencePiece)."""
        vocab = L.llama_model_get_vocab(self.handle)
        return bool(L.llama_vocab_type(vocab) == L.LLAMA_VOCAB_TYPE_SPM) and (
            self.metadata("tokenizer.ggml.add_space_prefix") != "false"
        )

    @property
    def parameters(self) -> int:
        return int(L.llama_model_n_params(self.handle))

    @property
    def trained_context(self) -> int:
        """Longest sequence the model was trained for, in tokens."""
        return int(L.llama_model_n_ctx_train(self.handle))

    @property
    def recurrent(self) -> bool:
        """Whether part of its memory is a state that cannot be rolled back to an earlier token."""
        return bool(L.llama_model_is_recurrent(self.handle) or L.llama_model_is_hybrid(self.handle))

    @property
    def heads(self) -> int:
        """Attention heads per layer."""
        return max(1, int(L.llama_model_n_head(self.handle)))

    @property
    def growth_per_token(self) -> float:
        """How much more reading a token costs for each token before it, as a part of what the first one costs.

        Attention takes 4 operations for each number of an embedding, layer and token before; all else 2 for a weight,
        without the vocabulary's.
        """
        width, layers = int(L.llama_model_n_embd(self.handle)), int(L.llama_model_n_layer(self.handle))
        vocabulary = int(L.llama_vocab_n_tokens(L.llama_model_get_vocab(self.handle)))
        weights = max(self.parameters - vocabulary * width, self.parameters // 2)
        return _ATTENTION_COST * 2 * width * layers / weights

    @property
    def kv_bytes_per_token(self) -> int:
        """F16 keys and values of one token over all layers, in bytes (more than windowed attention takes)."""
        usual = L.llama_model_n_embd(self.handle) // self.heads
        architecture = self.metadata("general.architecture") or ""
        key, value = (
            int(self.metadata(f"{architecture}.attention.{part}_length") or usual) for part in ("key", "value")
        )
        return int(L.llama_model_n_layer(self.handle) * L.llama_model_n_head_kv(self.handle) * (key + value) * 2)


def _text(read: Callable[..., int], handle: Any, key: str) -> str | None:
    """What llama.cpp has read under a key of a header, ``None`` where there is nothing."""
    size = 4096
    while True:
        buffer = ctypes.create_string_buffer(size)
        length = read(handle, key.encode(), buffer, size)
        if length < 0:
            return None
        if length < size:
            return buffer.value.decode("utf-8", "replace")
        size = length + 1


def _size_text(parameters: int) -> str:
    """For example ``135M`` or ``1.5B``."""
    if parameters < 1_000_000_000:
        return f"{parameters / 1e6:.0f}M"
    return f"{parameters / 1e9:.1f}B"


_LOADED: dict[tuple[Path, int | None], Weights] = {}


def load_weights(path: Path, gpu_layers: int | None = None) -> Weights:
    """The weights of one file; the same instance for the same file in this process, even through a link to it.

    They stay until whoever loaded them has called :meth:`Weights.release`.

    Raises:
        ModelError: llama.cpp cannot load it.

    """
    key = (path.resolve(), gpu_layers)
    if key not in _LOADED:
        _LOADED[key] = Weights(path, gpu_layers=gpu_layers)
    return _LOADED[key].use()


def _wanted_gpu_layers(asked: int | None) -> int:
    """``None`` is all layers where this build can offload, otherwise none."""
    if not library.gpu_supported():
        return 0
    return 999 if asked is None else asked


def device_text(gpu_layers: int, threads: int) -> str:
    """One line that says where a model runs, for example ``CPU, 2 threads``."""
    cpu = f"CPU, {threads} thread{'s' if threads != 1 else ''}"
    if gpu_layers == 0:
        return cpu if library.gpu_supported() else f"{cpu} (this llama.cpp build has no GPU support)"
    return "GPU, all layers" if gpu_layers >= 999 else f"GPU, {gpu_layers} layers; rest on {cpu}"
