"""From a name the user gives to a checked file on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from planner_cli.errors import ModelError
from planner_cli.hub.catalog import PINS, Catalog, CatalogFile, Kind, Pin, Preset, known_catalog
from planner_cli.hub.checksum import file_sha256
from planner_cli.hub.gguf import GgufHeader, read_header
from planner_cli.hub.locate import find, how_to_get, models_dir, source
from planner_cli.hub.registry import Installed, installed
from planner_cli.hub.usable import check_parts, check_usable
from planner_cli.settings import Select
from planner_cli.types import Role


@dataclass(frozen=True, slots=True)
class ResolvedModel:
    """A model for one role, found and checked. ``None`` for a setting means: nothing special, use the default."""

    role: Role
    name: str
    """Catalogue name, or the file's name."""
    path: Path
    sha256: str | None
    """Of files whose digest is pinned, by the catalogue or on arrival, compared with the file; ``None`` for
    others, which are not hashed."""
    adapter: Path | None
    """LoRA adapter to put over it."""
    adapter_sha256: str | None
    prompt: str | None
    """Prompt family: ``compact-values`` or ``chat``."""
    reasoning: str | None
    """Reasoning format to use instead of the detected one."""
    budget: int | None
    """Default budget of a thought, in tokens."""
    select: Select | None
    """Default selection when this model judges."""
    note: str | None
    untrained: bool = False
    """Whether nothing says that it was trained to judge, for a discriminator; for a generator, whether the catalogue
    says that it was never trained to write."""
    runs_as: str | None = None
    """Quantisation in which llama.cpp runs it faster (:func:`~planner_cli.hub.fast_form.fast_form`)."""
    weights: Path | None = None
    """Where that version is; ``None`` where it runs from ``path``."""

    @property
    def loaded(self) -> Path:
        """The file that llama.cpp loads."""
        return self.weights or self.path


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One line of ``planner models list``."""

    name: str
    kind: Kind
    roles: tuple[Role, ...]
    path: Path | None
    """Where the file is; ``None`` when it is not on this machine. Not hashed here."""
    size: int | None
    """Bytes: of the file found, otherwise from the catalogue."""
    licence: str
    pin: Pin | None
    """What its sha256 is compared with, of several files the least sure; ``None`` where there is nothing."""
    source: str
    """Where it comes from, in words."""
    note: str | None
    sha256: str | None = None
    """The digest it is compared with: the catalogue's, else that of the first pull."""
    revision: str | None = None
    """Commit it was pulled at."""
    parameters: int | None = None
    context: int | None = None
    """Tokens."""
    noncommercial: bool = False
    link: Path | None = None
    """Its target, when the file in the models folder is a link."""


def resolve(
    spec: str,
    role: Role,
    *,
    adapter: str | None = None,
    budget: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> ResolvedModel:
    """Find and check the model a user named.

    ``spec`` is a catalogue name or a path (one that ends in ``.gguf`` or holds a folder separator; ``~`` is
    expanded). ``adapter``, also a catalogue name or a path, replaces the catalogue entry's. ``budget`` is that of a
    thought, if different from the entry's: some have another adapter for judging without a thought. ``progress`` is
    called while a file is hashed.
    Raises :class:`ModelError`, with the next step as its hint, when a name is unknown, a file is missing or
    damaged, or its sha256 is not the catalogue's.
    """
    catalog = known_catalog()
    preset = None if is_path(spec) else catalog.preset(spec, role)
    model = _load(catalog, preset.model if preset else spec, "model", progress)
    adapter_spec = adapter or (_adapter_of(preset, budget) if preset else None)
    over = None if adapter_spec is None else _load(catalog, adapter_spec, "adapter", progress)
    if over is not None:
        _check_fit(model, over)
    # The most specific value wins: the preset's, then an adapter's (what it was trained with), then the file's.
    entries: tuple[Preset | CatalogFile | None, ...] = (preset, over.entry if over else None, model.entry)
    sources = [entry for entry in entries if entry is not None]
    return ResolvedModel(
        role=role,
        name=spec if preset else model.name,
        path=model.path,
        sha256=model.sha256,
        adapter=over.path if over else None,
        adapter_sha256=over.sha256 if over else None,
        prompt=_prompt(preset, over, model),
        reasoning=next((entry.reasoning for entry in sources if entry.reasoning), None),
        budget=next((entry.budget for entry in sources if entry.budget is not None), None),
        select=next((entry.select for entry in sources if entry.select), None),
        note=next((entry.note for entry in sources if entry.note), None),
        untrained=over is None and is_untrained(role, sources or _by_file(catalog, model), model.header.prompt),
        runs_as=model.entry.runs_as if model.entry else None,
    )


def is_untrained(role: Role, entries: Sequence[Preset | CatalogFile], trained_on: str | None = None) -> bool:
    """Whether a model without an adapter has to be taken as untrained for a role, from its catalogue ``entries``.

    An ordinary model can write queries, but not tell right from wrong ones (``docs/models.md``): it counts as a judge
    only where an entry names that role, or its own header has the prompts that it was ``trained_on``.
    """
    if any(entry.untrained for entry in entries):
        return True
    named = any(role in (entry.roles if isinstance(entry, CatalogFile) else (entry.role,)) for entry in entries)
    return role == "discriminator" and not named and trained_on is None


def _by_file(catalog: Catalog, model: _Checked) -> Sequence[CatalogFile]:
    """The entries for files of that name: a known model may be given by its path."""
    return [each for each in catalog.files if each.file and Path(each.file).name == model.path.name]


def _prompt(preset: Preset | None, over: _Checked | None, model: _Checked) -> str | None:
    """As above; an adapter that no catalogue knows may say it in its own header."""
    known: list[str | None] = [preset.prompt] if preset else []
    for file in (over, model):
        if file is not None:
            known += [file.entry.prompt if file.entry else None, file.header.prompt]
    return next((prompt for prompt in known if prompt), None)


def _adapter_of(preset: Preset, budget: int | None) -> str | None:
    thinks = preset.budget if budget is None else budget
    return preset.at_once if preset.at_once is not None and thinks == 0 else preset.adapter


def list_models() -> tuple[ModelEntry, ...]:
    """Everything in the catalogue, in its order, presets first, and whatever else is in the models folder.

    Reads no more of a file than its header.
    """
    catalog = known_catalog()
    records = installed()
    presets = [_list_preset(catalog, records, preset) for preset in catalog.presets]
    files = [_list_file(catalog, records, entry) for entry in catalog.files]
    named = {entry.path for entry in files}
    others = [path for path in sorted(models_dir().glob("*.gguf")) if path not in named and path.exists()]
    return (*presets, *files, *(_list_other(path, records.get(path.name)) for path in others))


def _list_preset(catalog: Catalog, records: dict[str, Installed], preset: Preset) -> ModelEntry:
    files = catalog.of_preset(preset)
    parts = [_list_file(catalog, records, entry) for entry in files]
    sizes = [part.size for part in parts if part.size is not None]
    model = parts[0]
    return ModelEntry(
        name=preset.name,
        kind="model",
        roles=(preset.role,),
        path=model.path if all(part.path for part in parts) else None,
        size=sum(sizes) if len(sizes) == len(parts) else None,
        licence=" + ".join(dict.fromkeys(part.licence for part in parts)),
        pin=max((entry.pin for entry in files), key=PINS.index),
        source=" + ".join(part.name for part in parts),
        note=preset.note,
        noncommercial=any(part.noncommercial for part in parts),
    )


def _list_other(path: Path, record: Installed | None) -> ModelEntry:
    """A file in the models folder that is in no catalogue."""
    origin = "put there by hand" if record is None else f"hub, {record.repo}" if record.repo else f"{record.path}"
    return ModelEntry(
        name=path.stem,
        kind=_kind_of(path),
        roles=("generator", "discriminator"),
        path=path,
        size=path.stat().st_size,
        licence=(record.licence if record else None) or "unknown",
        pin="first pull" if record else None,
        source=origin,
        note=None,
        sha256=record.sha256 if record else None,
        revision=record.revision if record else None,
        link=path.readlink() if path.is_symlink() else None,
    )


def _kind_of(path: Path) -> Kind:
    """As its header says; a damaged file is listed as a model, and refused where it is used."""
    try:
        return "adapter" if read_header(path).is_adapter else "model"
    except ModelError:
        return "model"


def _list_file(catalog: Catalog, records: dict[str, Installed], entry: CatalogFile) -> ModelEntry:
    path = find(entry, catalog.folder)
    record = _record_of(path, records)
    return ModelEntry(
        name=entry.name,
        kind=entry.kind,
        roles=entry.roles,
        path=path,
        size=path.stat().st_size if path else entry.size,
        licence=entry.licence,
        pin=entry.pin,
        source=source(entry),
        note=entry.note,
        sha256=entry.sha256 or (record.sha256 if record else None),
        revision=record.revision if record else entry.revision,
        parameters=entry.parameters,
        context=entry.context,
        noncommercial=entry.noncommercial,
        link=path.readlink() if path and path.is_symlink() else None,
    )


def _record_of(path: Path | None, records: dict[str, Installed]) -> Installed | None:
    """The record of a file, if it is in the models folder."""
    return records.get(path.name) if path is not None and path.parent == models_dir() else None


@dataclass(frozen=True, slots=True)
class _Checked:
    """A file on disk whose header is sound, and whose digest is the catalogue's where it pins one."""

    name: str
    path: Path
    sha256: str | None
    header: GgufHeader
    entry: CatalogFile | None


def is_path(spec: str) -> bool:
    """Whether a user means a file and not a name."""
    return spec.lower().endswith(".gguf") or "/" in spec or os.sep in spec


def _load(catalog: Catalog, spec: str, kind: Kind, progress: Callable[[str], None] | None) -> _Checked:
    if is_path(spec):
        path = Path(spec).expanduser()
        return _Checked(path.name, path, None, _checked_header(path, kind), None)
    entry = catalog.file(spec)
    if entry is None:
        own = models_dir() / f"{spec}.gguf"
        if own.exists():
            return _Checked(spec, own, _pinned_sha256(None, own, progress), _checked_header(own, kind), None)
    if entry is None or entry.kind != kind:
        raise _unknown(catalog, spec, kind, entry)
    found = find(entry, catalog.folder)
    if found is None:
        raise ModelError(f"the model {spec!r} is not on this machine", hint=how_to_get(entry))
    header = _checked_header(found, kind)
    return _Checked(entry.name, found, _pinned_sha256(entry, found, progress), header, entry)


def _checked_header(path: Path, kind: Kind) -> GgufHeader:
    header = read_header(path)
    check_usable(header, kind)
    check_parts(header)
    return header


def _pinned_sha256(entry: CatalogFile | None, path: Path, progress: Callable[[str], None] | None) -> str | None:
    """Compare the file with the catalogue's digest, or else with the one recorded on arrival."""
    record = _record_of(path, installed())
    pinned = entry.sha256 if entry is not None else None
    expected = pinned or (record.sha256 if record else None)
    if expected is None:
        return None
    actual = file_sha256(path, progress=progress)
    if actual == expected:
        return actual
    if entry is not None and pinned is not None:
        raise ModelError(
            f"{path} is not the {entry.name!r} of the catalogue: its sha256 is {actual}, not {pinned}",
            hint=f"remove it, then {how_to_get(entry)}; or give its path instead of the name to use it as it is",
        )
    raise ModelError(
        f"{path} has changed since it was added: its sha256 is {actual}, not {expected}",
        hint=f"planner models rm {path.stem} and get it again; its path instead of the name takes it as it is",
    )


def _check_fit(model: _Checked, adapter: _Checked) -> None:
    if model.header.architecture != adapter.header.architecture:
        raise ModelError(
            f"{adapter.path} is an adapter for {adapter.header.architecture} models, "
            f"but {model.path} is {model.header.architecture}"
        )


def _unknown(catalog: Catalog, spec: str, kind: Kind, entry: CatalogFile | None) -> ModelError:
    if entry is not None:
        return ModelError(f"{spec!r} is {_KIND[entry.kind]}, not {_KIND[kind]}")
    error = catalog.unknown(spec, kind, hint="known names: " + ", ".join(catalog.names(kind)))
    error.hint = f"{error.hint}; the path of a file ends in .gguf or contains a /"
    return error


_KIND: dict[Kind, str] = {"model": "a model", "adapter": "a LoRA adapter"}
