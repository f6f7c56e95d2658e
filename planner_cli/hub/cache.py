"""What the hub remembers between runs: small JSON files only the user can read. They only save time."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any


def cache_folder() -> Path:
    """``planner_cli`` in the user's cache folder (``XDG_CACHE_HOME`` honoured)."""
    from platformdirs import user_cache_path

    return user_cache_path("planner_cli", appauthor=False)


def load(path: Path) -> Any:
    """The file's content; ``None`` when it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def store(path: Path, value: Any) -> None:
    """As :func:`write`; a failure is silent, because a read-only home must not stop a question."""
    with suppress(OSError):
        write(path, value)


def write(path: Path, value: Any) -> None:
    """Write the file whole or not at all; raises :class:`OSError`."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # created with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(value, stream)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
