"""``planner models path``."""

from __future__ import annotations

from typing import Literal

import click

from planner_cli.cli.arguments import ModelName
from planner_cli.cli.output import say_json, say_path
from planner_cli.hub import models_dir, resolve


@click.command()
@click.argument("name", required=False, type=ModelName())
@click.option(
    "--role",
    type=click.Choice(["generator", "discriminator"]),
    default="generator",
    show_default=True,
    help="A name such as builtin may stand for one file per role.",
)
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def path(name: str | None, role: Literal["generator", "discriminator"], as_json: bool) -> None:
    """Print where NAME's file is, checked; without NAME, the folder for models."""
    if name is None:
        say_json({"folder": str(models_dir())}) if as_json else say_path(models_dir())
        return
    model = resolve(name, role)
    if as_json:
        adapter = str(model.adapter) if model.adapter else None
        say_json({"model": str(model.path), "sha256": model.sha256, "adapter": adapter})
        return
    say_path(model.path)
    if model.adapter:
        say_path(model.adapter)
