"""Lines typed into prompt_toolkit, through a pipe instead of a terminal."""

import contextlib
import threading
import time

import pytest
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from planner_cli.types import Column, Schema, Table
from planner_cli.ui.completing import Words
from planner_cli.ui.prompting import Prompting
from tests.running import PATIENCE

WORDS = Words(Schema((Table("customers", (Column("name", "TEXT"),)),)), {"schema": "List columns."})
ENTER, ALT_ENTER, TAB, CTRL_C, CTRL_D, UP, F4 = "\r", "\x1b\r", "\t", "\x03", "\x04", "\x1b[A", "\x1bOS"
TYPED = [
    ("a question", f"how many?{ENTER}", ["how many?"]),
    ("two", f"one{ENTER}two{ENTER}", ["one", "two"]),
    ("a query that goes on", f"select (1{ENTER}+ 2){ENTER}", ["select (1\n+ 2)"]),
    ("a parenthesis in a question does not", f"how many (if any{ENTER}", ["how many (if any"]),
    ("another line", f"a{ALT_ENTER}b{ENTER}", ["a\nb"]),
    ("Ctrl-C drops the line", f"abc{CTRL_C}two{ENTER}", ["", "two"]),
    ("vi", f"{F4}abc\x1b0ix{ENTER}", ["xabc"]),
]


@contextlib.contextmanager
def prompting(history=None):
    with create_pipe_input() as source:
        yield source, Prompting(
            prompt="shop> ", words=lambda: WORDS, facts=lambda: "shop.sqlite", history=history, source=source,
            output=DummyOutput(),
        )  # fmt: skip


@pytest.mark.parametrize(("typed", "expected"), [t[1:] for t in TYPED], ids=[t[0] for t in TYPED])
def test_what_is_typed_is_what_is_read(typed, expected):
    with prompting() as (source, opened):
        source.send_text(typed)
        assert [opened.read() for _ in expected] == expected


def typed_until(source, opened, keys: str, expected: str) -> None:
    """Type ``keys`` until they have had their effect (prompt_toolkit completes, and reads history, in between), then Enter."""
    line = opened._session.default_buffer
    deadline = time.monotonic() + PATIENCE
    while line.text != expected and time.monotonic() < deadline:
        source.send_text(keys)
        time.sleep(0.05)
    source.send_text(ENTER * 2)  # the first may take the completion that is chosen


LATER = [
    ("a completion", "\\sch", TAB, "\\schema"),
    ("a table", "select * from cu", TAB, "select * from customers"),
    ("the line before", "", UP, "one"),
]


@pytest.mark.parametrize(("first", "keys", "expected"), [x[1:] for x in LATER], ids=[x[0] for x in LATER])
def test_what_takes_a_moment(tmp_path, first, keys, expected):
    history = tmp_path / "typed.txt"
    history.write_text("\n# 2026-01-01 00:00:00\n+one\n")
    with prompting(history) as (source, opened):
        source.send_text(first)
        typist = threading.Thread(target=typed_until, args=(source, opened, keys, expected))
        typist.start()
        assert opened.read() == expected
        typist.join()


def test_ctrl_d_ends_it():
    with prompting() as (source, opened):
        source.send_text(CTRL_D)
        assert opened.read() is None


def test_lines_are_kept_in_the_file_and_found_by_the_next_session(tmp_path):
    history = tmp_path / "typed.txt"
    history.touch(mode=0o600)
    with prompting(history) as (source, opened):
        source.send_text(f"select (1{ENTER}){ENTER}")
        assert opened.read() == "select (1\n)"
    with prompting(history) as (source, opened):
        typist = threading.Thread(target=typed_until, args=(source, opened, UP, "select (1\n)"))
        typist.start()
        assert opened.read() == "select (1\n)"
        typist.join()
    assert history.stat().st_mode & 0o777 == 0o600


def test_the_keys_are_named():
    with prompting() as (source, opened):
        assert opened.mode == "emacs"
        source.send_text(f"{F4}a{ENTER}")
        opened.read()
        assert opened.mode == "vi"
