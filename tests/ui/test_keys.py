from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import termios
import textwrap
import threading
import time

import pytest

from planner_cli.ui.keys import key_reader, parse_keys

PARSED = [
    ("letters", b"npsq", ["next", "previous", "stop", "quit"], b""),
    ("arrows", b"\x1b[C\x1b[D", ["next", "previous"], b""),
    ("application-arrows", b"\x1bOC\x1bOD", ["next", "previous"], b""),
    ("tabs", b"\t\x1b[Z", ["next", "previous"], b""),
    ("ctrl-c", b"\x03", ["quit"], b""),
    ("unknown-keys", b"xyz\x1b[A\x1b[1;5C\xc3\xa4", [], b""),
    ("alt-letter-is-not-the-letter", b"\x1bn", ["next"], b""),
    ("half-sequence-waits", b"n\x1b[", ["next"], b"\x1b["),
    ("escape-waits", b"\x1b", [], b"\x1b"),
    ("half-application-sequence-waits", b"\x1bO", [], b"\x1bO"),
    ("endless-sequence-is-dropped", b"\x1b[" + b"1" * 20 + b"n", ["next"], b""),
]


@pytest.mark.parametrize(("data", "keys", "rest"), [case[1:] for case in PARSED], ids=[case[0] for case in PARSED])
def test_parse_keys(data, keys, rest):
    assert parse_keys(data) == (keys, rest)


@pytest.fixture
def terminal():
    """Both ends of a pseudo terminal: (what a user types into, what the program reads)."""
    user, program = os.openpty()
    yield user, program
    os.close(user)
    os.close(program)


def wait_for(condition, seconds=120.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened in time"
        time.sleep(0.005)


def reader_threads():
    return [thread for thread in threading.enumerate() if thread.name == "planner-keys"]


def test_keys_arrive_from_a_terminal_and_split_sequences_are_joined(terminal):
    user, program = terminal
    keys = []
    with key_reader(keys.append, program) as reading:
        assert reading
        os.write(user, b"n\x1b")
        wait_for(lambda: keys == ["next"])
        os.write(user, b"[D")
        wait_for(lambda: len(keys) == 2)
        os.write(user, b"sq")
        wait_for(lambda: len(keys) == 4)
    assert keys == ["next", "previous", "stop", "quit"]


def test_keys_need_no_return_are_not_echoed_and_the_terminal_is_restored(terminal):
    _, program = terminal
    before = termios.tcgetattr(program)
    with key_reader(lambda _: None, program):
        local = termios.tcgetattr(program)[3]
        assert not local & (termios.ICANON | termios.ECHO)
        assert local & termios.ISIG  # Ctrl-C stays a signal
        assert reader_threads()
    assert termios.tcgetattr(program) == before
    assert not reader_threads()


def test_the_terminal_is_restored_after_an_error(terminal):
    _, program = terminal
    before = termios.tcgetattr(program)
    with pytest.raises(RuntimeError, match="the plan failed"), key_reader(lambda _: None, program):
        raise RuntimeError("the plan failed")
    assert termios.tcgetattr(program) == before
    assert not reader_threads()


def test_a_terminal_that_is_closed_meanwhile_is_no_error():
    user, program = os.openpty()
    try:
        with key_reader(lambda _: None, program):
            os.close(user)
        with pytest.raises(termios.error):  # the control: there is nothing left to put back
            termios.tcgetattr(program)
    finally:
        os.close(program)
    assert not reader_threads()


def test_keys_typed_afterwards_are_left_alone(terminal):
    user, program = terminal
    keys = []
    with key_reader(keys.append, program):
        os.write(user, b"n")
        wait_for(lambda: keys)
    os.write(user, b"ls\n")
    assert select.select([program], [], [], 5.0)[0]
    assert os.read(program, 10) == b"ls\n"
    assert keys == ["next"]


def test_no_keys_without_a_terminal():
    read_end, write_end = os.pipe()
    try:
        with key_reader(lambda _: None, read_end) as reading:
            assert not reading
            assert not reader_threads()
    finally:
        os.close(read_end)
        os.close(write_end)


def test_no_keys_without_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    with key_reader(lambda _: None) as reading:
        assert not reading


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["SIGTERM", "SIGHUP"])
def test_signals_restore_the_terminal_and_still_end_the_process(terminal, number):
    _, program = terminal
    before = termios.tcgetattr(program)
    code = """
        import signal, sys, time
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        from planner_cli.ui.keys import key_reader
        with key_reader(lambda key: None, 0) as reading:
            print("reading", reading, flush=True)
            for _ in range(3000):  # short sleeps: a signal just before one would wait for its end
                time.sleep(0.1)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdin=program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        assert process.stdout.readline() == "reading True\n"
        assert termios.tcgetattr(program) != before
        process.send_signal(number)
        assert process.wait(120) == -number
        assert process.stderr.read() == "\x1b[?25h"
    assert termios.tcgetattr(program) == before


def test_ctrl_z_gives_the_terminal_back_until_the_program_goes_on(terminal):
    _, program = terminal
    before = termios.tcgetattr(program)
    code = """
        import os, signal, time
        os.setpgid(0, 0)  # a group of its own with its parent beside it, as a shell makes: only those can be stopped
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        from planner_cli.ui.keys import key_reader
        with key_reader(lambda key: None, 0):
            print("reading", flush=True)
            for _ in range(3000):  # short sleeps: a signal just before one would wait for its end
                time.sleep(0.1)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with process:
        process.stdout.readline()
        reading = termios.tcgetattr(program)
        assert reading != before
        process.send_signal(signal.SIGTSTP)
        assert os.WIFSTOPPED(os.waitpid(process.pid, os.WUNTRACED)[1])
        assert termios.tcgetattr(program) == before
        process.send_signal(signal.SIGCONT)
        wait_for(lambda: termios.tcgetattr(program) == reading)
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == -signal.SIGTERM
    assert termios.tcgetattr(program) == before
