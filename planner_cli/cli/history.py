"""``planner history``."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from planner_cli.clean import clean
from planner_cli.cli.output import say, say_json, say_path
from planner_cli.database import Database
from planner_cli.errors import PlannerError
from planner_cli.history import History, Record, Summary, history_path, typed_path
from planner_cli.lexer import shortened


@click.group()
def history() -> None:
    """What was asked on this machine; none of it leaves it."""


@history.command("list")
@click.option("-n", "--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--search", metavar="TEXT", help="Only questions or queries that contain this.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array.")
def list_(limit: int, search: str | None, as_json: bool) -> None:
    """List questions, latest first."""
    found: tuple[Summary, ...] = ()
    if history_path().exists():
        with History.open(create=False) as opened:
            found = opened.list(limit, search=search)
    if as_json:
        say_json([_record(entry) for entry in found])
    elif not found:
        click.echo("nothing has been asked yet" if search is None else "nothing found", err=True)
    else:
        for entry in found:
            score = "     " if entry.confidence is None else f"{entry.confidence:5.2f}"
            sql = shortened(entry.sql or "(no query could be run)")
            mark = f"{entry.mark or '':5}"
            when = entry.asked_at.astimezone().strftime("%Y-%m-%d %H:%M")
            click.echo(clean(f"{entry.id:4}  {when}  {score}  {mark}  {entry.database.name}: {entry.question}"))
            click.echo(clean(f"      {sql}"))


def _record(entry: Summary) -> dict[str, object]:
    """One entry, with the names that ``show`` uses for the same things."""
    return {
        **_about(entry),
        "question": entry.question,
        "database": entry.database.name,
        "sql": entry.sql,
        "confidence": entry.confidence,
        "vote_share": entry.vote_share,
        "seconds": entry.seconds,
    }


@history.command()
@click.argument("number", type=int)
@click.argument("verdict", type=click.Choice(["right", "wrong", "unmarked"]))
@click.option("--sql", metavar="QUERY", help="The query that would have been right; it is run once as a check.")
def mark(number: int, verdict: Literal["right", "wrong", "unmarked"], sql: str | None) -> None:
    """Mark the answer to question NUMBER as right or wrong.

    Marked answers are a data set: `planner bench intrinsic history` and `planner bench e2e history` use it.
    """
    if sql is not None and verdict != "wrong":
        raise PlannerError("--sql goes with wrong: a right answer is its own right query")
    with History.open(create=False) as opened:
        if sql is not None:
            _check_runs(sql, opened.show(number).database)
        opened.mark(number, None if verdict == "unmarked" else verdict, sql)
    say(f"question {number} is marked {verdict}" if verdict != "unmarked" else f"question {number} is unmarked")


def _check_runs(sql: str, database: Path) -> None:
    """Refuse a query that does not run on the database it is meant for."""
    with Database.open(database, samples=0) as opened:
        execution = opened.execute(sql)
    if execution.error is not None:
        raise PlannerError(f"--sql does not run on {database}: {execution.error}")


def _about(entry: Summary | Record) -> dict[str, object]:
    return {
        "id": entry.id,
        "asked_at": entry.asked_at.isoformat(),
        "level": entry.level,
        "mark": entry.mark,
        "path": str(entry.database),
    }


@history.command()
@click.argument("number", type=int)
def show(number: int) -> None:
    """Show question NUMBER with everything that was kept of it, as JSON."""
    with History.open(create=False) as opened:
        record = opened.show(number)
    say_json({**_about(record), "right_sql": record.right_sql, **record.document})


@history.command()
@click.argument("numbers", type=int, nargs=-1)
@click.option("--before", type=click.DateTime(["%Y-%m-%d"]), help="Only what was asked before this day.")
@click.option("--all", "everything", is_flag=True, help="Everything, saved queries and typed lines too.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
def purge(numbers: tuple[int, ...], before: datetime | None, everything: bool, yes: bool) -> None:
    """Delete questions for good: no byte of them stays in the file."""
    if not (numbers or before or everything):
        raise PlannerError("nothing named to purge", hint="give numbers, --before DAY or --all")
    if not (history_path().exists() or (everything and typed_path().exists())):
        click.echo("nothing has been asked yet", err=True)
        return
    with History.open(create=everything) as opened:
        unknown = opened.unknown(numbers)
        if unknown:
            named = ", ".join(map(str, unknown))
            raise PlannerError(f"there is no question {named} in the history", hint="planner history list")
        if not yes:
            if sys.stdin is None or not sys.stdin.isatty():
                raise PlannerError("purging needs confirmation", hint="add --yes")
            click.confirm("Delete for good?", abort=True, err=True)
        count = opened.purge(before=before.astimezone() if before else None, ids=numbers or None)
    if not (numbers or before):
        typed_path().unlink(missing_ok=True)
    say(f"{count} question{'s' if count != 1 else ''} deleted")


@history.command()
def path() -> None:
    """Print where the history file is."""
    say_path(history_path())
