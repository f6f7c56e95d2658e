"""``planner models export``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from planner_cli.cli.arguments import ModelName
from planner_cli.cli.models.files import JSON, QUIET, note, progress
from planner_cli.cli.output import say, say_json
from planner_cli.hub import transfer


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, metavar="[NAME]...", type=ModelName())
@QUIET
@JSON
def export(folder: Path, names: tuple[str, ...], quiet: bool, as_json: bool) -> None:
    """Copy models into FOLDER for a machine without a network, with a manifest of their hashes.

    Without NAME, the whole models folder.  The printed sha256 of the manifest vouches for every byte: give it to
    planner models import --manifest-sha256 on the other machine.
    """
    with progress("export", quiet=quiet) as tell:
        digest, records = transfer.export(folder, names, tell)
    if as_json:
        say_json({"manifest_sha256": digest, "models": [asdict(record) for record in records]})
        return
    for record in records:
        note(f"{record.name}: {record.size / 1e6:.1f} MB")
    say(digest)
