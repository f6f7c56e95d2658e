"""Changes to the configuration file that keep everything else in it: order, comments, line ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from planner_cli.app.configuration import COMMON, config_path, load_defaults
from planner_cli.cli.config_file import spelled
from planner_cli.tomlfile import read_text


def save_default_model(role: str, name: str | None) -> Path:
    """Set a role's default model, or back to the built-in one; returns the file's path."""
    return save_default((COMMON,), role, name)


def save_default(where: Sequence[str], name: str, value: Any) -> Path:
    """Set one default (``None``: drop it) in the table of a command, and return the file's path."""
    import tomlkit  # noqa: PLC0415 - only to save

    path = config_path()
    load_defaults()  # reports what is wrong with it, and where
    document = tomlkit.parse(read_text(path) if path.exists() else "")
    table: Any = document
    for part in where:
        table = table.setdefault(part, tomlkit.table(is_super_table=part != where[-1]))
    for key in [key for key in table if spelled(key) == name and (key != name or value is None)]:
        table.remove(key)
    if value is not None:
        table[name] = value
    save_text(tomlkit.dumps(document))
    return path


def save_text(text: str) -> None:
    """Replace the file; only its user can read it, and it is whole at any time."""
    path = config_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_bytes(text.encode())
    part.replace(path)
