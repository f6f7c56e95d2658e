"""A question as models see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from planner_cli.types import Question, Schema

if TYPE_CHECKING:
    from planner_cli.database import Database


class TakesValues(Protocol):
    """What a prompt family has to say."""

    @property
    def takes_values(self) -> bool:
        """Whether it shows the stored values that a question mentions."""


def question_about(
    text: str,
    database: Database,
    prompts: Iterable[TakesValues],
    *,
    schema: Schema | None = None,
    name: str | None = None,
) -> Question:
    """``text`` with the schema (or the part of it that is given) and the stored values that it mentions.

    The values are looked up only if one of ``prompts`` shows them. ``name`` is the
    database's, by default its file's.
    """
    shown = schema or database.schema
    hints = database.mentioned(text) if any(prompt.takes_values for prompt in prompts) else ()
    tables = {table.name for table in shown.tables}
    mentioned = tuple(hint for hint in hints if hint.table in tables)
    return Question(text, shown, database.name if name is None else name, mentioned)
