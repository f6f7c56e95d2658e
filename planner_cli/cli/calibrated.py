"""``planner models speed``, and what was learnt of a model's speed on this machine: kept, and used by later runs."""

from __future__ import annotations

from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from planner_cli.cli.output import say, say_json
from planner_cli.control import Control
from planner_cli.types import Role

if TYPE_CHECKING:
    from pathlib import Path

    from planner_cli.engine.calibration import Calibration
    from planner_cli.hub import ResolvedModel

SECONDS = 8.0
"""About what learning may take."""


def calibrations_path() -> Path:
    """Where it is kept."""
    from planner_cli.hub import cache_folder

    return cache_folder() / "calibrations.json"


def model_identity(model: ResolvedModel) -> str:
    """What tells a model and adapter from all others: their digests where they are known, else the files' facts."""
    from planner_cli.engine.inprocess import stat_identity

    if model.sha256 is not None and (model.adapter is None or model.adapter_sha256 is not None):
        form = "" if model.weights is None else f" {model.runs_as}"
        return f"{model.sha256} {model.adapter_sha256}{form}"
    return stat_identity(model.path, model.adapter)


def base_identity(model: ResolvedModel) -> str:
    """The same of the model without its adapter."""
    return model_identity(replace(model, adapter=None, adapter_sha256=None))


def known_calibration(model: ResolvedModel, gpu_layers: int | None) -> Calibration | None:
    """What was learnt of a model; ``None`` when nothing was."""
    from planner_cli.engine.calibration import Calibration, key
    from planner_cli.hub import cache

    records = cache.load(calibrations_path())
    return Calibration.read(records.get(key(model_identity(model), gpu_layers))) if isinstance(records, dict) else None


def calibrate(model: ResolvedModel, seconds: float = SECONDS) -> Calibration:
    """Learn about a model now; kept for later runs unless other work disturbed it.

    Raises:
        ModelError: the model cannot be loaded.
        EngineError: the machine is too slow.

    """
    from planner_cli.engine import LlamaEngine
    from planner_cli.engine.calibration import key, learn
    from planner_cli.hub import cache

    engine = LlamaEngine(model.loaded, adapter=model.adapter)
    learnt = learn(engine, seconds)
    if learnt.quiet:
        records = cache.load(calibrations_path())
        records = records if isinstance(records, dict) else {}
        cache.store(calibrations_path(), {**records, key(model_identity(model), None): learnt.record()})
    return learnt


def calibration_record(model: ResolvedModel, learnt: Calibration) -> dict[str, Any]:
    """For machines."""
    return {
        "model": model.name,
        "role": model.role,
        "kept": learnt.quiet,
        "threads": learnt.threads,
        "batch_threads": learnt.batch_threads,
        **asdict(learnt.speed()),
        "widths": [
            {"width": width, "step_seconds": round(seconds, 6), "tokens_per_second": round(width / seconds, 1)}
            for width, seconds in learnt.steps
        ],
        "eight_candidates_in_waves_of": learnt.wave(8, 8),
    }


def calibration_lines(model: ResolvedModel, learnt: Calibration) -> list[str]:
    """For people; the first is the gist."""
    counts = (
        f"{learnt.threads} thread{'s' if learnt.threads != 1 else ''} for one text, {learnt.batch_threads} for more"
    )
    rates = ", ".join(f"{width / seconds:.0f} at {width}" for width, seconds in learnt.steps)
    one = f"{learnt.prefill:.0f} tokens/s of a prompt, {1 / learnt.step_seconds(1):.0f} writing one text"
    lines = [f"{model.name} ({model.role}): {one}; {counts}", f"tokens/s of all texts beside each other: {rates}"]
    if (wave := learnt.wave(8, 8)) != 8:
        lines.append(f"eight candidates are written {wave} at a time, which is faster here")
    if not learnt.quiet:
        lines.append("other work disturbed this: it is not kept, and planner goes by the physical cores")
    return lines


@click.command()
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(["generator", "discriminator"]),
    default="generator",
    show_default=True,
    help="A name such as builtin may stand for one file a role.",
)
@click.option("--adapter", metavar="ADAPTER", help="LoRA adapter over it.")
@click.option("--seconds", type=click.FloatRange(min=0.5), default=SECONDS, show_default=True, help="About how long.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def speed(name: str, role: Role, adapter: str | None, seconds: float, as_json: bool) -> None:
    """Measure NAME (a name or a .gguf file) on this machine: threads, prompt, and texts beside each other.

    What is learnt on a quiet machine is kept, and decides threads and widths of every later run that names neither.
    """
    from planner_cli import hub

    model = hub.resolve(name, role, adapter=adapter)
    hub.try_first(model, Control())
    model = hub.fast_form(model, partial(say, err=True))
    learnt = calibrate(model, seconds)
    if as_json:
        say_json(calibration_record(model, learnt))
        return
    for line in calibration_lines(model, learnt):
        say(line)
