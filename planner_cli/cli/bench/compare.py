"""``planner bench compare``."""

from __future__ import annotations

from typing import Any, cast

import click

from planner_cli.app.settings import BY_SCORE
from planner_cli.cli.bench import measure
from planner_cli.cli.bench.request import data_options, judge_options, plan_knobs, request
from planner_cli.cli.helping import LongCommand
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.settings import SELECT_CHOICES, Select


@click.command(cls=LongCommand)
@data_options
@judge_options
@click.option("--methods", help="Planning methods to compare.  [default: all that the models allow]")
@plan_knobs(without=("select",))
@click.pass_context
def compare(context: click.Context, /, methods: str | None, **_: Any) -> int:
    """Run planning methods over the same questions: accuracy, calls, tokens and seconds of each.

    Each question is sampled once, and all methods that rank a pool of samples rank that one; correct and tree make
    their own. Calls and seconds are what a method needs on its own: the sampling and its judging.
    """
    asked = request(context)
    names = _methods(methods, no_judge=asked.choices["no_judge"].value)
    measure.comparison(measure.compare_runs(asked, names))
    return ExitCode.OK


def _methods(text: str | None, *, no_judge: bool) -> tuple[Select, ...]:
    """The planning methods that the user lists, otherwise all that are possible."""
    if text is None:
        return tuple(name for name in SELECT_CHOICES if not (no_judge and name in BY_SCORE))
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    for name in names:
        if name not in SELECT_CHOICES:
            raise PlannerError(f"unknown method {name!r}", hint=f"known: {', '.join(SELECT_CHOICES)}")
        if no_judge and name in BY_SCORE:
            raise PlannerError(
                f"--no-judge and the method {name} exclude each other: without a judge there is no score"
            )
    return cast("tuple[Select, ...]", names)
