"""``planner privacy``: everything the program keeps on this machine, and how to remove it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from planner_cli.app.models import prefix_folder
from planner_cli.clean import clean
from planner_cli.cli.config_file import config_path
from planner_cli.cli.output import say_json
from planner_cli.database import copying
from planner_cli.demo import EVERYDAY
from planner_cli.history import history_path, typed_path
from planner_cli.hub import cache_folder, forms_folder, models_dir

_CACHES = {
    "sha256.json": "digests of model files, with their paths",
    "trials.json": "digests of model files that llama.cpp was seen to load",
    "calibrations.json": "how fast models are on this machine (planner models speed)",
    "demo.sqlite": "the demo database of planner bench",
}
"""What is in the cache folder, by name; whatever else is there is listed too."""

_STATES = "a database's schema and sample values, as a model has read them (planner cache)"


@dataclass(frozen=True, slots=True)
class Kept:
    """One file, or the files of one folder together."""

    path: str
    size: int
    """Bytes."""
    mode: str
    """Access rights as ``ls`` writes them, of a folder its own."""
    holds: str
    clear: str
    """How to remove it."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
@click.option("--clear-caches", is_flag=True, help="Remove the caches, and copies left by a killed run.")
def privacy(as_json: bool, clear_caches: bool) -> None:
    """List every file that planner keeps on this machine, with its size and what it holds.

    Answers written with --output and the folders of planner bench are where you put them, and not listed.
    """
    if clear_caches:
        _clear()
    found = list(_kept())
    if as_json:
        say_json([asdict(entry) for entry in found])
        return
    for entry in found:
        click.echo(clean(f"{entry.size:>13,} B  {entry.mode}  {entry.path}"))
        click.echo(clean(f"                 {entry.holds}; {entry.clear}"))
    if not found:
        click.echo("nothing is kept", err=True)


def _kept() -> Iterator[Kept]:

    history = history_path()
    for suffix in ("", "-journal", "-wal", "-shm"):
        holds = "questions, queries, scores, saved queries; rows and thoughts under --history full"
        yield from _file(history.with_name(history.name + suffix), holds, "planner history purge --all")
    yield from _file(typed_path(), "what was typed in planner chat", "planner history purge --all")
    yield from _file(config_path(), "defaults you have saved", "remove the file")
    yield from _folder(config_path().parent / "notes", "what you wrote about databases", "remove those you do not need")
    everyday = cache_folder() / EVERYDAY
    yield from _folder(everyday, "the invented databases of planner bench", "planner privacy --clear-caches")
    for path in _files(cache_folder()):
        if path.is_relative_to(everyday):
            continue
        holds = _STATES if path.parent == prefix_folder() else _CACHES.get(path.name, "a cache")
        if path.is_relative_to(cache_folder() / "index"):
            holds = "a part of a model, left by a killed planner models pull"
        if path.parent == forms_folder():
            holds = "a model of the catalogue in the format that runs fastest"
        yield from _file(path, holds, "planner privacy --clear-caches")
    yield from _folder(models_dir(), "model files", "remove those you do not need")
    for folder in copying.leftovers():
        yield from _folder(
            folder, "the private copy of a database, left by a killed run", "planner privacy --clear-caches"
        )


def _files(folder: Path) -> list[Path]:
    with suppress(OSError):
        return sorted(path for path in folder.rglob("*") if path.is_file())
    return []


def _file(path: Path, holds: str, clear: str) -> Iterator[Kept]:
    with suppress(OSError):
        status = path.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode) and path.is_file():
            yield Kept(str(path), 0, stat.filemode(status.st_mode), f"a link to {path.readlink()}: {holds}", clear)
        elif stat.S_ISREG(status.st_mode):
            yield Kept(str(path), status.st_size, stat.filemode(status.st_mode), holds, clear)


def _folder(folder: Path, holds: str, clear: str) -> Iterator[Kept]:
    files = _files(folder)
    if files:
        own = [path for path in files if not path.is_symlink()]
        size = sum(path.stat().st_size for path in own)
        mode = stat.filemode(folder.stat().st_mode)
        links = len(files) - len(own)
        counts = [_counted(len(own), "file")] if own else []
        counts += [f"{_counted(links, 'link')} to files elsewhere"] if links else []
        yield Kept(str(folder), size, mode, f"{' and '.join(counts)}: {holds}", clear)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _clear() -> None:

    copying.remove_leftovers()
    for path in _files(cache_folder()):
        path.unlink(missing_ok=True)
