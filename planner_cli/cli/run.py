"""The benchmarks' models, from their options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from planner_cli.app.choices import Choices
from planner_cli.cli.run_options import RunOptions
from planner_cli.cli.signals import interruptible
from planner_cli.settings import PlanSettings
from planner_cli.types import ModelInfo

if TYPE_CHECKING:  # each of these costs start-up time
    from planner_cli.app.models import Loaded
    from planner_cli.discriminator import Discriminator
    from planner_cli.generator import Generator
    from planner_cli.settings import Limits

__all__ = ["interruptible", "load_judge", "load_models"]


def load_models(
    options: RunOptions, limits: Limits
) -> tuple[Generator, Discriminator | None, tuple[ModelInfo, ...], PlanSettings]:
    """Both models by the options, and the settings with what they recommend."""
    from planner_cli.app.models import Models

    loaded = Models(_choices(options)).load()
    if loaded.generator is None:
        raise RuntimeError("no generator was loaded")
    return loaded.generator, loaded.discriminator, loaded.infos, _planned(loaded, limits)


def load_judge(options: RunOptions, limits: Limits) -> tuple[Discriminator, ModelInfo, PlanSettings]:
    """The discriminator alone, and the settings it recommends."""
    from planner_cli.app.models import Models

    loaded = Models(_choices(options)).load_judge()
    if loaded.discriminator is None:
        raise RuntimeError("no discriminator was loaded")
    return loaded.discriminator, loaded.infos[0], _planned(loaded, limits)


def _planned(loaded: Loaded, limits: Limits) -> PlanSettings:
    return replace(loaded.settings.plan, limits=limits)


def _choices(options: RunOptions) -> Choices:
    said: dict[str, Any] = {name: getattr(options, name) for name in options.__slots__ if name not in _OTHERWISE}
    said |= {"engine": options.engine_kind, "flash_attention": options.engine().flash_attention}
    said |= {name.replace(".", "_"): value for name, value in options.method_settings}
    return Choices({"command line": {name: value for name, value in said.items() if value is not None}})


_OTHERWISE = {"engine_kind", "flash_attention", "method_settings", "think", "color", "quiet", "verbose"}
