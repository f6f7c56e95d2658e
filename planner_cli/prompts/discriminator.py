"""What a discriminator is asked about candidates, and how its verdict is forced and read.

The schema and the question come first and are the same for all candidates, so their KV cache is shared; the
candidate, its result and the demand for a verdict follow. The verdict is read at a fixed position, right
after ``{"correct":``, never parsed from free text (arXiv 2505.03786, section 3, reads the same key's value).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from planner_cli.engine.protocol import CUT, STABLE, Engine, Message, Prompt, Span
from planner_cli.errors import ModelError
from planner_cli.prompts.generator import GeneratorPrompt, generator_prompt, without_thought
from planner_cli.prompts.normal_form import resolve, write
from planner_cli.prompts.schema import compact_schema, hint_text
from planner_cli.prompts.shown import Subject, facts_text, quiet_sql, result_text
from planner_cli.types import Question


@dataclass(frozen=True, slots=True)
class View:
    """What of the database the discriminator sees."""

    rows: int = 5
    """First rows of each result; 0 shows no result."""
    schema: bool = True


class DiscriminatorPrompt(Protocol):
    """One family of prompts; stateless."""

    @property
    def thinks(self) -> bool:
        """Whether there is room for a thought; else the verdict is read at once."""

    @property
    def outlines(self) -> bool:
        """Whether the thought begins before the candidate is shown: once a question, the same for all candidates.

        What :meth:`build` has after :data:`CUT` then begins with a line's end, which also ends that part.
        """

    @property
    def takes_values(self) -> bool:
        """Whether a question's hints are shown: stored values that it mentions."""

    @property
    def choices(self) -> Mapping[str, Sequence[str]]:
        """The words of the verdict and their spellings."""

    @property
    def positive(self) -> str:
        """The choice whose probability is the score."""

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine, view: View) -> Prompt:
        """The whole prompt; a thought is open where the family thinks.

        :data:`STABLE` ends what is the same for every question, :data:`CUT` what is the same for every candidate.
        """

    def close(self, engine: Engine) -> str:
        """What ends a thought in the model's own text; empty where only its end of turn does."""

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        """The forced text after which the verdict is read, when the model has closed its thought or not."""


@dataclass(frozen=True, slots=True)
class Headings:
    """What stands before each part of the prompt."""

    schema: str = "Tables (-> is a foreign key):\n"
    question: str = "Question: "
    queries: tuple[str, ...] = ("SQL query:\n",)
    """One for each candidate that is shown."""
    result: str = "Its result:\n"


@dataclass(frozen=True, slots=True)
class ChatDiscriminator:
    """Through the model's chat template; families of this kind differ in their words only."""

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
    outlines: bool = field(default=False, init=False)
    takes_values: bool = field(default=False, init=False)

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine, view: View) -> Prompt:
        """See :meth:`DiscriminatorPrompt.build`."""
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

    def close(self, engine: Engine) -> str:
        """See :meth:`DiscriminatorPrompt.close`."""
        return engine.reasoning.close

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        """See :meth:`DiscriminatorPrompt.verdict`."""
        if not self.thinks:
            return (Span(self.opening),) if self.opening else ()
        close = engine.reasoning.close
        opening = Span(f"\n\n{self.opening}")
        return (opening,) if not close or closed_itself else (Span(f"\n{close}", "control"), opening)


def _spellings(word: str) -> tuple[str, ...]:
    forms = (word, word.capitalize(), word.upper())
    return tuple(blank + form for form in forms for blank in (" ", ""))


_TRUE_FALSE = {word: _spellings(word) for word in ("true", "false")}


@dataclass(frozen=True, slots=True)
class CompactDiscriminator:
    """The trained format of the built-in adapter: no chat template, and the generator's prompt as its beginning.

         orders: id, status
        Q: How many orders are open?
        Values: orders.status = 'open'
        Plan: show count(*); from orders; where status = 'open'
        SQL: select count(*) from orders where status = 'shipped'
        Result: 1 row, 1 column; [3]
        Check: show same; from same; where other
        {"correct":

    The thought is what stands behind ``Plan:`` and ``Check:``. The plan is written before the candidate is shown: a
    small model that sees the candidate first copies it as what is needed, and says true (``builtin-models.md``
    section 7). Candidates are shown in normal form, as they were in training.
    """

    thinks: bool = True
    """False: the same prompt with no thought in it."""
    outlines: bool = field(default=True, init=False)
    takes_values: bool = field(default=True, init=False)
    choices: Mapping[str, Sequence[str]] = field(default_factory=lambda: _TRUE_FALSE, init=False)
    positive: str = field(default="true", init=False)

    ROWS = 2
    """Most rows of a result shown."""

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine | None, view: View) -> Prompt:
        """See :meth:`DiscriminatorPrompt.build`."""
        del engine
        (subject,) = subjects
        facts = facts_text(subject.execution, min(view.rows, self.ROWS)) if view.rows else ""
        sql = quiet_sql(write(resolve(subject.candidate.sql, question.schema)), question.schema)
        return (*self.shared(question, schema=view.schema), CUT, *self.candidate(sql, facts))

    @staticmethod
    def shared(question: Question, *, schema: bool = True) -> Prompt:
        """Up to the plan."""
        hints = hint_text(question.hints)
        return (
            *((Span(compact_schema(question.schema), "data"),) if schema else ()),
            STABLE,
            Span("Q: "),
            Span(" ".join(question.text.split()), "data"),
            *((Span("\nValues: "), Span(hints, "data")) if hints else ()),
            Span("\nPlan:"),
        )

    @staticmethod
    def candidate(sql: str, facts: str) -> Prompt:
        """From the end of the plan up to the check; ``facts`` may be empty."""
        return (
            Span("\n"),
            Span("SQL: "),
            Span(" ".join(sql.split()), "data"),
            *((Span("\nResult: "), Span(facts, "data")) if facts else ()),
            Span("\nCheck:"),
        )

    def close(self, engine: Engine | None) -> str:
        """See :meth:`DiscriminatorPrompt.close`."""
        del engine
        return "\n"

    def verdict(self, engine: Engine | None, *, closed_itself: bool) -> Prompt:
        """See :meth:`DiscriminatorPrompt.verdict`."""
        del engine
        return (*(() if closed_itself else (Span("\n"),)), Span('{"correct":'))


@dataclass(frozen=True, slots=True)
class LikelihoodDiscriminator:
    """No verdict is asked for: the score is P(candidate) under the model as a generator.

    The control that every trained judge has to beat. It ranks, and is no P(correct): long queries have small ones.
    """

    generator: GeneratorPrompt
    normal: bool
    """Whether candidates are read in normal form, as a generator was trained to write them."""
    thinks: bool = field(default=False, init=False)
    outlines: bool = field(default=False, init=False)
    choices: Mapping[str, Sequence[str]] = field(default_factory=lambda: _TRUE_FALSE, init=False)
    positive: str = field(default="true", init=False)

    @property
    def takes_values(self) -> bool:
        """See :class:`DiscriminatorPrompt`."""
        return self.generator.takes_values

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine, view: View) -> Prompt:
        """The generator's prompt, and the candidate after :data:`CUT`."""
        del view
        (subject,) = subjects
        sql = subject.candidate.sql
        written = f" {write(resolve(sql, question.schema))}" if self.normal else f"{sql}\n```"
        return (*self.generator.build(question, engine), CUT, Span(written, "data"))

    def close(self, engine: Engine) -> str:
        """See :meth:`DiscriminatorPrompt.close`."""
        del engine
        return ""

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        """Nothing is forced."""
        del engine, closed_itself
        return ()


_CHECK = "Check its tables, columns, conditions, grouping and order against the question"

_FAMILIES: dict[str, DiscriminatorPrompt] = {
    "compact-values": CompactDiscriminator(),
    "likelihood": LikelihoodDiscriminator(generator_prompt("compact-values"), normal=True),
    "likelihood-chat": LikelihoodDiscriminator(generator_prompt("chat"), normal=False),
    "chat": ChatDiscriminator(
        demand=f"Does the query answer the question? {_CHECK}, then answer with "
        '{"correct": true} or {"correct": false}.',
        opening='{"correct":',
        choices=_TRUE_FALSE,
        positive="true",
    ),
    "yesno": ChatDiscriminator(
        demand="Does the query answer the question? Answer Yes or No.",
        opening="",
        choices={word: _spellings(word) for word in ("yes", "no")},
        positive="yes",
        thinks=False,
        system="You check SQLite queries.",
    ),
    "pair": ChatDiscriminator(
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
    "paper": ChatDiscriminator(
        task="Judge whether the SQL query is correct for the question. Give the final answer in JSON with the key "
        "'correct'.\n\nProceed in two steps:\n- First take the query apart, step by step.\n- Then decide whether it "
        "answers the question.\n\nOnly correctness matters. Do not write another query.",
        demand="",
        opening='{"correct":',
        choices=_TRUE_FALSE,
        positive="true",
        system="",
        headings=Headings("### Schema:\n", "### Question:\n", ("### SQL query:\n",), "### Result:\n"),
        begin="Okay,",
    ),
}


def discriminator_prompt(name: str) -> DiscriminatorPrompt:
    """The family of that name.

    ``chat`` judges one candidate after a thought, ``yesno`` without any, ``pair`` compares two; ``paper`` is ``chat``
    in the form of arXiv 2505.03786; ``compact-values`` is the built-in adapter's own, as for the
    generator. ``likelihood`` and ``likelihood-chat`` ask for nothing, and score P(query) under the generator's prompt.

    Raises:
        ModelError: there is none.

    """
    if name not in _FAMILIES:
        raise ModelError(f"unknown discriminator prompt {name!r}", hint=f"known: {', '.join(_FAMILIES)}")
    return _FAMILIES[name]
