"""Help in two lengths: ``--help`` shows what people use, ``--help-all`` every option."""

from __future__ import annotations

from typing import Any

import click

from planner_cli.cli.options import HEADINGS, KnobOption, SetOption
from planner_cli.cli.output import say

_ALL, _HELP = "planner_cli.help_all", "Help"


class Plain(click.Option):
    """An option that is not a knob, with its place in the help."""

    def __init__(self, *names: Any, heading: str = "Answer", main: bool = True, **attributes: Any) -> None:
        super().__init__(*names, **attributes)
        self.heading = heading
        self.main = main


class LongCommand(click.Command):
    """A command with so many options that its usual help leaves most of them out."""

    def __init__(self, *arguments: Any, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.params.append(
            click.Option(
                ["--help-all"], is_flag=True, is_eager=True, expose_value=False, callback=_show_all,
                help="Show every option and exit.",
            )
        )  # fmt: skip

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Under headings, in the order in which these first occur."""
        found: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            if isinstance(param, click.Argument):
                continue
            record = param.get_help_record(ctx)
            heading, main = _place(param)
            if record is not None and (main or ctx.meta.get(_ALL)):
                found.setdefault(heading, []).append(record)
        found[_HELP] = found.pop(_HELP)  # last
        for heading, records in found.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def _place(param: click.Parameter) -> tuple[str, bool]:
    if isinstance(param, KnobOption):
        return HEADINGS[param.knob.group], param.knob.facts.main
    if isinstance(param, SetOption):
        return HEADINGS["method"], False
    if isinstance(param, Plain):
        return param.heading, param.main
    return (_HELP if param.is_eager else "Options"), True


def _show_all(context: click.Context, _param: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        context.meta[_ALL] = True
        say(context.get_help())
        context.exit()
