"""What the commands that make runs accept, and what they were asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from planner_cli.app.choices import Choices
from planner_cli.cli.options import choices_of, options, plain
from planner_cli.cli.screen import KNOBS as SCREEN_KNOBS
from planner_cli.cli.screen import ScreenSettings
from planner_cli.knobs import Checked, Group, Range, knob, knobs_of
from planner_cli.settings import MODE_CHOICES, Mode

Command = TypeVar("Command", bound=Callable[..., Any])
PROMPTS = (
    "chat", "paper", "yesno", "compact-values", "compact-verdict", "compact-check", "chat-check", "likelihood",
    "likelihood-chat",
)  # fmt: skip
"""The discriminator's prompt families that judge one candidate."""
_RUNNING: tuple[Group, ...] = ("redact", "query", "engine", "server")
LADDER = (0, 16, 32, 64, 128, 256, 512, 1024, 2048)


@dataclass(frozen=True, slots=True)
class EvaluationSettings(Checked):
    """How gold queries are run."""

    gold_seconds: float = knob(
        60.0, "Time limit of a gold query; those over it are set aside.", "query", metavar="S",
        within=Range(0, low_open=True),
    )  # fmt: skip


(GOLD_SECONDS,) = knobs_of(EvaluationSettings)


@dataclass(frozen=True, slots=True)
class Request:
    """What a bench command was asked to do."""

    choices: Choices
    screen: ScreenSettings
    data: str
    out: Path | None
    part: str | None
    data_format: str | None
    database: Path | None
    limit: int | None
    shard: str | None
    strict: bool
    mode: Mode
    prompt: str | None
    no_schema: bool
    thoughts: bool
    ladder: tuple[int, ...] | None = None
    """Budgets at which scores are read along the way; ``None`` reads them as ``planner ask`` does, in its time."""
    oracle: float | None = None
    """Accuracy of an oracle that judges instead of the discriminator."""

    @property
    def gold_seconds(self) -> float:
        """Time limit of a gold query."""
        seconds: float = self.choices.of(GOLD_SECONDS).value
        return seconds

    @property
    def redact(self) -> tuple[str, ...]:
        """Columns that read as NULL."""
        columns: tuple[str, ...] = self.choices["redact"].value
        return columns


def request(context: click.Context, *, budget: int | None = None, **more: Any) -> Request:
    """From the running command; ``budget`` where it has no such option, ``more`` are fields of :class:`Request`.

    Raises:
        PlannerError: an option is out of its range, or two contradict each other.

    """
    # A state of a prompt from the disk would be timed as if it had been computed.
    choices = choices_of(context).saying("argument", {"cache_mib": 0} | ({} if budget is None else {"budget": budget}))
    choices.settings()  # refuses what cannot be meant, before anything is loaded
    own = {name: value for name, value in plain(context).items() if name in Request.__slots__}
    return Request(**{"choices": choices, "screen": ScreenSettings.of(choices), **own, **more})


# ------------------------------------------------------------------------------------------------ options


def judge_knobs(*, without: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """For a command that measures a judge alone: it thinks greedily, about candidates that are given."""
    return _knobs("judge", *_RUNNING, without=("no-judge", *without))


def plan_knobs(*, without: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """For a command that answers questions with the whole planner."""
    return _knobs("generator", "judge", "plan", "method", *_RUNNING, without=without)


def _knobs(*groups: Group, without: tuple[str, ...]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        command = options("screen", knobs=SCREEN_KNOBS, without=("think", "verbose"))(command)
        return options(*groups, without=without)(command)

    return decorate


def data_options(command: Command) -> Command:
    """What every command that makes a run takes."""
    for option in reversed(
        (
            click.argument("data", default="demo"),
            click.option(
                "-o", "--out", type=click.Path(path_type=Path), help="Folder of the run.  [default: runs/...]"
            ),
            click.option("--part", help="A part of the data, such as public or dev."),
            click.option("--data-format", metavar="NAME", help="Format of DATA, if it is not recognised."),
            click.option("--database", type=click.Path(path_type=Path), help="For data that name no database."),
            click.option("--limit", type=click.IntRange(min=1), help="This many questions, spread over the data."),
            click.option("--shard", metavar="I/N", help="The I-th of N parts, for several machines."),
            click.option(
                "--strict",
                is_flag=True,
                help="Stop at the first question that cannot be measured, instead of setting it aside.",
            ),
            options("query", knobs=(GOLD_SECONDS,)),
        )
    ):  # fmt: skip
        command = option(command)
    return command


def judge_options(command: Command) -> Command:
    for option in reversed(
        (
            click.option("--mode", type=click.Choice(MODE_CHOICES), default="pro", show_default=True,
                         help="check and pro rule out what cannot run, exec and pro show results."),
            click.option("--prompt", type=click.Choice(PROMPTS),
                         help="paper: in the published form; yesno reads P(yes) without thinking; likelihood asks "
                         "nothing and reads P(query) from a generator."),
            click.option("--no-schema", is_flag=True, help="Leave the schema out of the judge's prompt."),
            click.option("--thoughts", is_flag=True, help="Keep the text of thoughts in the run."),
        )
    ):  # fmt: skip
        command = option(command)
    return command
