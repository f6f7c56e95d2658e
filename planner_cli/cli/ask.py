"""``planner ask``."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

import click

from planner_cli.cli.options import RunOptions, existing_folder_of, run_options
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.types import Answer

if TYPE_CHECKING:
    from planner_cli.cli.run import Asker
    from planner_cli.ui.formats import Format

FORMATS = ("table", "csv", "tsv", "json", "jsonl", "markdown", "vertical")
ROWS_IN_DOCUMENT = 20
"""Rows of each candidate's result in the JSON document; the answer's own rows follow --limit."""


@click.command()
@click.argument("question")
@click.argument("database", type=click.Path(path_type=Path))
@click.option("--tables", metavar="A,B", default="", help="Show the models only these tables.")
@click.option("--no-values", is_flag=True, help="Show the generator no sample values, only the schema.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="table", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One document with everything: candidates, verdicts, timings.")
@click.option("--sql-only", is_flag=True, help="Only the query.")
@click.option("--limit", type=click.IntRange(min=1), default=500, show_default=True, help="Rows of the answer shown.")
@click.option("--raw", is_flag=True, help="Leave csv and tsv cells that spreadsheets would run as they are.")
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
def ask(
    question: str,
    database: Path,
    tables: str,
    no_values: bool,
    format_: Format,
    as_json: bool,
    sql_only: bool,
    limit: int,
    raw: bool,
    output: Path | None,
    level: Literal["off", "metadata", "full"],
    **options: Any,
) -> int:
    """Answer QUESTION from the SQLite file DATABASE.

    The answer goes to standard output, everything else to standard error.

    \b
    planner ask "How many customers are there?" shop.sqlite
    planner ask "Revenue by country" shop.sqlite --format csv > revenue.csv
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    from planner_cli.cli.run import abstained, exit_code, opened

    if not question.strip():
        raise PlannerError("the question is empty")
    if output is not None and not existing_folder_of(output):
        raise PlannerError(f"{output}: cannot be written there", hint="name a file in an existing folder")
    run = RunOptions(**options)
    control = Control(run.max_seconds)
    names = tuple(name.strip() for name in tables.split(",") if name.strip())
    with opened(database, run, samples=0 if no_values else 3, tables=names, rows=limit) as asker:
        answer = asker.ask(question, control)
        code = exit_code(answer, run.min_confidence)
        _remember(asker, question, answer, level)
        with _stream(output) as stream:
            if as_json:
                _print_document(asker, question, answer, limit, code, stream)
            elif code is not ExitCode.ABSTAINED:
                _print_answer(asker, answer, stream, format_, raw=raw, limit=limit, sql_only=sql_only)
    if code is ExitCode.ABSTAINED and run.min_confidence is not None:
        error = abstained(answer, run.min_confidence)
        error.exit_code = code
        raise error
    return code


class _stream:  # noqa: N801 - reads as a function where it is used
    """Standard output, or the file; the file is opened only when there is something to write."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._file: TextIO | None = None

    def __enter__(self) -> TextIO:
        if self.path is None:
            return sys.stdout
        try:
            self._file = self.path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise PlannerError(f"{self.path}: {error.strerror or error}") from error
        return self._file

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()


def _print_document(asker: Asker, question: str, answer: Answer, limit: int, code: ExitCode, stream: TextIO) -> None:
    from planner_cli.ui.document import document
    from planner_cli.ui.jsontext import to_json

    made = document(
        question=question,
        database=asker.database.path.name,
        answer=answer,
        settings=asker.settings,
        models=asker.models,
        rows=ROWS_IN_DOCUMENT,
        answer_rows=limit,
        exit_code=code,
    )
    stream.write(to_json(made, indent=2) + "\n")


def _print_answer(
    asker: Asker, answer: Answer, stream: TextIO, format_: Format, *, raw: bool, limit: int, sql_only: bool
) -> None:
    from planner_cli.ui.answer import show_answer
    from planner_cli.ui.console import is_live, make_console

    stderr = make_console(sys.stderr, color=asker.options.color)
    show_answer(
        answer,
        stdout=make_console(stream, color=asker.options.color),
        stderr=stderr,
        format=format_,
        raw=raw,
        limit=limit,
        sql_only=sql_only,
        details=not asker.options.quiet and (is_live(stderr) or asker.options.verbose),
    )


def _remember(asker: Asker, question: str, answer: Answer, level: Literal["off", "metadata", "full"]) -> None:
    """Write the history; that it cannot be written is a warning, the answer comes first."""
    if level == "off":
        return
    from planner_cli.errors import HistoryError
    from planner_cli.history import History
    from planner_cli.ui.clean import clean

    try:
        with History.open() as history:
            history.record(
                question=question,
                database=asker.database.path,
                answer=answer,
                models=asker.models,
                settings=asker.settings,
                level=level,
            )
    except HistoryError as error:
        with suppress(OSError):
            sys.stderr.write(clean(f"planner: this question is not in the history: {error.message}") + "\n")
