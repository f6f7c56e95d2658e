"""``planner bench report``."""

from __future__ import annotations

from pathlib import Path

import click

from planner_cli.bench.report import write_report
from planner_cli.bench.scorecard import mark, marked_text, read_scorecard
from planner_cli.bench.store import load_run
from planner_cli.cli.output import say, say_path
from planner_cli.errors import ExitCode


@click.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default="report", show_default=True)
@click.option("--scorecard", type=click.Path(path_type=Path), help="TOML file with your own criteria and weights.")
def report(runs: tuple[Path, ...], out: Path, scorecard: Path | None) -> int:
    """Write Markdown, CSV, plots and one self-contained HTML page about RUNS."""
    card = read_scorecard(scorecard) if scorecard is not None else None
    loaded = [load_run(path) for path in runs]
    files = write_report(loaded, out)
    if card is not None:
        for run in loaded:
            say(marked_text(run.name, mark(run.rows, card)))
    say_path(files.html)
    return ExitCode.OK
