"""``planner bench sweep``."""

from __future__ import annotations

from typing import Any

import click

from planner_cli.cli.bench import measure
from planner_cli.cli.bench.request import data_options, judge_knobs, judge_options, request
from planner_cli.cli.helping import LongCommand
from planner_cli.errors import ExitCode, PlannerError


@click.command(cls=LongCommand)
@data_options
@judge_options
@click.option("--budgets", default="0,16,32,64,128,256", show_default=True, help="Where the scores are read.")
@click.option("--check", type=click.IntRange(min=0), default=0, help="Judge N questions again at each single budget.")
@click.option("--save", is_flag=True, help="Make the knee of the curve the default budget of planner ask.")
@judge_knobs(without=("budget",))
@click.pass_context
def sweep(context: click.Context, /, budgets: str, check: int, save: bool, thoughts: bool, **_: Any) -> int:
    """Accuracy against thinking length, from one pass: every score is read at each budget along the way."""
    ladder = _ladder(budgets)
    asked = request(context, budget=ladder[-1], ladder=ladder, thoughts=thoughts or check > 0)
    run = measure.judge_run(asked)
    measure.summary([run])
    measure.curve(run)
    if check:
        measure.check_ladder(asked, run, check)
    if save:
        measure.save_knee(run)
    return ExitCode.OK


def _ladder(text: str) -> tuple[int, ...]:
    """The budgets the user lists, ascending."""
    try:
        budgets = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise PlannerError(f"--budgets is {text!r}, but must be numbers with commas between") from None
    if budgets[0] < 0:
        raise PlannerError(f"--budgets has {budgets[0]}, but a budget is 0 or more")
    return tuple(budgets)
