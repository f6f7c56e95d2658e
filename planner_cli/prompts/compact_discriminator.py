"""The built-in adapter's own format, and the likelihood as a judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from planner_cli.engine.protocol import CUT, STABLE, Engine, Prompt, Span, Templated
from planner_cli.prompts.generator import ChatGenerator, GeneratorPrompt
from planner_cli.prompts.judging import TRUE_FALSE, Blend, View
from planner_cli.prompts.normal_form import resolve, write
from planner_cli.prompts.schema import compact_schema, hint_text, sql_line
from planner_cli.prompts.shown import Subject, facts_text, quiet_sql
from planner_cli.text import on_one_line
from planner_cli.types import Question, Schema

BUILTIN_BLEND = Blend(verdict=0.6362, likelihood=0.0868, bias=-0.0489)
"""For smollm2-135m-verdict, from ``python -m models.distill calibrate --budget 0`` on held-out training databases."""


def _normal(question: Question, subject: Subject, *, folded: bool = True) -> str:
    return quiet_sql(write(resolve(subject.candidate.sql, question.schema), folded=folded), question.schema)


@dataclass(frozen=True, slots=True)
class CompactLikelihood:
    """The query behind the prompt of the built-in generator, which is the beginning of the judge's."""

    blend: Blend
    after: ClassVar[Prompt] = (Span("\nSQL:"),)

    def written(self, question: Question, subject: Subject) -> Prompt:
        """See :meth:`Likelihood.written`."""
        return (Span(" "), Span(sql_line(_normal(question, subject)), "data"))


@dataclass(frozen=True, slots=True)
class CompactDiscriminator:
    """The trained format of the built-in adapter: no chat template, beginning with the generator's prompt.

         orders: id, status
        Q: How many orders are open?
        Values: orders.status = 'open'
        Plan: show count(*); from orders; where status = 'open'
        SQL: select count(*) from orders where status = 'shipped'
        Result: 1 row, 1 column; [3]
        Check: show count(*): same; from orders: same; where status = 'shipped': other
        {"correct":

    The thought is what follows ``Plan:`` and ``Check:``. The plan is written before the candidate is shown: a
    small model that sees the candidate first copies it as what is needed, and says true (``builtin-models.md``
    section 7). Candidates are shown in normal form, as they were in training.

    Without ``plans`` there is no such line: a thought in the model's own words follows ``Check:``.
    """

    likelihood: CompactLikelihood | None = None
    """It costs no more than the candidate's prefill, and ranks where plans are too few to do so."""
    plans: bool = True

    thinks: ClassVar = True
    takes_values: ClassVar = True
    choices: ClassVar[Mapping[str, Sequence[str]]] = TRUE_FALSE
    positive: ClassVar = "true"
    PLAN: ClassVar = Span("\nPlan:")
    ROWS: ClassVar = 2
    """Most rows of a result shown."""

    @property
    def outlines(self) -> bool:
        """See :class:`DiscriminatorPrompt`."""
        return self.plans

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine | None, view: View) -> Prompt:
        """See :meth:`DiscriminatorPrompt.build`."""
        del engine
        (subject,) = subjects
        facts = facts_text(subject.execution, min(view.rows, self.ROWS)) if view.rows else ""
        sql = _normal(question, subject)
        plan = (self.PLAN,) if self.plans else ()
        return (*self.shared(question, schema=view.schema), CUT, *plan, *self.candidate(sql, facts))

    @staticmethod
    def shared(question: Question, *, schema: bool = True) -> Prompt:
        """The prompt up to the plan."""
        hints = hint_text(question.hints)
        return (
            *((Span(compact_schema(question.schema), "data"),) if schema else ()),
            STABLE,
            Span("Q: "),
            Span(on_one_line(question.with_earlier), "data"),
            *((Span("\nValues: "), Span(hints, "data")) if hints else ()),
        )

    @staticmethod
    def candidate(sql: str, facts: str) -> Prompt:
        """From the end of the plan up to the check; ``facts`` may be empty."""
        return (
            Span("\n"),
            Span("SQL: "),
            Span(sql_line(sql), "data"),
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
class ChatCheck:
    """A trained format behind the generator's ``chat`` prompt: schema and question are read once for both roles.

        ...<|im_start|>assistant
        SQL: select count(*) from orders where status = 'shipped'
        Result: 1 row, 1 column; [3]
        Check: The question asks for open orders.
        {"correct":

    The thought, in the model's own words, is what follows ``Check:``. Candidates are shown in normal form, with names
    as the schema spells them.
    """

    thinks: ClassVar = True
    outlines: ClassVar = False
    takes_values: ClassVar = True
    likelihood: ClassVar[None] = None
    choices: ClassVar[Mapping[str, Sequence[str]]] = TRUE_FALSE
    positive: ClassVar = "true"
    _form: ClassVar = CompactDiscriminator(plans=False)

    def build(self, question: Question, subjects: Sequence[Subject], engine: Templated, view: View) -> Prompt:
        """See :meth:`DiscriminatorPrompt.build`."""
        (subject,) = subjects
        facts = facts_text(subject.execution, min(view.rows, self._form.ROWS)) if view.rows else ""
        seen = question if view.schema else replace(question, schema=Schema(()))
        return (*self.shared(seen, engine), CUT, *self.candidate(_normal(question, subject, folded=False), facts))

    @staticmethod
    def shared(question: Question, engine: Templated) -> Prompt:
        """The prompt up to the candidate, which is the beginning of the generator's."""
        return ChatGenerator().asked(question, engine)

    @classmethod
    def candidate(cls, sql: str, facts: str) -> Prompt:
        """From the query to the check; ``facts`` may be empty."""
        return cls._form.candidate(sql, facts)[1:]

    def close(self, engine: Engine | None) -> str:
        """See :meth:`DiscriminatorPrompt.close`."""
        return self._form.close(engine)

    def verdict(self, engine: Engine | None, *, closed_itself: bool) -> Prompt:
        """See :meth:`DiscriminatorPrompt.verdict`."""
        return self._form.verdict(engine, closed_itself=closed_itself)


@dataclass(frozen=True, slots=True)
class GeneratorLikelihood:
    """The query behind a generator's prompt, and nothing else: the score is P(query)."""

    generator: GeneratorPrompt
    blend: ClassVar[None] = None
    after: ClassVar[Prompt] = ()

    def written(self, question: Question, subject: Subject) -> Prompt:
        """See :meth:`Likelihood.written`."""
        return self.generator.written(subject.candidate.sql, question.schema)


@dataclass(frozen=True, slots=True)
class LikelihoodDiscriminator:
    """No verdict is requested: the score is P(candidate) under the model as a generator.

    The control that every trained judge has to beat. It ranks, but is not P(correct): long queries have small values.
    """

    generator: GeneratorPrompt
    thinks: ClassVar = False
    outlines: ClassVar = False
    choices: ClassVar[Mapping[str, Sequence[str]]] = TRUE_FALSE
    positive: ClassVar = "true"

    @property
    def likelihood(self) -> GeneratorLikelihood:
        """See :class:`DiscriminatorPrompt`."""
        return GeneratorLikelihood(self.generator)

    @property
    def takes_values(self) -> bool:
        """See :class:`DiscriminatorPrompt`."""
        return self.generator.takes_values

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine, view: View) -> Prompt:
        """The generator's prompt, and the candidate after :data:`CUT`."""
        del view
        (subject,) = subjects
        return (*self.generator.build(question, engine), CUT, *self.likelihood.written(question, subject))

    def close(self, engine: Engine) -> str:
        """See :meth:`DiscriminatorPrompt.close`."""
        del engine
        return ""

    def verdict(self, engine: Engine, *, closed_itself: bool) -> Prompt:
        """Nothing is forced."""
        del engine, closed_itself
        return ()
