"""``planner models default``."""

from __future__ import annotations

from typing import Literal

import click

from planner_cli.clean import clean
from planner_cli.cli.arguments import ModelName
from planner_cli.cli.config_file import MODEL_ROLES, default_models
from planner_cli.cli.output import say_json
from planner_cli.cli.saving import save_default_model
from planner_cli.errors import PlannerError
from planner_cli.hub import resolve
from planner_cli.types import Role


@click.command()
@click.argument("role", type=click.Choice([*MODEL_ROLES, "pair"]), required=False)
@click.argument("name", required=False, type=ModelName())
@click.option("--unset", is_flag=True, help="Back to the built-in one; without ROLE, both.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def default(role: Role | Literal["pair"] | None, name: str | None, unset: bool, as_json: bool) -> None:
    """Show or set which model is used when no option names one.

    \b
    planner models default
    planner models default generator qwen2.5-coder-1.5b
    planner models default pair coder-1.5b
    planner models default --unset
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    roles: tuple[Role, ...] = MODEL_ROLES if role is None or role == "pair" else (role,)
    if name is not None and unset:
        raise PlannerError("NAME and --unset exclude each other")
    if name is not None:
        for each in roles:
            resolve(name, each)  # a default that cannot be loaded would break every later command
    if name is not None or unset:
        for each in roles:
            path = save_default_model(each, name)
            click.echo(clean(f"{each}: {name or 'builtin'}, saved in {path}"), err=True)
    chosen = {each: default_models().get(each, "builtin") for each in roles}
    if as_json:
        say_json(chosen)
        return
    for known, value in chosen.items():
        click.echo(clean(f"{known:14}{value}"))
