"""The user's database: schema, sandboxed execution, and equality of results.

The names are loaded on first use. The worker process imports this package too (as the parent of
:mod:`planner_cli.database.worker`), and must not pay for the client's half of it at each respawn.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner_cli.database.results import cluster, same_result
    from planner_cli.database.sandbox import Database

__all__ = ["Database", "cluster", "same_result"]

_HOME = {"Database": "sandbox", "cluster": "results", "same_result": "results"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
