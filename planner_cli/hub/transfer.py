"""Models across an air gap: a folder of files and a manifest of their hashes.

The manifest's own sha256 vouches for everything in the folder: pass it on over another channel, give it to the
import, and no byte can have changed on the way.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from planner_cli import __version__
from planner_cli.errors import ModelError
from planner_cli.hub import registry, store
from planner_cli.hub.bring import Tell
from planner_cli.hub.catalog import known_catalog
from planner_cli.hub.checksum import file_sha256
from planner_cli.hub.locate import find, how_to_get, models_dir

MANIFEST = "planner-models.json"
SCHEMA_VERSION = 1
_MAX_MANIFEST = 2**20


def export(folder: Path, names: tuple[str, ...], tell: Tell) -> tuple[str, tuple[registry.Installed, ...]]:
    """Copy models into ``folder`` with a manifest; returns the manifest's sha256 and what is in it.

    ``names`` are catalogue names or names in the models folder; none is everything in the models folder.
    Raises :class:`ModelError` when one is missing or changed, or the folder cannot be written.
    """
    chosen = [_exportable(name) for name in names] or [
        (models_dir() / record.file, record) for record in registry.installed().values()
    ]
    if not chosen:
        raise ModelError("the models folder is empty", hint="name a model: planner models export DIR NAME")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        manifest = folder / MANIFEST
        if manifest.exists():
            raise ModelError(f"{manifest} is there already", hint="name an empty folder")
        for path, record in chosen:
            store.copy_in(path.resolve(), folder / record.file, expected=record.sha256, what=record.name, tell=tell)
        entries = tuple(record for _, record in chosen)
        text = _manifest(entries)
        part = manifest.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(manifest)  # last: a folder without it is incomplete
    except OSError as error:
        raise ModelError(f"cannot write {folder}: {error.strerror or error}") from error
    return hashlib.sha256(text.encode()).hexdigest(), entries


def _exportable(name: str) -> tuple[Path, registry.Installed]:
    records = registry.installed()
    catalog = known_catalog()
    entry = catalog.file(name)
    path = find(entry, catalog.folder) if entry else models_dir() / store.file_name(name)
    if entry is None and path is not None and path.name not in records:
        raise catalog.unknown(name)
    if path is None or not path.exists():
        raise ModelError(f"the model {name!r} is not on this machine", hint=how_to_get(entry) if entry else None)
    known = records.get(path.name)
    if known is not None:
        return path, known
    digest = file_sha256(path)
    if entry is not None and entry.sha256 not in {None, digest}:
        raise ModelError(f"{path} is not the {name!r} of the catalogue", hint=f"planner models verify {name}")
    licence = entry.licence if entry else None
    return path, registry.Installed(
        file=path.name,
        size=path.stat().st_size,
        sha256=digest,
        origin="bundle",
        added=store.now(),
        licence=licence,
    )


def _manifest(entries: tuple[registry.Installed, ...]) -> str:
    """Sorted and without this machine's paths: the same models give the same text, except for the dates."""
    models = []
    for entry in sorted(entries, key=lambda entry: entry.file):
        about = {key: value for key, value in asdict(entry).items() if value is not None}
        if entry.origin == "import":
            about.pop("path", None)
        models.append(about)
    document = {"schema_version": SCHEMA_VERSION, "planner": __version__, "models": models}
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def is_bundle(folder: Path) -> bool:
    return (folder / MANIFEST).is_file()


def import_bundle(folder: Path, *, manifest_sha256: str | None, tell: Tell) -> tuple[registry.Installed, ...]:
    """Copy every model of a bundle into the models folder, each hashed on the way in.

    Raises :class:`ModelError` when the manifest or a file is not what it should be; files imported before
    that one stay.
    """
    path = folder / MANIFEST
    raw = _read(path)
    digest = hashlib.sha256(raw).hexdigest()
    if manifest_sha256 is not None and digest != manifest_sha256.lower():
        raise ModelError(f"{path} is not the manifest that was exported: its sha256 is {digest}")
    entries = _entries(path, raw)
    target_folder = store.folder()
    known = registry.installed()
    for entry in entries:
        there = known.get(entry.file)
        if there is not None and there.sha256 == entry.sha256 and (target_folder / entry.file).exists():
            continue
        if there is not None or (target_folder / entry.file).exists():
            raise ModelError(
                f"{target_folder / entry.file} is there already, with other content",
                hint=f"planner models rm {entry.name} first",
            )
        store.copy_in(
            folder / entry.file, target_folder / entry.file, expected=entry.sha256, what=entry.file, tell=tell
        )
        registry.record(entry)
    return entries


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_MANIFEST + 1)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    if len(raw) > _MAX_MANIFEST:
        raise ModelError(f"{path} is too long for a manifest")
    return raw


def _entries(path: Path, raw: bytes) -> tuple[registry.Installed, ...]:
    try:
        document: Any = json.loads(raw)
        version = document["schema_version"]
        if version != SCHEMA_VERSION:
            raise ModelError(f"{path} has schema_version {version!r}", hint="install a newer planner")
        entries = tuple(registry.Installed(**{**entry, "origin": "bundle"}) for entry in document["models"])
        sound = all(store.file_name(entry.file) == entry.file for entry in entries)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is not a manifest of planner: {error}") from error
    if not sound:
        raise ModelError(f"{path} names a file outside its folder")
    return entries
