from __future__ import annotations

import io

import pytest

from planner_cli.errors import ModelError, PlannerError
from planner_cli.ui.console import is_live, look_of, make_console, wants_color
from planner_cli.ui.errors import format_error


class Terminal(io.StringIO):
    def isatty(self):
        return True


COLOUR = [
    ("terminal", True, "auto", {}, True),
    ("pipe", False, "auto", {}, False),
    ("no-color", True, "auto", {"NO_COLOR": "1"}, False),
    ("no-color-empty-does-not-count", True, "auto", {"NO_COLOR": ""}, True),
    ("force", False, "auto", {"CLICOLOR_FORCE": "1"}, True),
    ("force-zero", False, "auto", {"CLICOLOR_FORCE": "0"}, False),
    ("no-color-wins-over-force", True, "auto", {"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
    ("dumb", True, "auto", {"TERM": "dumb"}, False),
    ("always-wins", False, "always", {"NO_COLOR": "1"}, True),
    ("never-wins", True, "never", {"CLICOLOR_FORCE": "1"}, False),
]


@pytest.mark.parametrize(
    ("tty", "choice", "env", "expected"), [case[1:] for case in COLOUR], ids=[case[0] for case in COLOUR]
)
def test_colour(tty, choice, env, expected):
    stream = Terminal() if tty else io.StringIO()
    assert wants_color(stream, choice, env) is expected
    console = make_console(stream, color=choice, environ=env)
    console.print(look_of(console).text("x", "bold red"))
    assert ("\x1b[" in stream.getvalue()) is expected
    assert console.is_terminal is tty


def test_rich_reads_no_colour_variables_of_its_own(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    console = make_console(stream)
    console.print(look_of(console).text("x", "bold red"))
    assert stream.getvalue() == "x\n"
    assert not console.is_terminal


def test_no_markup_no_emoji_no_highlighting():
    stream = io.StringIO()
    console = make_console(stream, color="always")
    console.print("[bold]:smile: 123 'x'[/nothing]")
    assert stream.getvalue() == "[bold]:smile: 123 'x'[/nothing]\n"


def test_an_ascii_stream_gets_ascii_signs_and_no_error():
    raw = io.BytesIO()
    console = make_console(io.TextIOWrapper(raw, encoding="ascii"))
    console.print("日本\ud800")
    console.file.flush()
    assert raw.getvalue() == b"\\u65e5\\u672c\\ud800\n"
    assert look_of(console).ascii


@pytest.mark.parametrize(
    ("tty", "term", "expected"),
    [(True, "xterm", True), (False, "xterm", False), (True, "dumb", False), (True, "unknown", False)],
)
def test_live_needs_a_terminal_that_can(tty, term, expected):
    assert is_live(make_console(Terminal() if tty else io.StringIO()), {"TERM": term}) is expected


ERRORS = [
    ("message", PlannerError("no such file: x"), "planner: no such file: x"),
    ("hint", ModelError("no model", hint="run: planner models pull x"), "planner: no model (run: planner models pull x)"),
    ("hostile", PlannerError("table \x1b]0;x\x07\nbad", hint="\u202e"), r"planner: table \x1b]0;x\x07\nbad (\u202e)"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "expected"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS])
def test_error_line(error, expected):
    assert format_error(error) == expected
