"""``planner sql``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from planner_cli.app.parameters import read_values, with_values
from planner_cli.cli.arguments import DatabaseArgument
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.own import failure, opened_alone, print_execution, read_query
from planner_cli.cli.result_options import chosen_results, result_options
from planner_cli.cli.results import wanted
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings
from planner_cli.cli.signals import interruptible
from planner_cli.cli.streams import output_stream
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError


@click.command(cls=LongCommand)
@click.argument("query")
@click.argument("database", cls=DatabaseArgument)
@result_options()
@click.option(
    "-p", "--param", "values", cls=Plain, multiple=True, metavar="NAME=VALUE",
    help="Value of the parameter :NAME; may be repeated.",
)  # fmt: skip
@options("database", "redact", "query", without=("tables", "no-values"))
@options("screen", knobs=SCREEN_KNOBS, without=("think", "verbose"))
@click.pass_context
def sql(context: click.Context, /, **_: Any) -> int:
    """Run a QUERY of your own on the SQLite file DATABASE, in the sandbox; no model is loaded.

    QUERY is SQL, a file that ends in .sql, or - for standard input. It is held to what the queries of models are: it
    only reads, within the limits of planner ask.

    \b
    planner sql "select count(*) from orders" shop.sqlite
    planner sql by_year.sql shop.sqlite -p year=2024 --format csv > orders.csv
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    given = plain(context)
    path, results = given["database"], chosen_results(given)
    if Path(given["query"]).suffix in {".sqlite", ".db"} and not path.exists():
        raise PlannerError(
            f"{given['query']} is a database: the query comes first", hint=f'planner sql "..." {given["query"]}'
        )
    results.check(path)
    choices = choices_of(context)
    screen = ScreenSettings.of(choices)
    query = with_values(read_query(given["query"], path), read_values(given["values"]))
    control = Control()
    with interruptible(control), opened_alone(path, choices, screen, rows=None) as opened:
        found = opened.execute(query, control)
        control.check()
        if not found.ok:
            raise failure(found)
        whole = wanted(opened, query, found, results, screen, control)
        with output_stream(results.output) as stream:
            print_execution(found, screen, stream, results, whole=whole)
    return ExitCode.OK
