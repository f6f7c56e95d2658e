"""How a running plan is stopped: by Ctrl-C, a key press, or the clock.

One :class:`Control` is shared by the command line (which sets it, from signal handlers and the key
reader's thread), the planning loop (which looks at it between steps) and the engine (which looks at it
inside a decode, from llama.cpp's abort callback). Setting a flag is all a signal handler ever does:
an exception raised inside a C callback would be swallowed (``llama-cpp.md`` section 8).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from planner_cli.errors import Interrupted, Stopped, TimeLimit


class Control:
    """Stop flags of one question.

    ``deadline`` is a ``time.monotonic()`` value in seconds, or ``None`` for no limit.
    """

    def __init__(self, max_seconds: float | None = None) -> None:
        self.max_seconds = max_seconds
        self.deadline = None if max_seconds is None else time.monotonic() + max_seconds
        self._cancelled = False
        self._thinking_stopped = False
        self._part: Control | None = None

    def restart(self, max_seconds: float | None) -> None:
        """Begin the next question under the same control: new time limit, thinking allowed; a cancellation stays."""
        self.max_seconds = max_seconds
        self.deadline = None if max_seconds is None else time.monotonic() + max_seconds
        self._thinking_stopped = False

    def cancel(self) -> None:
        """Abort everything, including a decode in progress (Ctrl-C, ``q``)."""
        self._cancelled = True

    def interrupt(self) -> None:
        """End what can be done without, if that is what runs (:meth:`part`), otherwise everything."""
        if self._part is None or self._part.cancelled:
            self.cancel()
        else:
            self._part.cancel()

    @contextmanager
    def part(self) -> Iterator[Control]:
        """A control for work whose result can be done without: :meth:`interrupt` and ``s`` end that work alone."""
        self._part = part = _Part(self)
        try:
            yield part
        finally:
            self._part = None

    def stop_thinking(self) -> None:
        """Close all thoughts at the next token and answer (key ``s``)."""
        self._thinking_stopped = True

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    @property
    def thinking_stopped(self) -> bool:
        return self._thinking_stopped

    def seconds_left(self) -> float | None:
        """Seconds until the deadline (may be negative), ``None`` without one."""
        return None if self.deadline is None else self.deadline - time.monotonic()

    def expired(self) -> bool:
        """Whether the time limit has passed."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def should_abort(self) -> bool:
        """Whether a decode in progress must end now. Called some 500 times per decode: keep it cheap."""
        return self._cancelled or self.expired()

    def stopped(self) -> Stopped:
        """The error that says why :meth:`should_abort` is true."""
        if self._cancelled:
            return Interrupted("interrupted")
        return TimeLimit(
            f"the time limit of {self.max_seconds:g} s ended before there was an answer",
            hint="give more time with --max-seconds, or fewer --candidates",
        )

    def check(self) -> None:
        """Raise :class:`Interrupted` if the user pressed Ctrl-C (the time limit is not an error here)."""
        if self._cancelled:
            raise self.stopped()


class _Part(Control):
    """Of another control: ended with it, or before it."""

    def __init__(self, whole: Control) -> None:
        super().__init__()
        self._whole = whole

    def should_abort(self) -> bool:
        return self._whole.should_abort() or self._whole.thinking_stopped or self._cancelled
