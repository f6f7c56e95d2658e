"""Defaults a user has saved: ``config.toml`` in the configuration folder, a table a command.

    [ask]
    budget = 128

    [defaults]                           # of every command that has such an option
    generator = "qwen2.5-coder-1.5b"

A command's own table wins over ``[defaults]``, the command line and the environment over both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner_cli.app.configuration import MODEL_ROLES, config_path, default_models, load_defaults

__all__ = [
    "MODEL_ROLES",
    "config_path",
    "default_models",
    "load_defaults",
    "save_default",
    "save_default_model",
    "spread",
]


def spread(defaults: dict[str, Any], group: click.Group) -> dict[str, Any]:
    """The same with the ``[defaults]`` table put where each command of ``group`` looks for its options."""
    common = defaults.get("defaults", {})
    if not common:
        return defaults
    return {**defaults, **{name: _own(defaults.get(name, {}), command, common) for name, command in _named(group)}}


def _own(table: dict[str, Any], command: click.Command, common: dict[str, Any]) -> dict[str, Any]:
    if isinstance(command, click.Group):
        return {**table, **{name: _own(table.get(name, {}), inner, common) for name, inner in _named(command)}}
    options = {parameter.name for parameter in command.params}
    return {**{name: value for name, value in common.items() if name in options}, **table}


def _named(group: click.Group) -> list[tuple[str, click.Command]]:
    return list(group.commands.items())


def save_default_model(role: str, name: str | None) -> Path:
    """Set a role's default model, or back to the built-in one; returns the file's path."""
    return save_default("defaults", role, name)


def save_default(command: str, name: str, value: int | str | None) -> Path:
    """Set one default (``None``: drop it), everything else in the file kept; returns the file's path."""
    import tomlkit  # noqa: PLC0415 - only to save

    path = config_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    table = document.setdefault(command, tomlkit.table())
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(tomlkit.dumps(document), encoding="utf-8")
    part.replace(path)
    return path
