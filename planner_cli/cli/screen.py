"""What a run shows on standard error: the knobs for it, and an opened planner behind them."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console

from planner_cli.app.choices import Choices
from planner_cli.app.planner import Planner
from planner_cli.clean import clean
from planner_cli.cli.debugging import debugging
from planner_cli.cli.remembering import learnt
from planner_cli.control import Control
from planner_cli.events import Event
from planner_cli.knobs import Checked, knob, knobs_of, with_value
from planner_cli.types import Answer, Earlier, Question
from planner_cli.ui.console import is_live, make_console
from planner_cli.ui.errors import format_note
from planner_cli.ui.frame import duration
from planner_cli.ui.screen import Mode, show, waiting


@dataclass(frozen=True, slots=True)
class ScreenSettings(Checked):
    """How much is shown."""

    think: Literal["show", "fold", "hide"] | None = knob(
        None, "Thoughts: keep them on the screen, show them while they run, or not at all.", "screen",
        choices=("show", "fold", "hide"), usual="fold on a terminal, else hide", main=True,
    )  # fmt: skip
    color: Literal["auto", "always", "never"] = knob(
        "auto", "Colours on a terminal only, always or never.", "screen", choices=("auto", "always", "never")
    )
    quiet: bool = knob(False, "Only the answer.", "screen", short="q", main=True)
    verbose: bool = knob(False, "One line per event, and llama.cpp's log, instead of the screen.", "screen", short="v")

    @classmethod
    def of(cls, choices: Choices) -> ScreenSettings:
        """Those that were chosen."""
        screen = cls()
        for each in KNOBS:
            screen = with_value(screen, each.path, choices.of(each).value)
        return screen

    def console(self) -> Console:
        """Standard error."""
        return make_console(sys.stderr, color=self.color)

    @property
    def mode(self) -> Mode:
        """What a run shows while it goes on."""
        if self.quiet:
            return "quiet"
        if is_live(self.console()) and not self.verbose and not debugging():
            return "live"
        return "plain" if self.verbose or self.think == "show" else "quiet"

    def note(self, text: str) -> None:
        """One line that is not an error."""
        if not self.quiet:
            sys.stderr.write(f"{format_note(text)}\n")


KNOBS = knobs_of(ScreenSettings)
_LONG = 20.0
"""A question that is expected to take more seconds than this is announced with the time it needs."""


@contextmanager
def opened(
    files: Path | Sequence[Path],
    choices: Choices,
    screen: ScreenSettings,
    control: Control,
    *,
    rows: int | None = None,
) -> Iterator[Planner]:
    """Open the database, or make one of several files, and load the models, saying so meanwhile.

    Raises:
        DatabaseError: the file cannot be used, or a table named in ``tables`` is not in it.
        ModelError: a model is missing or cannot be loaded.
        Stopped: the control said so.

    """
    if screen.verbose or debugging():
        _log_to_stderr()
    what = "asking the server" if choices["engine"].value == "server" else "loading the models"
    names = files.name if isinstance(files, Path) else ", ".join(file.name for file in files)
    with waiting(f"reading {names}, {what}", console=screen.console(), mode=screen.mode) as progress:
        planner = Planner.chosen(files, choices, rows=rows, control=control, note=screen.note, progress=progress)
    with planner:
        learnt(planner)
        yield planner


def question_of(planner: Planner, text: str, screen: ScreenSettings, earlier: Earlier | None = None) -> Question:
    """The question as the models will see it; what the user should know about it is said once.

    Raises what :meth:`Planner.question` does.
    """
    known = len(planner.notes)
    question = planner.question(text, earlier=earlier)
    for note in planner.notes[known:]:
        if screen.mode != "quiet" or note == planner.not_understood(text):  # the other depends on the machine's load
            screen.note(note)
    return question


def watch(
    planner: Planner,
    question: Question,
    screen: ScreenSettings,
    control: Control,
    seen: Callable[[Event], None] | None = None,
    *,
    given: str | None = None,
) -> Answer:
    """Run one question with the requested screen; ``seen`` is called with each event before it is shown.

    The answer is about a query that is ``given``.

    Raises:
        PlannerError: there is no answer and no candidate to show either.

    """
    mode = screen.mode
    expected = planner.expected_seconds(question) if mode != "quiet" else None
    if expected is not None and expected > _LONG:
        screen.note(f"this takes up to {duration(expected)} on this machine")
    events = planner.events(question, control=control, given=given)
    return show(
        events if seen is None else _passed(events, seen),
        console=screen.console(),
        mode=mode,
        think=screen.think or ("fold" if mode == "live" else "hide"),
        control=control,
        question=question.text,
        database=planner.database.path.name,
        budget=planner.plan.discriminator.budget,
        models=planner.models,
    )


def _passed(events: Iterator[Event], seen: Callable[[Event], None]) -> Iterator[Event]:
    for event in events:
        seen(event)
        yield event


def _log_to_stderr() -> None:
    """Show llama.cpp's warnings, and all of its log under PLANNER_DEBUG, cleaned like everything else."""

    class Cleaned(logging.Formatter):
        def format(self, record: logging.LogRecord) -> str:
            return clean(super().format(record), newlines=True)

    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Cleaned("%(name)s: %(message)s"))
    logger = logging.getLogger("planner_cli")
    if not logger.handlers:
        logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if debugging() else logging.INFO)
