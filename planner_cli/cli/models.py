"""``planner models``: what is known, what is here, what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from planner_cli.cli.calibrated import speed
from planner_cli.cli.fetching import export, import_, pull, rm, verify
from planner_cli.cli.inspecting import info
from planner_cli.cli.output import say_json, say_path
from planner_cli.cli.sizing import recommend
from planner_cli.errors import PlannerError

if TYPE_CHECKING:
    from planner_cli.hub import ModelEntry


@click.group()
def models() -> None:
    """Models: which are known, get them, check them, say which are used."""


for command in (recommend, pull, import_, info, speed, verify, export, rm):
    models.add_command(command)


@models.command("list")
@click.option("--ready", is_flag=True, help="Only what is on this machine.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def list_(ready: bool, as_json: bool) -> None:
    """List the catalogue: built-in pair, known files, what is on this machine."""
    from planner_cli.hub import list_models, models_dir
    from planner_cli.ui.clean import clean

    entries = [entry for entry in list_models() if entry.path or not ready]
    if as_json:
        say_json([_record(entry) for entry in entries])
        return
    for entry in entries:
        state = "ready" if entry.path else "missing"
        roles = "+".join(entry.roles)
        size = f"{entry.size / 1e6:.0f} MB" if entry.size else ""
        mark = "  (non-commercial)" if entry.noncommercial else ""
        click.echo(clean(f"{state:8}{entry.name:32}{roles:26}{size:>9}  {entry.licence}{mark}"))
        if entry.note:
            click.echo(clean(f"        {entry.note}"))
    click.echo(err=True)
    told = f"planner models pull NAME gets a missing one; further files go into {models_dir()}, or are named by path."
    click.echo(clean(told), err=True)


def _record(entry: ModelEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "roles": list(entry.roles),
        "path": str(entry.path) if entry.path else None,
        "link": str(entry.link) if entry.link else None,
        "size": entry.size,
        "sha256": entry.sha256,
        "revision": entry.revision,
        "parameters": entry.parameters,
        "context": entry.context,
        "licence": entry.licence,
        "noncommercial": entry.noncommercial,
        "verified": entry.verified,
        "source": entry.source,
        "note": entry.note,
    }


@models.command()
@click.argument("name", required=False)
@click.option(
    "--role",
    type=click.Choice(["generator", "discriminator"]),
    default="generator",
    show_default=True,
    help="A name such as builtin may stand for one file a role.",
)
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def path(name: str | None, role: Literal["generator", "discriminator"], as_json: bool) -> None:
    """Print where NAME's file is, checked; without NAME, the folder for models."""
    from planner_cli.hub import models_dir, resolve

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


@models.command()
@click.argument("role", type=click.Choice(["generator", "discriminator"]), required=False)
@click.argument("name", required=False)
@click.option("--unset", is_flag=True, help="Back to the built-in one.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def default(role: Literal["generator", "discriminator"] | None, name: str | None, unset: bool, as_json: bool) -> None:
    """Show or set which model is used where no option names one.

    \b
    planner models default
    planner models default generator qwen2.5-coder-1.5b
    planner models default generator --unset
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    from planner_cli.cli.config import MODEL_ROLES, default_models, save_default_model
    from planner_cli.hub import resolve
    from planner_cli.ui.clean import clean

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
