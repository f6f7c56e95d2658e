"""Showing a run: on a live screen, line by line, or not at all. Draws on standard error only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal, TypeAlias

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.text import Text

from planner_cli.control import Control
from planner_cli.errors import Stopped
from planner_cli.events import Answered, Event
from planner_cli.text import on_one_line
from planner_cli.types import Answer, ModelInfo, Thought
from planner_cli.ui.board import board_lines
from planner_cli.ui.console import look_of, print_line
from planner_cli.ui.frame import Think, frame_lines
from planner_cli.ui.keys import Key, key_reader
from planner_cli.ui.look import ACCENT, FAIR, MUTED, TITLE, Look
from planner_cli.ui.plain import PlainReport
from planner_cli.ui.state import RunState

Mode: TypeAlias = Literal["live", "plain", "quiet"]

_FRAMES_PER_SECOND = 8
_WIDEST_BOARD = 140
"""Cells of the table that stays behind; wider ones are hard to read across."""
_THOUGHT_SHOWN = 6_000
"""Characters of the winner's thought left in the scrollback."""


def show(
    events: Iterable[Event],
    *,
    console: Console,
    mode: Mode,
    think: Think,
    control: Control,
    question: str,
    database: str,
    budget: int,
    models: Sequence[ModelInfo] = (),
) -> Answer:
    """Drain a plan's events, show them on ``console`` (standard error), and return the answer.

    ``live`` redraws a screen in place, reads keys where standard input is a terminal, and leaves the table
    of candidates behind; ``plain`` writes one line per event; ``quiet`` nothing. Errors of the plan pass
    through, with the terminal restored.
    """
    if mode == "live":
        state = RunState(question=question, database=database, budget=budget, models=models)
        return _show_live(events, state, console, think, control)
    if mode == "quiet":
        return _drain(events)
    report = PlainReport(console, think, untrained=any(m.role == "discriminator" and m.untrained for m in models))
    try:
        return _drain(events, report)
    finally:
        report.finish()


@contextmanager
def waiting(text: str, *, console: Console, mode: Mode) -> Iterator[Callable[[str], None]]:
    """Show what is waited for before there are events: ``live`` in a line that disappears, ``plain`` in one that stays.

    ``quiet`` shows nothing. Gives what a live line is changed with.
    """
    look = look_of(console)
    if mode == "live":
        spinner = "dots" if look.spinner[0] == "\u280b" else "line"  # rich's names of them

        def line(now: str) -> Text:
            return look.text(look.fit(now, max(8, console.width - 2)), ACCENT)

        with console.status(line(text), spinner=spinner) as status:
            yield lambda now: status.update(line(now))
        return
    if mode == "plain":
        print_line(console, text, MUTED)
    yield lambda _now: None


def _drain(events: Iterable[Event], report: PlainReport | None = None) -> Answer:
    answer: Answer | None = None
    for event in events:
        if report is not None:
            report.apply(event)
        if isinstance(event, Answered):
            answer = event.answer
    return _must(answer)


def _must(answer: Answer | None) -> Answer:
    if answer is None:
        raise RuntimeError("the plan ended without an Answered event")
    return answer


class _Screen:
    """What ``rich.Live`` draws: one frame of the state, taken under the lock that guards it."""

    def __init__(self, state: RunState, think: Think) -> None:
        self.lock = threading.Lock()
        self._state = state
        self._think = think
        self._started = time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self.lock:
            lines = frame_lines(
                self._state,
                look_of(console),
                width=options.max_width,
                # One line less than the terminal: a full one scrolls, and the cursor could not go back.
                height=console.size.height - 1,
                think=self._think,
                seconds=time.monotonic() - self._started,
            )
        yield Text("\n").join(lines)


def _show_live(events: Iterable[Event], state: RunState, console: Console, think: Think, control: Control) -> Answer:
    screen = _Screen(state, think)

    def on_key(key: Key) -> None:
        with screen.lock:
            if key == "stop":
                control.stop_thinking()
                state.notice = "thinking stops; the answer follows"
            elif key == "quit":
                control.interrupt()
                state.notice = "stopping"
            else:
                state.move_focus(1 if key == "next" else -1)

    try:
        with (
            key_reader(on_key) as state.reads_keys,
            Live(screen, console=console, refresh_per_second=_FRAMES_PER_SECOND, transient=True,
                 redirect_stdout=False, redirect_stderr=False),
        ):  # fmt: skip
            for event in events:
                with screen.lock:
                    state.apply(event)
    except Stopped:
        leave_behind(state, console, think)
        raise
    leave_behind(state, console, think)
    return _must(state.answer)


def leave_behind(state: RunState, console: Console, think: Think) -> None:
    """Print what stays in the scrollback, if there is any candidate: question, table, warnings, thought."""
    look = look_of(console)
    answer = state.answer
    if answer is None and not state.candidates:
        return
    print_line(console, on_one_line(state.question), TITLE)
    if answer is None or answer.best is not None:  # else the answer block lists every candidate in full
        width = min(console.width, _WIDEST_BOARD)
        board = board_lines(state.board(), look, width, budget=state.budget, untrained=state.untrained, final=True)
        for line in board:
            console.print(line, no_wrap=True, crop=False)
    for warning in state.warnings:
        print_line(console, f"! {warning}", FAIR)
    winner = next((row.thought for row in state.board() if row.won and row.thought is not None), None)
    if think != "hide" and winner is not None and winner.verdict is not None:
        _leave_thought(winner.verdict.thought, look, console, whole=think == "show")
    console.print()


def _leave_thought(thought: Thought, look: Look, console: Console, *, whole: bool) -> None:
    if not thought.tokens:
        return
    print_line(console, f"thought {thought.tokens} tokens about the winner (closed by {thought.closed_by})", MUTED)
    if whole:
        text = thought.text.strip()
        before = len(text) - _THOUGHT_SHOWN
        start = f"{look.ellipsis} ({before:,} characters before) " if before > 0 else ""
        print_line(console, start + text[-_THOUGHT_SHOWN:], MUTED, newlines=True)
