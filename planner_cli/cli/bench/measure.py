"""What the bench commands do: from options to runs, and from runs to text."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from planner_cli import __version__
from planner_cli.app.choices import Choices
from planner_cli.app.models import Loaded, Models
from planner_cli.app.settings import BY_SCORE
from planner_cli.bench.datasets import Dataset, load
from planner_cli.bench.equality import EVALUATION_LIMITS
from planner_cli.bench.instances import Redactions
from planner_cli.bench.oracle import Oracle
from planner_cli.bench.report import curve_text, methods_text, suggested_budget, summary_text
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.running import (
    IntrinsicSettings,
    oracle_of,
    redactions,
    run_end_to_end,
    run_intrinsic,
    run_methods,
    with_written,
)
from planner_cli.bench.scorers import at_budget
from planner_cli.bench.store import Kind, Run, RunInfo
from planner_cli.cli.bench.marked import from_history
from planner_cli.cli.bench.measured import Runs
from planner_cli.cli.bench.request import Request
from planner_cli.cli.output import say
from planner_cli.cli.saving import save_default
from planner_cli.cli.signals import interruptible
from planner_cli.control import Control
from planner_cli.demo import EVERYDAY, build
from planner_cli.discriminator import Discriminator
from planner_cli.errors import PlannerError
from planner_cli.generator import Generator
from planner_cli.hub import cache_folder
from planner_cli.planning import GENERATING
from planner_cli.settings import DiscriminatorSettings, Limits, PlanSettings, Select
from planner_cli.types import ModelInfo
from planner_cli.ui.progress import track

CHECK_TOLERANCE = 0.05
"""Two scores of one text may differ by this much: batch shapes change low bits (``llama-cpp.md`` section 6), and with
8-bit weights the rounding of what they are multiplied with (built-in judge: 0.03 in Q8_0, 0.0005 in F16)."""


def _limits(asked: Request) -> Limits:
    """Of one candidate's query: the time of ``planner ask``, but results as large as gold's may be."""
    return replace(_evaluation(asked), seconds=asked.choices["query_seconds"].value)


def _evaluation(asked: Request) -> Limits:
    """Of a gold query, and of an answer on further instances of its database."""
    return replace(EVALUATION_LIMITS, seconds=asked.gold_seconds)


def judge_run(asked: Request) -> Run:
    """An intrinsic run, made or continued.

    Raises:
        PlannerError: the data, the models or the run's folder cannot be used.

    """
    dataset = _dataset(asked)
    redacted = redactions(dataset.items, asked.redact)
    dataset, writers = _with_candidates(asked, dataset, redacted)
    discriminator, info, settings = _judge(asked)
    out = asked.out or _default_out(dataset, f"{asked.mode}-{settings.discriminator.budget}")
    info_of_run = _info(asked, "intrinsic", dataset, asdict(settings), (*writers, info))
    (run,) = Runs(asked, dataset, redacted, settings.limits, _evaluation(asked), {out: info_of_run}).run(
        lambda items, done, control: (
            (row,)
            for row in run_intrinsic(
                items,
                discriminator,
                settings,
                models=(info,),
                done=done[0],
                redacted=redacted,
                evaluation=_evaluation(asked),
                control=control,
            )
        ),
        candidates=True,
    )
    return run


def _with_candidates(asked: Request, dataset: Dataset, redacted: Redactions) -> tuple[Dataset, tuple[ModelInfo, ...]]:
    """The data with something to judge: the built-in generator's candidates where they bring none, and its description.

    Raises:
        PlannerError: it cannot be loaded, or Ctrl-C.

    """
    if any(item.candidates for item in dataset.items):
        return dataset, ()
    asked.screen.note(f"{dataset.name} brings no candidates: the built-in generator writes them")
    control = Control()
    loaded = Models(Choices(), control, asked.screen.note).load(judge=False)
    assert loaded.generator is not None, "it was loaded"
    try:
        with interruptible(control):
            written = with_written(
                dataset.items, loaded.generator, loaded.settings.plan.generator, seed=asked.choices["seed"].value,
                redacted=redacted, limits=_limits(asked), control=control,
            )  # fmt: skip
            total, screen = len(dataset.items), asked.screen
            items = tuple(
                track(written, total=total, console=screen.console(), label="candidates", quiet=screen.quiet, end=False)
            )
    finally:
        loaded.close()
    return replace(dataset, items=items), loaded.infos


def _judge(asked: Request) -> tuple[Discriminator, ModelInfo, Any]:
    loaded = Models(asked.choices, note=asked.screen.note).load_judge()
    if loaded.discriminator is None:
        raise RuntimeError("no discriminator was loaded")
    discriminator, (info,), planned = loaded.discriminator, loaded.infos, _planned(asked, loaded)
    discriminator, info = _prompted(asked, discriminator, info)
    settings = IntrinsicSettings(asked.mode, _thinking(asked, planned), asked.thoughts, planned.limits)
    return discriminator, info, settings


def _prompted(asked: Request, discriminator: Discriminator, info: ModelInfo) -> tuple[Discriminator, ModelInfo]:
    """The discriminator with the requested prompt, and what is recorded about it."""
    if asked.prompt is None:
        return discriminator, info
    return Discriminator(discriminator.engine, asked.prompt), replace(info, prompt=asked.prompt)


def _planned(asked: Request, loaded: Loaded) -> PlanSettings:
    return replace(loaded.settings.plan, limits=_limits(asked))


def _thinking(asked: Request, planned: PlanSettings) -> DiscriminatorSettings:
    return replace(planned.discriminator, schema=not asked.no_schema, probe_at=asked.ladder)


@dataclass(frozen=True, slots=True)
class _Planner:
    """Models and settings of end-to-end runs."""

    generator: Generator
    judge: Discriminator | Oracle | None
    models: tuple[ModelInfo, ...]
    settings: PlanSettings


def _planner(asked: Request, methods: Sequence[Select] = ()) -> _Planner:
    """The models. Methods that go by scores, and a prompt for the judge, ask one that was never trained too."""
    choices = asked.choices
    if asked.prompt is not None or any(method in BY_SCORE for method in methods):
        choices = choices.saying("argument", {"no_judge": choices["no_judge"].value})
    oracle = None if asked.oracle is None else Oracle(asked.oracle, asked.choices["seed"].value)
    loaded = Models(choices, note=asked.screen.note).load(judge=oracle is None)
    generator, discriminator, models, planned = (
        loaded.generator, loaded.discriminator, loaded.infos, _planned(asked, loaded)
    )  # fmt: skip
    if generator is None:
        raise RuntimeError("no generator was loaded")
    settings = replace(planned, mode=asked.mode, discriminator=_thinking(asked, planned))
    if discriminator is not None:
        discriminator, info = _prompted(asked, discriminator, models[-1])
        models = (*models[:-1], info)
    return _Planner(generator, oracle or discriminator, models, settings)


def plan_run(asked: Request) -> Run:
    """An end-to-end run, made or continued; raises as :func:`judge_run`."""
    dataset = _dataset(asked, needs_gold=True)
    redacted = redactions(dataset.items, asked.redact)
    planner = _planner(asked)
    return _plan_run(asked, dataset, redacted, planner, None)


def compare_runs(asked: Request, methods: Sequence[Select]) -> list[Run]:
    """An end-to-end run of each method over pools that are sampled once; raises as :func:`judge_run`."""
    dataset = _dataset(asked, needs_gold=True)
    redacted = redactions(dataset.items, asked.redact)
    planner = _planner(asked, methods)
    ranking = [method for method in methods if method not in GENERATING]
    infos = dict(_plan_info(asked, dataset, planner, method) for method in ranking)
    runs = []
    if ranking:
        runs = Runs(asked, dataset, redacted, planner.settings.limits, _evaluation(asked), infos).run(
            lambda items, done, control: run_methods(
                items,
                planner.generator,
                planner.judge,
                planner.settings,
                ranking,
                models=planner.models,
                thoughts=asked.thoughts,
                done=done,
                redacted=redacted,
                evaluation=_evaluation(asked),
                control=control,
            )
        )
    found = dict(zip(ranking, runs, strict=True))
    for method in methods:
        if method not in found:
            found[method] = _plan_run(asked, dataset, redacted, planner, method)
    return [found[method] for method in methods]


def _plan_run(asked: Request, dataset: Dataset, redacted: Redactions, planner: _Planner, method: Select | None) -> Run:
    """A run of one method: of a comparison, else (``None``) of the settings' own."""
    out, info = _plan_info(asked, dataset, planner, method)
    settings = planner.settings if method is None else replace(planner.settings, select=method)
    (run,) = Runs(asked, dataset, redacted, settings.limits, _evaluation(asked), {out: info}).run(
        lambda items, done, control: (
            (row,)
            for row in run_end_to_end(
                items,
                planner.generator,
                planner.judge,
                settings,
                models=planner.models,
                thoughts=asked.thoughts,
                done=done[0],
                redacted=redacted,
                evaluation=_evaluation(asked),
                control=control,
            )
        )
    )
    return run


def _plan_info(asked: Request, dataset: Dataset, planner: _Planner, method: Select | None) -> tuple[Path, RunInfo]:
    """Where a method's run is kept, and what fixes it."""
    settings = planner.settings if method is None else replace(planner.settings, select=method)
    oracle = oracle_of(planner.judge)
    what = settings.select if oracle is None else f"oracle-{oracle['accuracy']:g}"
    if method is not None and asked.out is not None:
        out = asked.out / method
    else:
        out = asked.out or _default_out(dataset, what if asked.mode == "pro" else f"{what}-{asked.mode}")
    described = {**asdict(settings), "oracle": oracle, "thoughts": asked.thoughts}
    return out, _info(asked, "e2e", dataset, described, planner.models)


def _dataset(asked: Request, *, needs_gold: bool = False) -> Dataset:

    shard = None
    if asked.shard is not None:
        index, _, count = asked.shard.partition("/")
        if not (index.isdecimal() and count.isdecimal()):
            raise PlannerError(f"--shard is {asked.shard!r}, but must be I/N, for example 1/4")
        shard = (int(index), int(count))
    database = asked.database
    if asked.data == "history" and not Path(asked.data).exists():
        return from_history(needs_gold=needs_gold, limit=asked.limit, shard=shard, strict=asked.strict)
    if asked.data == "demo" and database is None:
        database = _demo_database()
    if asked.data == EVERYDAY and database is None:
        database = cache_folder() / EVERYDAY
    return load(
        asked.data,
        format=asked.data_format,
        part=asked.part,
        limit=asked.limit,
        shard=shard,
        databases=database,
        strict=asked.strict,
    )


def _demo_database() -> Path:
    """The demo database in the cache folder, built there once."""
    path = cache_folder() / "demo.sqlite"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    build(path, force=True)  # one from an older version is replaced
    path.chmod(0o600)  # like everything that is kept
    return path


def _default_out(dataset: Dataset, what: str) -> Path:
    name = dataset.name.replace("/", "-").replace(".json", "")
    return Path("runs") / f"{name}-{what}"


def _info(
    asked: Request, kind: Kind, dataset: Dataset, settings: dict[str, Any], models: Sequence[ModelInfo]
) -> RunInfo:

    settings = {**settings, "evaluation_limits": asdict(_evaluation(asked))}
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
    say(summary_text(runs, _room()))


def comparison(runs: Sequence[Run]) -> None:
    """Print one line per method."""
    say(methods_text(runs))


def curve(run: Run) -> None:
    """Print accuracy against budget."""
    say(curve_text(run, _room(), 14))


def save_knee(run: Run) -> None:
    """Make the knee of the curve the default budget."""
    knee = suggested_budget(run)
    if knee is None:
        raise PlannerError("the curve has no knee to save: nothing was judged")
    say(f"budget {knee} is now the default of planner ask, in {save_default(('ask',), 'budget', knee)}", err=True)


def check_ladder(asked: Request, run: Run, count: int) -> None:
    """Judge some questions again at each single budget, and report how the ladder's scores compare.

    A score must agree within :data:`CHECK_TOLERANCE` wherever the thought's text is the same; texts may drift
    apart, since batches have different shapes.
    """
    discriminator, info, settings = _judge(asked)
    wanted = {row.item for row in run.rows[:count]}
    dataset = _dataset(asked)
    some = replace(dataset, items=tuple(item for item in dataset.items if item.id in wanted))
    redacted = redactions(some.items, asked.redact)
    items = _with_candidates(asked, some, redacted)[0].items
    whole = {row.item: row for row in run.rows}
    for budget in asked.ladder or ():
        alone = replace(settings, discriminator=replace(settings.discriminator, budget=budget))
        same = drifted = 0
        worst = 0.0
        for row in run_intrinsic(items, discriminator, alone, models=(info,), redacted=redacted):
            if not isinstance(row, ItemRow):
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
