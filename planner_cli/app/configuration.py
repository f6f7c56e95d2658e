"""Where the configuration file is, and what it holds.

    [ask]
    budget = 128

    [defaults]                           # for every command that has such an option
    generator = "qwen2.5-coder-1.5b"

A command's own table wins over ``[defaults]``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner_cli.app.choices import from_mapping, keyword, refuse_slips
from planner_cli.errors import PlannerError
from planner_cli.knobs import Knob
from planner_cli.tomlfile import read_toml
from planner_cli.types import Role

COMMON = "defaults"
"""The table of every command."""
USUAL_DATABASE = "default-database"
"""Key of the database that is asked where none is named; ``database`` is an option of ``planner bench``."""
MODEL_ROLES: tuple[Role, ...] = ("generator", "discriminator")


def config_path() -> Path:
    """Where the file is: ``PLANNER_CONFIG``, else in the user's configuration folder."""
    named = os.environ.get("PLANNER_CONFIG")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path

    return user_config_path("planner_cli", appauthor=False) / "config.toml"


def load_defaults() -> dict[str, Any]:
    """The saved defaults by table, as they are in the file; empty where there is none.

    Raises:
        PlannerError: the file cannot be read, or ``PLANNER_CONFIG`` names one that does not exist.

    """
    path = config_path()
    if not os.path.lexists(path):
        if os.environ.get("PLANNER_CONFIG"):
            raise PlannerError(f"PLANNER_CONFIG: there is no file {path}", hint="create it, or unset PLANNER_CONFIG")
        return {}
    return read_toml(path)


def from_configuration(knobs: Mapping[str, Knob]) -> dict[str, Any]:
    """What the file sets of these knobs, for a program that asks as ``planner ask`` does.

    Keys that are not knobs are options of commands (``format``) and are ignored here. But what is almost the name of
    a knob that keeps something private is refused: a typing error must not switch that off.

    Raises:
        PlannerError: the file cannot be read, or a value is not what its knob takes.

    """
    found: dict[str, Any] = {}
    tables = load_defaults()
    for name in (COMMON, "ask"):
        table = tables.get(name, {})
        if not isinstance(table, dict):
            raise PlannerError(f"{config_path()}: {name} is outside any table", hint=f"make it a table [{name}]")
        said = {key: value for key, value in table.items() if keyword(key) in knobs}
        try:
            refuse_slips([key for key in table if key not in said])
            found |= from_mapping(said, knobs)
        except PlannerError as error:
            raise PlannerError(f"{config_path()}: [{name}] {error.message}", hint=error.hint) from error
    return found


def default_database() -> str | None:
    """The database that ``planner use`` has set, as it is in the file."""
    found = load_defaults().get(COMMON, {}).get(USUAL_DATABASE)
    return None if found is None else str(found)


def default_models() -> dict[str, str]:
    """The models ``planner models default`` has set, by role."""
    table = load_defaults().get(COMMON, {})
    return {role: str(table[role]) for role in MODEL_ROLES if role in table}
