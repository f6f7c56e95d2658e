"""What a discriminator is asked about candidates, and how its verdict is forced and read.

The schema and the question come first and are the same for all candidates, so their KV cache is shared; the
candidate, its result and the demand for a verdict follow. The verdict is read at a fixed position, right
after ``{"correct":``, never parsed from free text (arXiv 2505.03786, section 3, reads the same key's value).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner_cli.engine.protocol import CUT, Engine, Message, Prompt, Span
from planner_cli.errors import ModelError
from planner_cli.prompts.generator import without_thought
from planner_cli.prompts.schema import compact_schema
from planner_cli.types import Candidate, Execution, Question, Schema, Value

CELL_WIDTH = 100
ALIAS_WIDTH = 30
"""Characters of a result's cell and column name shown; both are untrusted text."""
SHOWN_COLUMNS = 20
SHOWN_CHARACTERS = 2_000
"""Bounds of a whole result: one wide table must not crowd the others out of the context."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A candidate to judge, and what running it gave."""

    candidate: Candidate
    execution: Execution


@dataclass(frozen=True, slots=True)
class View:
    """What of the database the discriminator sees."""

    rows: int = 5
    """First rows of each result; 0 shows no result."""
    schema: bool = True


@dataclass(frozen=True, slots=True)
class DiscriminatorPrompt:
    """A family of prompts through the model's chat template; families differ in their words only."""

    demand: str
    """The last words before the model's turn."""
    opening: str
    """What is written for the model before its verdict is read. No blank at its end: " true" is one token in
    common vocabularies, and a lone blank is another (``llama-cpp.md`` section 6)."""
    choices: Mapping[str, Sequence[str]]
    """The words of the verdict and their spellings."""
    positive: str
    """The choice whose probability is the score."""
    thinks: bool = True
    """False: the verdict is read at once, with no room for a thought (P(yes) of an ordinary model)."""
    system: str = "You check SQLite queries. Think briefly, then answer with JSON."

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine, view: View) -> Prompt:
        """The whole prompt; :data:`CUT` ends the shared part; a thought is open where the family thinks."""
        content: list[Span] = []
        if view.schema:
            # The short form: a query that has run uses names that exist, and prefill is what a judge's wait is
            # made of (the demo database's prompt is 618 tokens with CREATE TABLE text, with this one 280).
            content += [
                Span("Tables (-> is a foreign key):\n"),
                Span(compact_schema(question.schema), "data"),
                Span("\n"),
            ]
        content += [Span("Question: "), Span(" ".join(question.text.split()), "data"), CUT]
        for subject, title in zip(subjects, _titles(len(subjects)), strict=True):
            content += [Span(f"\n\n{title}:\n"), Span(quiet_sql(subject.candidate.sql, question.schema), "data")]
            if view.rows:
                content += [Span("\n\nIts result:\n"), Span(result_text(subject.execution, view.rows), "data")]
        content.append(Span(f"\n\n{self.demand}"))
        prompt = engine.chat((Message("system", (Span(self.system),)), Message("user", tuple(content))))
        marks = engine.reasoning
        if not self.thinks:
            return (*prompt, *without_thought(engine))
        if marks.open and not marks.opened:
            return (*prompt, Span(f"{marks.open}\n", "control"))
        return prompt

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        """The forced text after which the verdict is read, when the model has closed its thought or not."""
        if not self.thinks:
            return (Span(self.opening),) if self.opening else ()
        close = engine.reasoning.close
        opening = Span(f"\n\n{self.opening}")
        return (opening,) if not close or closed_itself else (Span(f"\n{close}", "control"), opening)


def _titles(count: int) -> tuple[str, ...]:
    return ("SQL query",) if count == 1 else ("First SQL query", "Second SQL query")


def _spellings(word: str) -> tuple[str, ...]:
    forms = (word, word.capitalize(), word.upper())
    return tuple(blank + form for form in forms for blank in (" ", ""))


_QUOTED = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]",
    re.DOTALL,
)
"""Where a query can hold free text: comments, literals, quoted names."""


def quiet_sql(sql: str, schema: Schema) -> str:
    """A query as the judge is shown it: without the free text by which its writer could speak to the judge.

    Comments are left out, literals cut like cells, and quoted names that the schema does not have (aliases) like the
    names of a result's columns: the generator can write anything there (``benchmarks/injection.py`` measures it).
    """
    known = {name for table in schema.tables for name in (table.name, *(column.name for column in table.columns))}

    def quiet(match: re.Match[str]) -> str:
        text = match.group()
        if text.startswith(("--", "/*")):
            return " "
        inside = text[1:-1]
        width = CELL_WIDTH if text[0] == "'" else ALIAS_WIDTH
        if len(inside) <= width or inside.replace('""', '"') in known:
            return text
        return f"{text[0]}{inside[:width]}...{text[-1]}"

    return _QUOTED.sub(quiet, sql)


def result_text(execution: Execution, rows: int) -> str:
    """The first rows of a result as JSON lines, names and cells cut, with the truth about what is left out."""
    if execution.error is not None:
        return f"error: {_cut(execution.error, CELL_WIDTH)}"
    columns = execution.columns[:SHOWN_COLUMNS]
    lines = [json.dumps([_cut(name, ALIAS_WIDTH) for name in columns], ensure_ascii=False)]
    for row in execution.rows[:rows]:
        line = json.dumps([_cell(value) for value in row[:SHOWN_COLUMNS]], ensure_ascii=False)
        if sum(map(len, lines)) + len(line) > SHOWN_CHARACTERS:
            break
        lines.append(line)
    shown = len(lines) - 1
    facts = [f"{len(execution.rows)}{' or more' if execution.truncated else ''} rows"]
    if shown < len(execution.rows):
        facts.append(f"the first {shown} shown")
    if len(columns) < len(execution.columns):
        facts.append(f"the first {len(columns)} of {len(execution.columns)} columns shown")
    return "\n".join([*lines, f"({', '.join(facts)})"])


def _cell(value: Value) -> int | float | str | None:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, str):
        return _cut(value, CELL_WIDTH)
    return value


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width] + "..."


_CHECK = "Check its tables, columns, conditions, grouping and order against the question"

_FAMILIES: dict[str, DiscriminatorPrompt] = {
    "chat": DiscriminatorPrompt(
        demand=f"Does the query answer the question? {_CHECK}, then answer with "
        '{"correct": true} or {"correct": false}.',
        opening='{"correct":',
        choices={word: _spellings(word) for word in ("true", "false")},
        positive="true",
    ),
    "yesno": DiscriminatorPrompt(
        demand="Does the query answer the question? Answer Yes or No.",
        opening="",
        choices={word: _spellings(word) for word in ("yes", "no")},
        positive="yes",
        thinks=False,
        system="You check SQLite queries.",
    ),
    "pair": DiscriminatorPrompt(
        demand="Which of the two queries answers the question? Compare their tables, columns, conditions, grouping "
        'and order with the question, then answer with {"better": first} or {"better": second}.',
        opening='{"better":',
        choices={word: _spellings(word) for word in ("first", "second")},
        positive="first",
    ),
}


def discriminator_prompt(name: str) -> DiscriminatorPrompt:
    """The family of that name.

    ``chat`` judges one candidate after a thought, ``yesno`` without any, ``pair`` compares two.

    Raises:
        ModelError: there is none.

    """
    if name not in _FAMILIES:
        raise ModelError(f"unknown discriminator prompt {name!r}", hint=f"known: {', '.join(_FAMILIES)}")
    return _FAMILIES[name]
