"""A model in the quantisation that llama.cpp runs fastest here, made once from the original file.

llama.cpp has no fast kernel for every quantisation: a prompt of the built-in base takes twice as long in the Q4_1 that
its package contains as in Q8_0 (builtin/README.md has the figures). Q8_0 keeps Q4_1's values to within 8 bits of the
largest in 32, so an adapter trained on one fits the other. ``runs_as`` in the catalogue says where it is worth it.

The file is in the user's cache folder, 0600, whole or not at all, named after the digest of the file it was made from;
it saves time and nothing else.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from planner_cli.engine.parts import with_its_parts
from planner_cli.errors import EngineError, ModelError
from planner_cli.hub.cache import cache_folder
from planner_cli.hub.gguf import read_header
from planner_cli.hub.resolve import ResolvedModel

_PART = ".part"
_STALE_SECONDS = 3600.0
"""Age at which a file that was never finished is removed."""
_failed: set[Path] = set()
"""What could not be written: tried, and reported, once per process."""


def forms_folder() -> Path:
    """Where they are kept."""
    return cache_folder() / "models"


def fast_form(model: ResolvedModel, say: Callable[[str], None]) -> ResolvedModel:
    """The model with ``weights`` set to the format that runs fastest, which is written first if it does not exist.

    ``say`` gets a line before it is written, and one if it cannot be: the model then runs as it is, with the same
    answers up to rounding.
    """
    target = _target(model)
    if target is None or model.runs_as is None or target in _failed:
        return model
    if not _is_whole(target):
        say(f"first use: writing {model.path.name} to the cache as {model.runs_as}, which runs faster")
        try:
            _write(model.path, target, model.runs_as)
        except (OSError, EngineError) as error:
            _failed.add(target)
            say(f"that failed ({error}): {model.path.name} runs as it is, more slowly")
            return model
    return replace(model, weights=target)


def _target(model: ResolvedModel) -> Path | None:
    """Where the faster format is or will be, if the model has one."""
    if model.runs_as is None or model.sha256 is None:
        return None
    return forms_folder() / f"{model.path.stem}-{model.sha256[:12]}-{model.runs_as}.gguf"


def read_ahead(model: ResolvedModel) -> None:
    """Ask the system for what will be loaded, so that it is read from disk while something else is done."""
    target = _target(model)
    weights = target if target is not None and target.exists() else model.path
    if not hasattr(os, "posix_fadvise"):
        return
    for path in (*with_its_parts(weights), *([] if model.adapter is None else [model.adapter])):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _is_whole(path: Path) -> bool:
    """Whether the file exists with a sound header and every tensor inside it."""
    try:
        return bool(path.exists() and read_header(path).tensors)
    except ModelError:
        return False


def _write(source: Path, target: Path, quantisation: str) -> None:
    from planner_cli.engine.recoding import recode  # loads llama.cpp

    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, suffix=_PART)  # created with mode 0600
    part = Path(name)
    try:
        recode(source, part, quantisation)
        os.fsync(handle)
        part.replace(target)
    finally:
        os.close(handle)
        part.unlink(missing_ok=True)
    _clean_up(source, target)


def _clean_up(source: Path, target: Path) -> None:
    """Remove versions of a file that the present one has replaced, and what a killed writer has left."""
    for path in target.parent.iterdir():
        with suppress(OSError):
            replaced = path.name.startswith(f"{source.stem}-") and path != target
            if replaced or (path.suffix == _PART and time.time() - path.stat().st_mtime > _STALE_SECONDS):
                path.unlink()
