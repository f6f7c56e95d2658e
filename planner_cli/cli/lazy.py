"""A group of commands that imports each only when it is run: the one place that saves start-up time.

So every command's module imports what it needs at the top; ruff's PLC0415 enforces that in this package.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import click


class LazyGroup(click.Group):
    """Commands by name and one-line help; each is in a module of ``package`` with the same name."""

    def __init__(self, *arguments: Any, package: str, lazy: Mapping[str, str], **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.commands = _Commands(package, lazy)
        self.helps = lazy

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """As click does, without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.helps.items()))

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """In the order of their declaration."""
        return list(self.commands)


class _Commands(MutableMapping[str, click.Command]):
    """What a :class:`click.Group` looks into."""

    def __init__(self, package: str, lazy: Mapping[str, str]) -> None:
        self._package = package
        self._names = list(lazy)

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._names:
            raise KeyError(name)
        place = f"{name}_" if keyword.iskeyword(name) or hasattr(builtins, name) else name
        command: click.Command = getattr(import_module(f"{self._package}.{place}"), place)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __setitem__(self, name: str, command: click.Command) -> None:
        raise TypeError("commands are declared, not added")

    def __delitem__(self, name: str) -> None:
        raise TypeError("commands are declared, not taken away")
