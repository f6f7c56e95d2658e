"""``planner check``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from planner_cli.app.checking import Check
from planner_cli.app.choices import Choices
from planner_cli.app.planner import Planner
from planner_cli.cli.arguments import DatabaseArgument
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.own import read_query
from planner_cli.cli.result_options import PAGE, ResultOptions, chosen_results, result_options
from planner_cli.cli.results import options_json, print_answer, print_document, print_error_document, print_warnings
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings, opened, question_of, watch
from planner_cli.cli.signals import interruptible
from planner_cli.cli.streams import OutputError, output_stream
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.types import Question
from planner_cli.ui.console import print_line
from planner_cli.ui.sqltext import print_sql


@dataclass(frozen=True, slots=True)
class _Request:
    """What ``planner check`` was given, besides its knobs."""

    question: str
    sql: str
    database: Path
    as_json: bool
    results: ResultOptions


@click.command(cls=LongCommand)
@click.argument("question")
@click.argument("sql")
@click.argument("database", cls=DatabaseArgument)
@result_options()
@click.option(
    "--json", "as_json", cls=Plain, is_flag=True, help="Everything as one document: candidates, verdicts, timings."
)
@options("sure", "generator", "judge", "plan", "method", "database", "redact", "query", "engine", "cache", "server")
@options("screen", knobs=SCREEN_KNOBS)
@click.pass_context
def check(context: click.Context, /, **_: Any) -> int:
    """Judge a query that you have: how likely it is that SQL answers QUESTION.

    SQL is the query itself, a file that ends in .sql, or - for standard input.  It runs in the sandbox and is judged
    as one of the candidates that planner ask would write.  Its rows go to standard output; its score, doubts about it,
    and a query that is much likelier, if there is one, to standard error.  Below --min-confidence the exit code is 4; 1
    if it does not run, 5 if it does anything but read.

    \b
    planner check "How many customers are there?" query.sql shop.sqlite --min-confidence 0.5
    planner check "Revenue by country" "select country, sum(total) from orders group by 1" shop.sqlite
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    given = plain(context)
    path, results = given["database"], chosen_results(given)
    if len(given["sql"].split()) == 1 and Path(given["sql"]).suffix in {".sqlite", ".db"}:
        raise PlannerError(
            f"{given['sql']} is a database: the query comes before it", hint=f'planner check "..." FILE.sql {path}'
        )
    results.check(path, as_result=not given["as_json"])
    request = _Request(given["question"], read_query(given["sql"], path), path, given["as_json"], results)
    if request.as_json and context.get_parameter_source("format_") is ParameterSource.COMMANDLINE:
        raise PlannerError("--json and --format exclude each other", hint="--format json gives the rows alone")
    choices = choices_of(context)
    control = Control(choices.settings().plan.max_seconds)
    try:
        with interruptible(control):
            code, error = _check(request, choices, control)
    except PlannerError as failure:
        if request.as_json and not isinstance(failure, OutputError):
            with output_stream(results.output) as stream:
                print_error_document(failure, request.question, path.name, stream, options_json(choices))
        raise
    if error is not None:
        raise error
    return code


def _check(request: _Request, choices: Choices, control: Control) -> tuple[ExitCode, PlannerError | None]:
    """Judge and print; returns the exit code, and its reason if it is not 0."""
    screen = ScreenSettings.of(choices)
    with opened(request.database, choices, screen, control, rows=request.results.limit) as planner:
        question = question_of(planner, request.question, screen)
        found = planner.checked(request.sql, watch(planner, question, screen, control, given=request.sql))
        code, error = _outcome(planner, found)
        if request.as_json:
            _print_document(planner, request, question, found, code, error)
        else:
            _print(planner, request, screen, found)
    return code, error


def _outcome(planner: Planner, found: Check) -> tuple[ExitCode, PlannerError | None]:
    """What the process returns, and the line that goes with it."""
    if found.answer.best is None:
        code = ExitCode.REFUSED if found.execution.error_kind == "refused" else ExitCode.NO_ANSWER
        error = PlannerError(found.answer.reason)
    elif planner.is_sure(found.answer):
        return ExitCode.OK, None
    else:
        code = ExitCode.ABSTAINED
        error = PlannerError(
            f"the query's confidence is {found.confidence or 0.0:.2f}, "
            f"--min-confidence is {planner.settings.min_confidence:g}"
        )
    error.exit_code = code
    return code, error


def _print(planner: Planner, request: _Request, screen: ScreenSettings, found: Check) -> None:
    if found.answer.best is not None:
        with output_stream(request.results.output) as stream:
            print_answer(planner, found.answer, screen, stream, request.results)
    print_warnings(screen, found.answer)
    if found.better is None or found.better.sql is None or screen.quiet:
        return
    stderr = screen.console()
    likelier = f"confidence {found.better.confidence or 0.0:.2f}, {found.better.vote_share:.0%} of the samples"
    print_line(stderr, f"likelier ({likelier}):")
    print_sql(stderr, "", found.better.sql)


def _print_document(
    planner: Planner, request: _Request, question: Question, found: Check, code: ExitCode, error: PlannerError | None
) -> None:
    abstained = error if code is ExitCode.ABSTAINED else None
    with output_stream(request.results.output) as stream:
        print_document(
            planner, question, found.answer, stream,
            options=options_json(planner.choices), limit=request.results.limit or PAGE, code=code, error=abstained,
            check=found,
        )  # fmt: skip
