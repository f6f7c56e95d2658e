"""How a result is written: the options of every command that prints one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from planner_cli.cli.helping import Plain
from planner_cli.cli.streams import check_target
from planner_cli.errors import PlannerError
from planner_cli.types import Execution
from planner_cli.ui.formats import EVERY_FORMAT, FILES, Format, format_of
from planner_cli.ui.picture import check_matplotlib

PAGE = 500
"""Rows on a screen."""

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """What was chosen."""

    format_: Format | None = None
    """``None``: what the file's ending says, else a table."""
    limit: int | None = None
    """``None``: a page on a screen, every row in a file or a pipe."""
    raw: bool = False
    bom: bool = False
    output: Path | None = None
    pages: bool = True

    @property
    def pager(self) -> Callable[[str], None] | None:
        """What shows a result that is longer than the screen: $PAGER, or less."""
        return click.echo_via_pager if self.pages and sys.stdin.isatty() else None

    @property
    def format(self) -> Format:
        return self.format_ or (format_of(self.output) if self.output is not None else "table")

    @property
    def rows(self) -> int | None:
        """Rows written at most; ``None``: all there are."""
        to_screen = self.output is None and sys.stdout.isatty()
        return PAGE if self.limit is None and to_screen else self.limit

    def wants_more(self, execution: Execution) -> bool:
        """Whether more rows are wanted than a candidate's limits let through."""
        return self.rows is None or self.rows > len(execution.rows)

    def check(self, database: Path, *, as_result: bool = True) -> None:
        """Refuse what makes no sense, before anything runs; ``as_result``: no document or query is written instead.

        Raises:
            PlannerError: the options contradict each other, or the file must not be written to.

        """
        if self.format in FILES and self.output is None:
            raise PlannerError(f"--format {self.format} is for files", hint=f"add -o FILE.{self.format}")
        if self.format in {"png", "svg"}:
            check_matplotlib()
        if self.bom and (self.format not in {"csv", "tsv"} or not as_result):
            raise PlannerError("--bom is only for csv and tsv", hint="add --format csv")
        if self.output is not None:
            check_target(self.output, database)


_FORMAT = click.option(
    "--format", "format_", cls=Plain, type=click.Choice(EVERY_FORMAT), metavar="NAME",
    help=f"{', '.join(EVERY_FORMAT)}.  [default: FILE's ending, else table]",
)  # fmt: skip
_PLOT = click.option(
    "--plot", cls=Plain, is_flag=True,
    help="Draw the result; with -o FILE.png or .svg as a picture.",
)  # fmt: skip
_LIMIT = click.option(
    "--limit", cls=Plain, type=click.IntRange(min=1), metavar="ROWS",
    help=f"Rows shown.  [default: {PAGE} on a screen or as JSON, else all]",
)  # fmt: skip
_RAW = click.option(
    "--raw", cls=Plain, main=False, is_flag=True,
    help="Leave csv and tsv cells that spreadsheets would run as they are.",
)  # fmt: skip
_BOM = click.option(
    "--bom", cls=Plain, main=False, is_flag=True,
    help="Begin csv and tsv with a byte order mark, so that Excel reads UTF-8.",
)  # fmt: skip
_OUTPUT = click.option(
    "-o", "--output", cls=Plain, type=click.Path(path_type=Path), metavar="FILE", help="Write the answer to a file."
)

_PAGER = click.option(
    "--pager/--no-pager", cls=Plain, main=False, default=True,
    help="Show a result that is longer than the screen through $PAGER.  [default: on]",
)  # fmt: skip


def result_options(*, file: bool = True) -> Callable[[Command], Command]:
    """The options; ``file``: with the one that names a file."""

    def decorate(command: Command) -> Command:
        for option in reversed((_FORMAT, _PLOT, _LIMIT, _RAW, _BOM, _PAGER, *((_OUTPUT,) if file else ()))):
            command = option(command)
        return command

    return decorate


def chosen_results(parameters: Mapping[str, Any]) -> ResultOptions:
    """Those of a command's parameters that are about the result."""
    output: Path | None = parameters.get("output")
    format_: Format | None = parameters["format_"]
    if parameters["plot"]:
        is_picture = output is not None and format_of(output) in {"png", "svg"}
        format_ = None if is_picture else "plot"
    return ResultOptions(
        format_, parameters["limit"], parameters["raw"], parameters["bom"], output, parameters["pager"]
    )
