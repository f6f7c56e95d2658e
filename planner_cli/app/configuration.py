"""Where the configuration file is, and what it holds.

    [ask]
    budget = 128

    [defaults]                           # of every command that has such an option
    generator = "qwen2.5-coder-1.5b"

A command's own table wins over ``[defaults]``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from planner_cli.app.choices import from_mapping, keyword
from planner_cli.errors import PlannerError
from planner_cli.knobs import Knob
from planner_cli.types import Role

COMMON = "defaults"
"""The table of every command."""
MODEL_ROLES: tuple[Role, ...] = ("generator", "discriminator")


def config_path() -> Path:
    """Where the file is: ``PLANNER_CONFIG``, else in the user's configuration folder."""
    named = os.environ.get("PLANNER_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("planner_cli", appauthor=False) / "config.toml"


def load_defaults() -> dict[str, Any]:
    """The saved defaults by command; empty without a file.

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


def from_configuration(knobs: Mapping[str, Knob], command: Sequence[str] = ("ask",)) -> dict[str, Any]:
    """What the file says of these knobs for a command; a program asks as ``planner ask`` does.

    Keys that are no knobs are other options of commands (``format``): they say nothing here.

    Raises:
        PlannerError: the file cannot be read, or a value is not what its knob takes.

    """
    found: dict[str, Any] = {}
    tables = load_defaults()
    own: Any = tables
    for name in command:
        own = own.get(name, {}) if isinstance(own, dict) else {}
    for name, table in ((COMMON, tables.get(COMMON, {})), (".".join(command), own)):
        said = {key: value for key, value in table.items() if keyword(key) in knobs} if isinstance(table, dict) else {}
        try:
            found |= from_mapping(said, knobs)
        except PlannerError as error:
            raise PlannerError(f"{config_path()}: [{name}] {error.message}", hint=error.hint) from error
    return found


def default_models() -> dict[str, str]:
    """The models ``planner models default`` has set, by role."""
    table = load_defaults().get(COMMON, {})
    return {role: str(table[role]) for role in MODEL_ROLES if role in table}
