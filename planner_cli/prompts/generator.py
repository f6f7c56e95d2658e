"""What a generator is asked, and how the SQL is read from its reply."""

from __future__ import annotations

import re
from typing import Protocol

from planner_cli.engine.protocol import Engine, Message, Prompt, Span
from planner_cli.errors import ModelError
from planner_cli.prompts.schema import compact_schema, full_schema
from planner_cli.types import Question


class GeneratorPrompt(Protocol):
    """One family of prompts; stateless."""

    def build(self, question: Question, engine: Engine) -> Prompt:
        """The whole prompt; what is stable for a database comes first."""

    def complete(self, reply: str) -> bool:
        """Whether the query in the reply is whole already, so that the branch can be closed."""

    def parse(self, reply: str) -> str:
        """The SQL in the reply, empty where there is none."""


class CompactGenerator:
    """The trained format of the built-in adapters: no chat template, no instructions."""

    def build(self, question: Question, engine: Engine) -> Prompt:
        del engine
        return (
            Span(compact_schema(question.schema), "data"),
            Span("Q: "),
            Span(" ".join(question.text.split()), "data"),
            Span("\nSQL:"),
        )

    def complete(self, reply: str) -> bool:
        return "\n" in reply.strip(" ")

    def parse(self, reply: str) -> str:
        return reply.strip(" ").partition("\n")[0].strip()


class ChatGenerator:
    """For general instruct models, through their chat template.

    Reasoning models answer without a thought: as generators they gain little from thinking (arXiv 2505.03786,
    section 5), and N thoughts would cost most of the time.
    """

    SYSTEM = "You write SQLite queries. Answer with one SQL query in a ```sql block and nothing else."

    def build(self, question: Question, engine: Engine) -> Prompt:
        content = (
            Span("Database schema:\n\n"),
            Span(full_schema(question.schema), "data"),
            Span("\nQuestion: "),
            Span(" ".join(question.text.split()), "data"),
            Span(
                "\n\nWrite one SQLite SELECT query that answers the question. Use only tables and columns of the "
                "schema. Return just the columns that are asked for."
            ),
        )
        prompt = engine.chat((Message("system", (Span(self.SYSTEM),)), Message("user", content)))
        return (*prompt, *without_thought(engine), Span("```sql\n"))

    def complete(self, reply: str) -> bool:
        return "```" in reply

    def parse(self, reply: str) -> str:
        text = reply.partition("```")[0].strip()
        # A model that wrote prose first is met half-way: the query begins at its first SELECT or WITH.
        start = re.search(r"\b(select|with|values)\b", text, re.IGNORECASE)
        return text[start.start() :].strip() if start and not text.lower().startswith("explain") else text


def without_thought(engine: Engine) -> Prompt:
    """An empty thought, so that a reasoning model answers at once; nothing for other models."""
    marks = engine.reasoning
    if not marks.close:
        return ()
    opening = "" if marks.opened else marks.open
    return (Span(f"{opening}\n\n{marks.close}\n\n", "control"),)


_FAMILIES: dict[str, GeneratorPrompt] = {"compact": CompactGenerator(), "chat": ChatGenerator()}


def generator_prompt(name: str) -> GeneratorPrompt:
    """The family of that name.

    Raises:
        ModelError: there is none.

    """
    if name not in _FAMILIES:
        raise ModelError(f"unknown generator prompt {name!r}", hint=f"known: {', '.join(_FAMILIES)}")
    return _FAMILIES[name]
