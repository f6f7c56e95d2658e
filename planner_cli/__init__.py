"""planner: ask a local SQLite database a question, entirely offline.

    from planner_cli import Planner

    with Planner.open("shop.sqlite", pair="builtin", budget=64) as planner:
        answer = planner.ask("Revenue by country in 2024?")

The names are loaded on first use: ``planner --help`` must not pay for a library it does not use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner_cli.app.planner import Planner
    from planner_cli.control import Control
    from planner_cli.errors import PlannerError
    from planner_cli.types import Answer

__version__ = "0.1.0"
__all__ = ["Answer", "Control", "Planner", "PlannerError", "__version__"]

_HOME = {"Answer": "types", "Control": "control", "Planner": "app.planner", "PlannerError": "errors"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
