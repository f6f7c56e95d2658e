"""Lines to standard output and standard error, cleaned: names of files, runs and tables are untrusted text."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from planner_cli.clean import clean
from planner_cli.ui.jsontext import to_json


def say(text: str = "", *, err: bool = False) -> None:
    """Print text of one or more lines, with what could drive a terminal made visible."""
    click.echo(clean(text, newlines=True), err=err)


def say_json(value: object) -> None:
    """Print a value as JSON, with such characters as escapes, so that nothing is lost."""
    click.echo(to_json(value, indent=2))


def say_path(path: Path) -> None:
    """Print a path: exactly, for a script that will open it, but cleaned on a terminal."""
    click.echo(clean(str(path)) if sys.stdout.isatty() else path)
