"""``planner why``."""

from __future__ import annotations

import sys
from typing import Any

import click

from planner_cli.app.comparing import compare
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.output import say_json
from planner_cli.cli.own import opened_alone
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings
from planner_cli.cli.signals import interruptible
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.history import History, Record, history_path
from planner_cli.ui.comparison import comparison_json, show_comparison
from planner_cli.ui.console import make_console


@click.command(cls=LongCommand)
@click.argument("number", type=int, required=False)
@click.option("--json", "as_json", cls=Plain, is_flag=True, help="The same as JSON.")
@options("redact", "query")
@options("screen", knobs=SCREEN_KNOBS, without=("think", "verbose"))
@click.pass_context
def why(context: click.Context, /, **_: Any) -> int:
    """Show why the last answer won: the other results whole, and the rows on which the first two differ.

    NUMBER is a question's in planner history list.  The queries run once more in the sandbox; no model is loaded. The
    rows are the fewest of your own that delta debugging finds in two seconds; both queries are run on them.
    """
    given = plain(context)
    record = _record(given["number"])
    if not (record.document["answer"] or record.document["abstained"]):
        raise PlannerError(f"question {record.id} has no answer", hint=f"planner history show {record.id}")
    choices = choices_of(context)
    screen = ScreenSettings.of(choices)
    control = Control()
    with interruptible(control), opened_alone(record.database, choices, screen, rows=None) as opened:
        found = compare(record.document, opened)
        control.check()
    if given["as_json"]:
        say_json({"id": record.id, "question": record.question, **comparison_json(found)})
    else:
        show_comparison(found, make_console(sys.stdout, color=screen.color))
    return ExitCode.OK


def _record(number: int | None) -> Record:
    """The question with this number, or the last one."""
    if not history_path().exists():
        raise PlannerError("nothing has been asked yet", hint='planner ask "..." FILE')
    with History.open(create=False) as opened:
        latest = opened.list(1) if number is None else ()
        if number is None and not latest:
            raise PlannerError("nothing has been asked yet", hint='planner ask "..." FILE')
        return opened.show(latest[0].id if number is None else number)
