"""Ctrl-C and its like: a flag, one line, the right exit code, at any moment."""

import os
import signal
import subprocess

import pytest

from planner_cli.cli.signals import Ended, interruptible
from planner_cli.control import Control
from planner_cli.errors import DatabaseError, ExitCode, PlannerError
from tests.running import PATIENCE, command

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
    control = Control()
    ended = []
    with interruptible(control):
        os.kill(os.getpid(), signal.SIGINT)
        ended.append("the work, and no exception")
    assert ended
    assert control.cancelled


@pytest.mark.parametrize(("name", "kept"), [("SIGINT", True), ("SIGTERM", False), ("SIGHUP", False)])
def test_ctrl_c_first_ends_what_can_be_done_without(name, kept):
    control = Control()
    with interruptible(control), control.part() as part:
        os.kill(os.getpid(), getattr(signal, name))
        assert part.should_abort()
        assert control.cancelled is not kept


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


def interrupted(shop, number, module):
    """``planner ask`` with a signal at the moment when ``module`` has been imported."""
    line = command("ask", "How many customers?", shop, "--budget", "8000")
    line[1:1] = ["-X", "importtime"]  # which says so on standard error
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert any(told.rpartition("|")[2].strip() == module for told in process.stderr), f"{module} was never imported"
    process.send_signal(number)
    out, err = process.communicate(timeout=PATIENCE)
    told = [line for line in err.splitlines() if not line.startswith("import time:")]
    return out, told[-1:], len(told) <= 2, process.returncode  # the line that was being read may be there in part


@pytest.mark.model
@pytest.mark.parametrize(
    "module",
    [
        "click",
        "planner_cli.database",
        "planner_cli.generator",
        *(pytest.param(m, marks=pytest.mark.slow) for m in ("planner_cli.cli.results", "numpy", "llama_cpp")),
    ],
)
def test_ctrl_c_while_things_load(shop, module):
    assert interrupted(shop, signal.SIGINT, module) == ("", ["planner: interrupted"], True, 130)


@pytest.mark.model
@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGHUP", 129)])
def test_being_ended_by_others(shop, name, status):
    ended = interrupted(shop, getattr(signal, name), "planner_cli.database.copying")
    assert ended == ("", [f"planner: ended by {name}"], True, status)
