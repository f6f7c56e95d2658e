"""One worker process: started, queried against a wall clock, killed.

The wait is on a queue filled by a reader thread rather than ``select``, which Windows lacks for pipes; it
wakes every 50 ms so that Ctrl-C and the question's own time limit end it at once.
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TypeVar

from planner_cli.control import Control
from planner_cli.database import wire
from planner_cli.errors import DatabaseError
from planner_cli.settings import Limits

_START_SECONDS = 20.0
"""A cold disk may need a while to load Python and apsw; usually it is 0.05 s."""

_POLL_SECONDS = 0.05
_KEPT_VARIABLES = ("TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""The time zone of 'localtime', what some Python builds need to load, and what Windows needs to start anything."""

_BOOTSTRAP = (
    "import gc, sys; gc.disable(); sys.path[:0] = sys.argv[1:]; "
    "from planner_cli.database.worker import main; gc.enable(); main()"
)
"""No garbage is collected while modules are loaded: there is none, and looking for it takes 2 ms."""


_Result = TypeVar("_Result")


class WorkerStartError(DatabaseError):
    """No worker can be started here: the installation or the memory limit is wrong, not the file."""


class WorkerDiedError(Exception):
    """The process ended, or sent something that is not a reply. The message says how, in words."""


class WorkerTimeoutError(Exception):
    """No reply in time; the process has been killed."""


class WorkerAbortedError(Exception):
    """``control`` said to stop; the process has been killed."""


class Worker:
    """A started process. Use it from one thread at a time; after an exception it is gone."""

    def __init__(self, limits: Limits, *, writable: Path | None = None, size: int = 0) -> None:
        """Start it and wait until it has set its limits. Raises :class:`WorkerStartError`.

        ``writable`` and ``size`` are for repairing a private copy: its folder, and the bytes of its largest file.
        """
        try:
            self._process = subprocess.Popen(
                _command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=Path(os.sep).resolve(),
                env={name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ},
                close_fds=True,
            )
        except OSError as error:  # no more processes, files or memory
            raise WorkerStartError(f"the sandbox process does not start: {error.strerror or error}") from error
        self._replies: queue.SimpleQueue[wire.Message | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._receive, daemon=True)
        self._reader.start()
        settings: wire.Message = {
            "memory": limits.memory,
            "seconds": limits.seconds,
            "rows": limits.rows,
            "bytes": limits.bytes,
        }
        if writable is not None:
            settings |= {"writable": str(writable), "size": size}
        try:
            self.layers: dict[str, bool] = self.ask(settings, _START_SECONDS)["layers"]
        except (WorkerDiedError, WorkerTimeoutError) as error:
            raise WorkerStartError(
                f"the sandbox process does not start: {error}",
                hint=f"check that apsw is installed, and that {limits.memory:,} bytes of memory are enough for it",
            ) from error

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def ask(self, request: wire.Message, seconds: float, control: Control | None = None) -> wire.Message:
        """Send ``request`` and wait for its reply.

        Raises :class:`WorkerTimeoutError` after ``seconds``, :class:`WorkerAbortedError` soon after
        ``control.should_abort()``, :class:`WorkerDiedError`; whenever it raises, the process is gone.
        """
        self.send(request)
        return self.receive(seconds, control)

    def send(self, request: wire.Message) -> None:
        """Only send it: one reply more is then to be received. Raises :class:`WorkerDiedError`."""
        self._guarded(lambda: wire.write(self._stdin, request))

    def receive(self, seconds: float, control: Control | None = None) -> wire.Message:
        """The reply to what was sent; raises what :meth:`ask` does."""
        return self._guarded(lambda: self._wait(seconds, control))

    def _guarded(self, act: Callable[[], _Result]) -> _Result:
        try:
            return act()
        except OSError:
            raise WorkerDiedError(self._how_it_ended()) from None
        except BaseException:  # KeyboardInterrupt too: a late reply must never be taken for the next one's
            self.close()
            raise

    def _wait(self, seconds: float, control: Control | None) -> wire.Message:
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            try:
                reply = self._replies.get(timeout=max(0.0, min(left, _POLL_SECONDS)))
            except queue.Empty:
                if control is not None and control.should_abort():
                    raise WorkerAbortedError from None
                if left <= 0:
                    raise WorkerTimeoutError("no answer within its time") from None
                continue
            if reply is None:
                raise WorkerDiedError(self._how_it_ended())
            return reply

    @property
    def _stdin(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _receive(self) -> None:
        assert self._process.stdout is not None
        with suppress(wire.WireError, OSError, ValueError):
            while (reply := wire.read(self._process.stdout)) is not None:
                self._replies.put(reply)
        self._replies.put(None)

    def _how_it_ended(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(timeout=1.0)
            self.close()
            return f"signal {-code}" if code < 0 else f"exit status {code}"
        self.close()
        return "a malformed reply"

    def close(self) -> None:
        """Kill the process and wait for its end. May be called again."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # the rest of a frame that nobody will read
                    stream.close()


def _command() -> list[str]:
    apsw = find_spec("apsw")
    if apsw is None or apsw.origin is None:
        raise WorkerStartError("apsw is not installed, and the sandbox cannot run without it", hint="pip install apsw")
    # apsw is a package, so its origin is two levels below the folder that has to be on the path.
    folders = (Path(__file__).resolve().parents[2], Path(apsw.origin).parent.parent)
    flags = ["-I", "-S", *(["-B"] if sys.dont_write_bytecode else [])]
    return [sys.executable, *flags, "-c", _BOOTSTRAP, *map(str, folders)]
