"""``planner notes``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from planner_cli.app.notes import Notes, places, read_notes, unknown
from planner_cli.app.opening import open_database
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.output import say, say_path
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings
from planner_cli.database import Database
from planner_cli.database.names import is_plain
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.lexer import shortened
from planner_cli.types import Schema

_BEGINNING = """\
# Notes on {name}: what its names do not say. A general model is shown what fits a question; the built-in one is
# not, but of a wide schema they help to choose the tables. Check them with: planner notes {name} --check

# note = "All amounts are in cents."

[terms]
# "active customer" = "ordered within the last 90 days"

# [[examples]]
# question = "How many active customers are there?"
# sql = "SELECT ..."

# A column is a text, or { note = "of the carrier", unit = "cents", codes = { B = "booked", D = "done" } }
"""


@click.command(cls=LongCommand)
@click.argument("database", type=click.Path(path_type=Path))
@click.option("--edit", cls=Plain, is_flag=True, help="Open the file in your editor, a new one if there is none.")
@click.option("--check", cls=Plain, is_flag=True, help="Say what they name that is not there, and which example fails.")
@options("database", "redact", without=("tables", "schema-tokens"))
@options("screen", knobs=SCREEN_KNOBS, without=("think", "verbose"))
@click.pass_context
def notes(context: click.Context, /, **_: Any) -> int:
    """Show or edit what is written down about the SQLite file DATABASE: units, codes, terms, right queries.

    The notes are in DATABASE.planner.toml beside it, or in the configuration folder under notes.  Descriptions of a
    Datasette metadata.json beside it, and comments in CREATE TABLE, are used too.  General models (--generator) are
    shown what fits a question, and similar questions that you marked right; the built-in models, which read only the
    form that they were trained on, are not.

    \b
    planner notes shop.sqlite --edit
    planner notes shop.sqlite --check
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    given = plain(context)
    path: Path = given["database"]
    choices = choices_of(context)
    screen = ScreenSettings.of(choices)
    settings = choices.settings()
    with open_database(path, settings.database, settings.plan.limits, screen.note, samples=0) as opened:
        if given["edit"]:
            _edit(path, opened.schema)
        written = read_notes(path)
        if given["check"] or given["edit"]:
            return _check(written, opened)
    if not written.files:
        raise PlannerError(f"nothing is written about {path}", hint=f"planner notes {path} --edit")
    _show(written)
    return ExitCode.OK


def _edit(path: Path, schema: Schema) -> None:
    """Raises :class:`PlannerError` where nothing can be written, or there is no editor."""
    file = next((place for place in places(path) if place.is_file()), None)
    if file is None:
        beside, configured = places(path)
        file = beside if os.access(beside.parent, os.W_OK) else configured
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.write_text(_begun(path, schema), "utf-8")
        except OSError as error:
            raise PlannerError(f"cannot write {file}: {error.strerror or error}") from error
        say(f"{file} is new", err=True)
    try:
        click.edit(filename=str(file))
    except click.ClickException as error:
        raise PlannerError(
            f"no editor could be run: {error.format_message()}", hint=f"set EDITOR, or write {file} yourself"
        ) from error


def _begun(path: Path, schema: Schema) -> str:
    """A file to begin with: comments, and the names that there are."""
    lines = [_BEGINNING.replace("{name}", path.name)]
    for table in schema.tables:
        lines += [f"# [tables.{_key(table.name)}]", '# note = ""', f"# [tables.{_key(table.name)}.columns]"]
        lines += [f'# {_key(column.name)} = ""' for column in table.columns] + [""]
    return "\n".join(lines)


def _key(name: str) -> str:
    """A name as TOML takes it, on one line."""
    if is_plain(name) and name.isascii() and "$" not in name:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def _check(written: Notes, opened: Database) -> int:
    found = [*unknown(written, opened.schema), *_failing(written, opened)]
    for line in found:
        say(line)
    if found:
        return ExitCode.USAGE
    described = sum(bool(table.note) + len(table.columns) for table in written.tables)
    counts = {"description": described, "term": len(written.terms), "example": len(written.examples)}
    said = ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items())
    say(f"{said}: all of them fit", err=True)
    return ExitCode.OK


def _failing(written: Notes, opened: Database) -> Iterator[str]:
    for number, example in enumerate(written.examples, 1):
        execution = opened.execute(example.sql)
        if not execution.ok:
            yield f"example {number} fails: {execution.error}"
        for doubt in execution.doubts:
            yield f"example {number}: {doubt}"


def _show(written: Notes) -> None:
    for file in written.files:
        say_path(file)
    if written.note:
        say(f"\n{written.note}")
    for term, meaning in written.terms.items():
        say(f"\n{term}: {meaning}")
    for table in written.tables:
        say(f"\n{table.name}{f': {table.note}' if table.note else ''}")
        for column, text in table.columns.items():
            say(f"  {column}: {text}")
    for example in written.examples:
        say(f"\n{example.question}\n  {shortened(example.sql)}")
