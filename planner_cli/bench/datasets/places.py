"""Where the databases of a data set are."""

from __future__ import annotations

import re
from pathlib import Path

from planner_cli.bench.datasets.records import Record

FOLDERS = ("databases", "database", "dev_databases", "train_databases", "test_database", "")
"""Names of the folder with one folder (or file) per database, most specific first; ``""`` is the data's own."""

SUFFIXES = (".sqlite", ".db", ".sqlite3")

_INSTANCE = re.compile(r"(?!\.)[\w.-]+")
"""Stems of instances: no hidden files (``._name`` in macOS archives), and no blanks, brackets or tildes, which mark
copies."""
_COPY = re.compile(r"(?<![a-z])(copy|copied|backup|bak|old|orig|original|tmp|temp|thumbs)(?![a-z])", re.IGNORECASE)
"""Words by which people and programs name what is not an instance, after the database's own name."""


class Databases:
    """The databases under one folder, each looked for once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, Path | None] = {}

    def named(self, record: Record, name: str) -> Path:
        """The main file of the database a record names.

        Raises:
            PlannerError: there is none with that name, or the name would leave the folder.

        """
        if name in {".", ".."} or "/" in name or "\\" in name:
            raise record.error(f"{name!r} is not a database name")
        if name not in self._found:
            self._found[name] = self._find(name)
        path = self._found[name]
        if path is None:
            raise record.error(f"there is no database {name!r} in {self._folder}")
        return path

    def _find(self, name: str) -> Path | None:
        places = (
            self._folder / parent / inside / f"{name}{suffix}"
            for parent in FOLDERS
            for suffix in SUFFIXES
            for inside in (name, "")
        )
        return next((path for path in places if path.is_file()), None)


def suite(main: Path) -> tuple[Path, ...]:
    """Further instances of the database: in ``suite/`` next to it, or (as Spider's test suites ship) in its folder.

    In natural order (2 before 10); empty for a database that does not have a folder of its own name.
    """
    if main.parent.name != main.stem:
        return ()
    found = [path for folder in (main.parent / "suite", main.parent) if folder.is_dir() for path in folder.iterdir()]
    others = [path for path in found if path != main and _is_instance(path, main.stem)]
    return tuple(sorted(others, key=lambda path: (str(path.parent), len(path.stem), path.stem)))


def _is_instance(path: Path, database: str) -> bool:
    """By its name, and by being a file. ``name.sqlite-wal`` and the like have another suffix."""
    own = path.stem.removeprefix(database)
    named = path.suffix in SUFFIXES and _INSTANCE.fullmatch(path.stem) is not None and _COPY.search(own) is None
    return named and path.is_file()
