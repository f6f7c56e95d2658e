"""Other settings for models that are loaded already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from planner_cli.app.choices import Choices
from planner_cli.app.models import Loaded, Models, Note, advised
from planner_cli.app.settings import BY_KEYWORD
from planner_cli.control import Control
from planner_cli.errors import PlannerError
from planner_cli.knobs import Knob, Origin, with_value

_OF_QUESTIONS = ("plan", "min_confidence")
"""Where the settings are that matter to questions alone."""


def changed(loaded: Loaded, said: Mapping[str, Any], control: Control, note: Note) -> Loaded:
    """The same models with what is ``said``, by keyword; another one is loaded only where that asks for it.

    ``loaded`` is closed if so. A judge may have an adapter for verdicts without a thought, so that a budget asks for
    another one too.

    Raises:
        PlannerError: a setting was used to open the database, or contradicts another one.
        ModelError: a model is missing or cannot be loaded; ``loaded`` can still be used.

    """
    knobs = [BY_KEYWORD[keyword] for keyword in said]
    for knob in knobs:
        if _is_fixed(knob):
            raise PlannerError(f"{knob.name} cannot change while the database is open", hint="open it again with it")
    choices = _with(loaded.choices, said)
    choices.settings()  # refuses what contradicts itself
    asking = all(knob.path[0] in _OF_QUESTIONS for knob in knobs)
    if not loaded.models.local:
        if not asking:
            raise PlannerError("the models of a server cannot change while it is used", hint="open the database again")
        return _adjusted(loaded, choices)
    models = Models(choices, control, note)
    pair = models.pair()
    if asking and pair == loaded.pair:
        return _adjusted(loaded, choices)
    found = _within(models.load(pair), loaded)  # before the old ones are closed: if it fails, they are still there
    loaded.close()
    return found


def _is_fixed(knob: Knob) -> bool:
    return knob.path[0] == "database" or knob.path[:2] == ("plan", "limits")


def _with(choices: Choices, said: Mapping[str, Any]) -> Choices:
    """What is said now wins over whatever source set it before; what the model recommends is asked anew."""
    sources: dict[Origin, dict[str, Any]] = {
        origin: {keyword: value for keyword, value in values.items() if keyword not in said}
        for origin, values in choices.sources.items()
        if origin != "model"
    }
    return Choices(sources).saying("argument", said)


def _adjusted(loaded: Loaded, choices: Choices) -> Loaded:
    choices = advised(choices, loaded.pair[1] if loaded.pair else None)
    return _within(replace(loaded, choices=choices, settings=choices.settings()), loaded)


def _within(found: Loaded, before: Loaded) -> Loaded:
    """Under the limits with which the database was opened."""
    limits = before.settings.plan.limits
    return replace(found, settings=with_value(found.settings, ("plan", "limits"), limits))
