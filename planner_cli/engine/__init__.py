"""A model behind one contract: branches of a shared prompt, stepped and probed together.

``LlamaEngine`` is imported where it is first used: the binding takes 0.2 s to load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner_cli.engine.protocol import (
    CUT,
    STABLE,
    Branch,
    Choice,
    Engine,
    Message,
    Prompt,
    Reasoning,
    Session,
    SessionStats,
    Span,
    Step,
    split_at,
)

if TYPE_CHECKING:
    from planner_cli.engine.inprocess import LlamaEngine
    from planner_cli.engine.server.engine import ServerEngine

__all__ = [
    "CUT",
    "STABLE",
    "Branch",
    "Choice",
    "Engine",
    "LlamaEngine",
    "Message",
    "Prompt",
    "Reasoning",
    "ServerEngine",
    "Session",
    "SessionStats",
    "Span",
    "Step",
    "split_at",
]


def __getattr__(name: str) -> Any:
    if name == "LlamaEngine":
        from planner_cli.engine.inprocess import LlamaEngine

        return LlamaEngine
    if name == "ServerEngine":
        from planner_cli.engine.server.engine import ServerEngine

        return ServerEngine
    raise AttributeError(name)
