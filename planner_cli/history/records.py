"""What the history gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from planner_cli.history.rows import KeptLevel
from planner_cli.types import Answer, ModelInfo

Mark: TypeAlias = Literal["right", "wrong"]
"""What the user says of an answer."""


@dataclass(frozen=True, slots=True)
class Summary:
    """One line of ``planner history list``."""

    id: int
    asked_at: datetime
    """UTC, to the second."""
    level: KeptLevel
    question: str
    database: Path
    sql: str | None
    """``None``: no candidate could be executed."""
    confidence: float | None
    vote_share: float
    seconds: float
    mark: Mark | None


@dataclass(frozen=True, slots=True)
class Record:
    """One question, with what its level kept."""

    id: int
    asked_at: datetime
    level: KeptLevel
    question: str
    database: Path
    answer: Answer
    """Under the level ``metadata`` its executions have no rows and its thoughts no text."""
    row_counts: tuple[int | None, ...]
    """Rows each candidate gave, whether they were kept or not; ``None``: it did not run."""
    models: tuple[ModelInfo, ...]
    settings: Mapping[str, Any]
    """:class:`PlanSettings` as it was then, as nested mappings."""
    version: str
    """Of the planner that wrote it."""
    mark: Mark | None
    right_sql: str | None
    """What the answer should have been, where the user gave it."""


@dataclass(frozen=True, slots=True)
class Marked:
    """One question whose answer the user called right or wrong."""

    id: int
    question: str
    database: Path
    mark: Mark
    right_sql: str | None
    """The right query: the answer's own, or the user's; ``None``: not known."""
    candidates: tuple[tuple[str, bool], ...]
    """Each candidate's SQL, and whether it gave the result that was the answer."""
