"""What was asked on this machine and how it was answered, kept where only its user can read it."""

from __future__ import annotations

from typing import Literal, TypeAlias

from planner_cli.history.files import history_path, make_private, typed_path
from planner_cli.history.records import KeptLevel, Mark, Marked, Record, SavedQuery, Summary
from planner_cli.history.store import History
from planner_cli.history.upgrade import NOT_KEPT

Level: TypeAlias = Literal["off", "metadata", "full"]
"""What is kept of a question: nothing, see :data:`KeptLevel`, everything."""

__all__ = [
    "NOT_KEPT",
    "History",
    "KeptLevel",
    "Level",
    "Mark",
    "Marked",
    "Record",
    "SavedQuery",
    "Summary",
    "history_path",
    "make_private",
    "typed_path",
]
