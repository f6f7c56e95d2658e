"""sha256 of large files, remembered until the file changes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from planner_cli.errors import ModelError

_CHUNK = 2**20
_REMEMBERED = 200
"""Most entries kept; the oldest go first."""


def file_sha256(path: Path, *, cache_dir: Path | None = None, again: bool = False) -> str:
    """Compute the sha256 of ``path`` as 64 hexadecimal digits, read in chunks (about 2 s a GiB).

    The digest is kept in ``cache_dir`` (default: the user's cache folder) with the file's size and mtime, and the
    file is read again only when one of these changed, or with ``again``. The cache only saves time: one that is
    missing, damaged or cannot be written changes nothing else. Raises :class:`ModelError` when ``path`` cannot be
    read.
    """
    path = path.resolve()
    cache = (cache_dir or _default_cache_dir()) / "sha256.json"
    try:
        before = path.stat()
        known = _load(cache)
        stamp = [before.st_size, before.st_mtime_ns]
        entry = known.get(str(path))
        if entry is not None and entry["stamp"] == stamp and not again:
            return str(entry["sha256"])
        digest = hashlib.sha256()
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
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
    cache = (cache_dir or _default_cache_dir()) / "sha256.json"
    status = path.stat()
    _keep(cache, _load(cache), path, [status.st_size, status.st_mtime_ns], digest)


def _keep(cache: Path, known: dict[str, dict[str, Any]], path: Path, stamp: list[int], digest: str) -> None:
    known.pop(str(path), None)  # so that it moves to the end, the newest
    known[str(path)] = {"stamp": stamp, "sha256": digest}
    _store(cache, known)


def _default_cache_dir() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("planner_cli", appauthor=False)


def _load(cache: Path) -> dict[str, dict[str, Any]]:
    try:
        document = json.loads(cache.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(document, dict):
        return {}
    return {path: entry for path, entry in document.items() if _is_entry(entry)}


def _is_entry(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("sha256"), str) and isinstance(entry.get("stamp"), list)


def _store(cache: Path, known: dict[str, dict[str, Any]]) -> None:
    kept = dict(list(known.items())[-_REMEMBERED:])
    with suppress(OSError):  # a read-only home must not stop a question: next time is slower, no more
        cache.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=cache.parent, prefix=cache.name)  # created with mode 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(kept, stream)
            Path(name).replace(cache)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
