"""``planner ask``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from planner_cli.app.choices import Choices
from planner_cli.app.planner import Planner
from planner_cli.cli.arguments import DatabaseArgument
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.remembering import last_answered, level_option, remember
from planner_cli.cli.result_options import PAGE, ResultOptions, chosen_results, result_options
from planner_cli.cli.results import (
    exit_code,
    options_json,
    print_answer,
    print_document,
    print_error_document,
    print_warnings,
    wanted,
    withheld,
)
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings, opened, question_of, watch
from planner_cli.cli.signals import interruptible
from planner_cli.cli.streams import OutputError, output_stream
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.history import Level
from planner_cli.types import Answer, Question


@dataclass(frozen=True, slots=True)
class _Request:
    """What ``planner ask`` was given, besides its knobs."""

    question: str
    database: tuple[Path, ...]
    """One database, or files of tables."""
    as_json: bool
    sql_only: bool
    continues: bool
    results: ResultOptions
    level: Level

    def check(self, *, usual: bool) -> None:
        """Refuse what makes no sense, before anything is loaded."""
        if not self.question.strip():
            raise PlannerError("the question is empty", hint='planner ask "..." FILE, or - to read it from a pipe')
        if usual and os.path.isfile(self.question):  # noqa: PTH113 - as below
            raise PlannerError(f"{self.question} is a file: the question is missing", hint='planner ask "..." FILE')
        if os.path.isfile(self.question) and not self.database[0].exists():  # noqa: PTH113 - a question is no Path: it may be too long for one
            raise PlannerError(
                f"{self.question} is a file: the question comes first", hint=f'planner ask "..." {self.question}'
            )
        if self.as_json and self.sql_only:
            raise PlannerError("--json and --sql-only exclude each other", hint="--json | jq -r .answer.sql")
        for file in self.database:
            self.results.check(file, as_result=not (self.as_json or self.sql_only))


@click.command(cls=LongCommand)
@click.argument("question")
@click.argument("database", cls=DatabaseArgument, nargs=-1)
@result_options()
@click.option("--json", "as_json", cls=Plain, is_flag=True, help="One document: answer, candidates, verdicts, timings.")
@click.option("--sql-only", cls=Plain, is_flag=True, help="Only the query.")
@click.option(
    "--continue",
    "continues",
    cls=Plain,
    main=False,
    is_flag=True,
    help="QUESTION may continue the last one about DATABASE; both readings are tried.",
)
@options("sure", "generator", "judge", "plan", "method", "database", "redact", "query", "engine", "cache", "server")
@level_option
@options("screen", knobs=SCREEN_KNOBS)
@click.pass_context
def ask(context: click.Context, /, **_: Any) -> int:
    """Answer QUESTION from the SQLite file DATABASE, or from tables in text files.

    QUESTION may be - (standard input). Standard output gets the answer alone.

    \b
    planner ask "How many customers are there?" shop.sqlite
    planner ask "Revenue by country" shop.sqlite --format csv > revenue.csv
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    given = plain(context)
    request = _Request(
        question=sys.stdin.read().strip() if given["question"] == "-" else given["question"],
        database=given["database"],
        as_json=given["as_json"],
        sql_only=given["sql_only"],
        continues=given["continues"],
        results=chosen_results(given),
        level=given["level"],
    )
    if request.as_json and context.get_parameter_source("format_") is ParameterSource.COMMANDLINE:
        raise PlannerError("--json and --format exclude each other", hint="--format json gives the rows alone")
    request.check(usual=context.get_parameter_source("database") is ParameterSource.DEFAULT_MAP)
    choices = choices_of(context)
    settings = choices.settings()
    control = Control(settings.plan.max_seconds)
    try:
        with interruptible(control):
            code, error = _answer(request, choices, control)
    except PlannerError as failure:
        if request.as_json and not isinstance(failure, OutputError):
            _print_error(request, choices, failure)
        raise
    if error is not None:
        raise error
    return code


def _answer(request: _Request, choices: Choices, control: Control) -> tuple[ExitCode, PlannerError | None]:
    """Ask, print, remember; returns the exit code, and the reason if no answer was given."""
    screen = ScreenSettings.of(choices)
    earlier = last_answered(request.database[0]) if request.continues else None
    fetched = (request.results.limit or PAGE) if request.as_json else None
    with opened(request.database, choices, screen, control, rows=fetched) as planner:
        question = question_of(planner, request.question, screen, earlier)
        answer = watch(planner, question, screen, control)
        code = exit_code(planner, answer)
        error = withheld(planner, question, answer) if code is ExitCode.ABSTAINED else None
        try:
            _print(planner, request, screen, question, answer, control, code, error)
            print_warnings(screen, answer)
        finally:
            remember(planner, question, answer, request.level)
    return code, error


def _print(
    planner: Planner,
    request: _Request,
    screen: ScreenSettings,
    question: Question,
    answer: Answer,
    control: Control,
    code: ExitCode,
    error: PlannerError | None,
) -> None:
    """Print the answer; the output file is opened only when there is something to write."""
    if request.as_json:
        said = options_json(planner.choices)
        with output_stream(request.results.output) as stream:
            limit = request.results.limit or PAGE
            print_document(planner, question, answer, stream, options=said, limit=limit, code=code, error=error)
    elif code is ExitCode.OK:
        sql = None if request.sql_only else answer.sql
        whole = wanted(planner.database, sql, answer.best_execution, request.results, screen, control)
        with output_stream(request.results.output) as stream:
            print_answer(
                planner,
                answer,
                screen,
                stream,
                request.results,
                sql_only=request.sql_only,
                whole=whole,
            )
    elif error is None:
        print_answer(planner, answer, screen, sys.stdout, request.results)  # why there is none, on standard error


def _print_error(request: _Request, choices: Choices, error: PlannerError) -> None:

    with output_stream(request.results.output) as stream:
        print_error_document(error, request.question, request.database[0].name, stream, options_json(choices))
