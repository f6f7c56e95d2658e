"""``planner bench diff``."""

from __future__ import annotations

from pathlib import Path

import click

from planner_cli.bench.report import diff_text
from planner_cli.bench.store import load_run
from planner_cli.cli.output import say
from planner_cli.errors import ExitCode


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
def diff(first: Path, second: Path) -> int:
    """Compare two runs question by question: what changed, and whether it is more than chance."""
    say(diff_text(load_run(first), load_run(second)))
    return ExitCode.OK
