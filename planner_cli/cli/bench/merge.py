"""``planner bench merge``."""

from __future__ import annotations

from pathlib import Path

import click

from planner_cli.bench.store import load_run
from planner_cli.bench.store import merge as merge_runs
from planner_cli.cli.output import say
from planner_cli.errors import ExitCode


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True)
def merge(runs: tuple[Path, ...], out: Path) -> int:
    """Merge the shards RUNS of one run."""
    merged = merge_runs([load_run(path) for path in runs], out)
    say(f"{out}: {len(merged.rows)} rows")
    return ExitCode.OK
