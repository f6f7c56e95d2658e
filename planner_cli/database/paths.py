"""From a path to a way of opening it that can never change a byte, or one clear line why there is none.

States of a database file and how each is handled (measured with SQLite 3.54, see ``tests/database/test_states.py``):

    (a) rollback journal mode                        ``mode=ro``
    (b) WAL mode, nothing waiting in a ``-wal``      ``immutable=1``, and a re-check after every query
    (c) WAL mode with a ``-wal`` and its ``-shm``    ``mode=ro&readonly_shm=1``
    (d) a ``-wal`` with content but no ``-shm``, or a write that was cut off: refused, or with the user's consent
        a private copy is repaired and read (:mod:`planner_cli.database.copying`)

Plain ``mode=ro`` is not enough: for a cleanly closed WAL database it creates ``-wal`` and ``-shm`` and
leaves them, and it changes bytes of an existing ``-shm``; ``readonly_shm`` does neither. ``immutable``
ignores a ``-wal`` and every lock, which is why it is only used while there is none to ignore.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.database.kinds import kind_of
from planner_cli.errors import DatabaseError

MAGIC = b"SQLite format 3\0"
_WAL = 2
"""Value of header bytes 18 and 19 (write and read version) in WAL mode; 1 is a rollback journal."""


class NotNowError(DatabaseError):
    """A writer holds, or has left, the file in a state that cannot be read without writing."""


class MustWriteError(NotNowError):
    """The writer is gone: someone has to write first, to the file or to a private copy of it."""


Mark = tuple[int, int, int, int]
"""(device, inode, size in bytes, mtime in ns): equal marks mean an untouched file."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How to open the file as it is now. Two equal openings mean: nothing changed in between."""

    uri: str
    immutable: bool
    """State (b): a result counts only if the opening is still the same after the query."""
    marks: tuple[Mark | None, ...]
    """Of the file and, in state (b) only, its ``-wal``, ``-shm`` and ``-journal`` (``None`` when absent)."""

    def same_file(self, other: Opening) -> bool:
        """Whether both are the same file on disk (device and inode) opened in the same way."""
        mine, theirs = self.marks[0], other.marks[0]
        return self.uri == other.uri and mine is not None and theirs is not None and mine[:2] == theirs[:2]


def resolve(path: str | os.PathLike[str]) -> Path:
    """The real path of a regular, readable file. Raises :class:`DatabaseError`."""
    try:
        real = Path(path).resolve(strict=True)
        mode = real.stat().st_mode
    except FileNotFoundError:
        raise DatabaseError(
            f"{path}: no such file", hint="check the path, or make a demo database with: planner demo"
        ) from None
    except (OSError, RuntimeError, ValueError) as error:
        raise _unreadable(path, error) from error
    if stat.S_ISDIR(mode):
        raise DatabaseError(f"{path}: is a directory, not a database file", hint="name a file inside it")
    if not stat.S_ISREG(mode):
        # Never opened: opening a FIFO blocks for ever, and /dev/zero would pass for an empty database.
        raise DatabaseError(f"{path}: is not a regular file", hint="give the path of an SQLite database file")
    return real


@dataclass(frozen=True, slots=True)
class Look:
    """What the sandbox process saw in the file (:func:`.worker.files.look`)."""

    head: bytes
    """Its first bytes."""
    own: Mark
    """The mark of the file they are from."""
    journal: Mark | None
    hot: bool
    """Whether its journal starts like that of an unfinished transaction."""

    def holds(self, path: Path) -> bool:
        """Whether the file is unchanged since: this process may stat it, but never open it."""
        return (mark(path), mark(Path(f"{path}-journal"))) == (self.own, self.journal)


def looked(path: Path, reply: Mapping[str, Any], journal: Mark | None) -> Look:
    """The sandbox process's reply; ``journal`` is from before it. Raises :class:`DatabaseError` for no database."""
    if "irregular" in reply:
        raise DatabaseError(f"{path}: is no longer a regular file", hint="put the database file back")
    if "failed" in reply:
        raise failed(path, reply["failed"])
    head = bytes.fromhex(reply["head"])
    if not head.startswith(MAGIC):
        raise not_a_database(path, head)
    device, inode, size, changed = reply["mark"]
    return Look(head, (device, inode, size, changed), journal, reply["hot"])


def opening(path: Path, look: Look) -> Opening:
    """How to open the file, from what is in it and what is next to it. Raises :class:`DatabaseError`.

    ``path`` is a real path as :func:`resolve` returns it. Takes some 30 us, so it is done around every query.
    """
    own = look.own
    wal, shm, journal = (mark(Path(f"{path}{suffix}")) for suffix in ("-wal", "-shm", "-journal"))
    if _WAL not in look.head[18:20]:
        # A journal next to it may belong to a live writer, be left over empty (truncate, persist), or be hot;
        # SQLite tells these apart by locks and reports a hot one, without writing, since the file is read-only.
        return Opening(f"{path.as_uri()}?mode=ro&readonly_shm=1", immutable=False, marks=(own,))
    if journal is not None and journal[2] and look.hot:
        raise cut_off(path)
    if wal is not None and shm is not None:
        return Opening(f"{path.as_uri()}?mode=ro&readonly_shm=1", immutable=False, marks=(own,))
    if wal is not None and wal[2]:
        raise MustWriteError(
            f"{path}: changes wait in its -wal file, and reading them without the -shm file would write one",
            hint="let its writer open and close it, or read a temporary copy: planner ask --private-copy",
        )
    return Opening(f"{path.as_uri()}?immutable=1", immutable=True, marks=(own, wal, shm, journal))


def cut_off(path: Path) -> MustWriteError:
    """The refusal for a hot rollback journal: reading would first have to roll it back."""
    return MustWriteError(
        f"{path}: a write to it was cut off, and reading would have to roll it back first",
        hint="open it once with the program that writes it, or read a temporary copy: planner ask --private-copy",
    )


def not_a_database(path: Path, head: bytes) -> DatabaseError:
    """What the file is instead, from its first bytes."""
    kind = kind_of(head)
    return DatabaseError(f"{path}: is {kind.what}", hint=kind.hint)


def cut_short(path: Path, text: str) -> DatabaseError:
    """The refusal for a file whose end is missing; ``text`` says how much is missing."""
    return DatabaseError(
        f"{path}: is cut off: {text}",
        hint="copy or download it again, or ask what is left: sqlite3 FILE .recover | sqlite3 NEW.db",
    )


def mark(path: Path) -> Mark | None:
    """What shows whether the file was touched; ``None`` when there is none. Raises :class:`DatabaseError`."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def failed(path: Path, number: int) -> DatabaseError:
    """Why the sandbox process could not open the file, from its ``errno``."""
    return _unreadable(path, OSError(number, os.strerror(number)))


def _unreadable(path: str | os.PathLike[str], error: Exception) -> DatabaseError:
    if isinstance(error, FileNotFoundError):
        return DatabaseError(f"{path}: is no longer there", hint="put the database file back")
    if isinstance(error, PermissionError):
        return DatabaseError(f"{path}: permission denied", hint="make it readable for you: chmod u+r FILE")
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DatabaseError(f"{path}: cannot be opened: {reason}", hint="check the path and the disk")
