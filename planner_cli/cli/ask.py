"""``planner ask``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click
from click.core import ParameterSource

from planner_cli.app.choices import Choices
from planner_cli.app.planner import Planner
from planner_cli.cli.helping import LongCommand, Plain
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.results import (
    abstained,
    exit_code,
    print_answer,
    print_document,
    print_error_document,
    print_warnings,
    whole_result,
)
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings, opened, watch
from planner_cli.cli.signals import interruptible
from planner_cli.cli.streams import OutputError, check_target, output_stream
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.history import History
from planner_cli.types import Answer, Question
from planner_cli.ui.document_types import OptionsJson
from planner_cli.ui.errors import format_note
from planner_cli.ui.formats import EVERY_FORMAT, Format, format_of

PAGE = 500
"""Rows on a screen."""
Level: TypeAlias = Literal["off", "metadata", "full"]


@dataclass(frozen=True, slots=True)
class _Request:
    """What ``planner ask`` was given, besides its knobs."""

    question: str
    database: tuple[Path, ...]
    """One database, or files of tables."""
    format_: Format | None
    as_json: bool
    sql_only: bool
    limit: int | None
    raw: bool
    bom: bool
    output: Path | None
    level: Level

    @property
    def format(self) -> Format:
        """What was chosen, or what the file's ending says."""
        return self.format_ or (format_of(self.output) if self.output is not None else "table")

    @property
    def whole(self) -> bool:
        """Whether all rows are wanted: a file or a pipe gets them, a screen a page."""
        return not self.as_json and (self.output is not None or not sys.stdout.isatty())

    def check(self) -> None:
        """Refuse what makes no sense, before anything is loaded."""
        if not self.question.strip():
            raise PlannerError("the question is empty")
        if os.path.isfile(self.question) and not self.database[0].exists():  # noqa: PTH113 - a question is no Path: it may be too long for one
            raise PlannerError(
                f"{self.question} is a file: the question comes first", hint=f'planner ask "..." {self.question}'
            )
        if self.as_json and self.sql_only:
            raise PlannerError("--json and --sql-only exclude each other", hint="--json | jq -r .answer.sql")
        if self.format == "xlsx" and self.output is None:
            raise PlannerError("--format xlsx is for files", hint="add -o FILE.xlsx")
        if self.bom and (self.format not in {"csv", "tsv"} or self.as_json or self.sql_only):
            raise PlannerError("--bom is only for csv and tsv", hint="add --format csv")
        if self.output is not None:
            for file in self.database:
                check_target(self.output, file)


@click.command(cls=LongCommand)
@click.argument("question")
@click.argument("database", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--format",
    "format_",
    cls=Plain,
    type=click.Choice(EVERY_FORMAT),
    metavar="NAME",
    help=f"{', '.join(EVERY_FORMAT)}.  [default: the ending of FILE says, else table]",
)
@click.option(
    "--json", "as_json", cls=Plain, is_flag=True, help="Everything as one document: candidates, verdicts, timings."
)
@click.option("--sql-only", cls=Plain, is_flag=True, help="Only the query.")
@click.option(
    "--limit",
    cls=Plain,
    type=click.IntRange(min=1),
    metavar="ROWS",
    help="Rows of the answer shown.  [default: 500 on a terminal and with --json, else all]",
)
@click.option(
    "--raw",
    cls=Plain,
    main=False,
    is_flag=True,
    help="Leave csv and tsv cells that spreadsheets would run as they are.",
)
@click.option(
    "--bom",
    cls=Plain,
    main=False,
    is_flag=True,
    help="Begin csv and tsv with a byte order mark, so that Excel reads UTF-8.",
)
@click.option(
    "-o", "--output", cls=Plain, type=click.Path(path_type=Path), metavar="FILE", help="Write the answer to a file."
)
@options("sure", "generator", "judge", "plan", "method", "database", "redact", "query", "engine", "cache", "server")
@click.option(
    "--history",
    "level",
    cls=Plain,
    heading="Database",
    main=False,
    type=click.Choice(["off", "metadata", "full"]),
    default="metadata",
    show_default=True,
    envvar="PLANNER_HISTORY_LEVEL",
    help="What to remember: nothing, question and SQL and scores, or rows and thoughts too.",
)
@options("screen", knobs=SCREEN_KNOBS)
@click.pass_context
def ask(context: click.Context, /, **_: Any) -> int:
    """Answer QUESTION from the SQLite file DATABASE, or from one or more .csv, .tsv and .jsonl files.

    The answer goes to standard output, everything else to standard error.

    \b
    planner ask "How many customers are there?" shop.sqlite
    planner ask "Revenue by country" shop.sqlite --format csv > revenue.csv
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    request = _Request(**plain(context))
    if request.as_json and context.get_parameter_source("format_") is ParameterSource.COMMANDLINE:
        raise PlannerError("--json and --format exclude each other", hint="--format json gives the rows alone")
    request.check()
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
    with opened(request.database, choices, screen, control, rows=request.limit if request.as_json else None) as planner:
        known = len(planner.notes)
        question = planner.question(request.question)
        for note in (
            planner.notes[known:] if screen.mode != "quiet" else ()
        ):  # how much was read depends on the machine's load
            screen.note(note)
        answer = watch(planner, question, screen, control)
        code = exit_code(planner, answer)
        error = abstained(answer, planner.settings.min_confidence or 0.0) if code is ExitCode.ABSTAINED else None
        try:
            _print(planner, request, screen, question, answer, control, code, error)
            print_warnings(screen, answer)
        finally:
            _remember(planner, request, answer)
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
        said = _as_document(planner.choices)
        with output_stream(request.output) as stream:
            print_document(
                planner, question, answer, stream, options=said, limit=request.limit or PAGE, code=code, error=error
            )
    elif code is ExitCode.OK:
        wanted = request.limit > len(answer.rows) if request.limit else request.whole
        whole = whole_result(planner, answer, screen, control) if wanted and not request.sql_only else None
        with output_stream(request.output) as stream:
            print_answer(
                planner,
                answer,
                screen,
                stream,
                format_=request.format,
                raw=request.raw,
                bom=request.bom,
                limit=request.limit if request.limit or request.whole else PAGE,
                sql_only=request.sql_only,
                whole=whole,
            )
    elif error is None:
        print_answer(planner, answer, screen, sys.stdout, limit=PAGE)  # why there is none, on standard error


def _print_error(request: _Request, choices: Choices, error: PlannerError) -> None:

    with output_stream(request.output) as stream:
        print_error_document(error, request.question, request.database[0].name, stream, _as_document(choices))


def _as_document(choices: Choices) -> OptionsJson:
    return {
        "min_confidence": choices["min_confidence"].value,
        "tables": list(choices["tables"].value),
        "no_values": choices["no_values"].value,
        "redacted": list(choices["redact"].value),
        "chosen": {name: {"value": _plain(c.value), "origin": c.origin} for name, c in choices.all().items()},
    }


def _plain(value: Any) -> Any:
    """As JSON."""
    return list(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value


def _remember(planner: Planner, request: _Request, answer: Answer) -> None:
    """Write the history; any failure is a note, since the answer has been given."""
    if request.level == "off":
        return

    try:
        with History.open() as history:
            history.record(
                question=request.question,
                database=planner.database.path,
                answer=answer,
                models=planner.models,
                settings=planner.plan,
                level=request.level,
            )
    except Exception as error:  # noqa: BLE001 - not even a bug in the history may cost an answer
        what = error.message if isinstance(error, PlannerError) else f"{type(error).__name__}: {error}"
        sys.stderr.write(f"{format_note(f'this question is not in the history: {what}')}\n")
