from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import event_scripts as scripts
import pytest
from hostile_texts import PAYLOADS, forbidden

from planner_cli.control import Control
from planner_cli.errors import Interrupted
from planner_cli.events import StageStarted
from planner_cli.ui.console import make_console
from planner_cli.ui.screen import show, waiting

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    def isatty(self):
        return True


def shown(
    run, mode, *, think="show", events=None, width=80, color="never", question=scripts.QUESTION, models=scripts.MODELS
):
    stream = Terminal() if mode == "live" else io.StringIO()
    answer = show(
        run.events() if events is None else events,
        console=make_console(stream, color=color, width=width, height=24),
        mode=mode,
        think=think,
        control=Control(),
        question=question,
        database=scripts.DATABASE,
        budget=scripts.BUDGET,
        models=models,
    )
    return answer, stream.getvalue()


@pytest.mark.parametrize("mode", ["live", "plain", "quiet"])
@pytest.mark.parametrize("run", [scripts.judged, scripts.unjudged, scripts.nothing_runs], ids=lambda run: run.__name__)
def test_every_mode_returns_the_answer(mode, run):
    run = run()
    answer, text = shown(run, mode)
    assert answer is run.answer
    assert bool(text) is (mode != "quiet")


@pytest.mark.parametrize("mode", ["live", "plain", "quiet"])
def test_a_plan_without_an_answer_is_an_error_of_the_program(mode):
    with pytest.raises(RuntimeError, match="without an Answered event"):
        shown(None, mode, events=iter([StageStarted("generate", 8)]))


@pytest.mark.parametrize("mode", ["live", "plain"])
@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_payloads_never_reach_the_terminal(mode, payload):
    _, text = shown(scripts.hostile(payload), mode, question=payload)
    assert not forbidden(ANSI.sub("", text), allowed="\n\r\t")
    assert "\x1b]" not in text


def test_the_table_stays_in_the_scrollback():
    _, text = shown(scripts.judged(), "live", think="fold")
    left = ANSI.sub("", text)[-2000:]
    assert "★ 1  SELECT c.name" in left
    assert "thought 64 tokens about the winner (closed by budget)" in left
    assert "The question asks for" not in left.partition("★")[2]


def test_think_show_leaves_the_thought_of_the_winner():
    _, text = shown(scripts.judged(), "live", think="show")
    assert "The question asks for customers" in ANSI.sub("", text).partition("★")[2]


def test_think_hide_leaves_no_word_of_it():
    _, text = shown(scripts.judged(), "live", think="hide")
    assert "The question" not in text
    assert "thought" not in ANSI.sub("", text)


def test_an_interrupted_run_leaves_its_table_and_the_cursor():
    def events():
        for number, event in enumerate(scripts.judged().events()):
            if number == 60:
                raise Interrupted("interrupted")
            yield event

    stream = Terminal()
    with pytest.raises(Interrupted):
        show(
            events(), console=make_console(stream, color="never", width=80, height=24), mode="live", think="fold",
            control=Control(), question="q", database="d", budget=64,
        )  # fmt: skip
    text = stream.getvalue()
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "SELECT c.name" in text[text.rindex("\x1b[?25h") :]


def test_a_run_interrupted_before_any_candidate_leaves_nothing():
    def events():
        yield StageStarted("generate", 8)
        raise Interrupted("interrupted")

    stream = Terminal()
    with pytest.raises(Interrupted):
        show(
            events(), console=make_console(stream, color="never", width=80, height=24), mode="live", think="fold",
            control=Control(), question="q of the user", database="d", budget=64,
        )  # fmt: skip
    assert "q of the user" not in stream.getvalue()[stream.getvalue().rindex("\x1b[?25h") :]


@pytest.mark.parametrize("mode", ["live", "plain"])
def test_an_untrained_judge_is_called_noise(mode):
    _, text = shown(scripts.judged(), mode, models=scripts.UNTRAINED)
    left = ANSI.sub("", text)
    assert "noise" in left
    assert "P(correct)" not in left


def test_plain_tells_the_run_in_lines():
    _, text = shown(scripts.judged(), "plain", think="hide")
    assert text.splitlines()[:4] == [
        "writing candidates: 8",
        "  prompt of 612 tokens, 0 cached, 0.42 s",
        f"candidate 1: {scripts.SQL[0]}",
        "candidate 1: ✓ 12 rows",
    ]
    assert "candidate 4: ✗ no such column: customer_name (did you mean name?)" in text
    assert "candidate 1: P(correct) 0.86, thought 64 tokens (closed by budget)" in text
    assert "The question" not in text


def test_plain_streams_whole_thoughts_one_after_the_other():
    run = scripts.judged()
    _, text = shown(run, "plain", think="show")
    for cluster, verdict in run.verdicts.items():
        assert verdict.thought.text in text
        number = run.clusters[cluster].representative + 1
        assert text.count(f"thought about {number}:\n") == 1
        assert text.count(f"candidate {number}: P(correct)") == 1


def test_plain_writes_thoughts_while_they_are_thought():
    stream = io.StringIO()
    sizes = []

    def events():
        for event in scripts.judged().events():
            yield event
            sizes.append(len(stream.getvalue()))

    show(
        events(), console=make_console(stream), mode="plain", think="show", control=Control(),
        question="q", database="d", budget=64,
    )  # fmt: skip
    assert len(set(sizes)) > 60


# A whole process on a real pseudo terminal: keys, signals, and what the terminal is left like.

PROGRAM = """
import sys, time
sys.path[:0] = [{tests!r}]
import event_scripts as scripts
from planner_cli.control import Control
from planner_cli.errors import Interrupted
from planner_cli.ui.console import make_console
from planner_cli.ui.screen import show

control = Control()

def events():
    for event in scripts.judged().events():
        control.check()
        if control.thinking_stopped and type(event).__name__ == "ThoughtToken":
            continue
        yield event
        time.sleep(0.02)

try:
    show(events(), console=make_console(sys.stderr), mode="live", think="show", control=control,
         question=scripts.QUESTION, database="shop", budget=64)
except Interrupted:
    print("QUIT", flush=True)
else:
    print("STOPPED" if control.thinking_stopped else "DONE", flush=True)
"""


class Session:
    """A program in a pseudo terminal of 100 x 30 cells, and everything it wrote there."""

    def __init__(self):
        program = PROGRAM.format(tests=str(Path(__file__).parent))
        root = str(Path(__file__).resolve().parents[2])
        self.pid, self.fd = pty.fork()
        if self.pid == 0:  # pragma: no cover - the child
            env = dict(os.environ, PYTHONPATH=root, COLUMNS="100", LINES="30", LANG="C.UTF-8", PYTHONUTF8="1")
            os.execve(sys.executable, [sys.executable, "-c", program], env)
        self.output = b""

    def until(self, text, seconds=120.0):
        end = time.monotonic() + seconds
        while text.encode() not in self.output:
            ready = select.select([self.fd], [], [], max(0.0, end - time.monotonic()))[0]
            assert ready, (text, self.output[-2000:])
            self.output += os.read(self.fd, 65536)

    def press(self, keys):
        os.write(self.fd, keys)

    def close(self):
        """Read to the end, and return how the process ended."""
        try:
            while data := os.read(self.fd, 65536):
                self.output += data
        except OSError:  # Linux says EIO when the other end is closed
            pass
        os.close(self.fd)
        return os.waitpid(self.pid, 0)[1]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize(("key", "end"), [(b"q", "QUIT"), (b"s", "STOPPED")])
def test_keys_on_a_real_terminal(key, end):
    session = Session()
    session.until(" branch")  # there is a second thought to go to
    session.press(b"\x1b[C")
    session.until("thought about 3")
    session.press(key)
    session.until(end)
    shown_cursor = session.output.rindex(b"\x1b[?25h")
    assert b"\x1b[?25l" not in session.output[shown_cursor:]
    assert session.close() == 0


def test_a_program_killed_by_sigterm_leaves_the_cursor_visible():
    session = Session()
    session.until("thought about 1")
    os.kill(session.pid, signal.SIGTERM)
    session.until("\x1b[?25h")
    status = session.close()
    assert os.WTERMSIG(status) == signal.SIGTERM


def test_without_terminal_input_the_run_goes_on():
    program = PROGRAM.format(tests=str(Path(__file__).parent)).replace("time.sleep(0.02)", "pass")
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        env=dict(os.environ, PYTHONPATH=root, PYTHONUTF8="1"), timeout=120, check=True,
    )  # fmt: skip
    assert done.stdout == "DONE\n"


def test_no_thread_is_left():
    shown(scripts.judged(), "live")
    assert not [thread for thread in threading.enumerate() if thread.name == "planner-keys"]


# ----------------------------------------------------------------------------------------- before the events


@pytest.mark.parametrize("payload", ["shop.sqlite", *PAYLOADS.values()], ids=["plain name", *PAYLOADS.keys()])
def test_what_is_waited_for_is_said_and_goes_away(payload):
    stream = Terminal()
    with waiting(f"reading {payload}", console=make_console(stream, color="never", width=60, height=24), mode="live"):
        ends = time.monotonic() + 120
        while "reading" not in (seen := stream.getvalue()) and time.monotonic() < ends:
            time.sleep(0.01)  # another thread draws it
        assert "reading" in seen
    assert not forbidden(ANSI.sub("", stream.getvalue()), allowed="\n\r\t")
    assert stream.getvalue().endswith(("\x1b[2K", "\x1b[?25h"))  # the line erased, the cursor back
    assert max(map(len, ANSI.sub("", seen).replace("\r", "\n").splitlines())) <= 60


@pytest.mark.parametrize(("mode", "expected"), [("plain", "reading shop.sqlite\n"), ("quiet", "")])
def test_what_is_waited_for_where_nothing_is_redrawn(mode, expected):
    stream = io.StringIO()
    with waiting("reading shop.sqlite", console=make_console(stream, color="never"), mode=mode):
        assert stream.getvalue() == expected
    assert stream.getvalue() == expected
