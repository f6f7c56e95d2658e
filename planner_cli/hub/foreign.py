"""GGUF files that other programs keep on this machine: Ollama, LM Studio, the Hugging Face cache.

Only their folders are read; nothing in them is ever changed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OLLAMA_MODEL = "application/vnd.ollama.image.model"
_BLOB = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A model file of another program."""

    ref: str
    """How the user gives it to ``planner models import``: ``ollama:qwen3:0.6b``, ``lmstudio:...``, ``hf:...``."""
    path: Path
    size: int
    """Bytes."""
    name: str
    """A fitting name in our models folder, without ``.gguf``."""
    sha256: str | None = None
    """What that program says it is."""
    repo: str | None = None
    revision: str | None = None


def find_foreign() -> tuple[Foreign, ...]:
    """Everything found, in a fixed order; what cannot be read is left out."""
    return (*_ollama(), *_lm_studio(), *_hub_cache())


def _ollama() -> Iterator[Foreign]:
    named = os.environ.get("OLLAMA_MODELS")
    roots = [Path(named)] if named else [Path.home() / ".ollama/models", Path("/usr/share/ollama/.ollama/models")]
    for root in roots:
        for manifest in _files(root / "manifests", "*"):
            digest = _ollama_digest(manifest)
            blob = root / "blobs" / f"sha256-{digest}"
            size = _size(blob)
            if digest is None or size is None:
                continue
            *_, model, tag = manifest.parts
            yield Foreign(f"ollama:{model}:{tag}", blob, size, f"{model}-{tag}", sha256=digest)


def _ollama_digest(manifest: Path) -> str | None:
    """sha256 of the weights an Ollama manifest names."""
    try:
        layers = json.loads(manifest.read_text(encoding="utf-8"))["layers"]
        digest = next(layer["digest"] for layer in layers if layer["mediaType"] == _OLLAMA_MODEL)
        found = str(digest).removeprefix("sha256:")
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None
    return found if _BLOB.fullmatch(found) else None


def _lm_studio() -> Iterator[Foreign]:
    for root in (Path.home() / ".lmstudio/models", Path.home() / ".cache/lm-studio/models"):
        for path in _files(root, "*.gguf"):
            size = _size(path)
            if size is not None:
                yield Foreign(f"lmstudio:{path.relative_to(root).as_posix()}", path, size, path.stem)


def _hub_cache() -> Iterator[Foreign]:
    home = os.environ.get("HF_HOME", str(Path.home() / ".cache/huggingface"))
    root = Path(os.environ.get("HF_HUB_CACHE", f"{home}/hub")).expanduser()
    for path in _files(root, "*.gguf"):
        inside = path.relative_to(root).parts
        size = _size(path)
        if size is None or len(inside) < 4 or inside[1] != "snapshots" or not inside[0].startswith("models--"):
            continue
        repo = inside[0].removeprefix("models--").replace("--", "/")
        blob = path.resolve().name
        yield Foreign(
            f"hf:{repo}:{'/'.join(inside[3:])}",
            path,
            size,
            path.stem,
            sha256=blob if _BLOB.fullmatch(blob) else None,
            repo=repo,
            revision=inside[2],
        )


def _files(root: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in root.rglob(pattern) if path.is_file())
    except OSError:
        return []


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
