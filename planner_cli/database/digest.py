"""The sha256 of a database file, read by a sandbox process: this one never opens it (:mod:`.worker.files`)."""

from __future__ import annotations

from pathlib import Path

from planner_cli.database import paths, wire
from planner_cli.database.process import Worker, WorkerDiedError, WorkerTimeoutError
from planner_cli.errors import DatabaseError
from planner_cli.settings import Limits

_LEAST_SECONDS = 60.0
_SLOWEST = 10_000_000
"""Bytes a disk reads per second, at the least."""


def sha256(path: Path) -> str:
    """In hexadecimal. Raises :class:`DatabaseError`."""
    real = paths.resolve(path)
    worker = Worker(Limits())
    try:
        seconds = _LEAST_SECONDS + real.stat().st_size / _SLOWEST
        reply = worker.ask({"op": "sha256", "path": wire.pack_path(real)}, seconds)["ok"]
    except (WorkerDiedError, WorkerTimeoutError, wire.WireError) as error:
        raise DatabaseError(f"{path}: cannot be read: {error}", hint="check the disk") from error
    finally:
        worker.close()
    if "failed" in reply:
        raise paths.failed(path, reply["failed"])
    return str(reply["sha256"])
