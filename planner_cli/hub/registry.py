"""What is in the models folder and was trusted on arrival: ``installed.json`` in that folder.

A file's sha256 is recorded when it is pulled or imported (trust on first use) and compared from then on.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeAlias

from planner_cli.errors import ModelError
from planner_cli.hub.locate import models_dir

SCHEMA_VERSION = 1
Origin: TypeAlias = Literal["hub", "index", "import", "bundle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One file of the models folder."""

    file: str
    """Its name in the folder."""
    size: int
    """Bytes."""
    sha256: str
    """On arrival; what it is compared with from then on."""
    origin: Origin
    added: str
    """ISO 8601, UTC."""
    repo: str | None = None
    revision: str | None = None
    """Commit."""
    path: str | None = None
    """Inside the repository; of an import, where it was found."""
    endpoint: str | None = None
    licence: str | None = None

    @property
    def name(self) -> str:
        """The name by which a user can refer to it."""
        return self.file.removesuffix(".gguf")


def registry_path() -> Path:
    return models_dir() / "installed.json"


def installed() -> dict[str, Installed]:
    """Everything recorded, by file name.

    Raises :class:`ModelError` when the record is damaged: without it nothing could be compared.
    """
    path = registry_path()
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(f"cannot read {path}: {error}", hint="fix it, or remove it to trust the files") from error
    if not isinstance(document, dict) or document.get("schema_version") != SCHEMA_VERSION:
        raise ModelError(f"{path} is not of this version of planner", hint="install a newer planner")
    known = {field.name for field in fields(Installed)}
    try:
        entries = [Installed(**{k: v for k, v in entry.items() if k in known}) for entry in document["models"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is damaged: {error}", hint="fix it, or remove it to trust the files") from error
    return {entry.file: entry for entry in entries}


def record(entry: Installed) -> None:
    """Add a file, or replace its record."""
    with _changing() as entries:
        entries[entry.file] = entry


def forget(file: str) -> None:
    """Drop the record of a file."""
    with _changing() as entries:
        entries.pop(file, None)


@contextmanager
def _changing() -> Iterator[dict[str, Installed]]:
    """Read, let the caller change, write as a whole; other planners wait."""
    path = registry_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            entries = installed()
            yield entries
            document: dict[str, Any] = {
                "schema_version": SCHEMA_VERSION,
                "models": [{k: v for k, v in asdict(entry).items() if v is not None} for entry in entries.values()],
            }
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=".installed-")  # mode 0600: it names private paths
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as stream:
                    json.dump(document, stream, indent=1, ensure_ascii=False)
                    stream.flush()
                    os.fsync(stream.fileno())
                Path(name).replace(path)
            except BaseException:
                Path(name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror or error}") from error
