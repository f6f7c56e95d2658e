"""What the history gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

KeptLevel: TypeAlias = Literal["metadata", "full"]
"""``metadata``: no rows, no thoughts, no values of the database. ``full``: these too."""

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
    document: Mapping[str, Any]
    """:class:`planner_cli.ui.document_types.Document`, with ``null`` for what the level left out."""
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


@dataclass(frozen=True, slots=True)
class SavedQuery:
    """A query that the user keeps under a name, for one database."""

    name: str
    sql: str
    """Perhaps with parameters, such as ``:year``."""
