"""Queries of the user's own: read, run in the sandbox, and printed as an answer is."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from planner_cli.app.choices import Choices
from planner_cli.app.opening import noted, open_database
from planner_cli.app.settings import Settings
from planner_cli.cli.result_options import ResultOptions
from planner_cli.cli.screen import ScreenSettings
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.lexer import is_blank
from planner_cli.tomlfile import read_text
from planner_cli.types import Execution
from planner_cli.ui.answer import show_result
from planner_cli.ui.console import make_console, print_note

if TYPE_CHECKING:  # the client of the sandbox costs start-up time
    from planner_cli.database import Database
    from planner_cli.database.block import Block

_ENDINGS = (".sql",)
_CODES = {"refused": ExitCode.REFUSED, "time": ExitCode.TIME_LIMIT}


def read_query(text: str, database: Path) -> str:
    """The query that an argument stands for: itself, the contents of a .sql file, or standard input for ``-``.

    Raises:
        PlannerError: there is none, or the file cannot be read.

    """
    if text == "-":
        sql = sys.stdin.read()
    elif text.lower().endswith(_ENDINGS) and len(text.split()) == 1:
        if not Path(text).is_file():
            raise PlannerError(f"there is no file {text}", hint="QUERY is SQL, a file that ends in .sql, or -")
        sql = read_text(Path(text))
    else:
        sql = text
    if is_blank(sql):
        raise PlannerError("the query is empty", hint=f'planner sql "select ..." {database}')
    return sql


@contextmanager
def opened_alone(
    path: Path, choices: Choices, screen: ScreenSettings, *, rows: int | None, samples: int = 0
) -> Iterator[Database]:
    """The database without any model.

    Raises:
        DatabaseError: the file cannot be used, or a column to redact is not in it.

    """
    settings: Settings = choices.settings()
    limits = settings.plan.limits.with_rows(rows)
    with open_database(path, settings.database, limits, screen.note, samples=samples) as database:
        noted(database, screen.note)
        yield database


def print_execution(
    execution: Execution,
    screen: ScreenSettings,
    stream: TextIO,
    results: ResultOptions,
    *,
    limit_option: str | None = "--limit",
    whole: Iterable[Block] | None = None,
) -> None:
    """Write a result to ``stream``, and to standard error what should be known about it.

    ``whole`` are all its rows, where more of them are wanted than were fetched.
    """
    stderr = screen.console()
    show_result(
        execution,
        stdout=make_console(stream, color=screen.color),
        stderr=stderr,
        format=results.format,
        raw=results.raw,
        bom=results.bom,
        limit=results.rows,
        limit_option=limit_option,
        whole=whole,
        pager=results.pager,
    )
    if not screen.quiet:
        for note in (*(() if execution.rows else ("0 rows",)), *(doubt.text for doubt in execution.doubts)):
            print_note(stderr, note)


def failure(execution: Execution, *, seconds_option: str = "--query-seconds") -> PlannerError:
    """Why a query gave no result, with the exit code that says so."""
    kind = execution.error_kind or "other"
    error = PlannerError(
        execution.error or "no result", hint=f"{seconds_option} gives it more" if kind == "time" else None
    )
    error.exit_code = _CODES.get(kind, ExitCode.NO_ANSWER)
    return error
