"""Trying again: with pauses, told on the screen, and not for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from planner_cli.errors import ModelError

Note: TypeAlias = Callable[[str], None]
"""Told in a line of what is waited for."""
Pause: TypeAlias = Callable[[float], None]
"""Waits so many seconds."""

PAUSES = (1, 2, 4, 8, 16)
"""Seconds before each try that follows one without a byte more; there are no more tries than these."""


class AgainError(Exception):
    """A try that failed in a way that may pass."""

    def __init__(self, reason: str, *, seconds: int = 0, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
        """How long the server asks to wait."""
        self.unreachable = unreachable
        """Whether nobody answers at that address."""


class Patience:
    """Waits between tries, longer each time, and ends when nothing comes of them."""

    def __init__(self, what: str, note: Note, pause: Pause, *, furthest: int = 0) -> None:
        self._what = what
        self._note = note
        self._pause = pause
        self._furthest = furthest
        """Most bytes there have been: getting the same ones anew is no progress."""
        self._fruitless = 0

    def wait(self, again: AgainError, *, came: int) -> None:
        """Before the next try.

        Raises :class:`ModelError` when it was the last.
        """
        if came > self._furthest:
            self._furthest, self._fruitless = came, 0
        else:
            self._fruitless += 1
        after, how = (f" after {came} bytes", "going on from there") if came else ("", "trying again")
        if self._fruitless > len(PAUSES):
            raise ModelError(
                f"{self._what}: {again.reason}{after}, {self._fruitless} times without a byte more",
                hint="check the connection; what has come is kept, the same command goes on from there",
            ) from again
        seconds = max(PAUSES[max(0, self._fruitless - 1)], again.seconds)
        asked = ", as the server asks" if again.seconds == seconds else ""
        tries = f"; try {self._fruitless} of {len(PAUSES)} without a byte more" if self._fruitless else ""
        self._note(f"{self._what}: {again.reason}{after}: {how} in {seconds} s{asked}{tries}")
        self._pause(seconds)
