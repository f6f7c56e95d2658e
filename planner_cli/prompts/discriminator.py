"""What a discriminator is asked about one candidate, and how its verdict is forced and read.

The schema and the question come first and are the same for all candidates, so their KV cache is shared; the
candidate, its result and the demand for a verdict follow. The verdict is read at a fixed position, right
after ``{"correct":``, never parsed from free text (arXiv 2505.03786, section 3, reads the same key's value).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Protocol

from planner_cli.engine.protocol import CUT, Engine, Message, Prompt, Span
from planner_cli.errors import ModelError
from planner_cli.prompts.schema import compact_schema
from planner_cli.types import Candidate, Execution, Question, Value

VERDICT = '{"correct":'
"""No blank at its end: " true" is one token in common vocabularies, and a lone blank is another
(``llama-cpp.md`` section 6)."""

CHOICES: Mapping[str, Sequence[str]] = {
    "true": (" true", "true", " True", "True", " TRUE", "TRUE"),
    "false": (" false", "false", " False", "False", " FALSE", "FALSE"),
}
CELL_WIDTH = 100
ALIAS_WIDTH = 30
"""Characters of a result's cell and column name shown; both are untrusted text."""


class DiscriminatorPrompt(Protocol):
    """One family of prompts; stateless."""

    def build(
        self, question: Question, candidate: Candidate, execution: Execution, engine: Engine, rows: int
    ) -> Prompt:
        """The prompt for one candidate, with a :data:`CUT` where the shared part ends; the thought is open."""

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        """The forced text after which the verdict is read, when the model has closed its thought or not."""


class ChatDiscriminator:
    """For reasoning and instruct models, through their chat template."""

    SYSTEM = "You check SQLite queries. Think briefly, then answer with JSON."

    def build(
        self, question: Question, candidate: Candidate, execution: Execution, engine: Engine, rows: int
    ) -> Prompt:
        content = (
            # The short form: the query has run, so its names exist, and prefill is what a judge's wait is made of
            # (with CREATE TABLE text the demo database's prompt is 618 tokens, with this one 330).
            Span("Tables (-> is a foreign key):\n"),
            Span(compact_schema(question.schema), "data"),
            Span("\nQuestion: "),
            Span(" ".join(question.text.split()), "data"),
            CUT,
            Span("\n\nSQL query:\n"),
            Span(candidate.sql, "data"),
            Span("\n\nIts result:\n"),
            Span(result_text(execution, rows), "data"),
            Span(
                "\n\nDoes the query answer the question? Check its tables, columns, conditions, grouping and order "
                'against the question, then answer with {"correct": true} or {"correct": false}.'
            ),
        )
        prompt = engine.chat((Message("system", (Span(self.SYSTEM),)), Message("user", content)))
        marks = engine.reasoning
        if marks.open and not marks.opened:
            return (*prompt, Span(f"{marks.open}\n", "control"))
        return prompt

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        close = engine.reasoning.close
        if not close or closed_itself:
            return (Span(f"\n\n{VERDICT}"),)
        return (Span(f"\n{close}", "control"), Span(f"\n\n{VERDICT}"))


def result_text(execution: Execution, rows: int) -> str:
    """The first rows of a result as JSON lines, names and cells cut, with the truth about what is left out."""
    shown = execution.rows[:rows]
    lines = [json.dumps([_cut(name, ALIAS_WIDTH) for name in execution.columns], ensure_ascii=False)]
    lines += [json.dumps([_cell(value) for value in row], ensure_ascii=False) for row in shown]
    total = f"{len(execution.rows)}{' or more' if execution.truncated else ''} rows"
    lines.append(f"({total}{f', the first {len(shown)} shown' if len(shown) < len(execution.rows) else ''})")
    return "\n".join(lines)


def _cell(value: Value) -> int | float | str | None:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, str):
        return _cut(value, CELL_WIDTH)
    return value


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width] + "..."


_FAMILIES: dict[str, DiscriminatorPrompt] = {"chat": ChatDiscriminator()}


def discriminator_prompt(name: str) -> DiscriminatorPrompt:
    """The family of that name.

    Raises:
        ModelError: there is none.

    """
    if name not in _FAMILIES:
        raise ModelError(f"unknown discriminator prompt {name!r}", hint=f"known: {', '.join(_FAMILIES)}")
    return _FAMILIES[name]
