"""What a GGUF file is for, from its header: llama.cpp loads much that cannot write, and aborts the process later.

Needs no llama.cpp, so that a file is refused before it is loaded, and again where one is loaded without that check.
"""

from __future__ import annotations

from collections.abc import Callable

_EMBEDS = "it turns text into vectors and cannot write"
_ARCHITECTURES = {
    **dict.fromkeys(
        (
            "bert", "modern-bert", "neo-bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3",
            "eurobert", "gemma-embedding", "llama-embed", "t5encoder",
        ),
        f"an encoder: {_EMBEDS}",
    ),
    "t5": "an encoder with a decoder, made to rewrite a text, which is not supported",
    **dict.fromkeys(("dream", "llada", "llada-moe", "rnd1"), "a diffusion model, which does not write word by word"),
    **dict.fromkeys(("eagle3", "dflash", "gemma4-assistant"), "a draft model, of use only together with another model"),
    "clip": "a multimodal projector (mmproj): it reads pictures or sound for the model it came with",
    **dict.fromkeys(("whisper", "wavtokenizer-dec"), "a model of sound, which does not write SQL"),
    "controlvector": "a control vector, not a model",
    "imatrix": "an importance matrix for making quantised models, not a model",
}  # fmt: skip
_TYPES = {"mmproj": "clip", "imatrix": "imatrix"}
"""``general.type`` to the architecture that stands for it."""
_POOLING = {
    "1": "an embedding model (pooling: mean)",
    "2": "an embedding model (pooling: cls)",
    "3": "an embedding model (pooling: last)",
    "4": "a reranker (pooling: rank)",
}


def why_it_cannot_write(read: Callable[[str], object]) -> str | None:
    """What a model that cannot write is instead, as the end of a sentence; ``None`` where nothing says so.

    ``read`` gives a value of the header, as it is or as text, and ``None`` where there is none.
    """

    def text(key: str) -> str:
        value = read(key)
        return "" if value is None else str(value).lower()

    architecture = _TYPES.get(text("general.type")) or text("general.architecture")
    if not architecture and text("imatrix.chunk_count"):
        architecture = "imatrix"
    if architecture in _ARCHITECTURES:
        return f"{_ARCHITECTURES[architecture]} (architecture: {architecture})"
    if text(f"{architecture}.attention.causal") == "false":
        return f"an encoder (its attention is not causal): {_EMBEDS}"
    pooling = _POOLING.get(text(f"{architecture}.pooling_type"))
    return f"{pooling}: it does not write" if pooling else None
