"""sha256 of large files, remembered until the file changes."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from planner_cli.errors import ModelError
from planner_cli.hub.cache import cache_folder, load, store

_CHUNK = 2**20
_SAID = 32
"""Chunks after which it is said how far it is: some hundredths of a second."""
_REMEMBERED = 200
"""Most entries kept; the oldest go first."""


def file_sha256(
    path: Path, *, cache_dir: Path | None = None, again: bool = False, progress: Callable[[str], None] | None = None
) -> str:
    """Compute the sha256 of ``path`` as 64 hexadecimal digits, read in chunks (about 2 s per GiB).

    The digest is kept in ``cache_dir`` (default: the user's cache folder) with the file's size and mtime, and the
    file is read again only when one of these has changed, or with ``again``. The cache only saves time: one that is
    missing, damaged or cannot be written changes nothing else. ``progress`` is called now and then.
    Raises :class:`ModelError` when ``path`` cannot be read.
    """
    path = path.resolve()
    cache = (cache_dir or cache_folder()) / "sha256.json"
    try:
        before = path.stat()
        known = _load(cache)
        stamp = [before.st_size, before.st_mtime_ns]
        entry = known.get(str(path))
        if entry is not None and entry["stamp"] == stamp and not again:
            return str(entry["sha256"])
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            for count in itertools.count():
                if progress is not None and count % _SAID == 0:
                    progress(f"checking {path.name}: {count * _CHUNK / max(1, before.st_size):.0%}")
                if not (chunk := stream.read(_CHUNK)):
                    break
                digest.update(chunk)
        after = path.stat()
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    if [after.st_size, after.st_mtime_ns] == stamp:
        _keep(cache, known, path, stamp, digest.hexdigest())
    return digest.hexdigest()


def remember(path: Path, digest: str, *, cache_dir: Path | None = None) -> None:
    """Keep the digest of a file that was hashed under another name a moment ago."""
    path = path.resolve()
    cache = (cache_dir or cache_folder()) / "sha256.json"
    status = path.stat()
    _keep(cache, _load(cache), path, [status.st_size, status.st_mtime_ns], digest)


def _keep(cache: Path, known: dict[str, dict[str, Any]], path: Path, stamp: list[int], digest: str) -> None:
    known.pop(str(path), None)  # so that it moves to the end, the newest
    known[str(path)] = {"stamp": stamp, "sha256": digest}
    store(cache, dict(list(known.items())[-_REMEMBERED:]))


def _load(cache: Path) -> dict[str, dict[str, Any]]:
    document = load(cache)
    if not isinstance(document, dict):
        return {}
    return {path: entry for path, entry in document.items() if _is_entry(entry)}


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and isinstance(entry.get("stamp"), list)
