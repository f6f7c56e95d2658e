"""Defaults a user has saved: ``config.toml`` in the configuration folder, a table a command.

    [ask]
    budget = 128

The command line and the environment win over it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from planner_cli.errors import PlannerError


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


def save_default(command: str, name: str, value: int) -> Path:
    """Set one default, everything else in the file kept as it is; returns the file's path."""
    import tomlkit

    path = config_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    table = document.setdefault(command, tomlkit.table())
    table[name] = value
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(tomlkit.dumps(document), encoding="utf-8")
    part.replace(path)
    return path
