"""``planner ask``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import click
from click.core import ParameterSource

from planner_cli.cli.options import cache_options, listed, redact_option, run_options
from planner_cli.cli.run_options import RunOptions
from planner_cli.cli.signals import interruptible
from planner_cli.cli.streams import OutputError, check_target, output_stream
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.types import Answer

if TYPE_CHECKING:
    from planner_cli.cli.run import Asker
    from planner_cli.ui.document_types import OptionsJson
    from planner_cli.ui.formats import Format

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown", "vertical")
Level: TypeAlias = Literal["off", "metadata", "full"]


@dataclass(frozen=True, slots=True)
class _Request:
    """The options of ``planner ask`` besides those of every run, as click gives them."""

    question: str
    database: Path
    tables: tuple[str, ...]
    no_values: bool
    private_copy: bool
    redact: tuple[str, ...]
    format_: Format
    as_json: bool
    sql_only: bool
    limit: int
    raw: bool
    bom: bool
    output: Path | None
    level: Level

    def check(self) -> None:
        """Refuse what cannot be meant, before anything is loaded."""
        if not self.question.strip():
            raise PlannerError("the question is empty")
        if os.path.isfile(self.question) and not self.database.exists():  # noqa: PTH113 - a question is no Path: it may be too long for one
            raise PlannerError(
                f"{self.question} is a file: the question comes first", hint=f'planner ask "..." {self.question}'
            )
        if self.as_json and self.sql_only:
            raise PlannerError("--json and --sql-only exclude each other", hint="--json | jq -r .answer.sql")
        if self.bom and (self.format_ not in {"csv", "tsv"} or self.as_json or self.sql_only):
            raise PlannerError("--bom is for csv and tsv alone", hint="add --format csv")
        if self.output is not None:
            check_target(self.output, self.database)

    def as_document(self, run: RunOptions) -> OptionsJson:
        return {
            "min_confidence": run.min_confidence,
            "tables": list(self.tables),
            "no_values": self.no_values,
            "redacted": list(self.redact),
        }


def _names(_context: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...]:
    """``A,B`` as names; none when the option is not given."""
    if value is None:
        return ()
    if not value.strip():
        raise click.BadParameter("names no table", param=param)
    return tuple(name.text if name.name is None else name.name for name in listed(param, value))


@click.command()
@click.argument("question")
@click.argument("database", type=click.Path(path_type=Path))
@click.option(
    "--tables",
    metavar="A,B",
    callback=_names,
    help="Show the models only these tables.  It limits what they see, not what queries may read.  Names that hold a "
    "comma are quoted as in SQL.",
)
@click.option("--no-values", is_flag=True, help="Show the generator no sample values, only the schema.")
@redact_option
@click.option(
    "--private-copy",
    is_flag=True,
    help="Where DATABASE cannot be read without writing (a write was cut off), read a temporary copy only you can see.",
)
@click.option("--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One document with everything: candidates, verdicts, timings.")
@click.option("--sql-only", is_flag=True, help="Only the query.")
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="Rows of the answer shown.")
@click.option("--raw", is_flag=True, help="Leave csv and tsv cells that spreadsheets would run as they are.")
@click.option("--bom", is_flag=True, help="Begin csv and tsv with a byte order mark, by which Excel knows UTF-8.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the answer to a file.")
@click.option(
    "--history",
    "level",
    type=click.Choice(["off", "metadata", "full"]),
    default="metadata",
    show_default=True,
    envvar="PLANNER_HISTORY_LEVEL",
    help="What to remember: nothing, question and SQL and scores, or rows and thoughts too.",
)
@run_options
@cache_options
@click.pass_context
def ask(context: click.Context, /, **options: Any) -> int:
    """Answer QUESTION from the SQLite file DATABASE.

    The answer goes to standard output, everything else to standard error.

    \b
    planner ask "How many customers are there?" shop.sqlite
    planner ask "Revenue by country" shop.sqlite --format csv > revenue.csv
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    own = {field.name for field in fields(_Request)}
    request = _Request(**{name: value for name, value in options.items() if name in own})
    run = RunOptions(**{name: value for name, value in options.items() if name not in own})
    if request.as_json and context.get_parameter_source("format_") is ParameterSource.COMMANDLINE:
        raise PlannerError("--json and --format exclude each other", hint="--format json gives the rows alone")
    request.check()
    run.check()
    control = Control(run.max_seconds)
    try:
        with interruptible(control):
            code, error = _answer(request, run, control)
    except PlannerError as failure:
        if request.as_json and not isinstance(failure, OutputError):
            _print_error(request, run, failure)
        raise
    if error is not None:
        raise error
    return code


def _answer(request: _Request, run: RunOptions, control: Control) -> tuple[ExitCode, PlannerError | None]:
    """Ask, print, remember; returns the exit code, and why the answer was not given if it was not."""
    from planner_cli.cli.results import abstained, exit_code, print_warnings
    from planner_cli.cli.run import opened

    samples = 0 if request.no_values else 3
    with opened(
        request.database,
        run,
        control,
        samples=samples,
        tables=request.tables,
        rows=request.limit,
        private_copy=request.private_copy,
        redact=request.redact,
    ) as asker:
        answer = asker.ask(request.question, control)
        code = exit_code(answer, run.min_confidence)
        error = None
        if code is ExitCode.ABSTAINED and run.min_confidence is not None:
            error = abstained(answer, run.min_confidence)
        try:
            _print(asker, request, answer, code, error)
            print_warnings(asker, answer)
        finally:
            _remember(asker, request, answer)
    return code, error


def _print(asker: Asker, request: _Request, answer: Answer, code: ExitCode, error: PlannerError | None) -> None:
    """Print the answer; the output file is opened only when there is something to write."""
    from planner_cli.cli.results import print_answer, print_document

    if request.as_json:
        with output_stream(request.output) as stream:
            options = request.as_document(asker.options)
            print_document(
                asker, request.question, answer, stream, options=options, limit=request.limit, code=code, error=error
            )
    elif code is ExitCode.OK:
        with output_stream(request.output) as stream:
            print_answer(
                asker,
                answer,
                stream,
                format_=request.format_,
                raw=request.raw,
                bom=request.bom,
                limit=request.limit,
                sql_only=request.sql_only,
            )
    elif error is None:
        print_answer(asker, answer, sys.stdout, limit=request.limit)  # why there is none, on standard error


def _print_error(request: _Request, run: RunOptions, error: PlannerError) -> None:
    from planner_cli.cli.results import print_error_document

    with output_stream(request.output) as stream:
        print_error_document(error, request.question, request.database.name, stream, request.as_document(run))


def _remember(asker: Asker, request: _Request, answer: Answer) -> None:
    """Write the history; whatever goes wrong with it is a note, for the answer has been given."""
    if request.level == "off":
        return
    from planner_cli.history import History
    from planner_cli.ui.errors import format_note

    try:
        with History.open() as history:
            history.record(
                question=request.question,
                database=asker.database.path,
                answer=answer,
                models=asker.models,
                settings=asker.settings,
                level=request.level,
            )
    except Exception as error:  # noqa: BLE001 - not even a bug in the history may cost an answer
        what = error.message if isinstance(error, PlannerError) else f"{type(error).__name__}: {error}"
        sys.stderr.write(f"{format_note(f'this question is not in the history: {what}')}\n")
