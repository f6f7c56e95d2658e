"""Options that several commands share, and the settings they make.

Each option is also an environment variable, ``PLANNER_`` and its name; the command line wins.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from planner_cli.settings import (
    SELECT_CHOICES,
    DiscriminatorSettings,
    EngineOptions,
    GeneratorSettings,
    Limits,
    PlanSettings,
    Sampling,
    Select,
)

Command = TypeVar("Command", bound=Callable[..., Any])

_GENERATOR = GeneratorSettings()
_DISCRIMINATOR = DiscriminatorSettings()
_LIMITS = Limits()


def _gpu_layers(_context: click.Context, param: click.Parameter, value: str) -> int | None:
    """``auto`` (``None``) or a number of layers."""
    if value == "auto":
        return None
    if not value.isdecimal():
        raise click.BadParameter(f"{value!r} is neither auto nor a number of layers", param=param)
    return int(value)


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
    _option("--no-judge", is_flag=True, help="Load no discriminator; the votes decide."),
    _option("--threads", type=click.IntRange(min=1), help="CPU threads.  [default: physical cores]"),
    _option(
        "--gpu-layers",
        callback=_gpu_layers,
        default="auto",
        show_default=True,
        metavar="auto|N",
        help="Layers on the GPU.",
    ),
    _option(
        "--context", type=click.IntRange(min=64), help="Bound of the KV cache in tokens.  [default: what is needed]"
    ),
)

_PLAN_OPTIONS = (
    _option(
        "-n", "--candidates", type=click.IntRange(1, 64), default=_GENERATOR.candidates, show_default=True,
        help="Queries to sample; the first is greedy.",
    ),
    _option(
        "--budget", type=click.IntRange(min=0), metavar="TOKENS",
        help="Longest thought about a result; 0 judges without thinking.  [default: the model's, "
        f"else {_DISCRIMINATOR.budget}]",
    ),
    _option("--max-seconds", type=float, metavar="S", help="Time limit of the whole question."),
    _option(
        "--select", type=click.Choice(SELECT_CHOICES),
        help="Who wins: the best score, the most equal results, the greedy sample, the first that runs."
        "  [default: the model's, else rerank]",
    ),
    _option(
        "--min-confidence", type=click.FloatRange(0, 1), metavar="P", help="Abstain below this score (exit code 4).",
    ),
    _option("--seed", type=int, default=0, show_default=True, help="Fixes the run."),
    _option(
        "--temperature", type=click.FloatRange(min=0), default=_GENERATOR.sampling.temperature, show_default=True,
        help="Of the generator's samples.",
    ),
    _option("--top-k", type=click.IntRange(min=0), default=_GENERATOR.sampling.top_k, show_default=True),
    _option("--top-p", type=float, default=_GENERATOR.sampling.top_p, show_default=True),
    _option("--min-p", type=float, default=_GENERATOR.sampling.min_p, show_default=True),
    _option("--repeat-penalty", type=float, default=_GENERATOR.sampling.repeat_penalty, show_default=True),
    _option(
        "--max-tokens", type=click.IntRange(min=1), default=_GENERATOR.max_tokens, show_default=True,
        help="Longest query.",
    ),
    _option("--query-seconds", type=float, default=_LIMITS.seconds, show_default=True, help="Time limit of one query."),
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


def run_options(command: Command) -> Command:
    """Everything that says which models run and how."""
    return _apply((*_MODEL_OPTIONS, *_PLAN_OPTIONS, *_SCREEN_OPTIONS), command)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of :func:`run_options`, as click gives them."""

    generator: str
    generator_adapter: str | None
    discriminator: str
    discriminator_adapter: str | None
    no_judge: bool
    threads: int | None
    gpu_layers: int | None
    context: int | None
    candidates: int
    budget: int | None
    max_seconds: float | None
    select: Select | None
    min_confidence: float | None
    seed: int
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repeat_penalty: float
    max_tokens: int
    query_seconds: float
    think: Literal["show", "fold", "hide"] | None
    color: Literal["auto", "always", "never"]
    quiet: bool
    verbose: bool

    def engine(self) -> EngineOptions:
        return EngineOptions(threads=self.threads, gpu_layers=self.gpu_layers, context=self.context)

    def limits(self, rows: int = _LIMITS.rows) -> Limits:
        return Limits(seconds=self.query_seconds, rows=max(rows, _LIMITS.rows))

    def plan(self, *, budget: int | None, select: Select | None, limits: Limits) -> PlanSettings:
        """The settings, with what the models' catalogue entries recommend where the user said nothing."""
        sampling = Sampling(
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            repeat_penalty=self.repeat_penalty,
        )
        chosen = next((b for b in (self.budget, budget) if b is not None), _DISCRIMINATOR.budget)
        fallback: Select = "vote" if self.no_judge else "rerank"
        return PlanSettings(
            generator=GeneratorSettings(candidates=self.candidates, max_tokens=self.max_tokens, sampling=sampling),
            discriminator=DiscriminatorSettings(budget=chosen),
            limits=limits,
            select=self.select or select or fallback,
            seed=self.seed,
            max_seconds=self.max_seconds,
        )


def existing_folder_of(path: Path) -> bool:
    """Whether a file could be written at ``path``: known before a long run, not after it."""
    return path.parent.is_dir() and not path.is_dir()


def debugging() -> bool:
    """Whether PLANNER_DEBUG asks for tracebacks and llama.cpp's log."""
    return os.environ.get("PLANNER_DEBUG", "0") not in {"", "0"}
