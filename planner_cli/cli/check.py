"""``planner check``."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from planner_cli.app.checking import Check
from planner_cli.app.choices import Choices
from planner_cli.app.planner import Planner
from planner_cli.cli.ask import FORMATS
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.results import options_json, print_answer, print_document, print_error_document, print_warnings
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings, opened, watch
from planner_cli.cli.signals import interruptible
from planner_cli.cli.streams import OutputError
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.types import Question
from planner_cli.ui.console import print_line
from planner_cli.ui.formats import Format
from planner_cli.ui.sqltext import print_sql

_MOST = 2**20
"""Bytes of a query; SQLite's own limit here is lower."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What ``planner check`` was given, besides its knobs."""

    question: str
    sql: str
    database: Path
    format_: Format
    as_json: bool
    limit: int


@click.command(cls=LongCommand)
@click.argument("question")
@click.argument("sql")
@click.argument("database", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "format_",
    cls=Plain,
    type=click.Choice(FORMATS),
    default="table",
    metavar="NAME",
    help=f"{', '.join(FORMATS)}.  [default: table]",
)
@click.option(
    "--json", "as_json", cls=Plain, is_flag=True, help="Everything as one document: candidates, verdicts, timings."
)
@click.option(
    "--limit",
    cls=Plain,
    type=click.IntRange(min=1),
    default=500,
    metavar="ROWS",
    help="Rows of the answer shown.  [default: 500]",
)
@options("sure", "generator", "judge", "plan", "method", "database", "redact", "query", "engine", "cache", "server")
@options("screen", knobs=SCREEN_KNOBS)
@click.pass_context
def check(context: click.Context, /, **_: Any) -> int:
    """Judge a query that you have: how likely it is that SQL answers QUESTION.

    SQL is a file, the query itself, or - for standard input.  It runs in the sandbox and is judged as one of the
    candidates that planner ask would write.  Its rows go to standard output; its score, doubts about it, and a query
    that is much likelier, if there is one, to standard error.  Below --min-confidence the exit code is 4; 1 if it does
    not run, 5 if it does anything but read.

    \b
    planner check "How many customers are there?" query.sql shop.sqlite --min-confidence 0.5
    planner check "Revenue by country" "select country, sum(total) from orders group by 1" shop.sqlite
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    request = _Request(**plain(context))
    if request.as_json and context.get_parameter_source("format_") is ParameterSource.COMMANDLINE:
        raise PlannerError("--json and --format exclude each other", hint="--format json gives the rows alone")
    sql = read_query(request.sql, request.database)
    choices = choices_of(context)
    control = Control(choices.settings().plan.max_seconds)
    try:
        with interruptible(control):
            code, error = _check(request, sql, choices, control)
    except PlannerError as failure:
        if request.as_json and not isinstance(failure, OutputError):
            print_error_document(failure, request.question, request.database.name, sys.stdout, options_json(choices))
        raise
    if error is not None:
        raise error
    return code


def read_query(sql: str, database: Path) -> str:
    """The query that an argument stands for.

    Raises:
        PlannerError: it names a file that cannot be read or holds no text, or there is no query.

    """
    path = None if "\n" in sql else Path(sql)
    called, raw = "SQL", sql.encode()
    try:
        if sql == "-":
            called, raw = "standard input", sys.stdin.buffer.read(_MOST + 1)
        elif path is not None and (path.is_file() or path.suffix.lower() == ".sql"):
            called = sql
            with path.open("rb") as stream:
                raw = stream.read(_MOST + 1)
    except OSError as error:
        raise PlannerError(f"cannot read {called}: {error.strerror or error}") from error
    if raw.startswith(b"SQLite format 3\0"):
        raise PlannerError(
            f"{called} is a database: the query comes before it", hint=f'planner check "..." FILE.sql {database}'
        )
    if len(raw) > _MOST:
        raise PlannerError(f"{called}: a query of more than {_MOST} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlannerError(f"{called} is not UTF-8 text", hint="save it as UTF-8") from error
    if not text.strip():
        raise PlannerError(f"{called}: there is no query in it")
    return text.strip()


def _check(request: _Request, sql: str, choices: Choices, control: Control) -> tuple[ExitCode, PlannerError | None]:
    """Judge and print; returns the exit code, and its reason if it is not 0."""
    screen = ScreenSettings.of(choices)
    with opened(request.database, choices, screen, control, rows=request.limit) as planner:
        question = planner.question(request.question)
        found = planner.checked(sql, watch(planner, question, screen, control, given=sql))
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
        score = "not judged" if found.confidence is None else f"only {found.confidence:.2f}"
        error = PlannerError(f"the query's score is {score}, --min-confidence is {planner.settings.min_confidence:g}")
    error.exit_code = code
    return code, error


def _print(planner: Planner, request: _Request, screen: ScreenSettings, found: Check) -> None:
    if found.answer.best is not None:
        print_answer(planner, found.answer, screen, sys.stdout, format_=request.format_, limit=request.limit)
    print_warnings(screen, found.answer)
    if found.better is None or found.better.sql is None or screen.quiet:
        return
    stderr = screen.console()
    score = found.better.confidence
    judged = f"score {score:.2f}, " if score is not None and not planner.untrained else ""
    print_line(stderr, f"likelier ({judged}{found.better.vote_share:.0%} of the samples):")
    print_sql(stderr, "", found.better.sql)


def _print_document(
    planner: Planner, request: _Request, question: Question, found: Check, code: ExitCode, error: PlannerError | None
) -> None:
    abstained = error if code is ExitCode.ABSTAINED else None
    print_document(
        planner, question, found.answer, sys.stdout,
        options=options_json(planner.choices), limit=request.limit, code=code, error=abstained, check=found,
    )  # fmt: skip
    sys.stdout.flush()
