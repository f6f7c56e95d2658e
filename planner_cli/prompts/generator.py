"""The generator's prompt, and how the SQL is read from its reply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from planner_cli.engine.protocol import STABLE, Message, Prompt, Span, Templated
from planner_cli.errors import ModelError
from planner_cli.prompts.grammar import schema_grammar
from planner_cli.prompts.normal_form import resolve, write
from planner_cli.prompts.reply import extract_sql, is_closed, opened
from planner_cli.prompts.schema import compact_schema, create_tables, hint_text, sql_line
from planner_cli.text import on_one_line, without_breaks
from planner_cli.types import Earlier, Question, Schema

_MOST_OPENING = 64
"""Characters of blanks, fences and labels before a query of the one-line format."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A query shown to the generator: one to improve on, or (``partial``) the beginning of the next."""

    sql: str
    error: str | None = None
    """Why it could not be executed, where it could not."""
    partial: bool = False


class GeneratorPrompt(Protocol):
    """One family of prompts; stateless."""

    takes_values: bool
    """Whether a question's hints are shown: stored values that it mentions."""
    takes_notes: bool
    """Whether the user's notes and similar questions are shown."""
    english_only: bool
    """Whether models with this prompt are trained on English questions and nothing else."""

    def build(self, question: Question, engine: Templated, draft: Draft | None = None) -> Prompt:
        """The whole prompt; what is stable for a database comes first, up to the mark. A partial draft is its end."""

    def complete(self, reply: str) -> bool:
        """Whether the query in the reply is already complete, so that the branch can be closed."""

    def parse(self, reply: str) -> str:
        """The SQL in the reply, empty where there is none."""

    def written(self, sql: str, schema: Schema) -> Prompt:
        """A query as the reply would have it, for its likelihood."""

    def grammar(self, schema: Schema) -> str | None:
        """The grammar of replies that name only what exists; ``None`` where that is not available."""


class CompactGenerator:
    """The trained format of the built-in adapters: no chat template, no instructions.

    Hints follow the question, so that questions about one database share the schema's KV cache.
    """

    takes_values = True
    takes_notes = False
    english_only = True

    def build(self, question: Question, engine: Templated | None, draft: Draft | None = None) -> Prompt:
        del engine
        hints = hint_text(question.hints)
        asked = (
            Span(compact_schema(question.schema), "data"),
            STABLE,
            *_before(question.earlier),
            Span("Q: "),
            Span(on_one_line(question.text), "data"),
            *((Span("\nValues: "), Span(hints, "data")) if hints else ()),
            Span("\nSQL:"),
        )
        if draft is None:
            return asked
        shown = (*asked, Span(" "), Span(draft.sql, "data"))
        if draft.partial:
            return shown
        fault = (
            (Span("\nError: "), Span(without_breaks(draft.error), "data"))
            if draft.error
            else (Span("\nError: not the answer"),)
        )
        return (*shown, *fault, Span("\nSQL:"))

    def complete(self, reply: str) -> bool:
        query = opened(reply)
        return "\n" in query if query else len(reply) > _MOST_OPENING

    def parse(self, reply: str) -> str:
        return extract_sql(opened(reply).partition("\n")[0])

    def written(self, sql: str, schema: Schema) -> Prompt:
        return (Span(f" {sql_line(write(resolve(sql, schema)))}", "data"),)

    def grammar(self, schema: Schema) -> str | None:
        return schema_grammar(schema)


class ChatGenerator:
    """For general instruct models, through their chat template.

    Everything but the question comes first, so that it is read once per database; a question adds some 40 tokens.

    Reasoning models answer without a thought: as generators they gain little from thinking (arXiv 2505.03786,
    section 5), and N thoughts would cost most of the time.
    """

    takes_values = True
    takes_notes = True
    english_only = False
    SYSTEM = (
        "You write SQLite queries. Answer with one SQL SELECT query in a ```sql block and nothing else. Use only "
        "tables and columns of the schema. Return just the columns that are asked for."
    )

    def build(self, question: Question, engine: Templated, draft: Draft | None = None) -> Prompt:
        begun = (Span(draft.sql, "data"),) if draft is not None and draft.partial else ()
        return (*self.asked(question, engine, draft), Span("```sql\n"), *begun)

    def asked(self, question: Question, engine: Templated, draft: Draft | None = None) -> Prompt:
        """The prompt up to where the model's reply begins, which a discriminator may go on from (``chat-check``)."""
        hints = hint_text(question.hints, folded=False)
        content = (
            Span("Database schema:\n\n"),
            Span(create_tables(question.schema), "data"),
            STABLE,
            *_known(question),
            *_conversation(question.earlier),
            Span("\nQuestion: "),
            Span(on_one_line(question.text) + question.day_said, "data"),
            *((Span("\nValues in the database: "), Span(hints, "data")) if hints else ()),
            *_attempt(draft),
        )
        prompt = engine.chat((Message("system", (Span(self.SYSTEM),)), Message("user", content)))
        return (*prompt, *without_thought(engine))

    def complete(self, reply: str) -> bool:
        return "```" in reply and is_closed(reply)

    def parse(self, reply: str) -> str:
        return extract_sql(reply)

    def written(self, sql: str, schema: Schema) -> Prompt:
        del schema
        return (Span(f"{sql}\n```", "data"),)

    def grammar(self, schema: Schema) -> str | None:
        del schema
        return None  # these models have their own style: upper case, aliases, spacing


def _before(earlier: Earlier | None) -> Prompt:
    """The question before and its query, in the trained format.

    Of 12 follow-ups on the demo database the built-in generator's greedy query was right for 6; for 5 with one question
    made of both texts, for 4 with that behind the earlier query, for 1 without anything before it.
    """
    if earlier is None:
        return ()
    return (
        Span("Q: "), Span(on_one_line(earlier.text), "data"), Span("\nSQL: "), Span(sql_line(earlier.sql), "data"),
        Span("\n"),
    )  # fmt: skip


def notes_of(question: Question) -> Prompt:
    """What the user's notes say about words of the question, a line each."""
    return tuple(span for note in question.notes for span in (Span("\nNote: "), Span(on_one_line(note), "data")))


def _known(question: Question) -> Prompt:
    """What the user's notes say, and similar questions with their queries."""
    examples = [
        (
            Span("\nSimilar question: "), Span(on_one_line(example.question), "data"), Span("\nIts query: "),
            Span(sql_line(example.sql), "data"),
        )
        for example in question.examples
    ]  # fmt: skip
    return (*notes_of(question), *(span for example in examples for span in example))


def _conversation(earlier: Earlier | None) -> Prompt:
    """What a chat model is shown of the question before."""
    if earlier is None:
        return ()
    return (
        Span("\nEarlier question: "), Span(on_one_line(earlier.text), "data"), Span("\nIts query: "),
        Span(sql_line(earlier.sql), "data"), Span("\nThe next question continues the earlier one."),
    )  # fmt: skip


def _attempt(draft: Draft | None) -> Prompt:
    """What a chat model is shown of an earlier attempt."""
    if draft is None or draft.partial:
        return ()
    verdict = Span("\nIt fails: ") if draft.error else Span("\nIt may not answer the question.")
    fault = (Span(without_breaks(draft.error), "data"),) if draft.error else ()
    return (Span("\n\nAn earlier attempt:\n"), Span(draft.sql, "data"), verdict, *fault, Span("\nWrite a better one."))


def without_thought(engine: Templated) -> Prompt:
    """An empty thought, so that a reasoning model answers at once; nothing for other models."""
    marks = engine.reasoning
    if not marks.close:
        return ()
    opening = "" if marks.opened else marks.open
    return (Span(f"{opening}\n\n{marks.close}\n\n", "control"),)


_FAMILIES: dict[str, GeneratorPrompt] = {
    "compact-values": CompactGenerator(),
    "chat": ChatGenerator(),
}


def generator_prompt(name: str) -> GeneratorPrompt:
    """The family with that name.

    Raises:
        ModelError: there is none.

    """
    if name not in _FAMILIES:
        raise ModelError(f"unknown generator prompt {name!r}", hint=f"known: {', '.join(_FAMILIES)}")
    return _FAMILIES[name]
