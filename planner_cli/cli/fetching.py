"""``planner models pull | import | export | verify | rm``: files come, go and are checked."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from planner_cli.cli.output import say, say_path
from planner_cli.errors import ExitCode, ModelError, PlannerError

if TYPE_CHECKING:
    from planner_cli.hub.bring import Checked
    from planner_cli.hub.pull import Pulled
    from planner_cli.hub.registry import Installed


def _say(text: str) -> None:
    """One cleaned line on standard error."""
    from planner_cli.clean import clean

    click.echo(clean(text), err=True)


@contextmanager
def progress(label: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None]]:
    from planner_cli.clean import clean
    from planner_cli.ui.console import make_console
    from planner_cli.ui.progress import track_bytes

    with track_bytes(console=make_console(sys.stderr), label=clean(label), quiet=quiet) as tell:
        yield tell


def _print_json(document: Any) -> None:
    from planner_cli.ui.jsontext import to_json

    click.echo(to_json(document, indent=2))


_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_QUIET = click.option("-q", "--quiet", is_flag=True, help="No progress, no notes.")


# ---------------------------------------------------------------------------------------------------- pull


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("--revision", metavar="REV", help="Branch, tag or commit.  [default: the catalogue's, else the newest]")
@click.option("--endpoint", metavar="URL", envvar="PLANNER_ENDPOINT", help="A mirror, instead of huggingface.co.")
@click.option("--name", metavar="FILE", help="Under which name to keep it (one file only).")
@_QUIET
@_JSON
def pull(
    names: tuple[str, ...], revision: str | None, endpoint: str | None, name: str | None, quiet: bool, as_json: bool
) -> None:
    """Get models from a hub: the one command that opens a connection.

    NAME is a name of the catalogue, or owner/repository:file.gguf.  An interrupted pull goes on where it ended; the
    sha256 is computed from what is on the disk, and pinned at the first pull.

    \b
    planner models pull qwen2.5-coder-1.5b deepseek-r1-distill-qwen-1.5b
    planner models pull owner/repository:model-Q4_K_M.gguf --revision main
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    from planner_cli.hub.pull import pull as get
    from planner_cli.hub.pull import wishes

    wanted = [wish for spec in names for wish in wishes(spec, revision)]
    if name is not None and len(wanted) != 1:
        raise PlannerError("--name is for one file")
    if not wanted:
        _say(f"{', '.join(names)}: nothing to pull, all of it is on this machine")
    done = []
    for wish in wanted:
        with progress(wish.what, quiet=quiet) as tell:
            pulled = get(
                wish, endpoint=endpoint, name=name, progress=tell, note=(lambda _text: None) if quiet else _say
            )
        done.append(pulled)
        if not quiet:
            _tell_pulled(wish.what, pulled)
        if not as_json:
            say_path(pulled.path)
    if as_json:
        _print_json([_pulled_record(pulled) for pulled in done])


def _tell_pulled(what: str, pulled: Pulled) -> None:
    record = pulled.record
    state = "pulled" if pulled.fresh else "is here already"
    _say(f"{what} {state}: {record.size / 1e6:.1f} MB, revision {record.revision}, sha256 {record.sha256}")
    known = {"catalogue": "the catalogue", "first pull": "the first pull", "hub": "what the hub states"}
    if pulled.compared:
        agreed = ", ".join(known[source] for source in pulled.compared)
        _say(f"  the sha256 was computed here, and is that of {agreed}")
    else:
        _say("  nothing to compare the sha256 with: it is trusted from now on, and compared at every use")
    if pulled.noncommercial:
        _say(f"  licence: {record.licence}: no commercial use")
    elif record.licence:
        _say(f"  licence: {record.licence}")


def _pulled_record(pulled: Pulled) -> dict[str, object]:
    return {
        **asdict(pulled.record),
        "local_path": str(pulled.path),
        "fresh": pulled.fresh,
        "compared_with": list(pulled.compared),
        "noncommercial": pulled.noncommercial,
    }


# ------------------------------------------------------------------------------------------ import, export


@click.command("import")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@click.option("--copy", is_flag=True, help="Copy the file instead of linking to it.")
@click.option("--name", metavar="FILE", help="Under which name to keep it (one file only).")
@click.option("--manifest-sha256", metavar="HEX", help="Of a folder made by export: what its manifest must be.")
@_QUIET
@_JSON
def import_(
    sources: tuple[str, ...], copy: bool, name: str | None, manifest_sha256: str | None, quiet: bool, as_json: bool
) -> None:
    """Bring in model files that are on this machine.

    SOURCE is a .gguf file, which is linked where it lies; a reference to a file of Ollama, LM Studio or the Hugging
    Face cache, as this command lists them without SOURCE; or a folder made by planner models export, which is copied.

    \b
    planner models import
    planner models import ollama:qwen3:0.6b ~/Downloads/model.gguf
    planner models import /media/stick/models
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    from planner_cli.hub import bring, transfer

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
                records.append(bring.bring_in(source, copy=copy, name=name, tell=tell))
    if as_json:
        _print_json([asdict(record) for record in records])
        return
    for record in records:
        _say(f"{record.name}: {record.size / 1e6:.1f} MB, sha256 {record.sha256}")
        say(record.name)


def _list_foreign(as_json: bool) -> None:
    from planner_cli.clean import clean
    from planner_cli.hub.foreign import find_foreign

    found = find_foreign()
    if as_json:
        _print_json([{**asdict(entry), "path": str(entry.path)} for entry in found])
        return
    for entry in found:
        click.echo(clean(f"{entry.ref:60}{entry.size / 1e6:>9.0f} MB  {entry.path}"))
    if not found:
        _say("no model files of Ollama, LM Studio or the Hugging Face cache found; name a .gguf file")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_QUIET
@_JSON
def export(folder: Path, names: tuple[str, ...], quiet: bool, as_json: bool) -> None:
    """Copy models into FOLDER for a machine without a network, with a manifest of their hashes.

    Without NAME, all of the models folder.  The printed sha256 of the manifest stands for every byte: give it to
    planner models import --manifest-sha256 on the other machine.
    """
    from planner_cli.hub import transfer

    with progress("export", quiet=quiet) as tell:
        digest, records = transfer.export(folder, names, tell)
    if as_json:
        _print_json({"manifest_sha256": digest, "models": [asdict(record) for record in records]})
        return
    for record in records:
        _say(f"{record.name}: {record.size / 1e6:.1f} MB")
    say(digest)


# --------------------------------------------------------------------------------------------- verify, rm


@click.command()
@click.argument("name", required=False)
@_JSON
def verify(name: str | None, as_json: bool) -> int:
    """Hash model files again and compare: NAME's, or all there are (exit code 3 when one is wrong)."""
    from planner_cli.hub.bring import verify as check

    checked = check(name)
    if as_json:
        _print_json([{**asdict(entry), "path": str(entry.path) if entry.path else None} for entry in checked])
    else:
        for entry in checked:
            _print_checked(entry)
    bad = [entry.name for entry in checked if entry.state in {"changed", "missing"}]
    if bad:
        raise ModelError(f"not what they were: {', '.join(bad)}", hint="planner models rm NAME, and get it again")
    return ExitCode.OK


def _print_checked(entry: Checked) -> None:
    from planner_cli.clean import clean

    click.echo(clean(f"{entry.state:10}{entry.name:32}{entry.sha256 or entry.path or ''}"))
    if entry.state == "changed":
        click.echo(clean(f"{'':10}{'':32}{entry.expected} was expected"))


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@_JSON
def rm(names: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Remove files from the models folder; of an imported one, the link."""
    from planner_cli.hub.bring import remove, what_goes

    for name in names:
        gone = what_goes(name)
        _say(f"{gone.path}: a link, its file stays" if gone.target else f"{gone.path}: {gone.freed / 1e6:.1f} MB")
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise PlannerError("removing needs a yes", hint="add --yes")
        click.confirm("Remove?", abort=True, err=True)
    removed = [remove(name) for name in names]
    freed = sum(entry.freed for entry in removed)
    if as_json:
        _print_json({"removed": [str(entry.path) for entry in removed], "freed": freed})
        return
    say(f"{len(removed)} removed, {freed / 1e6:.1f} MB freed")
