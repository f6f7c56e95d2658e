"""``planner models``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import click

from planner_cli.cli.output import say_json, say_path

if TYPE_CHECKING:
    from planner_cli.hub import ModelEntry


@click.group()
def models() -> None:
    """Models: which are known, and where their files are."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def list_(as_json: bool) -> None:
    """List the catalogue: built-in pair, known files, what is on this machine."""
    from planner_cli.hub import list_models, models_dir
    from planner_cli.ui.clean import clean

    entries = list_models()
    if as_json:
        say_json([_record(entry) for entry in entries])
        return
    for entry in entries:
        state = "ready" if entry.path else "missing"
        roles = "+".join(entry.roles)
        size = f"{entry.size / 1e6:.0f} MB" if entry.size else ""
        click.echo(clean(f"{state:8}{entry.name:32}{roles:26}{size:>9}  {entry.licence}"))
        if entry.note:
            click.echo(clean(f"        {entry.note}"))
    click.echo(err=True)
    click.echo(clean(f"Put further files into {models_dir()} or name any .gguf file by its path."), err=True)


def _record(entry: ModelEntry) -> dict[str, object]:
    return {
        "name": entry.name,
        "kind": entry.kind,
        "roles": list(entry.roles),
        "path": str(entry.path) if entry.path else None,
        "size": entry.size,
        "licence": entry.licence,
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
def path(name: str | None, role: Literal["generator", "discriminator"]) -> None:
    """Print where NAME's file is, checked; without NAME, the folder for models."""
    from planner_cli.hub import models_dir, resolve

    if name is None:
        say_path(models_dir())
        return
    model = resolve(name, role)
    say_path(model.path)
    if model.adapter:
        say_path(model.adapter)
