"""``planner demo``."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click

from planner_cli.cli.options import cache_options, run_options
from planner_cli.cli.output import say
from planner_cli.cli.run_options import RunOptions
from planner_cli.cli.signals import interruptible
from planner_cli.control import Control
from planner_cli.errors import ExitCode
from planner_cli.types import Answer

if TYPE_CHECKING:
    from planner_cli.cli.run import Asker
    from planner_cli.demo import DemoQuestion

ROWS = 10
"""Rows of each answer that the tour shows."""

Outcome: TypeAlias = Literal["right", "wrong", "no answer"]


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default="demo.sqlite")
@click.option("--no-ask", is_flag=True, help="Only build the database.")
@click.option("--force", is_flag=True, help="Overwrite PATH even if it is no demo database, or one that was changed.")
@run_options
@cache_options
def demo(path: Path, no_ask: bool, force: bool, **options: Any) -> int:
    """Build a small business database and ask it a few questions.

    PATH (default: demo.sqlite) gets customers, orders, invoices, payments, machines and their downtime, always the
    same. The questions run from a count to an aggregate over two joins; each answer is checked against a known
    right query, and what is wrong is called wrong.
    """
    from planner_cli.demo import build

    run = RunOptions(**options)
    run.check()
    control = Control()
    with interruptible(control):
        written = build(path, force=force)
        say(f"built {path}" if written else f"{path} is there already, unchanged", err=True)
        if not no_ask:
            _tour(path, run, control)
    return ExitCode.OK


def _tour(path: Path, run: RunOptions, control: Control) -> None:
    """Ask the questions of the tour and tell how many were answered right."""
    from planner_cli.cli.results import print_answer, print_warnings
    from planner_cli.cli.run import opened, screen_mode
    from planner_cli.demo import tour

    outcomes: Counter[Outcome] = Counter()
    with opened(path, run, control) as asker:
        for question in tour():
            # The live screen leaves the question behind itself.
            title = "" if screen_mode(run) == "live" else f": {question.question}"
            say(f"\n--- {question.hardness}{title}", err=True)
            control.restart(run.max_seconds)
            answer = asker.ask(question.question, control)
            print_answer(asker, answer, sys.stdout, limit=ROWS, limit_option=None, details="full")
            print_warnings(asker, answer)
            outcomes[_check(asker, question, answer)] += 1
        told = ", ".join(f"{outcomes[outcome]} {words}" for outcome, words in _TALLY.items() if outcomes[outcome])
        click.echo(err=True)
        _say(asker, f'{told}. Your turn: planner ask "How many orders were cancelled?" {path}')
        if not run.no_judge and not asker.settings.discriminator.budget:
            _say(asker, "the judge said at once what it thinks; with --budget 64 you can watch it think first")


_TALLY: dict[Outcome, str] = {"right": "right", "wrong": "wrong", "no answer": "without an answer"}


def _check(asker: Asker, question: DemoQuestion, answer: Answer) -> Outcome:
    """Say whether the answer's result is that of the known right query."""
    from planner_cli.database import same_result

    got = answer.best_execution
    if got is None:
        _say_query(asker, "NO ANSWER: a right query is  ", question.sql)
        return "no answer"
    if same_result(got, asker.database.execute(question.sql)):
        _say(asker, "right: same result as the known query")
        return "right"
    _say_query(asker, "WRONG: a right query is  ", question.sql)
    return "wrong"


def _say_query(asker: Asker, head: str, sql: str) -> None:
    from planner_cli.ui.console import make_console
    from planner_cli.ui.sqltext import print_sql

    print_sql(make_console(sys.stderr, color=asker.options.color), head, sql)


def _say(asker: Asker, text: str) -> None:
    """Print one line on standard error, broken at words on a terminal."""
    from planner_cli.ui.console import make_console, print_line

    print_line(make_console(sys.stderr, color=asker.options.color), text)
