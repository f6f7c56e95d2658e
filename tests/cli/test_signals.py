"""Ctrl-C and its like: a flag, one line, the right exit code, at any moment."""

import os
import signal
import subprocess
import sys
import time

import pytest

from planner_cli.cli.signals import Ended, interruptible
from planner_cli.control import Control
from planner_cli.errors import DatabaseError, ExitCode, PlannerError

STATUS = {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}


@pytest.fixture(autouse=True)
def handlers_are_restored():
    before = {name: signal.getsignal(getattr(signal, name)) for name in STATUS}
    yield
    assert {name: signal.getsignal(getattr(signal, name)) for name in STATUS} == before


@pytest.mark.parametrize("name", STATUS)
def test_a_signal_sets_the_flag_and_is_the_reason_for_what_fails_then(name):
    control = Control()

    def work():
        with interruptible(control):
            os.kill(os.getpid(), getattr(signal, name))
            raise DatabaseError("the worker died")  # Ctrl-C reaches the whole process group

    with pytest.raises(Ended) as caught:
        work()
    assert control.cancelled
    assert caught.value.status == STATUS[name]
    assert caught.value.exit_code is ExitCode.INTERRUPTED


def test_without_a_signal_errors_pass():
    with pytest.raises(PlannerError, match="the key q"), interruptible(Control()):
        raise PlannerError("the key q")


def test_a_signal_after_the_answer_changes_nothing():
    with interruptible(Control()):
        os.kill(os.getpid(), signal.SIGINT)


def test_the_second_signal_lets_the_third_kill():
    with interruptible(Control()):
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
        os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does it
    try:
        control = Control()
        with interruptible(control):
            os.kill(os.getpid(), signal.SIGHUP)
        assert not control.cancelled
    finally:
        signal.signal(signal.SIGHUP, before)


def interrupted(shop, number, seconds):
    """``planner ask`` with a signal after so many seconds."""
    command = [sys.executable, "-m", "planner_cli", "ask", "How many customers?", str(shop), "--budget", "8000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(seconds)
    process.send_signal(number)
    return *process.communicate(timeout=60), process.returncode


@pytest.mark.model
@pytest.mark.parametrize("hundredths", range(10, 65, 11))
def test_ctrl_c_while_things_load(shop, hundredths):
    # Under 0.1 s Python itself may still be starting, and answers with a traceback of its own.
    assert interrupted(shop, signal.SIGINT, hundredths / 100) == ("", "planner: interrupted\n", 130)


@pytest.mark.model
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_being_ended_by_others(shop, name, status):
    assert interrupted(shop, getattr(signal, name), 0.8) == ("", f"planner: ended by {name}\n", status)
