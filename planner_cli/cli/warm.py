"""``planner warm``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import click

from planner_cli.cli.arguments import DatabaseArgument
from planner_cli.cli.helping import LongCommand
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings, opened
from planner_cli.cli.signals import interruptible
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.events import Event, Prefilled, Prefilling
from planner_cli.ui.console import print_line
from planner_cli.ui.frame import reading_text
from planner_cli.ui.screen import waiting

_ROLES = {"generate": "generator", "judge": "discriminator"}


@click.command(cls=LongCommand)
@click.argument("database", cls=DatabaseArgument)
@options("generator", "judge", "plan", "database", "redact", "engine", "cache")
@options("screen", knobs=SCREEN_KNOBS, without=("think",))
@click.pass_context
def warm(context: click.Context, /, **_: Any) -> int:
    """Read the schema of DATABASE ahead, so that the first question starts at once.

    Give the options that you will ask with: models, budget and --tables change what is read. Ctrl-C keeps what was read
    by then, and the next time goes on there.
    """
    path = plain(context)["database"]
    choices = choices_of(context)
    if choices["cache_mib"].value == 0:
        raise PlannerError("--cache-mib 0 keeps nothing that could be read ahead", hint="leave it out")
    choices.settings()
    screen = ScreenSettings.of(choices)
    control = Control()
    with interruptible(control), opened(path, choices, screen, control) as planner:
        _show(planner.warm(control=control), screen)
    return ExitCode.OK


def _show(events: Iterable[Event], screen: ScreenSettings) -> None:
    """How far it is while it goes on, and a line for each model at its end."""
    console = screen.console()
    with waiting("reading the schema", console=console, mode=screen.mode) as progress:
        for event in events:
            if isinstance(event, Prefilling):
                progress(f"{_ROLES[event.stage]}: {reading_text(event.progress)}")
            elif isinstance(event, Prefilled) and not screen.quiet:
                new = event.tokens - event.cached
                told = f"{event.cached:,} were there" if event.cached else f"read in {event.seconds:.1f} s"
                rest = f", {new:,} read in {event.seconds:.1f} s" if event.cached and new else ""
                print_line(console, f"{_ROLES[event.stage]}: {event.tokens:,} tokens, {told}{rest}")
    sys.stderr.flush()
