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

from planner_cli.engine.protocol import CUT, STABLE, Engine, Message, Prompt, Span
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
class Headings:
    """What stands before each part of the prompt."""

    schema: str = "Tables (-> is a foreign key):\n"
    question: str = "Question: "
    queries: tuple[str, ...] = ("SQL query:\n",)
    """One for each candidate that is shown."""
    result: str = "Its result:\n"


@dataclass(frozen=True, slots=True)
class DiscriminatorPrompt:
    """A family of prompts through the model's chat template; families differ in their words only."""

    demand: str
    """The last words before the model's turn; empty where ``task`` says it all."""
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
    """Empty: no system message."""
    task: str = ""
    """What is wanted, before everything else."""
    headings: Headings = Headings()
    begin: str = ""
    """First words of the thought, written for the model."""

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine, view: View) -> Prompt:
        """The whole prompt; a thought is open where the family thinks.

        :data:`STABLE` ends what is the same for every question, :data:`CUT` what is the same for every candidate.
        """
        headings = self.headings
        content: list[Span] = [Span(f"{self.task}\n\n")] if self.task else []
        if view.schema:
            # The short form: a query that has run uses names that exist, and prefill is what a judge's wait is
            # made of (the demo database's prompt is 618 tokens with CREATE TABLE text, with this one 280).
            content += [Span(headings.schema), Span(compact_schema(question.schema), "data"), Span("\n")]
        content += [STABLE, Span(headings.question), Span(" ".join(question.text.split()), "data"), CUT]
        for subject, heading in zip(subjects, headings.queries, strict=True):
            content += [Span(f"\n\n{heading}"), Span(quiet_sql(subject.candidate.sql, question.schema), "data")]
            if view.rows:
                shown = result_text(subject.execution, view.rows)
                content += [Span(f"\n\n{headings.result}"), Span(shown, "data")]
        if self.demand:
            content.append(Span(f"\n\n{self.demand}"))
        system = (Message("system", (Span(self.system),)),) if self.system else ()
        prompt = engine.chat((*system, Message("user", tuple(content))))
        return (*prompt, *(self._thought(engine) if self.thinks else without_thought(engine)))

    def _thought(self, engine: Engine) -> Prompt:
        """What begins the thought, where the template has not opened one."""
        marks = engine.reasoning
        opening = (Span(f"{marks.open}\n", "control"),) if marks.open and not marks.opened else ()
        return (*opening, Span(self.begin)) if self.begin else opening

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        """The forced text after which the verdict is read, when the model has closed its thought or not."""
        if not self.thinks:
            return (Span(self.opening),) if self.opening else ()
        close = engine.reasoning.close
        opening = Span(f"\n\n{self.opening}")
        return (opening,) if not close or closed_itself else (Span(f"\n{close}", "control"), opening)


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
        headings=Headings(queries=("First SQL query:\n", "Second SQL query:\n")),
    ),
    # The published prompt's parts in the published order, in our words (its text has no licence): the task with its
    # two steps first, headings as in Markdown, no system message, and a thought that is begun for the model. The
    # published exec mode asked for Yes or No in bold and then looked for JSON; here every mode asks for JSON.
    "paper": DiscriminatorPrompt(
        task="Judge whether the SQL query is correct for the question. Give the final answer in JSON with the key "
        "'correct'.\n\nProceed in two steps:\n- First take the query apart, step by step.\n- Then decide whether it "
        "answers the question.\n\nOnly correctness matters. Do not write another query.",
        demand="",
        opening='{"correct":',
        choices={word: _spellings(word) for word in ("true", "false")},
        positive="true",
        system="",
        headings=Headings("### Schema:\n", "### Question:\n", ("### SQL query:\n",), "### Result:\n"),
        begin="Okay,",
    ),
}


def discriminator_prompt(name: str) -> DiscriminatorPrompt:
    """The family of that name.

    ``chat`` judges one candidate after a thought, ``yesno`` without any, ``pair`` compares two; ``paper`` is ``chat``
    in the form of arXiv 2505.03786.

    Raises:
        ModelError: there is none.

    """
    if name not in _FAMILIES:
        raise ModelError(f"unknown discriminator prompt {name!r}", hint=f"known: {', '.join(_FAMILIES)}")
    return _FAMILIES[name]
