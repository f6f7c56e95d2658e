"""Defaults a user has saved: ``config.toml`` in the configuration folder, one table per command.

    [ask]
    budget = 128

    [bench.e2e]
    no-judge = true

    [defaults]                           # for every command that has such an option
    generator = "qwen2.5-coder-1.5b"
    redact = ["customers.email"]

A command's own table wins over ``[defaults]``, the command line and the environment over both. A key is an
option's long name, with ``-`` or ``_``. What is unknown, or of the wrong type, is refused, whichever command runs: a
typing error must not switch off what keeps a column private.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from typing import Any, NoReturn, TypeAlias

import click

from planner_cli.app.choices import VARIABLES
from planner_cli.app.configuration import (
    COMMON,
    MODEL_ROLES,
    USUAL_DATABASE,
    config_path,
    default_models,
    load_defaults,
)
from planner_cli.cli.arguments import DatabaseArgument
from planner_cli.cli.options import KnobOption
from planner_cli.database.names import CUTOFF, nearest
from planner_cli.errors import PlannerError
from planner_cli.knobs import CALLED

__all__ = ["COMMON", "MODEL_ROLES", "config_path", "default_models", "load_defaults"]

Key: TypeAlias = click.Option | DatabaseArgument
"""What a key of a command's table sets."""


def spread(defaults: Mapping[str, Any], group: click.Group) -> dict[str, Any]:
    """The defaults as click's ``default_map`` of ``group``, the common ones in each command that has the option.

    Raises:
        PlannerError: a table or key is unknown, or a value is not what its option takes.

    """
    tables = {name: table for name, table in defaults.items() if name != COMMON}
    common = defaults.get(COMMON, {})
    for name, value in defaults.items():
        if _is_array_of_tables(value):
            _refuse(f"[[{name}]] is an array of tables", f"write [{name}], once")
        if not isinstance(value, dict):
            _refuse(f"{name} is outside any table", f"put it under [{COMMON}], or under a command such as [ask]")
    known = dict.fromkeys(key for command in commands(group) for key in keys(command))
    for key in common:
        if spelled(key) not in known:
            if isinstance(common[key], dict) and key in group.commands:
                _refuse(f"[{COMMON}.{key}]: [{COMMON}] has no tables in it", f"write [{key}]")
            _refuse_key(key, (), known, _renamed(*commands(group)))
    return _of_group(group, tables, common, ())


def _of_group(
    group: click.Group, tables: Mapping[str, Any], common: Mapping[str, Any], above: tuple[str, ...]
) -> dict[str, Any]:
    for name, table in tables.items():
        called = f"[{'.'.join((*above, name))}]"
        if _is_array_of_tables(table):
            _refuse(f"[{called}] is an array of tables", f"write {called}, once")
        if not isinstance(table, dict):
            first = ".".join((*above, next(iter(group.commands))))
            _refuse(
                f"[{'.'.join(above)}] has no options, only commands: {name} is none of them",
                f"put it under a command such as [{first}], or under [{COMMON}]",
            )
        if name not in group.commands:
            known = (*group.commands, *(() if above else (COMMON,)))
            _refuse(f"no command has the table {called}", meant(name, known, above))
    found: dict[str, Any] = {}
    for name, command in group.commands.items():
        table, where = tables.get(name, {}), (*above, name)
        if isinstance(command, click.Group):
            found[name] = _of_group(command, table, common, where)
        else:
            shared = {key: value for key, value in common.items() if spelled(key) in keys(command)}
            found[name] = {**_of_command(command, shared, (COMMON,)), **_of_command(command, table, where)}
    return found


def _of_command(command: click.Command, table: Mapping[str, Any], where: tuple[str, ...]) -> dict[str, Any]:
    """The table's values by the parameters' names."""
    options = keys(command)
    found: dict[str, Any] = {}
    for key, value in table.items():
        option = options.get(spelled(key))
        if option is None:
            _refuse_key(key, where, options, _renamed(command))
        if option.name in found:
            _refuse(f"[{'.'.join(where)}] {key} is set twice", "keep one")
        found[str(option.name)] = checked(command, option, value, f"[{'.'.join(where)}] {key}")
    return found


def checked(command: click.Command, option: Key, value: Any, called: str) -> Any:
    """``value``, if the option takes it as it is: 3.5 is not a limit of 3, "yes" not a boolean, a text not a list."""
    if isinstance(option, KnobOption):
        return _checked_knob(option, value, called)
    if isinstance(option, DatabaseArgument):
        if not isinstance(value, str):
            _refuse(f"{called} has {_shown(value)}, which is not a path", "planner use FILE sets it")
        return value
    kinds, words = _kinds(option)
    values = value if option.multiple and isinstance(value, list) else [value]
    if option.multiple and not isinstance(value, list):
        example = f"for example [{value!r}]" if isinstance(value, str) else "mend or remove it"
        _refuse(f"{called} is {_shown(value)}, but must be a list of texts", example)
    for each in values:
        if not isinstance(each, kinds) or (isinstance(each, bool) and bool not in kinds):
            _refuse(f"{called} has {_shown(each)}, which is not {words}", "mend or remove it")
    try:
        option.process_value(click.Context(command), value)
    except click.BadParameter as error:
        _refuse(f"{called}: {error.message}", "mend or remove it")
    return value


def _checked_knob(option: KnobOption, value: Any, called: str) -> Any:
    knob = option.knob
    if knob.many and not isinstance(value, list):
        example = f"for example [{value!r}]" if isinstance(value, str) else "mend or remove it"
        _refuse(f"{called} is {_shown(value)}, but must be a list of texts", example)
    try:
        knob.check(value)
    except ValueError as error:
        if isinstance(value, (bool, date, time, dict)):  # Python spells these differently from TOML
            _refuse(f"{called} has {_shown(value)}, which is not {CALLED[knob.kind]}", "mend or remove it")
        _refuse(f"{called}: {error}", "mend or remove it")
    return value


def _kinds(option: click.Option) -> tuple[tuple[type, ...], str]:
    """The types of TOML that an option takes, and how they are called."""
    if option.is_flag:
        return (bool,), "true or false"
    if isinstance(option.type, click.types.IntParamType):
        return (int,), "a whole number"
    if isinstance(option.type, click.types.FloatParamType):
        return (int, float), "a number"
    return (str,), "a text"


def _shown(value: Any) -> str:
    """A value as a reader of TOML knows it."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, (date, time)) else repr(value)


def _is_array_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


def spelled(key: str) -> str:
    """A key as the help has it."""
    return key.replace("_", "-")


def _long(option: Key) -> str:
    if isinstance(option, DatabaseArgument):
        return USUAL_DATABASE
    return next((name for name in option.opts if name.startswith("--")), option.opts[0]).lstrip("-")


def keys(command: click.Command) -> dict[str, Key]:
    """What the table of a command may have in it, by name."""
    return {_long(option): option for option in command.params if isinstance(option, (click.Option, DatabaseArgument))}


def _renamed(*commands: click.Command) -> dict[str, str]:
    """What is not a key, but means one that no comparison of letters finds."""
    found: dict[str, str] = {}
    for command in commands:
        for key, option in keys(command).items():
            found.update({name.lstrip("-"): f"{key} = false" for name in option.secondary_opts})
            found.setdefault(spelled(str(option.name)), key)
    return found


def commands(group: click.Group) -> Iterator[click.Command]:
    """Every command that is no group, in the order of the help."""
    for command in group.commands.values():
        if isinstance(command, click.Group):
            yield from commands(command)
        else:
            yield command


def _refuse_key(key: str, where: tuple[str, ...], known: Iterable[str], renamed: Mapping[str, str]) -> NoReturn:
    owner = f"planner {' '.join(where)}" if where else "no command"
    has = "has no" if where else "has an"
    instead = renamed.get(spelled(key).lower())
    hint = f"did you mean {instead}?" if instead else meant(key, known, where)
    _refuse(f"[{'.'.join(where or (COMMON,))}] {key}: {owner} {has} option of this name", hint)


def meant(name: str, known: Iterable[str], where: tuple[str, ...]) -> str:
    """The hint for a name that is not known."""
    found = nearest(name, known)
    return f"did you mean {found}?" if found else f"planner {' '.join((*where, '--help'))} lists them"


def _refuse(message: str, hint: str) -> NoReturn:
    raise PlannerError(f"{config_path()}: {message}", hint=hint)


def check_environment(group: click.Group) -> None:
    """Refuse a variable that would do nothing although it looks like one of ours: ``PLANNER_REDCT``.

    Raises:
        PlannerError: it is close to the name of one that is read, or is that of an option that reads none.

    """
    ours = [name for name in sorted(os.environ) if name.upper().startswith("PLANNER_") and name not in VARIABLES]
    if not ours:
        return  # the rest imports every command
    every = [(key, option) for command in commands(group) for key, option in keys(command).items()]
    read = dict.fromkeys((*VARIABLES, *(found for _, option in every if (found := _variable(option)))))
    options = {f"PLANNER_{key.replace('-', '_').upper()}": option for key, option in every}
    for name in ours:
        if name in read:
            continue
        if name.upper() in read:
            raise PlannerError(f"{name} is not read", hint=f"did you mean {name.upper()}?")
        if name in options:
            other = _variable(options[name])
            hint = f"it is {other}" if other else "give the option, or save it in the configuration file"
            raise PlannerError(f"{name} is not read: it is not the variable of {options[name].opts[-1]}", hint=hint)
        if found := nearest(name.removeprefix("PLANNER_"), [n.removeprefix("PLANNER_") for n in read], cutoff=CUTOFF):
            raise PlannerError(f"{name} is not read", hint=f"did you mean PLANNER_{found}?")


def _variable(option: Key) -> str | None:
    return option.knob.variable if isinstance(option, KnobOption) else str(option.envvar) if option.envvar else None
