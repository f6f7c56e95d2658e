"""What the commands that get, remove and check files share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from planner_cli.clean import clean
from planner_cli.ui.console import make_console
from planner_cli.ui.progress import track_bytes


def note(text: str) -> None:
    """One cleaned line on standard error."""
    click.echo(clean(text), err=True)


@contextmanager
def progress(label: str, *, quiet: bool) -> Iterator[Callable[[int, int | None], None]]:

    with track_bytes(console=make_console(sys.stderr), label=clean(label), quiet=quiet) as tell:
        yield tell


STATES = (
    "sha256: verified, it was computed here from the file; published, it is its publisher's; first pull, it is "
    "that of the file as it first came."
)
"""What the three states of a pin mean."""

JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="No progress, no notes.")
