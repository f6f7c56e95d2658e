"""Ctrl-C in a program that has no handler of its own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from types import FrameType
from typing import cast

from planner_cli.control import Control
from planner_cli.errors import Interrupted
from planner_cli.events import Event


def steps_of(events: Iterator[Event], control: Control) -> Generator[Event, None, None]:
    """The same events; Ctrl-C while one of them is waited for is a ``KeyboardInterrupt`` of the one who waits.

    As Python has it, the exception could be raised in llama.cpp's callback, where ctypes prints and loses it.
    """
    with closing(cast("Generator[Event, None, None]", events)):
        while True:
            with _cancelling(control):
                event = next(events, None)
            if event is None:
                return
            yield event


@contextmanager
def _cancelling(control: Control) -> Iterator[None]:
    """Let Ctrl-C cancel inside the block, where it would raise; whoever has a handler keeps it."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    received = False

    def cancel(_number: int, _frame: FrameType | None) -> None:
        nonlocal received
        received = True
        control.cancel()

    signal.signal(signal.SIGINT, cancel)
    try:
        yield
    except Interrupted as error:
        if received:
            raise KeyboardInterrupt from error
        raise
    else:
        # the step came to its end none the less: to go on would lose it, where this was the last one
        if received:
            raise KeyboardInterrupt
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
