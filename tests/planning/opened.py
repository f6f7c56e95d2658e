"""A database is opened once a module: a worker takes longer to start than a plan with a scripted engine."""

from __future__ import annotations

from pathlib import Path

from planner_cli.database import Database
from planner_cli.settings import Limits

_OPENED: dict[tuple[Path, Limits], Database] = {}


def opened(path: Path, limits: Limits) -> Database:
    """Open until :func:`close_all`; a plan leaves nothing in it that the next one sees."""
    if (path, limits) not in _OPENED:
        _OPENED[path, limits] = Database.open(path, limits=limits)
    return _OPENED[path, limits]


def close_all() -> None:
    while _OPENED:
        _OPENED.popitem()[1].close()
