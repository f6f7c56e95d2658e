"""``planner man``: manual pages from the help texts.

Not click-man's: it writes backslashes, leading dots and click's marks as they are, which roff takes for requests, and
needs a newer Python than this package.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import click

from planner_cli import __version__
from planner_cli.cli.config_file import meant
from planner_cli.cli.output import say
from planner_cli.errors import PlannerError


@click.command()
@click.argument("command", nargs=-1)
@click.option(
    "-o", "--output", "folder", type=click.Path(path_type=Path), metavar="FOLDER",
    help="Write the pages of all commands into FOLDER instead.",
)  # fmt: skip
@click.pass_context
def man(context: click.Context, command: tuple[str, ...], folder: Path | None) -> None:
    """Print the manual page of planner, or of COMMAND, from its help.

    \b
    planner man ask | man -l -
    planner man -o ~/.local/share/man/man1
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    pages = dict(_pages(("planner",), context.find_root().command))
    if folder is None:
        wanted = ("planner", *command)
        if wanted not in pages:
            close = meant(command[-1], (path[-1] for path in pages if path[:-1] == wanted[:-1]), command[:-1])
            raise PlannerError(f"there is no command {' '.join(wanted)}", hint=close)
        say(page(wanted, pages[wanted]).rstrip("\n"))
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for path, found in pages.items():
            (folder / f"{'-'.join(path)}.1").write_text(page(path, found), encoding="utf-8")
    except OSError as error:
        raise PlannerError(f"cannot write to {folder}: {error.strerror or error}") from error
    say(f"wrote {len(pages)} pages to {folder}", err=True)


def _pages(path: tuple[str, ...], command: click.Command) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """A command and all below it that are not hidden, in the order of the help."""
    yield path, command
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            if not below.hidden:
                yield from _pages((*path, name), below)


def page(path: tuple[str, ...], command: click.Command) -> str:
    """The page of one command, as roff with the macros of man(7)."""
    return "\n".join(_lines(path, command)) + "\n"


def _lines(path: tuple[str, ...], command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(path))
    name = "-".join(path)
    yield f'.TH {roff(name.upper())} 1 "" "planner {__version__}" "planner"'
    yield ".SH NAME"
    yield rf"{roff(name)} \- {roff(command.get_short_help_str(200).rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield rf"\fB{roff(' '.join(path))}\fR {roff(' '.join(command.collect_usage_pieces(context)))}"
    yield ".SH DESCRIPTION"
    yield from _paragraphs(command.help or "")
    records = [record for param in command.get_params(context) if (record := _option(param, context)) is not None]
    if records:
        yield ".SH OPTIONS"
        yield from _definitions(records)
    below = {} if not isinstance(command, click.Group) else command.commands
    if below:
        yield ".SH COMMANDS"
        yield from _definitions((f"{name}-{each}(1)", c.get_short_help_str(200)) for each, c in below.items())
    if command.epilog:
        yield ".SH EXIT STATUS"
        yield from _paragraphs(command.epilog)
    if len(path) > 1:
        yield ".SH SEE ALSO"
        yield roff(f"{'-'.join(path[:-1])}(1)")


def _option(param: click.Parameter, context: click.Context) -> tuple[str, str] | None:
    """As ``--help-all`` has it."""
    return param.get_help_record(context) if isinstance(param, click.Option) and not param.hidden else None


def _definitions(records: Iterator[tuple[str, str]] | list[tuple[str, str]]) -> Iterator[str]:
    for names, text in records:
        yield ".TP"
        yield rf"\fB{roff(names)}\fR"
        yield roff(" ".join(text.split()))


def _paragraphs(text: str) -> Iterator[str]:
    """Those of a help text; what stands behind click's own mark stays in lines."""
    for at, paragraph in enumerate(inspect.cleandoc(text.partition("\f")[0]).split("\n\n")):
        if at:
            yield ".PP"
        if not paragraph.startswith("\b"):
            yield roff(" ".join(paragraph.split()))
            continue
        yield ".nf"
        yield from (roff(line) for line in paragraph.strip("\b\n").splitlines())
        yield ".fi"


def roff(text: str) -> str:
    """The text as roff shows it: no escape, no request, and every hyphen one that can be copied."""
    shown = text.replace("\\", r"\e").replace("-", r"\-").replace("~", r"\(ti").replace("^", r"\(ha")
    return rf"\&{shown}" if shown[:1] in {".", "'"} else shown
