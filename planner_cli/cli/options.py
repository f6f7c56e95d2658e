"""Options that several commands share, and the settings they make.

Each option is also an environment variable, ``PLANNER_`` and its name; the command line wins.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

import click

from planner_cli.cli.method_settings import check_set
from planner_cli.lexer import ListedName, NameListError, listed_names
from planner_cli.settings import (
    SELECT_CHOICES,
    DiscriminatorSettings,
    GeneratorSettings,
    KvType,
    Limits,
    ServerOptions,
)

Command = TypeVar("Command", bound=Callable[..., Any])

_GENERATOR = GeneratorSettings()
_DISCRIMINATOR = DiscriminatorSettings()
_LIMITS = Limits()

CACHE_MIB = 1024
"""Room for some 70 schemas of 600 tokens under the built-in pair, 35 under a 1.5B model."""


class _Whole(click.IntRange):
    """A whole number in a range; says so when it is none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            number = int(str(value))  # a configuration file's 3.7 is none either
        except ValueError:
            self.fail(f"{value!r} is not a whole number", param, ctx)
        return super().convert(number, param, ctx)


class _Real(click.FloatRange):
    """A finite number in a range: a time limit of ``inf`` seconds is no time limit."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            number = float(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a number", param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return super().convert(number, param, ctx)


POSITIVE = _Real(min=0, min_open=True)


class GpuLayers(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4 only
    """``auto`` (``None``) or a number of layers."""

    name = "layers"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | None:
        if value == "auto":
            return None
        if not str(value).isdecimal():
            self.fail(f"{value!r} is neither auto nor a number of layers", param, ctx)
        return int(value)


class _ReasoningFormat(click.ParamType[str]):
    """A name of :data:`planner_cli.engine.chat.REASONING_FORMATS`, which is imported where one is given."""

    name = "format"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from planner_cli.engine.chat import REASONING_FORMATS

        names = [each.name for each in REASONING_FORMATS]
        if value not in names:
            self.fail(f"unknown reasoning format {value!r}; known: {', '.join(names)}", param, ctx)
        return str(value)


def _option(*names: str, **attributes: Any) -> Callable[[Command], Command]:
    """A click option that reads its environment variable as well."""
    long = next(n for n in names if n.startswith("--")).split("/")[0]
    variable = "PLANNER_" + long.lstrip("-").replace("-", "_").upper()
    return click.option(*names, envvar=variable, **attributes)


_MODEL_OPTIONS = (
    _option("--generator", default="builtin", show_default=True, metavar="MODEL", help="Catalogue name or .gguf file."),
    _option("--generator-adapter", metavar="ADAPTER", help="LoRA adapter over the generator."),
    _option(
        "--discriminator", default="builtin", show_default=True, metavar="MODEL", help="Catalogue name or .gguf file."
    ),
    _option("--discriminator-adapter", metavar="ADAPTER", help="LoRA adapter over the discriminator."),
    _option(
        "--reasoning",
        type=_ReasoningFormat(),
        metavar="FORMAT",
        help="How the discriminator marks its thoughts (think, none, ...), where its chat template does not say.",
    ),
    _option("--no-judge", is_flag=True, help="Load no discriminator; the votes decide."),
    _option("--threads", type=_Whole(min=1), help="CPU threads.  [default: cores that are free]"),
    _option(
        "--gpu-layers",
        type=GpuLayers(),
        default="auto",
        show_default=True,
        metavar="auto|N",
        help="Layers on the GPU.",
    ),
    _option("--context", type=_Whole(min=64), help="Bound of the KV cache in tokens.  [default: what is needed]"),
    _option(
        "--kv", type=click.Choice(get_args(KvType)), default="f16", show_default=True,
        help="Numbers of the KV cache.  On a CPU the smaller ones are slower.",
    ),
    _option(
        "--flash-attention", type=click.Choice(["auto", "on", "off"]), default="auto", show_default=True,
        help="auto: on a GPU, and where memory needs it.",
    ),
)  # fmt: skip

_ENGINE_OPTIONS = (
    _option(
        "--engine", "engine_kind", type=click.Choice(["llama", "server"]), default="llama", show_default=True,
        help="llama.cpp in this process, or a server you name.",
    ),
    _option("--url", metavar="URL", help="Of the server: llama-server, vLLM, or another with the completions API."),
    _option("--discriminator-url", metavar="URL", help="Of the discriminator's server, if it is another."),
    _option("--allow-network", is_flag=True, help="Let the server be another machine: prompts are sent there."),
    _option("--server-model", metavar="NAME", help="Under which name it serves the model.  [default: its first]"),
    _option(
        "--server-timeout", type=POSITIVE, default=ServerOptions("").timeout, show_default=True, metavar="S",
        help="Longest silence of the server.",
    ),
    _option(
        "--concurrency", type=_Whole(1, 256), default=ServerOptions("").concurrency, show_default=True,
        help="Requests to it at once.",
    ),
    _option(
        "--chat-template", type=click.Path(path_type=Path), metavar="FILE",
        help="Jinja file or .gguf with the chat template, where the server does not tell its own.",
    ),
)  # fmt: skip

_PLAN_OPTIONS = (
    _option(
        "-n", "--candidates", type=_Whole(1, 64), default=_GENERATOR.candidates, show_default=True,
        help="Queries to sample; the first is greedy.",
    ),
    _option(
        "--budget", type=_Whole(0, 32_768), metavar="TOKENS",
        help="Longest thought about a result; 0 judges without thinking.  [default: the model's, "
        f"else {_DISCRIMINATOR.budget}]",
    ),
    _option("--max-seconds", type=POSITIVE, metavar="S", help="Time limit of the whole question."),
    _option(
        "--select", type=click.Choice(SELECT_CHOICES),
        help="Who wins: the best score, the most equal results, the greedy sample, the first that runs."
        "  [default: the model's, else rerank]",
    ),
    _option(
        "--set", "method_settings", multiple=True, metavar="NAME=VALUE", callback=check_set,
        help="Threshold of a planning method, such as race.margin=0.2 or correct.rounds=5; may be repeated.",
    ),
    _option(
        "--min-confidence", type=_Real(0, 1), metavar="P", help="Abstain below this score (exit code 4).",
    ),
    _option("--seed", type=int, default=0, show_default=True, help="Fixes the run."),
    _option(
        "--temperature", type=_Real(min=0), default=_GENERATOR.sampling.temperature, show_default=True,
        help="Of the generator's samples.",
    ),
    _option("--top-k", type=_Whole(min=0), default=_GENERATOR.sampling.top_k, show_default=True),
    _option("--top-p", type=_Real(0, 1, min_open=True), default=_GENERATOR.sampling.top_p, show_default=True),
    _option("--min-p", type=_Real(0, 1, max_open=True), default=_GENERATOR.sampling.min_p, show_default=True),
    _option("--repeat-penalty", type=POSITIVE, default=_GENERATOR.sampling.repeat_penalty, show_default=True),
    _option(
        "--max-tokens", type=_Whole(min=1), default=_GENERATOR.max_tokens, show_default=True,
        help="Longest query.",
    ),
    _option(
        "--mend/--no-mend", default=_GENERATOR.mend, show_default=True,
        help="Try a query that names what does not exist with the nearest names as well.",
    ),
    _option(
        "--constrain", type=_Whole(min=0), default=_GENERATOR.constrained, show_default=True, metavar="N",
        help="Let N of the samples, the last ones, name only tables and columns that exist (built-in generator).",
    ),
    _option(
        "--query-seconds", type=POSITIVE, default=_LIMITS.seconds, show_default=True, help="Time limit of one query.",
    ),
)  # fmt: skip

_SCREEN_OPTIONS = (
    _option(
        "--think", type=click.Choice(["show", "fold", "hide"]),
        help="The chain of thought: kept on the screen, shown while it runs, or not at all.  "
        "[default: fold on a terminal, else hide]",
    ),
    _option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True),
    _option("-q", "--quiet", is_flag=True, help="Only the answer."),
    _option("-v", "--verbose", is_flag=True, help="One line an event, and llama.cpp's log, instead of the screen."),
)  # fmt: skip


def _apply(options: tuple[Callable[[Any], Any], ...], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


_CACHE_OPTIONS = (
    _option(
        "--cache-mib", type=_Whole(min=0), default=CACHE_MIB, show_default=True,
        help="Disk for the states of prompts (planner cache), so that the next question on a database starts at once; "
        "0 keeps none.",
    ),
)  # fmt: skip


class _Names(click.ParamType[str]):
    """Names with commas between them; an environment variable holds one such list, with blanks as in a name."""

    name = "names"

    def split_envvar_value(self, rv: str) -> Sequence[str]:
        return [rv]


def listed(param: click.Parameter, text: str) -> tuple[ListedName, ...]:
    """The names of a list, or the usage error that says what is wrong with it."""
    try:
        return listed_names(text)
    except NameListError as error:
        hint = 'what holds a dot or comma is quoted as in SQL: "a,b"'
        raise click.BadParameter(f"{error}; {hint}", param=param) from error


def _columns(_context: click.Context, param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Each of the columns by itself, as it was written."""
    return tuple(name.text for text in value for name in listed(param, text))


def redact_option(command: Command) -> Command:
    """For every command that asks a user's database."""
    option = _option(
        "--redact",
        type=_Names(),
        metavar="TABLE.COLUMN",
        multiple=True,
        callback=_columns,
        help="Let this column read as NULL everywhere: prompts, results, exports, history, runs.  May be given again, "
        "or with commas; names that hold a dot or comma are quoted as in SQL.",
    )
    return option(command)


def run_options(command: Command) -> Command:
    """Everything that says which models run and how."""
    return _apply((*_MODEL_OPTIONS, *_ENGINE_OPTIONS, *_PLAN_OPTIONS, *_SCREEN_OPTIONS), command)


def run_options_without(*names: str) -> Callable[[Command], Command]:
    """Those of :func:`run_options` that mean something to a command: all but ``names``, as its parameters are called.

    The command is called with their defaults nevertheless.
    """

    def decorate(command: Command) -> Command:
        every = _parameters_of_a_run()
        absent = _defaults([parameter for parameter in every if parameter.name in names])
        assert len(absent) == len(names), names

        @functools.wraps(command)
        def called(**options: Any) -> Any:
            return command(**absent, **options)

        for parameter in reversed([parameter for parameter in every if parameter.name not in names]):
            called.__click_params__ = [*getattr(called, "__click_params__", []), parameter]  # type: ignore[attr-defined]
        return cast("Command", called)

    return decorate


def _parameters_of_a_run() -> list[click.Parameter]:
    return click.command()(run_options(lambda **_: None)).params


def _defaults(parameters: list[click.Parameter]) -> dict[str, Any]:
    """Their values where nobody set them, not the environment either."""
    for parameter in parameters:
        parameter.envvar = None
    return click.Command("none", params=parameters, add_help_option=False).make_context("none", []).params


def cache_options(command: Command) -> Command:
    """What a benchmark does without: a state from the disk would be timed as if it had been computed."""
    return _apply(_CACHE_OPTIONS, command)
