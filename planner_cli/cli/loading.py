"""What loading models waits for, begun while the database is read."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner_cli.hub import ResolvedModel


@contextmanager
def begun(models: Callable[[], list[ResolvedModel]]) -> Iterator[threading.Thread]:
    """Have the files of ``models`` come from the disk, and import llama.cpp's library, beside what is done meanwhile.

    What is wrong with them is said where they are loaded, and nothing of it here.
    """
    thread = threading.Thread(target=_begin, args=(models,), name="planner-loading")
    thread.start()
    try:
        yield thread
    finally:
        thread.join()  # a fraction of a second; the end of the process must not meet an import


def _begin(models: Callable[[], list[ResolvedModel]]) -> None:
    from planner_cli import hub
    from planner_cli.errors import PlannerError

    with suppress(PlannerError, OSError):
        for model in models():
            hub.read_ahead(model)
    from planner_cli.engine import inprocess  # noqa: F401 - 0.2 s, the slowest import there is
