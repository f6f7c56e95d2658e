"""Questions about the demo database with the SQL that answers them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Hardness: TypeAlias = Literal["easy", "medium", "hard", "extra"]


@dataclass(frozen=True, slots=True)
class DemoQuestion:
    id: str
    hardness: Hardness
    """In Spider's sense: from one table and one condition to several joins and subqueries."""
    question: str
    sql: str
    """A query that answers it; correct for the default seed, and other queries may be equally right."""


TOUR: tuple[str, ...] = ("easy-01", "easy-08", "medium-01", "hard-01", "hard-11")
"""Ids of what ``planner demo`` asks, from a count to an aggregate over two joins."""


def questions() -> tuple[DemoQuestion, ...]:
    """All questions, from easy to extra hard."""
    text = Path(__file__).with_name("questions.jsonl").read_text(encoding="utf-8")
    return tuple(DemoQuestion(**json.loads(line)) for line in text.splitlines())


def tour() -> tuple[DemoQuestion, ...]:
    """The questions of :data:`TOUR`, in its order."""
    by_id = {question.id: question for question in questions()}
    return tuple(by_id[name] for name in TOUR)
