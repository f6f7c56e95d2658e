"""What the bench commands do: from options to runs, and from runs to text."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from planner_cli.cli.output import say
from planner_cli.cli.run_options import RunOptions
from planner_cli.control import Control
from planner_cli.errors import PlannerError
from planner_cli.settings import DiscriminatorSettings, Limits, Mode, PlanSettings
from planner_cli.types import ModelInfo

if TYPE_CHECKING:  # the benchmark's parts cost start-up time
    from planner_cli.bench.datasets import Dataset
    from planner_cli.bench.rows import ItemRow
    from planner_cli.bench.store import Kind, Run, RunInfo
    from planner_cli.discriminator import Discriminator

CHECK_TOLERANCE = 0.05
"""Two scores of one text may differ by this much: batch shapes change low bits (``llama-cpp.md`` section 6), and with
8-bit weights the rounding of what they are multiplied with (built-in judge: 0.03 in Q8_0, 0.0005 in F16)."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a bench command was asked to do."""

    data: str
    out: Path | None
    part: str | None
    data_format: str | None
    database: Path | None
    limit: int | None
    shard: str | None
    run: RunOptions
    ladder: tuple[int, ...] | None
    """Budgets at which scores are read on the way; ``None`` reads them as ``planner ask`` does, in its time."""
    redact: tuple[str, ...] = ()
    mode: Mode = "pro"
    prompt: str | None = None
    no_schema: bool = False
    thoughts: bool = False
    oracle: float | None = None
    """Accuracy of an oracle that judges instead of the discriminator."""


def request(options: dict[str, Any], ladder: tuple[int, ...] | None = None) -> Request:
    """Sort a command's options into the run's and the others."""
    of_run = {f.name for f in fields(RunOptions)}
    own = {name: value for name, value in options.items() if name not in of_run}
    return Request(**own, run=RunOptions(**{n: v for n, v in options.items() if n in of_run}), ladder=ladder)


def judge_run(asked: Request) -> Run:
    """An intrinsic run, made or gone on with.

    Raises:
        PlannerError: the data, the models or the run's folder cannot be used.

    """
    from planner_cli.bench.running import redactions, run_intrinsic

    dataset = _dataset(asked)
    redacted = redactions(dataset.items, asked.redact)
    discriminator, info, settings = _judge(asked)
    out = asked.out or _default_out(dataset, f"{asked.mode}-{settings.discriminator.budget}")
    return _run(
        asked,
        dataset,
        out,
        _info(asked, "intrinsic", dataset, asdict(settings), (info,)),
        lambda done, control: run_intrinsic(
            dataset.items, discriminator, settings, models=(info,), done=done, redacted=redacted, control=control
        ),
    )


def _judge(asked: Request) -> tuple[Discriminator, ModelInfo, Any]:
    from planner_cli.bench.running import IntrinsicSettings
    from planner_cli.cli.run import load_judge

    discriminator, info, planned = load_judge(asked.run, Limits())
    discriminator, info = _prompted(asked, discriminator, info)
    return discriminator, info, IntrinsicSettings(asked.mode, _thinking(asked, planned), asked.thoughts)


def _prompted(asked: Request, discriminator: Discriminator, info: ModelInfo) -> tuple[Discriminator, ModelInfo]:
    """The discriminator under the prompt that was asked for, and what is written down about it."""
    from planner_cli.discriminator import Discriminator

    if asked.prompt is None:
        return discriminator, info
    return Discriminator(discriminator.engine, asked.prompt), replace(info, prompt=asked.prompt)


def _thinking(asked: Request, planned: PlanSettings) -> DiscriminatorSettings:
    return replace(planned.discriminator, schema=not asked.no_schema, probe_at=asked.ladder)


def plan_run(asked: Request) -> Run:
    """An end-to-end run, made or gone on with; raises as :func:`judge_run`."""
    from planner_cli.bench.oracle import Oracle
    from planner_cli.bench.running import oracle_of, redactions, run_end_to_end
    from planner_cli.cli.run import load_models

    dataset = _dataset(asked, needs_gold=True)
    redacted = redactions(dataset.items, asked.redact)
    oracle = None if asked.oracle is None else Oracle(asked.oracle, asked.run.seed)
    run = asked.run if oracle is None else replace(asked.run, no_judge=True, select=asked.run.select or "rerank")
    generator, discriminator, models, planned = load_models(run, Limits())
    settings = replace(planned, mode=asked.mode, discriminator=_thinking(asked, planned))
    if discriminator is not None:
        discriminator, info = _prompted(asked, discriminator, models[-1])
        models = (*models[:-1], info)
    judge = oracle or discriminator
    what = settings.select if oracle is None else f"oracle-{oracle.accuracy:g}"
    out = asked.out or _default_out(dataset, what if asked.mode == "pro" else f"{what}-{asked.mode}")
    return _run(
        asked,
        dataset,
        out,
        _info(
            asked,
            "e2e",
            dataset,
            {**asdict(settings), "oracle": oracle_of(judge), "thoughts": asked.thoughts},
            models,
        ),
        lambda done, control: run_end_to_end(
            dataset.items,
            generator,
            judge,
            settings,
            models=models,
            thoughts=asked.thoughts,
            done=done,
            redacted=redacted,
            control=control,
        ),
    )


def _run(asked: Request, dataset: Dataset, out: Path, info: RunInfo, rows_of: Any) -> Run:
    """Write what is missing, with progress, and read the whole run back."""
    from planner_cli.bench.store import RunWriter, load_run
    from planner_cli.cli.run import interruptible
    from planner_cli.ui.console import make_console
    from planner_cli.ui.progress import track

    control = Control()
    console = make_console(sys.stderr, color=asked.run.color)
    with RunWriter(out, info) as writer, interruptible(control):
        rows: Iterable[ItemRow | None] = rows_of(frozenset(writer.keys()), control)
        for row in track(rows, total=len(dataset.items), console=console, label=str(out), quiet=asked.run.quiet):
            if row is not None:
                writer.write(row)
    return load_run(out)


def _dataset(asked: Request, *, needs_gold: bool = False) -> Dataset:
    from planner_cli.bench.datasets import load
    from planner_cli.cli.marked import from_history

    shard = None
    if asked.shard is not None:
        index, _, count = asked.shard.partition("/")
        if not (index.isdecimal() and count.isdecimal()):
            raise PlannerError(f"--shard is {asked.shard!r}, but must be I/N, for example 1/4")
        shard = (int(index), int(count))
    database = asked.database
    if asked.data == "history" and not Path(asked.data).exists():
        return from_history(needs_gold=needs_gold, limit=asked.limit, shard=shard)
    if asked.data == "demo" and database is None:
        database = _demo_database()
    return load(
        asked.data, format=asked.data_format, part=asked.part, limit=asked.limit, shard=shard, databases=database
    )


def _demo_database() -> Path:
    """The demo database in the cache folder, built there once."""
    from planner_cli.demo import build
    from planner_cli.hub import cache_folder

    path = cache_folder() / "demo.sqlite"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    build(path, force=True)  # one of an older version is replaced
    path.chmod(0o600)  # as whatever is kept
    return path


def _default_out(dataset: Dataset, what: str) -> Path:
    name = dataset.name.replace("/", "-").replace(".json", "")
    return Path("runs") / f"{name}-{what}"


def _info(
    asked: Request, kind: Kind, dataset: Dataset, settings: dict[str, Any], models: Sequence[ModelInfo]
) -> RunInfo:
    from importlib.metadata import version

    from planner_cli import __version__
    from planner_cli.bench.store import RunInfo

    return RunInfo(
        kind=kind,
        settings={**settings, "redacted": sorted(asked.redact)} if asked.redact else settings,
        models=tuple(asdict(m) for m in models),
        versions={"planner_cli": __version__, "llama-cpp-python": version("llama-cpp-python"), "apsw": version("apsw")},
        dataset={
            "name": dataset.name,
            "format": dataset.format,
            "fingerprint": dataset.fingerprint,
            "items": dataset.total,
            "limit": asked.limit,
        },
        shard=asked.shard,
        machine={"system": platform.system(), "processor": platform.machine(), "cores": os.cpu_count()},
        command=" ".join(["planner", *sys.argv[1:]]),
    )


# -------------------------------------------------------------------------------------------------- text


def _room() -> int:
    return shutil.get_terminal_size((100, 24)).columns


def summary(runs: Sequence[Run]) -> None:
    """Print the main table."""
    from planner_cli.bench.report import summary_text

    say(summary_text(runs, _room()))


def comparison(runs: Sequence[Run]) -> None:
    """Print one line a method."""
    from planner_cli.bench.report import methods_text

    say(methods_text(runs))


def curve(run: Run) -> None:
    """Print accuracy against budget."""
    from planner_cli.bench.report import curve_text

    say(curve_text(run, _room(), 14))


def save_knee(run: Run) -> None:
    """Make the knee of the curve the default budget."""
    from planner_cli.bench.report import suggested_budget
    from planner_cli.cli.config import save_default

    knee = suggested_budget(run)
    if knee is None:
        raise PlannerError("the curve has no knee to save: nothing was judged")
    say(f"budget {knee} is now the default of planner ask, in {save_default('ask', 'budget', knee)}", err=True)


def check_ladder(asked: Request, run: Run, count: int) -> None:
    """Judge some questions again at each budget alone, and say how the ladder's scores compare.

    A score must agree within :data:`CHECK_TOLERANCE` wherever the thought's text is the same; texts may drift
    apart, since batches have other shapes.
    """
    from planner_cli.bench.running import redactions, run_intrinsic
    from planner_cli.bench.scorers import at_budget

    discriminator, info, settings = _judge(asked)
    wanted = {row.item for row in run.rows[:count]}
    items = [item for item in _dataset(asked).items if item.id in wanted]
    redacted = redactions(items, asked.redact)
    whole = {row.item: row for row in run.rows}
    for budget in asked.ladder or ():
        alone = replace(settings, discriminator=replace(settings.discriminator, budget=budget))
        same = drifted = 0
        worst = 0.0
        for row in run_intrinsic(items, discriminator, alone, models=(info,), redacted=redacted):
            if row is None:
                continue
            for one, other in zip(whole[row.item].candidates, row.candidates, strict=True):
                expected, got = at_budget(budget)(one), other.score
                if expected is None or got is None:
                    continue
                if (one.thought or "").startswith(other.thought or ""):
                    same += 1
                    worst = max(worst, abs(expected - got))
                else:
                    drifted += 1
        verdict = "ok" if worst <= CHECK_TOLERANCE else "DIFFERS"
        say(f"budget {budget:5}: {same} same texts, scores within {worst:.4f} ({verdict}); {drifted} texts drifted")
