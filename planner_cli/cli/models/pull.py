"""``planner models pull``."""

from __future__ import annotations

from dataclasses import asdict

import click

from planner_cli.cli.models.files import JSON, QUIET, note, progress
from planner_cli.cli.output import say_json, say_path
from planner_cli.errors import PlannerError
from planner_cli.hub.pull import Pulled, wishes
from planner_cli.hub.pull import pull as get


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--revision", metavar="REV", help="Branch, tag or commit.  [default: the catalogue's, else the newest]")
@click.option("--endpoint", metavar="URL", envvar="PLANNER_ENDPOINT", help="A mirror, instead of huggingface.co.")
@click.option("--name", metavar="FILE", help="Name to keep it under (one file only).")
@QUIET
@JSON
def pull(
    names: tuple[str, ...], revision: str | None, endpoint: str | None, name: str | None, quiet: bool, as_json: bool
) -> None:
    """Get models from a hub: the one command that opens a connection.

    NAME is a name in the catalogue, or owner/repository:file.gguf.  An interrupted pull continues where it ended; the
    sha256 is computed from what is on disk, and pinned at the first pull.

    \b
    planner models pull qwen2.5-coder-1.5b deepseek-r1-distill-qwen-1.5b
    planner models pull owner/repository:model-Q4_K_M.gguf --revision main
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    wanted = [wish for spec in names for wish in wishes(spec, revision)]
    if name is not None and len(wanted) != 1:
        raise PlannerError("--name is for one file")
    if not wanted:
        note(f"{', '.join(names)}: nothing to pull, everything is on this machine")
    done = []
    for wish in wanted:
        with progress(wish.what, quiet=quiet) as tell:
            pulled = get(
                wish, endpoint=endpoint, name=name, progress=tell, note=(lambda _text: None) if quiet else note
            )
        done.append(pulled)
        if not quiet:
            _tell_pulled(wish.what, pulled)
        if not as_json:
            say_path(pulled.path)
    if as_json:
        say_json([_pulled_record(pulled) for pulled in done])


def _tell_pulled(what: str, pulled: Pulled) -> None:
    record = pulled.record
    state = "pulled" if pulled.fresh else "is here already"
    note(f"{what} {state}: {record.size / 1e6:.1f} MB, revision {record.revision}, sha256 {record.sha256}")
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
