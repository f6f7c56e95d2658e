"""Reading single key presses during a run, and leaving the terminal as it was."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import Literal, TypeAlias

Key: TypeAlias = Literal["next", "previous", "stop", "quit"]

_KEYS: dict[bytes, Key] = {
    b"n": "next",
    b"\t": "next",
    b"\x1b[C": "next",
    b"\x1bOC": "next",
    b"p": "previous",
    b"\x1b[D": "previous",
    b"\x1bOD": "previous",
    b"\x1b[Z": "previous",  # Shift-Tab
    b"s": "stop",
    b"q": "quit",
    b"\x03": "quit",  # Ctrl-C where the terminal does not turn it into a signal
}

_LONGEST_SEQUENCE = 16
_RESTORING = (signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP)


def parse_keys(data: bytes) -> tuple[list[Key], bytes]:
    """The key presses in what a terminal sent, and the start of an incomplete escape sequence."""
    keys: list[Key] = []
    while data:
        length = _sequence_length(data)
        if length is None:
            return keys, data
        key = _KEYS.get(data[:length])
        if key is not None:
            keys.append(key)
        data = data[length:]
    return keys, b""


def _sequence_length(data: bytes) -> int | None:
    """Bytes of the first key press; ``None`` when more must be read to know."""
    if not data.startswith(b"\x1b"):
        return 1
    if len(data) == 1:
        return None
    if data[1:2] == b"O":
        return 3 if len(data) > 2 else None
    if data[1:2] != b"[":
        return 1
    for at in range(2, min(len(data), _LONGEST_SEQUENCE)):
        if 0x40 <= data[at] <= 0x7E:
            return at + 1
    return None if len(data) < _LONGEST_SEQUENCE else 1


@contextmanager
def key_reader(on_key: Callable[[Key], None], fd: int | None = None) -> Iterator[bool]:
    """Call ``on_key`` from a daemon thread for each key press on ``fd`` (standard input) inside the block.

    Yields whether keys are read at all: not when the input is no terminal, or another job owns it. The
    terminal's settings are restored when the block ends, even by an exception or SIGTERM, and while
    Ctrl-Z stops the process; nothing is read from it afterwards.
    """
    source = _terminal(fd)
    if source is None:
        yield False
        return
    with ExitStack() as stack:
        saved = termios.tcgetattr(source)

        def restore() -> None:
            with suppress(OSError, termios.error):  # a closed terminal has nothing to restore
                termios.tcsetattr(source, termios.TCSANOW, saved)

        def resume() -> None:
            with suppress(OSError, termios.error):
                tty.setcbreak(source, termios.TCSANOW)

        stack.enter_context(_on_signals(restore, resume))
        stack.callback(restore)
        resume()
        read_end, write_end = os.pipe()
        stack.callback(os.close, read_end)
        thread = threading.Thread(target=_read, args=(source, read_end, on_key), name="planner-keys", daemon=True)
        thread.start()
        try:
            yield True
        finally:
            os.close(write_end)  # wakes the thread
            thread.join()


def _terminal(fd: int | None) -> int | None:
    """The descriptor to read keys from, or ``None``."""
    try:
        source = sys.stdin.fileno() if fd is None else fd
        if not os.isatty(source):
            return None
        # Reading from, or setting, another job's terminal would stop this process (SIGTTIN, SIGTTOU).
        own = fd is not None or os.tcgetpgrp(source) == os.getpgrp()
    except (AttributeError, OSError, ValueError):  # no stdin at all, closed, or not a real file
        return None
    return source if own else None


def _read(source: int, wake: int, on_key: Callable[[Key], None]) -> None:
    pending = b""
    while True:
        ready, _, _ = select.select([source, wake], [], [])
        if wake in ready:
            return
        try:
            data = os.read(source, 64)
        except OSError:  # the terminal is gone
            return
        if not data:
            return
        keys, pending = parse_keys(pending + data)
        for key in keys:
            on_key(key)


@contextmanager
def _on_signals(restore: Callable[[], None], resume: Callable[[], None]) -> Iterator[None]:
    """Restore the terminal where a signal would end (or, with Ctrl-Z, stop) the process without ``finally``.

    Only signals that still have their default action are taken, and get it after the terminal is restored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handler(number: int, _frame: FrameType | None) -> None:
        restore()
        with suppress(OSError):  # after SIGHUP the terminal may be gone
            os.write(2, b"\x1b[?25h")  # the live screen hides the cursor; sys.stderr is not safe in a handler
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        # Only a stopped process that is continued (fg) gets here.
        signal.signal(number, handler)
        resume()
        with suppress(OSError):
            os.write(2, b"\x1b[?25l")

    taken = [number for number in _RESTORING if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)
