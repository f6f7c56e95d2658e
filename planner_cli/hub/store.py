"""Putting files into the models folder: complete, hashed, checked, under a unique name."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import BinaryIO

from planner_cli.errors import ModelError
from planner_cli.hub.checksum import file_sha256, remember
from planner_cli.hub.gguf import read_header, regular_file_size
from planner_cli.hub.locate import models_dir
from planner_cli.hub.usable import check_usable, check_whole

_COPY_CHUNK = 2**20
_RESERVE = 64 * 2**20
"""Disk space left free for everyone else, in bytes."""


def now() -> str:
    """The current time in the registry's format."""
    return datetime.now(tz=timezone.utc).isoformat(timespec="seconds")


def file_name(wanted: str) -> str:
    """A file name in the models folder for the requested one: its last part, ending in ``.gguf``.

    Raises :class:`ModelError` when nothing usable is left.
    """
    name = Path(wanted.replace("\\", "/")).name
    if not name.lower().endswith(".gguf"):
        name += ".gguf"
    if name.startswith(".") or not name.isprintable():
        raise ModelError(f"{wanted!r} is not a name for a model file")
    return name


def check_space(needed: int, folder: Path, what: str) -> None:
    """Refuse what the disk cannot hold.

    Raises :class:`ModelError` with the bytes needed and free.
    """
    free = shutil.disk_usage(folder).free
    if needed + _RESERVE > free:
        raise ModelError(
            f"no room for {what} in {folder}: {needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} MB are free",
            hint="planner models rm NAME frees some, or set PLANNER_MODELS to another disk",
        )


@contextmanager
def part_file(part: Path) -> Iterator[BinaryIO]:
    """The unfinished file ``part``, opened for appending without a buffer; only one process can have it.

    What was written stays when the block raises, unless the file is empty. A full disk, a folder that cannot be
    written and the like end as :class:`ModelError`.
    """
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        with io.FileIO(part, "ab", opener=_private) as stream:
            _lock(stream, part)
            try:
                yield stream
                os.fsync(stream.fileno())
            except BaseException:
                if not os.fstat(stream.fileno()).st_size:
                    part.unlink(missing_ok=True)
                raise
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise ModelError(
                f"the disk is full: {part.parent} took {_size(part)} bytes",
                hint="free some space; the same command continues from there",
            ) from error
        raise _unwritable(part.parent, error) from error


def _lock(stream: io.FileIO, part: Path) -> None:
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ModelError(f"another planner is downloading {part.name} right now") from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _unwritable(folder: Path, error: OSError) -> ModelError:
    return ModelError(
        f"cannot write to {folder}: {error.strerror or error}",
        hint="set PLANNER_MODELS to a folder that can be written",
    )


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def append(stream: BinaryIO, chunk: bytes) -> None:
    """Write all of ``chunk`` to an unbuffered file: a nearly full disk takes only a part."""
    left = memoryview(chunk)
    while left:
        left = left[stream.write(left) :]


def settle(part: Path, target: Path, *, expected: str | None, what: str) -> str:
    """Hash ``part``, compare, check its header, and move it to ``target``; returns its sha256.

    ``expected`` is the sha256 it must have. Raises :class:`ModelError`, with ``part`` removed, when it is another
    file or no GGUF file at all.
    """
    try:
        digest = _checked(part, expected, what)
    except ModelError:
        part.unlink(missing_ok=True)
        raise
    try:
        part.chmod(0o644 & ~_umask())
        part.replace(target)
        _sync_folder(target.parent)
    except OSError as error:
        raise _unwritable(target.parent, error) from error
    remember(target, digest)
    return digest


def _checked(part: Path, expected: str | None, what: str) -> str:
    digest = file_sha256(part)
    if expected is not None and digest != expected:
        raise ModelError(
            f"{what}: what arrived is not the file: its sha256 is {digest}, not {expected}; it was removed",
            hint="get it again; if that fails too, the server's file is damaged or was replaced",
        )
    try:
        header = read_header(part)
        check_usable(header)
        check_whole(header)
    except ModelError as error:
        reason = error.message.removeprefix(str(part)).strip()
        raise ModelError(f"{what}: what arrived {reason}; it was removed", hint=error.hint) from error
    return digest


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def copy(source: Path, stream: BinaryIO, tell: Callable[[int, int | None], None]) -> None:
    """Append all of ``source`` from where ``stream`` stands.

    Raises :class:`ModelError` when it cannot be read.
    """
    total = regular_file_size(source)
    for chunk in _chunks(source, stream.tell()):
        append(stream, chunk)
        tell(stream.tell(), total)


def _chunks(source: Path, start: int) -> Iterator[bytes]:
    try:
        with source.open("rb") as read:
            read.seek(start)
            while chunk := read.read(_COPY_CHUNK):
                yield chunk
    except OSError as error:  # a stick that was pulled out, for example
        raise ModelError(f"cannot read {source}: {error.strerror or error}") from error


def copy_in(
    source: Path, target: Path, *, expected: str | None, what: str, tell: Callable[[int, int | None], None]
) -> str:
    """Copy a file into place as :func:`settle` does a pulled one; returns its sha256."""
    part = target.with_name(f".{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)  # of an interrupted copy: local files are quick to read again
    except OSError as error:
        raise _unwritable(target.parent, error) from error
    check_space(regular_file_size(source), target.parent, what)
    with part_file(part) as stream:
        copy(source, stream, tell)
    return settle(part, target, expected=expected, what=what)


def folder() -> Path:
    """The models folder, made where it is missing.

    Raises :class:`ModelError` when it cannot be.
    """
    path = models_dir()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"cannot make the models folder {path}: {error.strerror or error}") from error
    return path
