"""JSON lines on disk: a line counts once its newline is there, so that a kill costs at most the line in progress."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from planner_cli.errors import PlannerError


@contextmanager
def refusals(path: Path) -> Iterator[None]:
    """Turn system errors into one line that names the file."""
    try:
        yield
    except OSError as error:
        raise PlannerError(f"cannot use {path}: {error.strerror or error}") from error


def whole_lines(data: bytes) -> list[bytes]:
    """Whatever follows the last newline was being written when the process ended."""
    return data.split(b"\n")[:-1]


def strict(text: bytes) -> dict[str, Any]:
    """A JSON object without NaN and infinity. Raises ``ValueError`` or ``TypeError``."""
    value = json.loads(text, parse_constant=_refuse_constant)
    if not isinstance(value, dict):
        raise TypeError("it is not a JSON object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def why(error: Exception) -> str:
    """What was wrong with an object that was read."""
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def append_line(handle: int, value: object) -> None:
    """Write one line and wait until it is on disk. Raises ``OSError``, and ``ValueError`` for NaN or infinity."""
    line = memoryview((json.dumps(value, allow_nan=False) + "\n").encode("ascii"))
    while line:
        line = line[os.write(handle, line) :]
    os.fsync(handle)


def drop_torn_line(handle: int, path: Path) -> None:
    """Cut off an incomplete line left by a killed process."""
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.ftruncate(handle, whole)
        os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Sync the folder, so that the names of its files are on disk too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
