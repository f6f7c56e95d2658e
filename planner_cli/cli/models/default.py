"""``planner models default``."""

from __future__ import annotations

from typing import Literal

import click

from planner_cli.clean import clean
from planner_cli.cli.config import MODEL_ROLES, default_models, save_default_model
from planner_cli.cli.output import say_json
from planner_cli.errors import PlannerError
from planner_cli.hub import resolve


@click.command()
@click.argument("role", type=click.Choice(["generator", "discriminator"]), required=False)
@click.argument("name", required=False)
@click.option("--unset", is_flag=True, help="Back to the built-in one.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def default(role: Literal["generator", "discriminator"] | None, name: str | None, unset: bool, as_json: bool) -> None:
    """Show or set which model is used when no option names one.

    \b
    planner models default
    planner models default generator qwen2.5-coder-1.5b
    planner models default generator --unset
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    if role is not None and (name is not None or unset):
        if name is not None and unset:
            raise PlannerError("NAME and --unset exclude each other")
        if name is not None:
            resolve(name, role)  # a default that cannot be loaded would break every later command
        path = save_default_model(role, name)
        click.echo(clean(f"{role}: {name or 'builtin'}, saved in {path}"), err=True)
    elif unset:
        raise PlannerError("--unset needs a role", hint="planner models default generator --unset")
    chosen = {known: default_models().get(known, "builtin") for known in MODEL_ROLES if role in {None, known}}
    if as_json:
        say_json(chosen)
        return
    for known, value in chosen.items():
        click.echo(clean(f"{known:14}{value}"))
