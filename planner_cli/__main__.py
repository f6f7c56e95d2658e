"""``python -m planner_cli``, and the process behind the ``planner`` command."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


def run() -> int:
    """Run the command line; from here on Ctrl-C ends it in one line, however much is still to be imported.

    A ``KeyboardInterrupt`` raised inside somebody's import machinery can be swallowed, or end the process with
    a traceback; commands that have something to clean up handle the signal themselves (``cli.signals.interruptible``).
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not in the background, where it is ignored
        signal.signal(signal.SIGINT, _end)
    from planner_cli.cli import main

    return main()


def _end(number: int, _frame: FrameType | None) -> None:
    os.write(2, b"planner: interrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    sys.exit(run())
