"""Trying again: with pauses, shown on the screen, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from planner_cli.errors import UnreachableError

Note: TypeAlias = Callable[[str], None]
"""Called with a line that says what is waited for."""
Pause: TypeAlias = Callable[[float], None]
"""Waits so many seconds."""

PAUSES = (1, 2, 4, 8, 16)
"""Seconds before each try after one without a new byte; there are no more tries than these."""


class AgainError(Exception):
    """A try that failed in a way that may pass."""

    def __init__(self, reason: str, *, seconds: int = 0, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
        """How long the server asks to wait."""
        self.unreachable = unreachable
        """Whether nothing answers at that address."""


class Patience:
    """Waits between tries, longer each time, and gives up when they are fruitless."""

    def __init__(self, what: str, note: Note, pause: Pause, *, furthest: int = 0) -> None:
        self._what = what
        self._note = note
        self._pause = pause
        self._furthest = furthest
        """The most bytes there have been: getting the same ones again is no progress."""
        self._fruitless = 0

    def wait(self, again: AgainError, *, came: int) -> None:
        """Before the next try.

        Raises :class:`UnreachableError` when it was the last.
        """
        if came > self._furthest:
            self._furthest, self._fruitless = came, 0
        else:
            self._fruitless += 1
        after, how = (f" after {came} bytes", "continuing from there") if came else ("", "trying again")
        if self._fruitless > len(PAUSES):
            raise UnreachableError(
                f"{self._what}: {again.reason}{after}, {self._fruitless} times without a new byte",
                hint="check the connection; what has arrived is kept, and the same command continues from there",
            ) from again
        seconds = max(PAUSES[max(0, self._fruitless - 1)], again.seconds)
        asked = ", as the server asks" if again.seconds == seconds else ""
        tries = f"; try {self._fruitless} of {len(PAUSES)} without a new byte" if self._fruitless else ""
        self._note(f"{self._what}: {again.reason}{after}: {how} in {seconds} s{asked}{tries}")
        self._pause(seconds)
