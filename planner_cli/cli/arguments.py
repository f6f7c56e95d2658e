"""Arguments of several commands: a database, its tables, models; and what a shell completes for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from planner_cli.app.configuration import default_database
from planner_cli.errors import PlannerError
from planner_cli.lexer import as_listed

_FILES = [CompletionItem("", type="file")]


class DatabaseArgument(click.Argument):
    """DATABASE; where none is given, the one that ``planner use`` has set."""

    def __init__(self, names: tuple[str, ...], **attributes: Any) -> None:
        super().__init__(names, type=click.Path(path_type=Path), required=True, **attributes)

    def consume_value(self, ctx: click.Context, opts: Mapping[str, Any]) -> tuple[Any, ParameterSource]:
        """As click does, but a text of the configuration is one path, whatever is in it."""
        value, source = super().consume_value(ctx, opts)
        usual = (ctx.default_map or {}).get(self.name)
        if usual is None or (source is ParameterSource.COMMANDLINE and value != ()):
            return value, source
        return ([usual] if self.nargs == -1 else usual), ParameterSource.DEFAULT_MAP


class ModelName(click.ParamType):  # type: ignore[type-arg]
    """A name of the catalogue, or a file."""

    name = "text"

    def shell_complete(
        self,
        ctx: click.Context,  # noqa: ARG002
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """See :func:`model_names`."""
        return model_names(incomplete)


class TableName(click.ParamType):  # type: ignore[type-arg]
    """A table of the database that is named before it."""

    name = "text"

    def shell_complete(
        self,
        ctx: click.Context,
        param: click.Parameter,  # noqa: ARG002
        incomplete: str,
    ) -> list[CompletionItem]:
        """See :func:`table_names`."""
        return table_names(ctx, incomplete)


# ---------------------------------------------------------------------------------------------- completion


def model_names(incomplete: str) -> list[CompletionItem]:
    """Names of the catalogue and of the models folder; files, where none begins like that."""
    from planner_cli.hub import list_models  # noqa: PLC0415 - half of the time of --help, and only for a shell

    with suppress(PlannerError):
        found = _beginning(incomplete, (entry.name for entry in list_models()))
        return found or _FILES
    return _FILES


def table_names(context: click.Context, incomplete: str, *, columns: bool = False) -> list[CompletionItem]:
    """Tables of the database on the command line, else of the default one; behind commas, and dots for ``columns``.

    Its worker process reads the schema, as for everything else: a file that somebody has sent is not opened here.
    """
    from planner_cli.database import Database  # noqa: PLC0415 - as above

    asks = any(isinstance(param, DatabaseArgument) for param in context.command.params)
    path = (_named(context) or default_database()) if asks else None
    if path is None:
        return []
    before, comma, last = incomplete.rpartition(",")
    with suppress(PlannerError), Database.open(Path(path), samples=0) as opened:
        names = [as_listed(table.name) for table in opened.schema.tables]
        if columns:
            names = [f"{as_listed(t.name)}.{as_listed(c.name)}" for t in opened.schema.tables for c in t.columns]
        return [CompletionItem(before + comma + item.value) for item in _beginning(last, names)]
    return []


def _named(context: click.Context) -> str | Path | None:
    """The database on the command line, which click leaves in ``args`` where an option still lacks its value."""
    arguments = [param.name for param in context.command.params if isinstance(param, click.Argument)]
    at = arguments.index("database")
    found = context.params.get("database") or context.args[at : at + 1]
    return next(iter(found), None) if isinstance(found, (tuple, list)) else found


def _beginning(incomplete: str, names: Iterable[str]) -> list[CompletionItem]:
    """The names of letters, digits and such: another would have to be quoted, by each shell in its way."""
    plain = (name for name in names if name.replace("-", "").replace(".", "").replace("_", "").isalnum())
    return [CompletionItem(name) for name in dict.fromkeys(plain) if name.lower().startswith(incomplete.lower())]
