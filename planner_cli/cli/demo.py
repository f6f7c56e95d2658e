"""``planner demo``."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click

from planner_cli.app.choices import Choices
from planner_cli.app.planner import Planner
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options
from planner_cli.cli.output import say
from planner_cli.cli.result_options import ResultOptions
from planner_cli.cli.results import print_answer, print_warnings
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings, opened, watch
from planner_cli.cli.signals import interruptible
from planner_cli.control import Control
from planner_cli.database import same_result
from planner_cli.demo import DemoQuestion, build, tour
from planner_cli.errors import ExitCode
from planner_cli.types import Answer
from planner_cli.ui.console import print_line
from planner_cli.ui.sqltext import print_sql

ROWS = 10
"""Rows of each answer that the tour shows."""

Outcome: TypeAlias = Literal["right", "wrong", "no answer"]


@click.command(cls=LongCommand)
@click.argument("path", type=click.Path(path_type=Path), default="demo.sqlite")
@click.option("--no-ask", cls=Plain, heading="Demo", is_flag=True, help="Only build the database.")
@click.option(
    "--force", cls=Plain, heading="Demo", is_flag=True,
    help="Overwrite PATH even if it is not a demo database, or was changed.",
)  # fmt: skip
@options("generator", "judge", "plan", "method", "query", "engine", "cache", "server")
@options("screen", knobs=SCREEN_KNOBS)
@click.pass_context
def demo(context: click.Context, /, path: Path, no_ask: bool, force: bool, **_: Any) -> int:
    """Build a small business database and ask it a few questions.

    PATH (default: demo.sqlite) gets customers, orders, invoices, payments, machines and their downtime, always the
    same. The questions range from a count to an aggregate over two joins; each answer is checked against a known
    right query, and a wrong one is called wrong.
    """
    choices = choices_of(context)
    choices.settings()  # refuses what makes no sense, before anything is built
    control = Control()
    with interruptible(control):
        written = build(path, force=force)
        say(f"built {path}" if written else f"{path} is there already, unchanged", err=True)
        if not no_ask:
            _tour(path, choices, control)
    return ExitCode.OK


def _tour(path: Path, choices: Choices, control: Control) -> None:
    """Ask the questions of the tour and report how many were answered right."""
    outcomes: Counter[Outcome] = Counter()
    screen = ScreenSettings.of(choices)
    with opened(path, choices, screen, control) as planner:
        for question in tour():
            # The live screen itself leaves the question behind.
            title = "" if screen.mode == "live" else f": {question.question}"
            say(f"\n--- {question.hardness}{title}", err=True)
            control.restart(planner.plan.max_seconds)
            answer = watch(planner, planner.question(question.question), screen, control)
            print_answer(
                planner, answer, screen, sys.stdout, ResultOptions(limit=ROWS), limit_option=None, details="full"
            )
            print_warnings(screen, answer)
            outcomes[_check(planner, screen, question, answer)] += 1
        told = ", ".join(f"{outcomes[outcome]} {words}" for outcome, words in _TALLY.items() if outcomes[outcome])
        click.echo(err=True)
        _say(screen, f'{told}. Your turn: planner ask "How many orders were cancelled?" {path}')
        if not planner.settings.models.no_judge and not planner.plan.discriminator.budget:
            _say(screen, "the judge gave its verdict at once; with --budget 64 you can watch it think first")


_TALLY: dict[Outcome, str] = {"right": "right", "wrong": "wrong", "no answer": "without an answer"}


def _check(planner: Planner, screen: ScreenSettings, question: DemoQuestion, answer: Answer) -> Outcome:
    """Say whether the answer's result is that of the known right query."""
    got = answer.best_execution
    if got is None:
        _say_query(screen, "NO ANSWER: a right query is  ", question.sql)
        return "no answer"
    if same_result(got, planner.database.execute(question.sql)):
        _say(screen, "right: same result as the known query")
        return "right"
    _say_query(screen, "WRONG: a right query is  ", question.sql)
    return "wrong"


def _say_query(screen: ScreenSettings, head: str, sql: str) -> None:
    print_sql(screen.console(), head, sql)


def _say(screen: ScreenSettings, text: str) -> None:
    """Print one line on standard error, broken at words on a terminal."""
    print_line(screen.console(), text)
