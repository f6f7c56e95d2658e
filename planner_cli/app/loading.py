"""What loading models waits for, begun while the database is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from planner_cli.hub import ResolvedModel

Pair: TypeAlias = "tuple[ResolvedModel, ResolvedModel | None]"
"""Generator and discriminator; without the latter nobody judges."""


@contextmanager
def begun(resolve: Callable[[], Pair] | None) -> Iterator[Callable[[], Pair | None]]:
    """Find the models, fetch their files from the disk, and import llama.cpp's library, beside what is done meanwhile.

    Yields what waits for the models; it gives ``None`` where they are not found. What is wrong with them, or missing,
    is said where they are loaded, and nothing of it here. Behind a server (``None``) there is nothing to do.
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
        thread.join()  # a fraction of a second; the end of the process must not meet an import


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
