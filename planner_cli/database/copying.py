"""A private copy of a database that cannot be read without writing; made only when the user has agreed to one.

For a hot journal, or changes waiting in a ``-wal`` whose ``-shm`` is missing, SQLite would have to write next to
the file. Here the file and what belongs to it are copied into a folder only the user can enter, SQLite repairs
the *copy* (both in a sandbox process), and the folder is removed when the database is closed. What a killed planner
left behind is removed by the next copy.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from planner_cli.database import paths, wire
from planner_cli.database.process import Worker, WorkerDiedError, WorkerTimeoutError
from planner_cli.errors import DatabaseError
from planner_cli.settings import Limits

MOST_BYTES = 2 * 2**30
"""Largest file, with its journal, that is copied."""

_PREFIX = "planner-copy-"
_FOLDER = re.compile(_PREFIX + r"(\d+)-")
_SUFFIXES = ("", "-wal", "-journal")
"""The files that hold data. The ``-shm`` is only an index of the ``-wal``; SQLite makes a new one."""

_MEND_SECONDS = 60.0
_INDEX_BYTES = 2**20
"""Room for the `-shm` of a small file, which is at least 32 KB."""
_JOURNAL_MAGIC = bytes.fromhex("d9d505f920a163d7")
_SLOWEST = 10_000_000
"""Bytes a disk copies per second, at the least."""


@dataclass(frozen=True, slots=True)
class PrivateCopy:
    path: Path
    """The database file in its folder of mode 0700."""
    size: int
    """Bytes copied, of all files together."""

    def remove(self) -> None:
        """Remove the folder and everything in it; may be called again."""
        shutil.rmtree(self.path.parent, ignore_errors=True)


def make(path: Path, limits: Limits, *, most: int = MOST_BYTES) -> PrivateCopy:
    """A copy of the database ``path`` (a real path, see :func:`.paths.resolve`) that can be read without writing.

    Raises :class:`DatabaseError` when the total is over ``most`` bytes, does not fit in the temporary folder,
    changes while it is copied, names a journal of other databases, or cannot be repaired.
    """
    remove_leftovers()
    before = _marks(path)
    made = _room(path, sum(mark[2] for mark in before if mark is not None), most)
    try:
        worker = Worker(limits, writable=made.path.parent, size=2 * made.size + _INDEX_BYTES)
        try:
            _copy(worker, path, made, before)
            _refuse_changed(path, before)
            _refuse_super_journal(path, Path(f"{made.path}-journal"))
            _mend(worker, path, made)
        finally:
            worker.close()
    except BaseException:
        made.remove()
        raise
    return made


def _room(path: Path, size: int, most: int) -> PrivateCopy:
    """The folder for a copy of ``size`` bytes."""
    base = Path(tempfile.gettempdir())
    if size > most:
        raise DatabaseError(
            f"{path}: is too large for a private copy ({size:,} bytes, the limit is {most:,})",
            hint="open and close it with the program that writes it",
        )
    if size > shutil.disk_usage(base).free:
        raise DatabaseError(
            f"{path}: a private copy of {size:,} bytes does not fit {base}", hint="name another folder with TMPDIR"
        )
    try:
        return PrivateCopy(folder(), size)
    except OSError as error:
        raise _not_copied(path, error) from error


def folder() -> Path:
    """The path of a file to be made, in a new folder that only the user can enter."""
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-")) / "copy.sqlite"  # mode 0700


def _copy(worker: Worker, path: Path, made: PrivateCopy, marks: Sequence[paths.Mark | None]) -> None:
    """Copy what exists, in the sandbox process, since this one must never open the file (:mod:`.worker.files`)."""
    files = [
        (wire.pack_path(Path(f"{path}{suffix}")), wire.pack_path(Path(f"{made.path}{suffix}")), mark[2])
        for suffix, mark in zip(_SUFFIXES, marks, strict=True)
        if mark is not None
    ]
    try:
        reply = worker.ask({"op": "copy", "files": files}, _MEND_SECONDS + made.size / _SLOWEST)
    except (WorkerDiedError, WorkerTimeoutError, wire.WireError) as error:
        raise DatabaseError(f"{path}: cannot be copied: {error}", hint="see TMPDIR") from error
    number = reply["ok"].get("failed")
    if number is not None:
        raise _not_copied(path, OSError(number, os.strerror(number)))


def _not_copied(path: Path, error: OSError) -> DatabaseError:
    return DatabaseError(f"{path}: cannot be copied: {error.strerror or error}", hint="see TMPDIR")


def _mend(worker: Worker, path: Path, made: PrivateCopy) -> None:
    try:
        failed = worker.ask({"op": "mend", "path": wire.pack_path(made.path)}, _MEND_SECONDS).get("error")
    except (WorkerDiedError, WorkerTimeoutError, wire.WireError) as error:
        failed = str(error)
    if failed:
        raise DatabaseError(
            f"{path}: the private copy of it cannot be mended: {failed}",
            hint="try: sqlite3 FILE .recover | sqlite3 NEW.db, and ask NEW.db",
        )


def leftovers() -> tuple[Path, ...]:
    """Folders of private copies whose planner is no longer running (it was killed)."""
    found = []
    with suppress(OSError):
        for entry in os.scandir(tempfile.gettempdir()):
            match = _FOLDER.match(entry.name)
            if match and entry.is_dir(follow_symlinks=False) and _is_ours(entry) and not _alive(int(match[1])):
                found.append(Path(entry.path))
    return tuple(found)


def remove_leftovers() -> None:
    """Remove what :func:`leftovers` finds."""
    for folder in leftovers():
        shutil.rmtree(folder, ignore_errors=True)


def _is_ours(entry: os.DirEntry[str]) -> bool:
    return not hasattr(os, "getuid") or entry.stat(follow_symlinks=False).st_uid == os.getuid()


def _alive(process: int) -> bool:
    if not hasattr(os, "getuid"):  # on Windows os.kill(pid, 0) would end the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _marks(path: Path) -> tuple[paths.Mark | None, ...]:
    return tuple(paths.mark(Path(f"{path}{suffix}")) for suffix in _SUFFIXES)


def _refuse_changed(path: Path, before: tuple[paths.Mark | None, ...]) -> None:
    if _marks(path) != before:
        raise paths.NotNowError(f"{path}: changed while it was copied", hint="wait for the program that writes it")


def _refuse_super_journal(path: Path, journal: Path) -> None:
    """Refuse a journal that names a super-journal: after its rollback SQLite removes the file it names.

    A hostile journal may name any file (SQLite 3.40.1 removes it; 3.54.1 did not in our tests).
    The name is at the very end of the file, before its length, its checksum and the magic bytes, as SQLite's
    ``readSuperJournal`` looks for it.
    """
    if not journal.exists():
        return
    with journal.open("rb") as file:
        file.seek(max(0, journal.stat().st_size - len(_JOURNAL_MAGIC)))
        if file.read() == _JOURNAL_MAGIC:
            raise DatabaseError(
                f"{path}: its journal belongs to a write to several databases at once, which no copy can finish",
                hint="open it once with the program that writes it",
            )
