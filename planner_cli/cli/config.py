"""Defaults a user has saved: ``config.toml`` in the configuration folder, a table a command.

    [ask]
    budget = 128

    [defaults]                           # of every command that has such an option
    generator = "qwen2.5-coder-1.5b"

A command's own table wins over ``[defaults]``, the command line and the environment over both.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from planner_cli.errors import PlannerError
from planner_cli.types import Role


def config_path() -> Path:
    """Where the file is: ``PLANNER_CONFIG``, else in the user's configuration folder."""
    named = os.environ.get("PLANNER_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("planner_cli", appauthor=False) / "config.toml"


def load_defaults() -> dict[str, Any]:
    """The saved defaults by command, as click's ``default_map`` takes them; empty without a file.

    Raises:
        PlannerError: the file cannot be read.

    """
    path = config_path()
    if not path.is_file():
        return {}
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        found = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise PlannerError(f"{path}: {error}", hint="mend or remove it") from error
    return {
        command: {name.replace("-", "_"): value for name, value in table.items()}
        for command, table in found.items()
        if isinstance(table, dict)
    }


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


MODEL_ROLES: tuple[Role, ...] = ("generator", "discriminator")


def default_models() -> dict[str, str]:
    """The models ``planner models default`` has set, by role."""
    table = load_defaults().get("defaults", {})
    return {role: str(table[role]) for role in MODEL_ROLES if role in table}


def save_default_model(role: str, name: str | None) -> Path:
    """Set a role's default model, or back to the built-in one; returns the file's path."""
    return save_default("defaults", role, name)


def save_default(command: str, name: str, value: int | str | None) -> Path:
    """Set one default (``None``: drop it), everything else in the file kept; returns the file's path."""
    import tomlkit

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
