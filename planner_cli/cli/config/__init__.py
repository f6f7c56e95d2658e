"""``planner config``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from planner_cli.app.configuration import COMMON, config_path, load_defaults
from planner_cli.cli.arguments import DatabaseArgument
from planner_cli.cli.config.settings import (
    METHODS,
    USUAL,
    default_map_of,
    found_setting,
    option_of,
    root_of,
    settings_of,
    split_key,
    texts_of,
)
from planner_cli.cli.config_file import Key, checked, spread
from planner_cli.cli.options import KnobOption, SetOption
from planner_cli.cli.output import say, say_json, say_path
from planner_cli.cli.saving import save_default, save_text
from planner_cli.errors import PlannerError
from planner_cli.tomlfile import read_text, read_toml
from planner_cli.ui.errors import format_note

_TEMPLATE = """\
# A table is a command, [defaults] is for every command that has the option; a key is an option's long name.
# [defaults]
# generator = "coder-1.5b"
# [ask]
# budget = 128
"""


@click.group()
@click.pass_context
def config(context: click.Context) -> None:
    """Show and change the defaults that are saved in the configuration file."""
    if context.invoked_subcommand not in {"edit", "path"}:  # which help to mend a file that is refused
        context.default_map = default_map_of(context)["config"]


# ------------------------------------------------------------------------------------------------- reading


@config.command()
@click.argument("command", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="What is not set too.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
@click.pass_context
def show(context: click.Context, command: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Show what is set for COMMAND (default: ask), with where each value comes from.

    The command line wins over the environment, the environment over the configuration, a table such as [ask] over
    [defaults].

    \b
    planner config show
    planner config show bench e2e --all
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    where = command or USUAL
    found = settings_of(context, where)
    chosen = [each for each in found if everything or each.origin != "default"]
    if as_json:
        say_json({each.name: {"value": _plain(each.value), "origin": each.origin, "place": each.place}
                  for each in chosen})  # fmt: skip
        return
    width = max((len(each.name) for each in chosen), default=0)
    values = {each.name: ", ".join(texts_of(each.value)) or "-" for each in chosen}
    for each in chosen:
        place = f" {each.place}" if each.place else ""
        say(f"{each.name:{width}}  {values[each.name]}  ({each.origin}{place})")
    others = [name for name in load_defaults() if name not in {COMMON, where[0]}]
    told = f"{len(found) - len(chosen)} settings of planner {' '.join(where)} are not set (--all)"
    say(told + (f"; the file has other tables: {', '.join(others)}" if others else ""), err=True)


@config.command()
@click.argument("key")
@click.pass_context
def get(context: click.Context, key: str) -> None:
    """Print the value that KEY has; of several texts each on a line.

    KEY is an option's long name, for planner ask, or has its command before it: bench.e2e.budget.
    """
    where, name = split_key(context, key)
    value = found_setting(context, where, name).value
    for text in texts_of(value):
        say(text)
    if not texts_of(value):
        say(format_note(f"{key} is not set"), err=True)


@config.command()
def path() -> None:
    """Print where the configuration file is."""
    say_path(config_path())


# ------------------------------------------------------------------------------------------------ changing


@config.command("set")
@click.argument("key")
@click.argument("values", nargs=-1, required=True, metavar="VALUE...")
@click.pass_context
def set_(context: click.Context, key: str, values: tuple[str, ...]) -> None:
    """Save VALUE as the default of KEY, for every command that has this option; ask.KEY is for planner ask alone.

    \b
    planner config set budget 128
    planner config set ask.redact customers.email customers.phone
    planner config set race.margin 0.2
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    where, name = split_key(context, key)
    where = where or (COMMON,)
    command, option = option_of(context, where, name)
    if isinstance(option, SetOption) and name in METHODS:
        texts = [*_other_methods(where, name), f"{name}={' '.join(values)}"]
        value = checked(command, option, texts, name)
    else:
        value = checked(command, option, _read(command, option, name, values), f"[{'.'.join(where)}] {name}")
    saved = save_default(where, _key_of(option, name), value)
    say(f"{key} is {' '.join(values)} now, in {saved}", err=True)
    _note_of_winner(context, where, name)


@config.command()
@click.argument("key")
@click.pass_context
def unset(context: click.Context, key: str) -> None:
    """Forget what is saved for KEY."""
    where, name = split_key(context, key)
    where = where or (COMMON,)
    _, option = option_of(context, where, name)
    value = None
    if isinstance(option, SetOption) and name in METHODS:
        value = _other_methods(where, name) or None
    saved = save_default(where, _key_of(option, name), value)
    say(f"{key} is not set any more, in {saved}", err=True)
    _note_of_winner(context, where, name)


@config.command()
@click.pass_context
def edit(context: click.Context) -> None:
    """Edit the configuration file in $EDITOR; it is checked before it is saved."""
    target = config_path()
    text = read_text(target) if target.exists() else _TEMPLATE
    while True:
        try:
            edited = click.edit(text, extension=".toml", require_save=False)
        except click.ClickException as error:
            raise PlannerError(error.format_message(), hint="set EDITOR") from error
        assert edited is not None, "it need not be saved"
        if edited == (read_text(target) if target.exists() else _TEMPLATE):
            say("nothing was changed", err=True)
            return
        try:
            _check(context, edited)
        except PlannerError as error:
            say(f"{error.message} ({error.hint})", err=True)
            if not click.confirm("Edit again?", default=True, err=True):
                raise PlannerError("nothing was saved", hint="planner config edit") from error
            text = edited
            continue
        save_text(edited)
        say(f"saved {target}", err=True)
        return


def _check(context: click.Context, text: str) -> None:
    """Refuse a text that would be refused as the file.

    Raises:
        PlannerError: it is, and why.

    """
    draft = config_path().with_suffix(".draft.toml")
    draft.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft.touch(mode=0o600)
    try:
        draft.write_text(text, encoding="utf-8")
        spread(read_toml(draft), root_of(context))
    finally:
        draft.unlink()


# -------------------------------------------------------------------------------------------------- values


def _key_of(option: Key, name: str) -> str:
    return "set" if isinstance(option, SetOption) else name


def _other_methods(where: Sequence[str], name: str) -> list[str]:
    table: Any = load_defaults()
    for part in where:
        table = table.get(part, {})
    return [text for text in table.get("set", ()) if text.partition("=")[0] != name]


def _read(command: click.Command, option: Key, name: str, values: Sequence[str]) -> Any:
    """The value of TOML that texts of a command line stand for.

    Raises:
        PlannerError: they stand for none.

    """
    knob = option.knob if isinstance(option, KnobOption) else None
    try:
        if knob is not None and knob.many:
            split = knob.facts.split or (lambda text: (text,))
            return [part for text in values for part in split(text)]
        if option.multiple:
            return list(values)
        if len(values) > 1:
            raise ValueError(f"takes one value, not {len(values)}")  # noqa: TRY301 - one error for whatever is not taken
        (text,) = values
        if isinstance(option, DatabaseArgument):
            return str(Path(text).expanduser().absolute())
        if knob is not None:
            value = text if text in (knob.facts.words or {}) else knob.parse(text)
        else:
            value = option.type_cast_value(click.Context(command), text)
    except ValueError as error:
        raise PlannerError(f"{name}: {error}") from None
    except click.BadParameter as error:
        raise PlannerError(f"{name}: {error.message.rstrip('.')}") from None
    return value if isinstance(value, (bool, int, float)) else text


def _note_of_winner(context: click.Context, where: Sequence[str], name: str) -> None:
    """Say so where another source wins over what was just changed."""
    command = USUAL if where == (COMMON,) else where
    found = next((each for each in settings_of(context, command) if each.name == name), None)
    if found is not None and found.origin != "default" and found.place != f"[{'.'.join(where)}]":
        value = ", ".join(texts_of(found.value))
        say(format_note(f"{found.place} sets it too, and wins for planner {' '.join(command)}: {value}"), err=True)


def _plain(value: Any) -> Any:
    """As JSON."""
    return texts_of(value) if isinstance(value, tuple) else str(value) if isinstance(value, Path) else value
