"""``planner models speed``."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from planner_cli.app.models import ready
from planner_cli.app.speeds import SECONDS, learn_speeds
from planner_cli.cli.arguments import ModelName
from planner_cli.cli.output import say, say_json
from planner_cli.hub import ResolvedModel
from planner_cli.types import Role

if TYPE_CHECKING:
    from planner_cli.engine.learned_speeds import LearnedSpeeds


def speeds_record(model: ResolvedModel, learnt: LearnedSpeeds) -> dict[str, Any]:
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


def speeds_lines(model: ResolvedModel, learnt: LearnedSpeeds) -> list[str]:
    """For people; the first is the gist."""
    counts = (
        f"{learnt.threads} thread{'s' if learnt.threads != 1 else ''} for one text, {learnt.batch_threads} for more"
    )
    rates = ", ".join(f"{width / seconds:.0f} at {width}" for width, seconds in learnt.steps)
    one = f"{learnt.prefill:.0f} tokens/s of a prompt, {1 / learnt.step_seconds(1):.0f} writing one text"
    lines = [f"{model.name} ({model.role}): {one}; {counts}", f"tokens/s of all texts in one batch: {rates}"]
    if (wave := learnt.wave(8, 8)) != 8:
        lines.append(f"eight candidates are written {wave} at a time, which is faster here")
    if not learnt.quiet:
        lines.append("other work disturbed this: it is not kept, and planner uses the physical cores")
    return lines


@click.command()
@click.argument("name", type=ModelName())
@click.option(
    "--role",
    type=click.Choice(["generator", "discriminator"]),
    default="generator",
    show_default=True,
    help="A name such as builtin may stand for one file per role.",
)
@click.option("--adapter", metavar="ADAPTER", help="LoRA adapter over it.")
@click.option("--seconds", type=click.FloatRange(min=0.5), default=SECONDS, show_default=True, help="Roughly how long.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def speed(name: str, role: Role, adapter: str | None, seconds: float, as_json: bool) -> None:
    """Measure NAME (a name or a .gguf file) on this machine: threads, prompt, and texts in one batch.

    What is learnt on a quiet machine is kept, and sets threads and batch widths of later runs that name neither.
    """
    model = ready(name, role, adapter=adapter, note=partial(say, err=True))
    learnt = learn_speeds(model, seconds)
    if as_json:
        say_json(speeds_record(model, learnt))
        return
    for line in speeds_lines(model, learnt):
        say(line)
