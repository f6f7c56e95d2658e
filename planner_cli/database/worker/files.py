"""Operations on a database file itself rather than through SQLite: look at its first bytes, copy it, hash it.

Here and not in the parent, because closing *any* descriptor of a file releases the POSIX locks that the process
holds on it: a program that has the file open through sqlite3 and calls this package would lose its locks, and
another writer could damage the file. For the same reason no connection of this process may be open meanwhile.
Paths are strings here: the worker starts some milliseconds sooner without :mod:`pathlib`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from typing import IO

from planner_cli.database.wire import Message

_HEAD = 512
_CHUNK = 2**20


def look(path: str) -> Message:
    """``{"head", "mark", "hot"}``, or ``{"failed": errno}``, or ``{"irregular": true}`` if it is not a regular file.

    ``head`` are the first bytes in hexadecimal; ``mark`` is that of :mod:`planner_cli.database.paths`, of just the
    file they were read from; ``hot`` says whether there is a ``-journal`` whose header was not zeroed, as a finished
    transaction in PERSIST mode does.
    """
    try:
        # O_NONBLOCK: should the file have been replaced by a FIFO since, opening it must not wait.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return {"irregular": True}
            head = file.read(_HEAD)
    except OSError as error:
        return {"failed": error.errno}
    mark = [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns]
    return {"head": head.hex(), "mark": mark, "hot": _starts_hot(f"{path}-journal")}


def _starts_hot(journal: str) -> bool:
    try:
        with open(journal, "rb", buffering=0) as file:  # noqa: PTH123 - no pathlib here
            return file.read(1) not in (b"", b"\0")
    except FileNotFoundError:
        return False
    except OSError:
        return True


def copy(pairs: Sequence[tuple[str, str, int]]) -> Message:
    """Copy ``size`` bytes from each file to a new one; one that has become shorter shows in its mark afterwards."""
    binary = getattr(os, "O_BINARY", 0)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | binary
    try:
        for source, target, size in pairs:
            reading = os.open(source, flags)
            with os.fdopen(reading, "rb", buffering=0) as old:
                writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, 0o600)
                with os.fdopen(writing, "wb") as new:
                    new.writelines(_chunks(old, size))
    except OSError as error:
        return {"failed": error.errno}
    return {}


def sha256(path: str) -> Message:
    """``{"sha256": ...}`` or ``{"failed": errno}``."""
    import hashlib  # only benchmarks ask for it

    digest = hashlib.sha256()
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - no pathlib here
            for chunk in _chunks(file, None):
                digest.update(chunk)
    except OSError as error:
        return {"failed": error.errno}
    return {"sha256": digest.hexdigest()}


def _chunks(file: IO[bytes], size: int | None) -> Iterator[bytes]:
    """Up to ``size`` bytes, ``None``: all."""
    while (size is None or size > 0) and (chunk := file.read(_CHUNK if size is None else min(_CHUNK, size))):
        yield chunk
        size = None if size is None else size - len(chunk)
