"""How a result is written: the options of every command that prints one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from planner_cli.cli.helping import Plain
from planner_cli.cli.streams import check_target
from planner_cli.errors import PlannerError
from planner_cli.ui.formats import FORMATS, Format

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """What was chosen."""

    format_: Format = "table"
    limit: int = 500
    raw: bool = False
    bom: bool = False
    output: Path | None = None

    def check(self, database: Path, *, as_result: bool = True) -> None:
        """Refuse what makes no sense, before anything runs; ``as_result``: no document or query is written instead.

        Raises:
            PlannerError: the options contradict each other, or the file must not be written to.

        """
        if self.bom and (self.format_ not in {"csv", "tsv"} or not as_result):
            raise PlannerError("--bom is only for csv and tsv", hint="add --format csv")
        if self.output is not None:
            check_target(self.output, database)


_FORMAT = click.option(
    "--format", "format_", cls=Plain, type=click.Choice(FORMATS), default="table", metavar="NAME",
    help=f"{', '.join(FORMATS)}.  [default: table]",
)  # fmt: skip
_LIMIT = click.option(
    "--limit", cls=Plain, type=click.IntRange(min=1), default=500, metavar="ROWS",
    help="Rows of the answer shown.  [default: 500]",
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


def result_options(*, file: bool = True) -> Callable[[Command], Command]:
    """The options; ``file``: with the one that names a file."""

    def decorate(command: Command) -> Command:
        for option in reversed((_FORMAT, _LIMIT, _RAW, _BOM, *((_OUTPUT,) if file else ()))):
            command = option(command)
        return command

    return decorate


def chosen_results(parameters: Mapping[str, Any]) -> ResultOptions:
    """Those of a command's parameters that are about the result."""
    return ResultOptions(
        parameters["format_"], parameters["limit"], parameters["raw"], parameters["bom"], parameters.get("output")
    )
