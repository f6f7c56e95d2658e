"""GGUF files that other programs keep on this machine: Ollama, LM Studio, the Hugging Face cache.

Only their folders are read; nothing in them is ever changed.
"""

from __future__ import annotations

import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.errors import ModelError

_OLLAMA = "application/vnd.ollama.image."
"""The prefix of the media type of each of its layers."""
_HOST, _NAMESPACE, _TAG = "registry.ollama.ai", "library", "latest"
"""Parts of an Ollama name that are left out when they are these, as in ``ollama list`` except for the tag."""
_BLOB = re.compile("[0-9a-f]{64}")
_DIGEST = re.compile(r"^sha256[:-]")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A model of another program."""

    ref: str
    """How the user gives it to ``planner models import``: ``ollama:qwen3:0.6b``, ``lmstudio:...``, ``hf:...``."""
    path: Path
    """Its weights; with a problem, the file that describes them."""
    size: int
    """Bytes."""
    name: str
    """A suitable name in our models folder, without ``.gguf``."""
    sha256: str | None = None
    """What that program says it is."""
    repo: str | None = None
    revision: str | None = None
    left: tuple[str, ...] = ()
    """What belongs to it there but is not imported, in that program's words."""
    problem: str | None = None
    """Why it cannot be imported."""
    hint: str | None = None


def find_foreign() -> tuple[Foreign, ...]:
    """Everything found, in a fixed order."""
    found: dict[str, Foreign] = {}
    for entry in (*_ollama(), *_lm_studio(), *_hub_cache()):
        found.setdefault(entry.ref, entry)  # of two stores with the same name the user's own comes first
    return tuple(found.values())


def named(ref: str) -> Foreign:
    """The model with that reference; Ollama's may be written in full or without the parts it leaves out.

    Raises :class:`ModelError` when it is not known, or there is a problem with it.
    """
    wanted = _ollama_ref(ref) if ref.startswith("ollama:") else ref
    found = next((entry for entry in find_foreign() if entry.ref.lower() == wanted.lower()), None)
    if found is None:
        raise ModelError(f"{ref!r} is neither a file nor known", hint="planner models import shows what is found")
    if found.problem is not None:
        raise ModelError(f"{found.ref}: {found.problem}", hint=found.hint)
    return found


# ------------------------------------------------------------------------------------------------ Ollama


def _ollama() -> Iterator[Foreign]:
    set_to = os.environ.get("OLLAMA_MODELS")
    roots = (
        [Path(set_to).expanduser()]
        if set_to
        else [Path.home() / ".ollama/models", Path("/usr/share/ollama/.ollama/models")]
    )
    for root in roots:
        for manifest in _files(root / "manifests", "*"):
            parts = manifest.relative_to(root / "manifests").parts
            if len(parts) == 4 and not any(part.startswith(".") for part in parts):
                yield _ollama_model(root / "blobs", manifest, *parts)


def _ollama_model(blobs: Path, manifest: Path, host: str, namespace: str, model: str, tag: str) -> Foreign:
    """The model of one manifest, ``host/namespace/model/tag``: a layer of weights, and what else belongs to it."""
    shown = _ollama_name(host, namespace, model, tag)
    name = re.sub(r"[/:]", "-", shown)

    def refused(problem: str, hint: str | None = f"ollama pull {shlex.quote(shown)}") -> Foreign:
        return Foreign(f"ollama:{shown}", manifest, 0, name, problem=problem, hint=hint)

    layers = _ollama_layers(manifest)
    if layers is None:
        return refused("its manifest cannot be read")
    weights = [digest for kind, digest in layers if kind == "model"]
    kinds = tuple(dict.fromkeys(kind for kind, _ in layers if kind not in {"model", "license"}))
    if not weights:
        if "tensor" in kinds:
            return refused("its weights are tensors for Ollama's own engine, no GGUF file", "pull a GGUF version of it")
        return refused("it has no weights on this machine", "import another one, or planner models pull NAME")
    if len(weights) > 1:
        return refused(f"its weights are {len(weights)} layers, and only one file can be imported", "pull another one")
    blob, size = _blob(blobs, weights[0])
    if size is None:
        return refused(f"its weights are missing: there is no {blob}")
    if "adapter" in kinds:
        over = [str(_blob(blobs, digest)[0]) for kind, digest in layers if kind == "adapter"]
        hint = "; then ".join(
            f"planner models import {shlex.quote(path)} --name {shlex.quote(new)}"
            for path, new in [(str(blob), name), *((path, f"{name}-adapter{n or ''}") for n, path in enumerate(over))]
        )
        what = "an adapter" if len(over) == 1 else f"{len(over)} adapters"
        return refused(
            f"it is a model with {what} over it, which are separate here (--generator-adapter)",
            f"separately: {hint}",
        )
    return Foreign(f"ollama:{shown}", blob, size, name, sha256=weights[0], left=kinds)


def _ollama_layers(manifest: Path) -> list[tuple[str, str]] | None:
    """Kind and sha256 of each layer; ``None`` where the manifest is damaged."""
    try:
        layers: Any = json.loads(manifest.read_text(encoding="utf-8-sig"))["layers"]
        found = [
            (str(each["mediaType"]).partition(";")[0].strip(), _DIGEST.sub("", str(each["digest"]).lower()))
            for each in layers or ()
        ]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(_BLOB.fullmatch(digest) for _, digest in found):
        return None
    return [(kind.removeprefix(_OLLAMA), digest) for kind, digest in found]


def _blob(folder: Path, digest: str) -> tuple[Path, int | None]:
    """Where a layer is, and its size; ``None`` if it is missing. Old versions wrote a colon in the name."""
    for name in (f"sha256-{digest}", f"sha256:{digest}"):
        size = _size(folder / name)
        if size is not None:
            return folder / name, size
    return folder / f"sha256-{digest}", None


def _ollama_name(host: str, namespace: str, model: str, tag: str) -> str:
    """As ``ollama list`` shows it."""
    owner = "" if (host, namespace) == (_HOST, _NAMESPACE) else f"{namespace}/"
    return f"{'' if host == _HOST else f'{host}/'}{owner}{model}:{tag}"


def _ollama_ref(ref: str) -> str:
    """A reference in the canonical form of :func:`find_foreign`."""
    *places, last = ref.removeprefix("ollama:").split("/")
    model, _, tag = last.partition(":")
    host = places[-2] if len(places) > 1 else _HOST
    namespace = places[-1] if places else _NAMESPACE
    return f"ollama:{_ollama_name(host, namespace, model, tag or _TAG)}"


# ------------------------------------------------------------------------------------ LM Studio, the hub's cache


def _lm_studio() -> Iterator[Foreign]:
    for root in (Path.home() / ".lmstudio/models", Path.home() / ".cache/lm-studio/models"):
        for path in _files(root, "*.gguf"):
            size = _size(path)
            if size is not None:
                yield Foreign(f"lmstudio:{path.relative_to(root).as_posix()}", path, size, path.stem)


def _hub_cache() -> Iterator[Foreign]:
    caches = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    home = os.environ.get("HF_HOME") or f"{caches}/huggingface"
    root = Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()
    for folder in sorted(root.glob("models--*")):
        repo = folder.name.removeprefix("models--").replace("--", "/", 1)
        newest = _main_revision(folder)
        snapshots = sorted(folder.glob("snapshots/*"), key=lambda path: (path.name != newest, path.name))
        held: set[str] = set()
        for snapshot in snapshots:
            for path in _files(snapshot, "*.gguf"):
                inside = path.relative_to(snapshot).as_posix()
                size = _size(path)
                if size is None:
                    continue
                blob = path.resolve().name
                at = f"@{snapshot.name}" if inside in held else ""
                held.add(inside)
                yield Foreign(
                    f"hf:{repo}{at}:{inside}",
                    path,
                    size,
                    path.stem,
                    sha256=blob if _BLOB.fullmatch(blob) else None,
                    repo=repo,
                    revision=snapshot.name,
                )


def _main_revision(folder: Path) -> str | None:
    """The commit that the cache last saw as ``main``."""
    try:
        return (folder / "refs/main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None


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
