"""What a command remembers of its questions: the option for it, and the record."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from planner_cli.app.planner import Planner
from planner_cli.cli.helping import Plain
from planner_cli.errors import PlannerError
from planner_cli.history import History, Level, history_path
from planner_cli.types import Answer, Earlier, Question
from planner_cli.ui.errors import format_note

_LOOKED_AT = 50
"""Questions among which one with an answer is looked for."""


def level_option(command: Any) -> Any:
    """``--history``."""
    return click.option(
        "--history",
        "level",
        cls=Plain,
        heading="Database",
        main=False,
        type=click.Choice(["off", "metadata", "full"]),
        default="metadata",
        show_default=True,
        envvar="PLANNER_HISTORY_LEVEL",
        help="What to remember: nothing, question and SQL and scores, or rows and thoughts too.",
    )(command)


def remember(planner: Planner, question: Question, answer: Answer, level: Level) -> int | None:
    """Write the history and return the question's number; any failure is a note, since the answer has been given.

    A follow-up is kept with what it continues: on its own it would mean nothing.
    """
    if level == "off":
        return None
    try:
        with History.open() as history:
            return history.record(
                question=question.with_earlier if answer.continues else question.text,
                database=planner.database.path,
                answer=answer,
                models=planner.models,
                settings=planner.plan,
                level=level,
            )
    except Exception as error:  # noqa: BLE001 - not even a bug in the history may cost an answer
        what = error.message if isinstance(error, PlannerError) else f"{type(error).__name__}: {error}"
        sys.stderr.write(f"{format_note(f'this question is not in the history: {what}')}\n")
        return None


def learnt(planner: Planner) -> None:
    """Let the planner know what was marked or put right about its database, if its generator can be shown it."""
    if not planner.takes_notes or not history_path().exists():
        return
    try:
        with History.open(create=False) as history:
            planner.learn(history.examples(planner.database.path))
    except PlannerError as error:
        sys.stderr.write(f"{format_note(f'what was marked right is not used: {error.message}')}\n")


def last_answered(database: Path) -> Earlier:
    """The last question about a database that has an answer, with its query.

    Raises:
        PlannerError: the history has none.

    """
    if history_path().exists():
        with History.open(create=False) as history:
            for entry in history.list(_LOOKED_AT, database=database):
                if entry.sql is not None:
                    return Earlier(entry.question, entry.sql)
    raise PlannerError(f"no question about {database} to continue is in the history", hint="ask without --continue")
