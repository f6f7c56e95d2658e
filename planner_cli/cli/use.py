"""``planner use``."""

from __future__ import annotations

from pathlib import Path

import click

from planner_cli.app.configuration import COMMON, USUAL_DATABASE, default_database
from planner_cli.cli.output import say, say_path
from planner_cli.cli.saving import save_default
from planner_cli.database import Database
from planner_cli.errors import PlannerError


@click.command()
@click.argument("database", type=click.Path(path_type=Path), required=False)
@click.option("--unset", is_flag=True, help="Forget it.")
def use(database: Path | None, unset: bool) -> None:
    """Set the database that is asked where none is named.

    Without DATABASE print which it is.

    \b
    planner use shop.sqlite
    planner ask "How many customers are there?"
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    if database is not None and unset:
        raise PlannerError("DATABASE and --unset exclude each other")
    if unset:
        save_default((COMMON,), USUAL_DATABASE, None)
        say("no database is asked where none is named", err=True)
    elif database is not None:
        path = database.expanduser().absolute()
        with Database.open(path, samples=0):  # a default that cannot be asked would break every later command
            saved = save_default((COMMON,), USUAL_DATABASE, str(path))
        say(f"{path} is asked where no database is named, saved in {saved}", err=True)
    elif (known := default_database()) is not None:
        say_path(Path(known))
    else:
        raise PlannerError("no database is set", hint="planner use FILE")
