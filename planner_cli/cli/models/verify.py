"""``planner models verify``."""

from __future__ import annotations

from dataclasses import asdict

import click

from planner_cli.clean import clean
from planner_cli.cli.arguments import ModelName
from planner_cli.cli.models.files import JSON
from planner_cli.cli.output import say_json
from planner_cli.errors import ExitCode, ModelError
from planner_cli.hub.bring import Checked
from planner_cli.hub.bring import verify as check


@click.command()
@click.argument("name", required=False, type=ModelName())
@JSON
def verify(name: str | None, as_json: bool) -> int:
    """Hash model files again and compare: NAME's, or all of them (exit code 3 when one is wrong)."""
    checked = check(name)
    if as_json:
        say_json([{**asdict(entry), "path": str(entry.path) if entry.path else None} for entry in checked])
    else:
        for entry in checked:
            _print_checked(entry)
    bad = [entry.name for entry in checked if entry.state in {"changed", "missing"}]
    if bad:
        raise ModelError(f"changed: {', '.join(bad)}", hint="planner models rm NAME, and get it again")
    return ExitCode.OK


def _print_checked(entry: Checked) -> None:

    click.echo(clean(f"{entry.state:10}{entry.name:32}{entry.sha256 or entry.path or ''}"))
    if entry.state == "changed":
        click.echo(clean(f"{'':10}{'':32}{entry.expected} was expected"))
