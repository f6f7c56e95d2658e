"""``planner bench``: the commands; what they do is in ``measure.py``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from planner_cli.cli import measure
from planner_cli.cli.cluster import cluster
from planner_cli.cli.options import redact_option, run_options
from planner_cli.cli.output import say, say_path
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.settings import MODE_CHOICES, SELECT_CHOICES

Command = TypeVar("Command", bound=Callable[..., Any])
PROMPTS = (
    "chat", "paper", "yesno", "compact-values", "compact-verdict", "compact-check", "likelihood", "likelihood-chat",
)  # fmt: skip
"""The discriminator's prompt families that judge one candidate."""
LADDER = (0, 16, 32, 64, 128, 256, 512, 1024, 2048)


@click.group()
def bench() -> None:
    """Measure: judges, planning methods, thinking length against accuracy and latency.

    DATA is `demo` (60 questions that come with planner), a Spider or BIRD folder, a spider_intrin_eval.json, your own
    CSV or JSONL file with the columns question, sql and database, or `history` (what you marked there). A run is a
    folder; run the same command again after an interruption and it goes on where it was.
    """


def data_options(command: Command) -> Command:
    """What every command that makes a run takes."""
    for option in reversed(
        (
            click.argument("data", default="demo"),
            click.option(
                "-o", "--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/...]"
            ),
            click.option("--part", help="A part of the data, such as public or dev."),
            click.option("--data-format", metavar="NAME", help="Of the data, where it is not found out."),
            click.option("--database", type=click.Path(path_type=Path), help="For data that name none."),
            click.option("--limit", type=click.IntRange(min=1), help="So many questions, spread over the data."),
            click.option("--shard", metavar="I/N", help="The I-th of N parts, for several machines."),
            redact_option,
        )
    ):
        command = option(command)
    return command


def judge_options(command: Command) -> Command:
    for option in reversed(
        (
            click.option("--mode", type=click.Choice(MODE_CHOICES), default="pro", show_default=True,
                         help="check and pro rule out what cannot run, exec and pro show results."),
            click.option("--prompt", type=click.Choice(PROMPTS),
                         help="paper: in the published form; yesno reads P(yes) without thinking; likelihood asks "
                         "nothing and reads P(query) of a generator."),
            click.option("--no-schema", is_flag=True, help="Leave the schema out of the judge's prompt."),
            click.option("--thoughts", is_flag=True, help="Keep the thoughts' texts in the run."),
        )
    ):  # fmt: skip
        command = option(command)
    return command


@bench.command()
@data_options
@judge_options
@run_options
def intrinsic(**options: Any) -> int:
    """Measure the discriminator by itself, on candidates that come with the data.

    Pairwise accuracy, F1, Hit@1, MRR, calibration, at the run's budget and at every smaller one.
    """
    request = measure.request(options, LADDER)
    measure.summary([measure.judge_run(request)])
    return ExitCode.OK


@bench.command()
@data_options
@judge_options
@click.option("--budgets", default="0,16,32,64,128,256", show_default=True, help="Where the scores are read.")
@click.option("--check", type=click.IntRange(min=0), default=0, help="Judge N questions again at each budget alone.")
@click.option("--save", is_flag=True, help="Make the knee of the curve the default budget of planner ask.")
@run_options
def sweep(budgets: str, check: int, save: bool, **options: Any) -> int:
    """Accuracy against thinking length, from one pass: every score is read at each budget on the way."""
    ladder = _ladder(budgets)
    options["budget"] = ladder[-1]
    options["thoughts"] = options["thoughts"] or check > 0
    request = measure.request(options, ladder)
    run = measure.judge_run(request)
    measure.summary([run])
    measure.curve(run)
    if check:
        measure.check_ladder(request, run, check)
    if save:
        measure.save_knee(run)
    return ExitCode.OK


@bench.command()
@data_options
@judge_options
@click.option("--oracle", type=click.FloatRange(0, 1), metavar="P", help="Judge by an oracle that is right this often.")
@run_options
def e2e(**options: Any) -> int:
    """Answer every question with the whole planner and compare the answers with the gold queries."""
    measure.summary([measure.plan_run(measure.request(options))])
    return ExitCode.OK


@bench.command()
@data_options
@judge_options
@click.option("--methods", default=",".join(SELECT_CHOICES), show_default=True, help="Planning methods to compare.")
@run_options
def compare(methods: str, **options: Any) -> int:
    """Run planning methods over the same questions: accuracy, calls, tokens and seconds of each."""
    names = [name.strip() for name in methods.split(",")]
    unknown = [name for name in names if name not in SELECT_CHOICES]
    if unknown:
        raise PlannerError(f"unknown method {unknown[0]!r}", hint=f"known: {', '.join(SELECT_CHOICES)}")
    runs = []
    for name in names:
        request = measure.request({**options, "select": name})
        folder = request.out / name if request.out else None
        say(f"method {name}", err=True)
        runs.append(measure.plan_run(replace(request, out=folder)))
    measure.comparison(runs)
    return ExitCode.OK


@bench.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), default="report", show_default=True)
@click.option("--scorecard", type=click.Path(path_type=Path), help="TOML file with your own criteria and weights.")
def report(runs: tuple[Path, ...], out: Path, scorecard: Path | None) -> int:
    """Write Markdown, CSV, plots and one self-contained HTML page about RUNS."""
    from planner_cli.bench.report import write_report
    from planner_cli.bench.scorecard import mark, marked_text, read_scorecard
    from planner_cli.bench.store import load_run

    card = read_scorecard(scorecard) if scorecard is not None else None
    loaded = [load_run(path) for path in runs]
    files = write_report(loaded, out)
    if card is not None:
        for run in loaded:
            say(marked_text(run.name, mark(run.rows, card)))
    say_path(files.html)
    return ExitCode.OK


@bench.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
def diff(first: Path, second: Path) -> int:
    """Compare two runs question by question: what changed, and whether it is more than chance."""
    from planner_cli.bench.report import diff_text
    from planner_cli.bench.store import load_run

    say(diff_text(load_run(first), load_run(second)))
    return ExitCode.OK


@bench.command()
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True)
def merge(runs: tuple[Path, ...], out: Path) -> int:
    """Put the shards RUNS of one run together."""
    from planner_cli.bench.store import load_run
    from planner_cli.bench.store import merge as merge_runs

    merged = merge_runs([load_run(path) for path in runs], out)
    say(f"{out}: {len(merged.rows)} rows")
    return ExitCode.OK


bench.add_command(cluster)


def _ladder(text: str) -> tuple[int, ...]:
    """Budgets as the user lists them, ascending."""
    try:
        budgets = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise PlannerError(f"--budgets is {text!r}, but must be numbers with commas between") from None
    if budgets[0] < 0:
        raise PlannerError(f"--budgets has {budgets[0]}, but a budget is 0 or more")
    return tuple(budgets)
