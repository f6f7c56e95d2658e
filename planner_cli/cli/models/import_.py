"""``planner models import``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from planner_cli.clean import clean
from planner_cli.cli.models.files import JSON, QUIET, note, progress
from planner_cli.cli.output import say, say_json
from planner_cli.errors import ModelError, PlannerError
from planner_cli.hub import bring, transfer
from planner_cli.hub.foreign import find_foreign
from planner_cli.hub.registry import Installed


@click.command("import")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--copy", is_flag=True, help="Copy the file instead of linking to it.")
@click.option("--name", metavar="FILE", help="Name to keep it under (one file only).")
@click.option("--manifest-sha256", metavar="HEX", help="Of a folder made by export: what its manifest must be.")
@QUIET
@JSON
def import_(
    sources: tuple[str, ...], copy: bool, name: str | None, manifest_sha256: str | None, quiet: bool, as_json: bool
) -> None:
    """Import model files that are already on this machine.

    SOURCE is a .gguf file, which is linked in place; a reference to a file of Ollama, LM Studio or the Hugging
    Face cache, as this command lists them without SOURCE; or a folder made by planner models export, which is copied.

    \b
    planner models import
    planner models import ollama:qwen3:0.6b ~/Downloads/model.gguf
    planner models import /media/stick/models
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    if not sources:
        _list_foreign(as_json)
        return
    if name is not None and len(sources) != 1:
        raise PlannerError("--name is for one file")
    records: list[Installed] = []
    for source in sources:
        folder = Path(source).expanduser()
        with progress(source, quiet=quiet) as tell:
            if transfer.is_bundle(folder):
                records += transfer.import_bundle(folder, manifest_sha256=manifest_sha256, tell=tell)
            elif manifest_sha256 is not None:
                raise ModelError(f"{source} has no {transfer.MANIFEST}", hint="planner models export makes one")
            else:
                told = (lambda _text: None) if quiet else note
                records.append(bring.bring_in(source, copy=copy, name=name, tell=tell, note=told))
    if as_json:
        say_json([asdict(record) for record in records])
        return
    for record in records:
        note(f"{record.name}: {record.size / 1e6:.1f} MB, sha256 {record.sha256}")
        say(record.name)


def _list_foreign(as_json: bool) -> None:

    found = find_foreign()
    if as_json:
        say_json([{**asdict(entry), "path": str(entry.path)} for entry in found])
        return
    for entry in found:
        what = entry.problem or f"{entry.size / 1e6:>9.0f} MB  {entry.path}"
        click.echo(clean(f"{entry.ref:60} {what}"))
    if not found:
        note("no model files of Ollama, LM Studio or the Hugging Face cache found; name a .gguf file")
