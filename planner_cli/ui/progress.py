"""Progress of long work on standard error: a bar with the time left on a terminal, an occasional line elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console

from planner_cli.ui.console import is_live, print_line

Item = TypeVar("Item")

_SECONDS_BETWEEN_LINES = 30.0


def track(
    items: Iterable[Item], *, total: int, console: Console, label: str, quiet: bool = False, end: bool = True
) -> Iterator[Item]:
    """Pass ``items`` on and show the progress; ``label`` is our own text.

    Without a terminal the end gets a line too, unless ``end`` is False.
    """
    if quiet:
        yield from items
    elif is_live(console):
        yield from _bar(items, total, console, label)
    else:
        yield from _lines(items, total, console, label, end=end)


def _bar(items: Iterable[Item], total: int, console: Console, label: str) -> Iterator[Item]:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(label, total=total)
        for item in items:
            progress.advance(task)
            yield item


def _lines(items: Iterable[Item], total: int, console: Console, label: str, *, end: bool) -> Iterator[Item]:
    started = told = time.monotonic()
    for count, item in enumerate(items, 1):
        now = time.monotonic()
        if now - told >= _SECONDS_BETWEEN_LINES or (end and count == total):
            left = (now - started) / count * (total - count)
            print_line(console, f"{label}: {count} of {total}, {now - started:.0f} s, about {left:.0f} s left")
            told = now
        yield item


@contextmanager
def track_bytes(*, console: Console, label: str, quiet: bool = False) -> Iterator[Callable[[int, int | None], None]]:
    """A function to call with the bytes so far and in all; shows them until the block ends."""
    if quiet:
        yield lambda _done, _total: None
    elif not is_live(console):
        yield _byte_lines(console, label)
    else:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, transient=True) as shown:
            task = shown.add_task(label, total=None)
            yield lambda done, total: shown.update(task, completed=done, total=total)


def _byte_lines(console: Console, label: str) -> Callable[[int, int | None], None]:
    started = told = time.monotonic()
    first: int | None = None

    def tell(done: int, total: int | None) -> None:
        nonlocal told, first
        now = time.monotonic()
        first = done if first is None else first  # of an earlier run
        if now - told >= _SECONDS_BETWEEN_LINES:
            told = now
            share = f" of {total / 1e6:.0f} MB, {done / total:.0%}" if total else " MB"
            left = (now - started) / (done - first) * (total - done) if total and done > first else None
            rest = "" if left is None else f", about {left:.0f} s left"
            print_line(console, f"{label}: {done / 1e6:.0f}{share}, after {now - started:.0f} s{rest}")

    return tell
