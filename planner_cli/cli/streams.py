"""Where an answer is written: standard output that fails in one known way, or the file of ``--output``."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from planner_cli.errors import ExitCode, PlannerError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_BESIDE = ("-wal", "-shm", "-journal")
_MAGICS = {b"SQLite format 3\0": "an SQLite database", b"GGUF": "a model file"}
"""Files that no answer overwrites, by their first bytes."""


class OutputError(PlannerError):
    """The answer could not be written."""

    exit_code = ExitCode.OUTPUT


class ReaderGone(Exception):
    """The reader of our standard output has gone (``planner ... | head``): nobody is left to tell."""


# ------------------------------------------------------------------------------------- standard streams


class _Checked(io.FileIO):
    """A standard descriptor. The first write that fails is passed to ``failed``; later ones are dropped.

    Without the second part the interpreter would try again at its end, and complain.
    """

    def __init__(self, descriptor: int, failed: Callable[[OSError], None]) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self._failed = failed
        self._broken = False

    def write(self, data: ReadableBuffer, /) -> int:
        size = memoryview(data).nbytes
        if self._broken:
            return size
        try:
            return super().write(data)
        except OSError as error:
            self._broken = True
            self._failed(error)
            return size


@contextmanager
def checked_streams() -> Iterator[None]:
    """Inside the block, writing to standard output raises :class:`OutputError` or :class:`ReaderGone`.

    Never ``OSError``, so these two are distinct from every other failure, and click does not interfere.
    What cannot be written to standard error is dropped. A descriptor that is closed (``>&-``) is filled first:
    otherwise the next file that is opened, perhaps a database, would get its number.
    """
    for descriptor, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):  # 1: writing to it must fail
        _fill(descriptor, flags)
    before = sys.stdout, sys.stderr
    if sys.stdout is sys.__stdout__:  # not a test's own
        sys.stdout = _wrapped(1, sys.stdout, _output_failed)
    if sys.stderr is sys.__stderr__:
        sys.stderr = _wrapped(2, sys.stderr, lambda _error: None)
    try:
        yield
    finally:
        with suppress(OutputError, ReaderGone):  # who cares has flushed it
            sys.stdout.flush()
        sys.stderr.flush()
        sys.stdout, sys.stderr = before


def _fill(descriptor: int, flags: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        opened = os.open(os.devnull, flags)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)


def _wrapped(descriptor: int, old: TextIO | None, failed: Callable[[OSError], None]) -> TextIO:
    raw = _Checked(descriptor, failed)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=old.encoding if old is not None else None,
        errors=old.errors if old is not None else "backslashreplace",
        line_buffering=descriptor == 2 or raw.isatty(),
    )


def _output_failed(error: OSError) -> NoReturn:
    if isinstance(error, BrokenPipeError):
        raise ReaderGone from error
    raise OutputError(f"cannot write to standard output: {error.strerror or error}") from error


# ------------------------------------------------------------------------------------------------ files


def check_target(target: Path, database: Path) -> None:
    """Refuse what an answer must not be written to; called before a long run, not after it.

    Raises:
        PlannerError: it is the database asked about or a file of it, any other database, a model file, a
            folder, or in a folder where no file can be made.

    """
    if _goes_through(target):
        return
    real, asked = target.resolve(), database.resolve()
    if target.is_dir() or not os.access(real.parent, os.W_OK):
        raise PlannerError(f"{target}: cannot be written there", hint="name a file in an existing folder")
    for path in (asked, *(asked.with_name(asked.name + suffix) for suffix in _BESIDE)):
        if real == path or (real.exists() and path.exists() and real.samefile(path)):
            whose = "is the database asked about" if path == asked else f"belongs to {database}"
            raise PlannerError(f"{target} {whose}", hint="name another file for the answer")
    if real.exists():
        try:
            with real.open("rb") as file:
                start = file.read(16)
        except OSError as error:
            raise PlannerError(f"{target}: {error.strerror or error}", hint="name another file") from error
        for magic, what in _MAGICS.items():
            if start.startswith(magic):
                raise PlannerError(f"{target} is {what}", hint="name another file for the answer")


def _goes_through(target: Path) -> bool:
    """Whether it is a device or pipe (``/dev/stdout`` even where that is a file): written to, never replaced."""
    special = target.exists() and not (target.is_file() or target.is_dir())
    return special or str(target.parent) in {"/dev", "/dev/fd"}  # but /dev/shm has files like any other folder


@contextmanager
def output_stream(target: Path | None) -> Iterator[TextIO]:
    """Standard output, or the file ``target``: whole when the block ends, untouched when it raises.

    Raises:
        OutputError: it cannot be written.

    """
    if target is None:
        yield sys.stdout
        sys.stdout.flush()
        return
    real = target.resolve()  # a link stays a link: its target is replaced
    through = _goes_through(target)
    draft = target if through else real.with_name(f".planner-{os.getpid()}.tmp")
    try:
        try:
            # Appended: /dev/stdout may be a log that others write to as well.
            with draft.open("a" if through else "w", encoding="utf-8", newline="") as stream:
                yield stream
            if not through:
                if real.exists():
                    shutil.copymode(real, draft)
                draft.replace(real)
        finally:
            if not through:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
