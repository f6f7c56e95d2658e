"""``planner cache``."""

from __future__ import annotations

import json as jsonlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from planner_cli.errors import PlannerError

if TYPE_CHECKING:
    from planner_cli.engine.prefix_cache import Entry


@click.group()
def cache() -> None:
    """Kept states of prompts: why the second question on a database starts at once.

    They hold the schemas (and sample values) of databases that were asked about, readable only by you.
    """


@cache.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def list_(as_json: bool) -> None:
    """List the states, the one used last first."""
    from planner_cli.engine.prefix_cache import default_folder, entries
    from planner_cli.ui.clean import clean

    found = sorted(entries(default_folder()), key=lambda entry: -entry.used)
    if as_json:
        click.echo(jsonlib.dumps([_record(entry) for entry in found], indent=2))
        return
    for entry in found:
        when = datetime.fromtimestamp(entry.used, tz=timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M")
        click.echo(
            clean(f"{entry.path.stem[:12]}  {when}  {entry.tokens:6} tokens {entry.size / 1e6:8.1f} MB  {entry.model}")
        )
    click.echo(f"{len(found)} states, {sum(entry.size for entry in found) / 1e6:.1f} MB", err=True)


def _record(entry: Entry) -> dict[str, object]:
    return {
        "key": entry.path.stem,
        "model": entry.model,
        "tokens": entry.tokens,
        "size": entry.size,
        "used": datetime.fromtimestamp(entry.used, tz=timezone.utc).isoformat(timespec="seconds"),
    }


@cache.command("clear")
def clear_() -> None:
    """Delete all of them."""
    from planner_cli.engine.prefix_cache import clear, default_folder

    folder = default_folder()
    try:
        count = clear(folder)
    except OSError as error:
        raise PlannerError(f"cannot clear {folder}: {error.strerror or error}") from error
    click.echo(f"{count} state{'s' if count != 1 else ''} deleted")


@cache.command()
def path() -> None:
    """Print the folder they are in."""
    from planner_cli.engine.prefix_cache import default_folder

    click.echo(default_folder())
