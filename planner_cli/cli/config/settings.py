"""The settings of a command as it would see them, and the keys that name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from planner_cli.app.configuration import COMMON, load_defaults
from planner_cli.app.settings import KNOBS
from planner_cli.cli.config_file import Key, commands, keys, meant, spelled, spread
from planner_cli.cli.options import KnobOption, SetOption, choices_of
from planner_cli.errors import PlannerError
from planner_cli.knobs import Knob

USUAL = ("ask",)
"""The command that is meant where none is named."""
METHODS = {knob.name: knob for knob in KNOBS if knob.group == "method"}
"""What a list under the key ``set`` holds, each by its own name."""
_ORIGINS = {ParameterSource.ENVIRONMENT: "environment", ParameterSource.DEFAULT_MAP: "configuration"}


@dataclass(frozen=True, slots=True)
class Setting:
    """A value in effect."""

    name: str
    value: Any
    origin: str
    """As in :data:`planner_cli.knobs.Origin`."""
    place: str | None
    """The variable, or the table of the file."""


def root_of(context: click.Context) -> click.Group:
    root = context.find_root().command
    assert isinstance(root, click.Group), "planner"
    return root


def default_map_of(context: click.Context) -> dict[str, Any]:
    return spread(load_defaults(), root_of(context))


def command_of(context: click.Context, where: Sequence[str]) -> click.Command:
    found: click.Command = root_of(context)
    for at, name in enumerate(where):
        known = found.commands if isinstance(found, click.Group) else {}
        if name not in known:
            raise PlannerError(
                f"there is no command planner {' '.join(where[: at + 1])}", hint=meant(name, known, tuple(where[:at]))
            )
        found = known[name]
    if isinstance(found, click.Group):
        first = next(iter(found.commands))
        raise PlannerError(
            f"planner {' '.join(where)} has no settings, only commands", hint=f"for example {' '.join((*where, first))}"
        )
    return found


def split_key(context: click.Context, key: str) -> tuple[tuple[str, ...], str]:
    """The command and the name of which a key is made; no command where it names none."""
    parts, at = key.split("."), 0
    found: click.Command = root_of(context)
    if parts[0] == COMMON and len(parts) > 1:
        at = 1
    while at < len(parts) - 1 and isinstance(found, click.Group) and parts[at] in found.commands:
        found, at = found.commands[parts[at]], at + 1
    if at and isinstance(found, click.Group) and len(parts) > at + 1:
        command_of(context, parts[: at + 1])  # says that there is none
    return tuple(parts[:at]), spelled(".".join(parts[at:]))


def settings_of(context: click.Context, where: Sequence[str]) -> list[Setting]:
    """Every setting of a command, as it would be if it were run with no option."""
    command_of(context, where)
    at = click.Context(root_of(context), info_name="planner")
    at.default_map = default_map_of(context)
    for name in where:
        group = at.command
        assert isinstance(group, click.Group), "it was found"
        at = group.commands[name].make_context(name, [], parent=at, resilient_parsing=True)
    return list(_of_context(at, where))


def _of_context(at: click.Context, where: Sequence[str]) -> Iterator[Setting]:
    choices = choices_of(at)
    for name, option in keys(at.command).items():
        if isinstance(option, KnobOption):
            chosen = choices.of(option.knob)
            place = option.knob.variable if chosen.origin == "environment" else None
            yield Setting(
                name, _in_words(option.knob, chosen.value), chosen.origin, place or _table(chosen.origin, where, name)
            )
        elif isinstance(option, SetOption):
            for knob in METHODS.values():
                chosen = choices.of(knob)
                place = "PLANNER_SET" if chosen.origin == "environment" else None
                yield Setting(knob.name, chosen.value, chosen.origin, place or _table(chosen.origin, where, "set"))
        elif option.expose_value:
            source = at.get_parameter_source(str(option.name)) or ParameterSource.DEFAULT
            origin = _ORIGINS.get(source, "default")
            place = str(option.envvar) if origin == "environment" else _table(origin, where, name)
            yield Setting(name, at.params.get(str(option.name)), origin, place)


def _in_words(knob: Knob, value: Any) -> Any:
    """A value that has no spelling of its own as the word for it."""
    return next((word for word, each in (knob.facts.words or {}).items() if each is value), value)


def _table(origin: str, where: Sequence[str], name: str) -> str | None:
    """The table that a value of the configuration stands in."""
    if origin != "configuration":
        return None
    table: Any = load_defaults()
    for part in where:
        table = table.get(part, {})
    own = any(spelled(key) == name for key in table)
    return f"[{'.'.join(where)}]" if own else f"[{COMMON}]"


def found_setting(context: click.Context, where: Sequence[str], name: str) -> Setting:
    """The value in effect; of a name without a command, for the first one that has it, ``planner ask`` before others.

    Raises:
        PlannerError: nothing has this name.

    """
    places = [tuple(where)] if where and where != (COMMON,) else [USUAL, *_having(context, name)]
    for place in places:
        for each in settings_of(context, place):
            if each.name == name:
                return each
    raise _unknown(context, where, name)


def _having(context: click.Context, name: str) -> Iterator[tuple[str, ...]]:
    """The paths of the commands with an option of this name."""

    def walk(group: click.Group, above: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for each, command in group.commands.items():
            if isinstance(command, click.Group):
                yield from walk(command, (*above, each))
            elif name in keys(command):
                yield (*above, each)

    return walk(root_of(context), ())


def option_of(context: click.Context, where: Sequence[str], name: str) -> tuple[click.Command, Key]:
    """What a key sets, with (one of) its commands.

    Raises:
        PlannerError: nothing has this name.

    """
    owners = list(commands(root_of(context))) if where == (COMMON,) else [command_of(context, where)]
    for command in owners:
        for each, option in keys(command).items():
            if each == name or (isinstance(option, SetOption) and name in METHODS):
                return command, option
    raise _unknown(context, where, name)


def _unknown(context: click.Context, where: Sequence[str], name: str) -> PlannerError:
    common = not where or where == (COMMON,)
    owners: Iterable[click.Command] = commands(root_of(context)) if common else [command_of(context, where)]
    known = [key for command in owners for key in keys(command)]
    owner = "no command" if common else f"planner {' '.join(where)}"
    has = "has a" if common else "has no"
    hint = meant(name, dict.fromkeys([*known, *METHODS]), () if common else tuple(where))
    return PlannerError(f"{owner} {has} setting {name!r}", hint=hint)


def texts_of(value: Any) -> list[str]:
    if isinstance(value, (tuple, list)):
        return [text for each in value for text in texts_of(each)]
    return [] if value is None else [str(value).lower() if isinstance(value, bool) else str(value)]
