"""``planner models rm``."""

from __future__ import annotations

import sys

import click

from planner_cli.cli.arguments import ModelName
from planner_cli.cli.models.files import JSON, note
from planner_cli.cli.output import say, say_json
from planner_cli.errors import PlannerError
from planner_cli.hub.bring import remove, what_goes


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=ModelName())
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@JSON
def rm(names: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Remove files from the models folder; of an imported one, the link."""
    for name in names:
        gone = what_goes(name)
        note(f"{gone.path}: a link, its file stays" if gone.target else f"{gone.path}: {gone.freed / 1e6:.1f} MB")
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise PlannerError("removing needs confirmation", hint="add --yes")
        click.confirm("Remove?", abort=True, err=True)
    removed = [remove(name) for name in names]
    freed = sum(entry.freed for entry in removed)
    if as_json:
        say_json({"removed": [str(entry.path) for entry in removed], "freed": freed})
        return
    say(f"{len(removed)} removed, {freed / 1e6:.1f} MB freed")
