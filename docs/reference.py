"""The pages of the command line's reference, from its own help texts; ``docs/cli.md`` calls this through cog."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterator

import click

from planner_cli.cli import cli

WIDTH = 100
Path = tuple[str, ...]


def commands(path: Path, command: click.Command) -> Iterator[tuple[Path, click.Command]]:
    """A command and all below it, in the order of the help texts."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=path[-1])
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            if not found.hidden:
                yield from commands((*path, name), found)


def option_records(command: click.Command) -> list[tuple[str, str]]:
    """Names and help text of each option that is no ``--help``, as ``--help`` shows them."""
    context = click.Context(command)
    found = []
    for param in command.get_params(context):
        if isinstance(param, click.Option) and "--help" not in param.opts:
            hidden, param.hidden = param.hidden, False  # --help leaves out what --help-all has; this page has all
            record = param.get_help_record(context)
            param.hidden = hidden
            if record is not None:
                found.append((record[0], " ".join(record[1].split())))
    return found


def lines() -> Iterator[str]:
    """Markdown: the shared options once, then each command with the options that are its own."""
    every = [(path, command, option_records(command)) for path, command in commands(("planner",), cli)]
    users: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path, _, records in every:
        for record in records:
            users[record].append(" ".join(path[1:]))
    shared = {record: by for record, by in users.items() if len(by) > 1}
    yield from _shared(shared)
    yield "## Commands"
    for path, command, records in every:
        yield from _command(path, command, records, shared)


def _shared(shared: dict[tuple[str, str], list[str]]) -> Iterator[str]:
    groups: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
    for record, by in shared.items():
        groups[tuple(by)].append(record)
    yield "## Options of several commands"
    yield ""
    for by, records in groups.items():
        yield f"### Of {', '.join(f'`{name}`' for name in by)}"
        yield ""
        yield from _definitions(records)


def _command(
    path: Path, command: click.Command, records: list[tuple[str, str]], shared: dict[tuple[str, str], list[str]]
) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(path))
    yield ""
    yield f"### `{' '.join([*path, *command.collect_usage_pieces(context)[1:]])}`"
    yield ""
    for paragraph in inspect.cleandoc((command.help or "").partition("\f")[0]).split("\n\n"):
        yield from _paragraph(paragraph)
    own = [record for record in records if record not in shared]
    if own:
        yield from _definitions(own)
    others = len(records) - len(own)
    if others:
        yield f"And {others} of the shared options above."


def _paragraph(text: str) -> Iterator[str]:
    if text.startswith("\b"):
        yield "```"
        yield from (line.strip("\b").strip() for line in text.splitlines() if line.strip("\b").strip())
        yield "```"
    else:
        yield " ".join(text.split())
    yield ""


def _definitions(records: list[tuple[str, str]]) -> Iterator[str]:
    for names, text in records:
        yield f"- `{names}`: {text}" if text else f"- `{names}`"
    yield ""
