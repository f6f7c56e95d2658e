"""``planner cache``."""

from __future__ import annotations

from datetime import datetime, timezone

import click

from planner_cli.app.models import prefix_folder
from planner_cli.cli.output import say, say_json, say_path
from planner_cli.engine.prefix_cache import Entry, clear, entries
from planner_cli.errors import PlannerError


@click.group()
def cache() -> None:
    """Cached prompt states: why the second question about a database starts at once.

    They contain the schemas (and sample values) of databases that were asked about, readable only by you.
    """


@cache.command("list")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def list_(as_json: bool) -> None:
    """List the states, most recently used first."""
    found = sorted(entries(prefix_folder()), key=lambda entry: -entry.used)
    if as_json:
        say_json([_record(entry) for entry in found])
        return
    for entry in found:
        when = datetime.fromtimestamp(entry.used, tz=timezone.utc).astimezone().strftime("%Y-%m-%d %H:%M")
        facts = f"{entry.tokens:6} tokens {entry.size / 1e6:8.1f} MB"
        say(f"{entry.path.stem[:12]}  {when}  {facts}  {entry.about or '?'}  {entry.model}")
    say(f"{len(found)} states, {sum(entry.size for entry in found) / 1e6:.1f} MB", err=True)


def _record(entry: Entry) -> dict[str, object]:
    return {
        "key": entry.path.stem,
        "database": entry.about,
        "model": entry.model,
        "tokens": entry.tokens,
        "size": entry.size,
        "used": datetime.fromtimestamp(entry.used, tz=timezone.utc).isoformat(timespec="seconds"),
    }


@cache.command("clear")
def clear_() -> None:
    """Delete all of them."""
    folder = prefix_folder()
    try:
        count = clear(folder)
    except OSError as error:
        raise PlannerError(f"cannot clear {folder}: {error.strerror or error}") from error
    say(f"{count} state{'s' if count != 1 else ''} deleted")


@cache.command()
def path() -> None:
    """Print the folder they are in."""
    say_path(prefix_folder())
