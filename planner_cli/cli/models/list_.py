"""``planner models list``."""

from __future__ import annotations

import click

from planner_cli.clean import clean
from planner_cli.cli.models.files import STATES, note
from planner_cli.cli.output import say_json
from planner_cli.hub import ModelEntry, list_models, models_dir


@click.command("list")
@click.option("--ready", is_flag=True, help="Only what is on this machine.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def list_(ready: bool, as_json: bool) -> None:
    """List the catalogue: built-in pair, known files, what is on this machine."""
    entries = [entry for entry in list_models() if entry.path or not ready]
    if as_json:
        say_json([_record(entry) for entry in entries])
        return
    for entry in entries:
        state = "ready" if entry.path else "missing"
        roles = "+".join(entry.roles)
        size = f"{entry.size / 1e6:.0f} MB" if entry.size else ""
        mark = "  (non-commercial)" if entry.noncommercial else ""
        click.echo(clean(f"{state:8}{entry.name:32}{roles:26}{size:>9}  {entry.pin or '-':12}{entry.licence}{mark}"))
        if entry.note:
            click.echo(clean(f"        {entry.note}"))
    click.echo(err=True)
    note(STATES)
    told = f"planner models pull NAME gets a missing one; other files go into {models_dir()}, or are named by path."
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
        "pin": entry.pin,
        "verified": entry.pin == "verified",
        "source": entry.source,
        "note": entry.note,
    }
