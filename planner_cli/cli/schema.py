"""``planner schema``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner_cli.app.listing import columns_listed, created_by, tables_listed
from planner_cli.app.opening import part_of
from planner_cli.clean import clean
from planner_cli.cli.arguments import DatabaseArgument, TableName
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.own import failure, opened_alone, print_execution
from planner_cli.cli.result_options import chosen_results, result_options
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings
from planner_cli.cli.signals import interruptible
from planner_cli.cli.streams import output_stream
from planner_cli.control import Control
from planner_cli.errors import ExitCode
from planner_cli.ui.formats import write_text

_SAMPLES = 3


@click.command(cls=LongCommand)
@click.argument("database", cls=DatabaseArgument)
@click.argument("tables", nargs=-1, metavar="[TABLE]...", type=TableName())
@result_options()
@click.option("--sql", "as_sql", cls=Plain, is_flag=True, help="The CREATE statements, indexes and triggers too.")
@options("database", "redact", without=("tables",))
@options("screen", knobs=SCREEN_KNOBS, without=("think", "verbose"))
@click.pass_context
def schema(context: click.Context, /, **_: Any) -> int:
    """List the tables of the SQLite file DATABASE, or the columns of each TABLE; no model is loaded.

    \b
    planner schema shop.sqlite
    planner schema shop.sqlite orders customers --format markdown
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    given = plain(context)
    path, tables, results = given["database"], given["tables"], chosen_results(given)
    usual = (context.default_map or {}).get("database")
    if usual is not None and not path.exists() and path.name == str(path) and not path.suffix:
        path, tables = Path(usual), (path.name, *tables)  # planner schema orders
    results.check(path, as_result=not given["as_sql"])
    choices = choices_of(context)
    screen = ScreenSettings.of(choices)
    samples = _SAMPLES if tables and not given["as_sql"] else 0
    control = Control()
    with interruptible(control), opened_alone(path, choices, screen, rows=results.limit, samples=samples) as opened:
        control.check()
        shown = part_of(opened.schema, tables, path)
        if not given["as_sql"]:
            found = columns_listed(shown) if tables else tables_listed(shown)
            with output_stream(results.output) as stream:
                print_execution(found, screen, stream, results)
            return ExitCode.OK
        found = opened.execute(created_by(shown, tables), control)
        control.check()
        if not found.ok:
            raise failure(found)
        with output_stream(results.output) as stream:
            write_text(stream, "".join(f"{clean(str(sql), newlines=True)};\n" for (sql,) in found.rows))
    return ExitCode.OK
