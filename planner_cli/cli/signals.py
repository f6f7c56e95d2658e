"""Signals as flags of a :class:`~planner_cli.control.Control`."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from planner_cli.control import Control
from planner_cli.errors import ExitCode, Interrupted, PlannerError

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Ended(Interrupted):
    """A signal ended the run."""

    def __init__(self, number: int) -> None:
        name = signal.Signals(number).name
        super().__init__("interrupted" if number == signal.SIGINT else f"ended by {name}")
        self.status = 128 + number
        """What the process returns, as a shell has it."""


@contextmanager
def interruptible(control: Control) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP set the control's flag inside the block, and nothing else.

    Ctrl-C first ends what can be done without (:meth:`Control.interrupt`).

    The handler never raises: models load and decode in C, and an exception inside a callback of theirs would be
    swallowed. So the second signal only restores the default action for the next one: a third Ctrl-C kills.
    A signal that is ignored (``nohup``, a background job) stays ignored. Whatever error ends the block after a
    signal becomes :class:`Ended`: the interruption is the reason for it.
    """
    received: list[int] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        if received:
            signal.signal(number, signal.SIG_DFL)
        received.append(number)
        if number == signal.SIGINT:
            control.interrupt()
        else:
            control.cancel()

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, stop)
    try:
        yield
    except PlannerError as error:
        if received and error.exit_code is not ExitCode.OUTPUT:
            ended = Ended(received[0])
            ended.hint = error.hint if isinstance(error, Interrupted) else None
            raise ended from error
        raise
    finally:
        for number in taken:
            signal.signal(number, before[number])
