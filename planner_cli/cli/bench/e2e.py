"""``planner bench e2e``."""

from __future__ import annotations

from typing import Any

import click

from planner_cli.cli.bench import measure
from planner_cli.cli.bench.request import data_options, judge_options, plan_knobs, request
from planner_cli.cli.helping import LongCommand
from planner_cli.errors import ExitCode, PlannerError


@click.command(cls=LongCommand)
@data_options
@judge_options
@click.option("--oracle", type=click.FloatRange(0, 1), metavar="P", help="Judge with an oracle, right this often.")
@plan_knobs()
@click.pass_context
def e2e(context: click.Context, /, oracle: float | None, **_: Any) -> int:
    """Answer every question with the whole planner and compare the answers with the gold queries."""
    asked = request(context)
    if oracle is not None and asked.choices["no_judge"].value:
        raise PlannerError("--oracle and --no-judge exclude each other: the oracle judges")
    measure.summary([measure.plan_run(asked)])
    return ExitCode.OK
