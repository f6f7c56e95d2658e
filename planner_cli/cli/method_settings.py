"""``--set NAME=VALUE``: the thresholds of single planning methods, such as ``race.margin=0.2``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeAlias, TypeVar

import click

from planner_cli.settings import CorrectSettings, DiscriminatorSettings, PlanSettings, RaceSettings, TreeSettings

Chosen: TypeAlias = tuple[tuple[str, float], ...]
"""Names and values."""

_Settings = TypeVar("_Settings", RaceSettings, CorrectSettings, TreeSettings)

_GROUPS: dict[str, RaceSettings | CorrectSettings | TreeSettings] = {
    "race": RaceSettings(),
    "correct": CorrectSettings(),
    "tree": TreeSettings(),
}

NAMES: dict[str, type[int | float]] = {
    f"{group}.{field.name}": type(getattr(defaults, field.name))
    for group, defaults in _GROUPS.items()
    for field in fields(defaults)
}
"""What can be set, each with its type, in the order of the settings."""


def check_set(_context: click.Context, param: click.Parameter, values: Sequence[str]) -> Chosen:
    """The settings by name. A click callback: raises :class:`click.BadParameter` for what is unknown or no number."""
    found: dict[str, float] = {}
    for value in values:
        name, _, text = value.partition("=")
        if name not in NAMES:
            raise click.BadParameter(f"there is no setting {name!r}; known: {', '.join(NAMES)}", param=param)
        try:
            found[name] = NAMES[name](text)
        except ValueError:
            kind = "a whole number" if NAMES[name] is int else "a number"
            raise click.BadParameter(f"{name} is {text!r}, but must be {kind}", param=param) from None
    return tuple(found.items())


def with_method_settings(plan: PlanSettings, chosen: Chosen) -> PlanSettings:
    """The plan with the thresholds that were set.

    Raises:
        PlannerError: one is out of its range.

    """
    race = _changed(plan.discriminator.race, "race", chosen)
    discriminator: DiscriminatorSettings = replace(plan.discriminator, race=race)
    return replace(
        plan,
        discriminator=discriminator,
        correct=_changed(plan.correct, "correct", chosen),
        tree=_changed(plan.tree, "tree", chosen),
    )


def _changed(settings: _Settings, group: str, chosen: Chosen) -> _Settings:
    own: dict[str, Any] = {name.partition(".")[2]: value for name, value in chosen if name.startswith(f"{group}.")}
    return replace(settings, **own)
