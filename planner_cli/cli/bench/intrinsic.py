"""``planner bench intrinsic``."""

from __future__ import annotations

from typing import Any

import click

from planner_cli.cli.bench import measure
from planner_cli.cli.bench.request import LADDER, data_options, judge_knobs, judge_options, request
from planner_cli.cli.helping import LongCommand
from planner_cli.errors import ExitCode


@click.command(cls=LongCommand)
@data_options
@judge_options
@judge_knobs()
@click.pass_context
def intrinsic(context: click.Context, /, **_: Any) -> int:
    """Measure the discriminator alone, on candidates that come with the data.

    Pairwise accuracy, F1, Hit@1, MRR, calibration, at the run's budget and at every smaller one.
    """
    measure.summary([measure.judge_run(request(context, ladder=LADDER))])
    return ExitCode.OK
