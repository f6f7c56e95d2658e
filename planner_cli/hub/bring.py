"""Files that are already on this machine: linked or copied into the models folder, verified, removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from planner_cli.errors import ModelError
from planner_cli.hub import registry, store
from planner_cli.hub.catalog import known_catalog
from planner_cli.hub.checksum import file_sha256
from planner_cli.hub.foreign import Foreign, named
from planner_cli.hub.gguf import read_header
from planner_cli.hub.locate import find, how_to_get, models_dir
from planner_cli.hub.usable import check_usable, check_whole

State: TypeAlias = Literal["right", "changed", "missing", "unpinned"]
Tell: TypeAlias = "Callable[[int, int | None], None]"


@dataclass(frozen=True, slots=True)
class Checked:
    """What verifying one file found."""

    name: str
    path: Path | None
    state: State
    """``unpinned``: there is nothing to compare with."""
    sha256: str | None
    """Computed now."""
    expected: str | None


@dataclass(frozen=True, slots=True)
class Removed:
    path: Path
    freed: int
    """Bytes on disk; 0 for a link, whose target stays."""
    target: Path | None
    """Of a link."""


# -------------------------------------------------------------------------------------------------- import


def bring_in(spec: str, *, copy: bool, name: str | None, tell: Tell, note: Callable[[str], None]) -> registry.Installed:
    """Link a file on this machine into the models folder, or copy it; its sha256 is recorded.

    ``spec`` is a path, or a reference for :func:`~planner_cli.hub.foreign.find_foreign`; ``note`` is called with
    what belongs to a model and is not imported.
    Raises :class:`ModelError` when there is no such file, it is not a GGUF file, or not what its owner says.
    """
    source = _source(spec)
    header = read_header(source.path)
    check_usable(header)
    check_whole(header)
    target = store.folder() / store.file_name(name or source.name)
    if target.exists() or target.is_symlink():
        raise ModelError(f"{target} is there already", hint="give another --name, or planner models rm it first")
    if copy:
        digest = store.copy_in(source.path.resolve(), target, expected=source.sha256, what=spec, tell=tell)
    else:
        digest = file_sha256(source.path)
        if source.sha256 not in {None, digest}:
            raise ModelError(f"{source.path} is damaged: its sha256 is {digest}, not {source.sha256}")
        # Not resolved: the owner's own links (a cache's snapshot) say what the file is.
        target.symlink_to(source.path.absolute())
    record = registry.Installed(
        file=target.name,
        size=source.path.stat().st_size,
        sha256=digest,
        origin="import",
        added=store.now(),
        repo=source.repo,
        revision=source.revision,
        path=str(source.path.absolute()),
    )
    registry.record(record)
    if source.left:
        note(f"{source.ref}: only its weights are imported, not its {', '.join(source.left)}")
    return record


def _source(spec: str) -> Foreign:
    if ":" in spec and not Path(spec).exists():
        return named(spec)
    path = Path(spec).expanduser()
    if path.is_dir():
        raise ModelError(f"{path} is a folder", hint="name a .gguf file in it")
    return Foreign(spec, path, 0, path.name)


# -------------------------------------------------------------------------------------------------- verify


def verify(name: str | None = None) -> tuple[Checked, ...]:
    """Hash files again, whatever is remembered about them: one, or all of them.

    Raises :class:`ModelError` when ``name`` is not known.
    """
    catalog = known_catalog()
    records = registry.installed()
    checked: dict[str, Checked] = {}
    for entry in catalog.files:
        path = find(entry, catalog.folder)
        record = records.pop(path.name, None) if path is not None and path.parent == models_dir() else None
        expected = entry.sha256 or (record.sha256 if record else None)
        if (name is None and path is not None) or (
            name is not None and name in {entry.name, record.name if record else None}
        ):
            if path is None:
                raise ModelError(f"the model {name!r} is not on this machine", hint=how_to_get(entry))
            checked[entry.name] = _check(entry.name, path, expected)
    for record in records.values():
        if name in {None, record.name, record.file}:
            checked[record.name] = _check(record.name, models_dir() / record.file, record.sha256)
    for path in sorted(models_dir().glob("*.gguf")):
        seen = any(entry.path is not None and entry.path.name == path.name for entry in checked.values())
        if not seen and name in {None, path.stem, path.name} and path.name not in records:
            checked[path.stem] = _check(path.stem, path, None)
    if name is not None and not checked:
        raise catalog.unknown(name)
    return tuple(checked.values())


def _check(name: str, path: Path, expected: str | None) -> Checked:
    if not path.exists():
        return Checked(name, None, "missing", None, expected)
    digest = file_sha256(path, again=True)
    state: State = "unpinned" if expected is None else "right" if digest == expected else "changed"
    return Checked(name, path, state, digest, expected)


# -------------------------------------------------------------------------------------------------- remove


def remove(name: str) -> Removed:
    """Delete a file in the models folder, or the link to it, and its record.

    Raises :class:`ModelError` when it does not exist, or is not ours to delete.
    """
    target = _removable(name)
    link = target.readlink() if target.is_symlink() else None
    freed = 0 if link is not None else target.stat().st_size
    target.unlink(missing_ok=True)
    for part in target.parent.glob(f".{target.name}.*part"):
        freed += part.stat().st_size
        part.unlink(missing_ok=True)
    registry.forget(target.name)
    return Removed(target, freed, link)


def what_goes(name: str) -> Removed:
    """What :func:`remove` would delete."""
    target = _removable(name)
    link = target.readlink() if target.is_symlink() else None
    return Removed(target, 0 if link is not None else target.stat().st_size, link)


def _removable(name: str) -> Path:
    catalog = known_catalog()
    entry = catalog.file(name)
    names = [Path(entry.file).name] if entry is not None and entry.file else []
    for candidate in (*names, name, f"{name}.gguf"):
        target = models_dir() / Path(candidate).name
        if target.suffix.lower() == ".gguf" and (target.exists() or target.is_symlink()):
            return target
    if entry is not None:
        found = find(entry, catalog.folder)
        if found is not None:
            how = f"pip uninstall {entry.package}" if entry.package else "it goes with planner itself"
            raise ModelError(f"{name!r} is not in the models folder but at {found}", hint=how)
    if catalog.preset(name, "generator") or catalog.preset(name, "discriminator"):
        raise ModelError(f"{name!r} is a name for other files", hint="planner models list")
    raise ModelError(f"there is no {name!r} in {models_dir()}", hint="planner models list")
