"""``planner demo``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner_cli.cli.options import RunOptions, run_options
from planner_cli.control import Control
from planner_cli.errors import ExitCode
from planner_cli.types import Answer

if TYPE_CHECKING:
    from planner_cli.cli.run import Asker
    from planner_cli.demo import DemoQuestion


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default="demo.sqlite")
@click.option("--no-ask", is_flag=True, help="Only build the database.")
@click.option("--force", is_flag=True, help="Overwrite PATH even if it is no demo database.")
@run_options
def demo(path: Path, no_ask: bool, force: bool, **options: Any) -> int:
    """Build a small business database and ask it a few questions.

    PATH (default: demo.sqlite) gets customers, orders, invoices, payments, machines and their downtime, always the
    same. The questions run from a count to an aggregate over two joins; each answer is checked against a known
    right query, and what is wrong is called wrong.
    """
    from planner_cli.cli.run import opened
    from planner_cli.demo import build, tour

    build(path, force=force)
    click.echo(f'built {path}: planner ask "..." {path}', err=True)
    if no_ask:
        return ExitCode.OK
    right = 0
    asked = tour()
    run = RunOptions(**options)
    with opened(path, run) as asker:
        for question in asked:
            click.echo(f"\n--- {question.hardness}: {question.question}", err=True)
            answer = asker.ask(question.question, Control(run.max_seconds))
            _print(asker, answer)
            right += _check(asker, question, answer)
    click.echo(
        f'\n{right} of {len(asked)} right. Your turn: planner ask "How many orders were cancelled?" {path}', err=True
    )
    return ExitCode.OK


def _print(asker: Asker, answer: Answer) -> None:
    from planner_cli.ui.answer import show_answer
    from planner_cli.ui.console import make_console

    color = asker.options.color
    show_answer(
        answer,
        stdout=make_console(sys.stdout, color=color),
        stderr=make_console(sys.stderr, color=color),
        limit=10,
        details=not asker.options.quiet,
    )
    sys.stdout.flush()


def _check(asker: Asker, question: DemoQuestion, answer: Answer) -> bool:
    """Say whether the answer's result is that of the known right query."""
    from planner_cli.database import same_result

    expected = asker.database.execute(question.sql)
    got = answer.best_execution
    right = got is not None and got.ok and same_result(got, expected)
    click.echo(
        "right: same result as the known query" if right else f"WRONG: a right query is  {question.sql}", err=True
    )
    return right
