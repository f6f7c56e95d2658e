"""The preparations for loading models, begun while the database is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from planner_cli.hub import ResolvedModel

Pair: TypeAlias = "tuple[ResolvedModel, ResolvedModel | None]"
"""Generator and discriminator; without the latter nothing is judged."""


@contextmanager
def begun(resolve: Callable[[], Pair] | None) -> Iterator[Callable[[], Pair | None]]:
    """Find the models, read their files from disk and import llama.cpp's library, in a thread beside other work.

    Yields a function that waits for the models and returns them, or ``None`` if they are not found. Errors are not
    reported here but when the models are loaded. Behind a server (``None``) there is nothing to do.
    """
    found: list[Pair] = []
    thread = threading.Thread(target=_begin, args=(resolve, found), name="planner-loading")

    def wait() -> Pair | None:
        thread.join()
        return found[0] if found else None

    thread.start()
    try:
        yield wait
    finally:
        thread.join()  # a fraction of a second; the process must not end in the middle of an import


def _begin(resolve: Callable[[], Pair] | None, found: list[Pair]) -> None:
    if resolve is None:
        return
    from planner_cli import hub
    from planner_cli.errors import PlannerError

    with suppress(PlannerError, OSError, ImportError):
        found.append(resolve())
        for model in found[0]:
            if model is not None:
                hub.read_ahead(model)
        from planner_cli.engine import inprocess  # noqa: F401 - 0.2 s, the slowest import there is
