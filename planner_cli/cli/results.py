"""From an answer to what is printed and returned: exit code, document, answer block, notes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from planner_cli import __version__
from planner_cli.app.checking import Check
from planner_cli.app.choices import Choices
from planner_cli.app.planner import Planner
from planner_cli.cli.result_options import ResultOptions
from planner_cli.cli.screen import ScreenSettings
from planner_cli.cli.signals import Ended
from planner_cli.control import Control
from planner_cli.errors import ExitCode, PlannerError, UnanswerableError
from planner_cli.lexer import as_listed, shortened
from planner_cli.linking.known import unknown_words
from planner_cli.types import Answer, Execution, Question
from planner_cli.ui.answer import Details, show_answer
from planner_cli.ui.console import is_live, make_console
from planner_cli.ui.document import document, error_document
from planner_cli.ui.document_types import OptionsJson
from planner_cli.ui.jsontext import to_json

if TYPE_CHECKING:  # the client of the sandbox costs start-up time
    from planner_cli.database import Database
    from planner_cli.database.block import Block

_MOST_NAMED = 5
"""Words and tables in a line."""
ROWS_IN_DOCUMENT = 20
"""Rows of each candidate's result in the JSON document; the answer's own rows follow --limit."""


def exit_code(planner: Planner, answer: Answer) -> ExitCode:
    """What the process returns for an answer."""
    if answer.best is None:
        refused = all(e.error_kind == "refused" for e in answer.executions)
        return ExitCode.REFUSED if refused and answer.executions else ExitCode.NO_ANSWER
    return ExitCode.OK if planner.is_sure(answer) and planner.is_about(answer) else ExitCode.ABSTAINED


def withheld(planner: Planner, question: Question, answer: Answer) -> PlannerError:
    """The line that goes with :attr:`ExitCode.ABSTAINED`."""
    return abstained(answer, planner.settings.min_confidence or 0.0) if planner.is_about(answer) else _unknown(question)


def abstained(answer: Answer, least: float) -> PlannerError:
    """Why an answer below ``--min-confidence`` is withheld."""
    score = f"{answer.confidence or 0.0:.2f}"
    best = answer.best_candidate
    error = PlannerError(
        f"not sure enough to answer: the confidence is {score}, --min-confidence is {least:g}"
        + (f"; it was: {shortened(best.sql)}" if best else "")
    )
    error.exit_code = ExitCode.ABSTAINED
    return error


def _unknown(question: Question) -> PlannerError:
    schema = question.whole or question.schema
    words = unknown_words(question.with_earlier, schema, question.hints, question.notes)[:_MOST_NAMED]
    tables = ", ".join(as_listed(table.name) for table in schema.tables[:_MOST_NAMED])
    more = ", ..." if len(schema.tables) > _MOST_NAMED else ""
    return UnanswerableError(
        "the database does not seem to know this: no table, column or value in it is called anything like "
        + " or ".join(repr(word) for word in words),
        hint=f"it has {tables}{more}; --min-confidence 0 answers all the same",
    )


def options_json(choices: Choices) -> OptionsJson:
    """What was chosen, for the JSON document."""
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


def versions() -> dict[str, str]:
    """The versions of what affects an answer besides models and settings."""
    # apsw is numbered after the SQLite it brings, with one more part for its own releases
    sqlite = ".".join(version("apsw").split(".")[:3])
    return {"planner": __version__, "llama-cpp-python": version("llama-cpp-python"), "sqlite": sqlite}


def print_document(
    planner: Planner,
    question: Question,
    answer: Answer,
    stream: TextIO,
    *,
    options: OptionsJson,
    limit: int,
    code: ExitCode,
    error: PlannerError | None,
    check: Check | None = None,
) -> None:
    """Write the JSON document; ``error`` says why the answer is not given, ``check`` whose answer it is."""
    made = document(
        question=question.text,
        database=planner.database.path.name,
        answer=answer,
        settings=planner.plan,
        models=planner.models,
        versions=versions(),
        options=options,
        rows=ROWS_IN_DOCUMENT,
        answer_rows=limit,
        exit_code=code,
        abstained=error,
        mentioned=question.hints,
        check=None if check is None else (check.sql, check.better),
    )
    stream.write(to_json(made, indent=2) + "\n")


def print_error_document(
    error: PlannerError, question: str, database: str, stream: TextIO, options: OptionsJson
) -> None:
    """Write the JSON document of a run that ended before there was an answer."""
    status = error.status if isinstance(error, Ended) else None
    made = error_document(
        error, question=question, database=database, versions=versions(), options=options, exit_code=status
    )
    stream.write(to_json(made, indent=2) + "\n")


def print_answer(
    planner: Planner,
    answer: Answer,
    screen: ScreenSettings,
    stream: TextIO,
    results: ResultOptions,
    *,
    limit_option: str | None = "--limit",
    sql_only: bool = False,
    details: Details | None = None,
    whole: Iterable[Block] | None = None,
) -> None:
    """Write the result to ``stream``, and as much as the options request to standard error.

    ``whole`` are all rows of the result, where more of them are wanted than were fetched.
    """
    stderr = screen.console()
    usual: Details = "full" if is_live(stderr) or screen.verbose else "brief"
    show_answer(
        answer,
        stdout=make_console(stream, color=screen.color),
        stderr=stderr,
        format=results.format,
        raw=results.raw,
        bom=results.bom,
        limit=results.rows,
        limit_option=limit_option,
        sql_only=sql_only,
        details="none" if screen.quiet else details or usual,
        untrained=planner.untrained,
        unasked=planner.unasked,
        whole=whole,
        pager=results.pager,
    )
    stream.flush()


def wanted(
    database: Database, sql: str | None, execution: Execution | None, results: ResultOptions, screen: ScreenSettings,
    control: Control,
) -> Iterator[Block] | None:  # fmt: skip
    """All rows of a result where more of them are wanted than were fetched, else ``None``.

    A live screen counts them where nothing else is written to it.
    """
    if sql is None or execution is None or not results.wants_more(execution):
        return None
    blocks = database.whole(sql, execution, control)
    counts = screen.mode == "live" and not sys.stdout.isatty() and execution.truncated
    return _counting(blocks, screen) if counts else blocks


def _counting(blocks: Iterator[Block], screen: ScreenSettings) -> Iterator[Block]:
    rows = 0
    with screen.console().status("writing rows") as status:
        for each in blocks:
            yield each
            rows += len(each)
            status.update(f"{rows:,} rows written")


def print_warnings(screen: ScreenSettings, answer: Answer) -> None:
    """Write the answer's warnings to standard error, unless the screen has shown them or they are unwanted."""
    if screen.mode == "quiet":
        for warning in answer.warnings:
            screen.note(warning)
