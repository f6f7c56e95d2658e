"""Ctrl-C during one of a plan's steps, wherever in it the signal comes."""

import os
import signal

import pytest

from planner_cli.app.interrupting import steps_of
from planner_cli.control import Control
from planner_cli.errors import Interrupted


def steps(control, at, *, noticed):
    """Three steps; Ctrl-C comes in one of them, and is noticed there, or else by the next one."""
    for number in range(3):
        control.check()
        if number == at:
            os.kill(os.getpid(), signal.SIGINT)
            if noticed:
                control.check()
        yield number


@pytest.mark.parametrize(
    ("at", "noticed", "seen"),
    [(0, True, []), (1, True, [0]), (0, False, []), (1, False, [0]), (2, False, [0, 1])],
    ids=["first step", "second step", "first step ends", "second step ends", "last step ends"],
)
def test_ctrl_c_is_raised_by_the_step_it_came_in(at, noticed, seen):
    control, found = Control(), []
    events = steps_of(steps(control, at, noticed=noticed), control)
    with pytest.raises(KeyboardInterrupt):
        found.extend(events)
    assert (found, control.cancelled) == (seen, True)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_end_stays_what_it_is():
    control = Control()
    control.cancel()
    with pytest.raises(Interrupted):
        list(steps_of(steps(control, None, noticed=False), control))
