"""Options made from knobs, and the way back: from a command line to :class:`~planner_cli.app.choices.Choices`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from planner_cli.app.choices import Choices, from_environment, method_settings
from planner_cli.app.settings import KNOBS
from planner_cli.cli.arguments import model_names, table_names
from planner_cli.knobs import Group, Knob, Origin

Command = TypeVar("Command", bound=Callable[..., Any])

HEADINGS: dict[Group, str] = {
    "sure": "Answer", "answer": "Answer", "generator": "Models and candidates", "judge": "Judging",
    "plan": "Judging", "method": "Judging", "database": "Database", "redact": "Database", "query": "Database",
    "engine": "Running models here", "cache": "Running models here",
    "server": "A server instead (llama-server, vLLM, ...)", "screen": "Screen",
}  # fmt: skip
"""The heading in the help for the options of a group."""


_ORIGINS: dict[ParameterSource, Origin] = {
    ParameterSource.COMMANDLINE: "command line",
    ParameterSource.ENVIRONMENT: "environment",
    ParameterSource.DEFAULT_MAP: "configuration",
    ParameterSource.DEFAULT: "configuration",
}


class KnobType(click.ParamType):  # type: ignore[type-arg]
    """Reads one value of a knob."""

    def __init__(self, knob: Knob) -> None:
        self.knob = knob
        self.name = {int: "n", float: "x"}.get(knob.kind, "text")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self.knob.parse(value) if isinstance(value, str) else value
        except ValueError as error:
            self.fail(str(error), param, ctx)

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """The words it accepts; names of models, tables and columns; or files."""
        match self.knob.facts.metavar:
            case "MODEL" | "ADAPTER":
                return model_names(incomplete)
            case "A,B" | "TABLE.COLUMN":
                return table_names(ctx, incomplete, columns=self.knob.group == "redact")
            case "FILE":
                return [CompletionItem("", type="file")]
        known = (*self.knob.choices, *(self.knob.facts.words or ()))
        return [CompletionItem(word) for word in known if word.startswith(incomplete)]


class KnobOption(click.Option):
    """The option of a knob. It has no value where it is not given: which source wins is for Choices to decide."""

    def __init__(self, *names: Any, knob: Knob, **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self.knob = knob


class SetOption(click.Option):
    """``--set NAME=VALUE``: the knobs of single planning methods."""


def options(
    *groups: Group, without: Iterable[str] = (), knobs: tuple[Knob, ...] = KNOBS
) -> Callable[[Command], Command]:
    """The options of these groups, for a command that does something with every one of them."""
    left_out = set(without)
    chosen = [knob for knob in knobs if knob.group in groups and knob.name not in left_out]

    def decorate(command: Command) -> Command:
        if any(knob.group == "method" for knob in chosen):
            command = _set_option()(command)
        for knob in reversed([knob for knob in chosen if knob.group != "method"]):
            command = _option(knob)(command)
        return command

    return decorate


def _option(knob: Knob) -> Callable[[Command], Command]:
    facts = knob.facts
    long, text = f"--{knob.name}", facts.help
    attributes: dict[str, Any] = {"metavar": facts.metavar or ("|".join(knob.choices) if knob.choices else None)}
    if knob.kind is bool and not facts.words:
        attributes = {"is_flag": True}
        if opposite := facts.opposite or (f"--no-{knob.name}" if knob.default else None):
            long = f"{long}/{opposite}"
    elif facts.again:
        attributes |= {"multiple": True, "type": KnobType(knob), "callback": _flat}
    else:
        attributes["type"] = KnobType(knob)
    usual = facts.usual or (None if any(knob.default is none for none in (None, (), False)) else shown(knob.default))
    if usual:
        text = f"{text}  [default: {usual}]"
    names = [f"-{facts.short}", long] if facts.short else [long]
    return click.option(*names, knob.keyword, cls=KnobOption, knob=knob, default=None, help=text, **attributes)


def _flat(_context: click.Context, _param: click.Parameter, values: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    return tuple(part for value in values for part in value)


def shown(value: Any) -> str:
    """A default as a person would write it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _set_option() -> Callable[[Command], Command]:
    return click.option(
        "--set", "set_", cls=SetOption, metavar="NAME=VALUE", multiple=True, callback=_checked_set,
        envvar="PLANNER_SET",
        help="Threshold of a planning method, such as race.margin=0.2 or correct.rounds=5; may be repeated.",
    )  # fmt: skip


def _checked_set(_context: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, Any]:
    try:
        return {knob.keyword: value for knob, value in method_settings(values)}
    except ValueError as error:
        raise click.BadParameter(str(error), param=param) from None


def choices_of(context: click.Context) -> Choices:
    """What was chosen for the running command, by whichever source.

    Raises:
        PlannerError: a variable or the configuration file holds what a knob does not take.

    """
    knobs = {each.knob.keyword: each.knob for each in context.command.params if isinstance(each, KnobOption)}
    given = {
        keyword: context.params[keyword]
        for keyword in knobs
        if context.get_parameter_source(keyword) is ParameterSource.COMMANDLINE
    }
    if "set_" in context.params:
        knobs |= {knob.keyword: knob for knob in KNOBS if knob.group == "method"}
    choices = Choices(
        {
            "command line": given,
            "environment": from_environment(knobs.values()),
            "configuration": {
                key: knobs[key].check(value) for key, value in (context.default_map or {}).items() if key in knobs
            },
        }
    )
    if "set_" in context.params:
        source = context.get_parameter_source("set_") or ParameterSource.DEFAULT
        choices = choices.saying(_ORIGINS[source], context.params["set_"])
    return choices


def plain(context: click.Context) -> Mapping[str, Any]:
    """The parameters that are not knobs."""
    special = {each.name for each in context.command.params if isinstance(each, (KnobOption, SetOption))}
    return {name: value for name, value in context.params.items() if name not in special}
