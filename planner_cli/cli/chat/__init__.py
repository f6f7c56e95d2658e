"""``planner chat``."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import click

from planner_cli.cli.arguments import DatabaseArgument
from planner_cli.cli.chat.commands import dispatch, words
from planner_cli.cli.chat.session import Leave, Session
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.output import say
from planner_cli.cli.remembering import level_option
from planner_cli.cli.result_options import chosen_results, result_options
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings, opened
from planner_cli.cli.signals import Ended, interruptible
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.history import Level, make_private, typed_path
from planner_cli.ui.console import look_of, wants_color

_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


@click.command(cls=LongCommand)
@click.argument("database", cls=DatabaseArgument)
@result_options(file=False)
@click.option("--sql-only", cls=Plain, is_flag=True, help="Only the query.")
@click.option("--vi", cls=Plain, heading="Screen", is_flag=True, help="Keys of vi instead of emacs; F4 switches.")
@options("sure", "generator", "judge", "plan", "method", "database", "redact", "query", "engine", "cache", "server")
@level_option
@options("screen", knobs=SCREEN_KNOBS)
@click.pass_context
def chat(context: click.Context, /, **_: Any) -> int:
    """Ask the SQLite file DATABASE one question after another; the models stay loaded.

    A line is a question, a query (select ...), or a command: \\help lists them. Without a terminal the lines come
    from standard input, and the exit code is that of the first one that failed.

    \b
    planner chat shop.sqlite
    planner chat shop.sqlite --format csv < questions.txt
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    given = plain(context)
    path, results, level = given["database"], chosen_results(given), given["level"]
    results.check(path, as_result=not given["sql_only"])
    choices = choices_of(context)
    choices.settings()  # refuses what makes no sense, before anything is loaded
    screen = ScreenSettings.of(choices)
    talks = sys.stdin.isatty() and screen.console().is_terminal
    control = Control()
    with ExitStack() as stack:
        with interruptible(control):
            planner = stack.enter_context(opened(path, choices, screen, control, rows=None))
        edit = _edit if talks else None
        session = Session(planner, screen, results, level, command=dispatch, sql_only=given["sql_only"], edit=edit)
        return _talk(session, vi=given["vi"]) if talks else _read(session)


def _read(session: Session) -> ExitCode:
    """Each line of standard input."""
    first = ExitCode.OK
    with suppress(Leave):
        for line in sys.stdin:
            code = session.line(line)
            first = first or code
    return first


def _talk(session: Session, *, vi: bool) -> ExitCode:
    """Lines that a user types."""
    from planner_cli.ui.prompting import Prompting  # noqa: PLC0415 - prompt_toolkit: 0.1 s, and not for scripts

    look = look_of(session.screen.console())
    prompting = Prompting(
        prompt=look.fit(session.planner.database.name, 20) + "> ",
        words=lambda: words(session, session.planner.database.schema),
        facts=lambda: look.plain(session.facts()),
        history=_typed_file(session.level, session.screen.note),
        vi=vi,
        color=wants_color(sys.stderr, session.screen.color),
        stream=sys.stderr,
    )
    say("a question, a query, or \\help; Ctrl-D leaves", err=True)
    with _ending(), suppress(Leave):
        while (line := prompting.read()) is not None:
            with suppress(KeyboardInterrupt):  # while something is printed
                session.line(line)
    return ExitCode.OK


def _typed_file(level: Level, note: Callable[[str], None]) -> Path | None:
    """The file of what is typed, which only its user can read; none where nothing is to be remembered."""
    if level == "off":
        return None
    path = typed_path()
    try:
        make_private(path, create=True)
    except (OSError, PlannerError) as error:
        note(f"what you type is not remembered: {path}: {error}")
        return None
    return path


def _edit(text: str) -> str | None:
    """The text as the user's editor leaves it; ``None`` where nothing was saved."""
    try:
        return click.edit(text, extension=".sql")
    except click.ClickException as error:
        raise PlannerError(error.format_message(), hint="set EDITOR") from error


@contextmanager
def _ending() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise while a line is typed, so that the terminal is put back as it was."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Ended(number)

    before = {number: signal.getsignal(number) for number in _ENDING}
    taken = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])
