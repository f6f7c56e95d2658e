"""What a discriminator is asked about candidates, and how its verdict is forced and read.

The schema and the question come first and are the same for all candidates, so their KV cache is shared; the
candidate, its result and the demand for a verdict follow. The verdict is read at a fixed position, right
after ``{"correct":``, never parsed from free text (arXiv 2505.03786, section 3, reads the same key's value).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from planner_cli.engine.protocol import CUT, STABLE, Engine, Message, Prompt, Span
from planner_cli.errors import ModelError
from planner_cli.prompts.compact_discriminator import (
    BUILTIN_BLEND,
    ChatCheck,
    CompactDiscriminator,
    CompactLikelihood,
    LikelihoodDiscriminator,
)
from planner_cli.prompts.generator import generator_prompt, notes_of, without_thought
from planner_cli.prompts.judging import TRUE_FALSE, DiscriminatorPrompt, View, spellings
from planner_cli.prompts.schema import compact_schema
from planner_cli.prompts.shown import Subject, quiet_sql, result_text
from planner_cli.text import on_one_line
from planner_cli.types import Question


@dataclass(frozen=True, slots=True)
class Headings:
    """What precedes each part of the prompt."""

    schema: str = "Tables (-> is a foreign key):\n"
    question: str = "Question: "
    queries: tuple[str, ...] = ("SQL query:\n",)
    """One for each candidate that is shown."""
    result: str = "Its result:\n"


@dataclass(frozen=True, slots=True)
class ChatDiscriminator:
    """Uses the model's chat template; families of this kind differ only in their words."""

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
    outlines: ClassVar = False
    takes_values: ClassVar = False
    likelihood: ClassVar[None] = None

    def build(self, question: Question, subjects: Sequence[Subject], engine: Engine, view: View) -> Prompt:
        """See :meth:`DiscriminatorPrompt.build`."""
        headings = self.headings
        content: list[Span] = [Span(f"{self.task}\n\n")] if self.task else []
        if view.schema:
            # The short form: a query that has run uses names that exist, and prefill is most of the wait for a
            # judge (the demo database's prompt has 618 tokens with CREATE TABLE text, and 280 with this form).
            content += [Span(headings.schema), Span(compact_schema(question.schema), "data"), Span("\n")]
        content += [
            STABLE,
            Span(headings.question),
            Span(on_one_line(question.with_earlier) + question.day_said, "data"),
            *notes_of(question),
            CUT,
        ]
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


_CHECK = "Check its tables, columns, conditions, grouping and order against the question"

_FAMILIES: dict[str, DiscriminatorPrompt] = {
    "compact-values": CompactDiscriminator(CompactLikelihood(BUILTIN_BLEND)),
    "compact-verdict": CompactDiscriminator(),
    "compact-check": CompactDiscriminator(plans=False),
    "chat-check": ChatCheck(),
    "likelihood": LikelihoodDiscriminator(generator_prompt("compact-values")),
    "likelihood-chat": LikelihoodDiscriminator(generator_prompt("chat")),
    "chat": ChatDiscriminator(
        demand=f"Does the query answer the question? {_CHECK}, then answer with "
        '{"correct": true} or {"correct": false}.',
        opening='{"correct":',
        choices=TRUE_FALSE,
        positive="true",
    ),
    "yesno": ChatDiscriminator(
        demand="Does the query answer the question? Answer Yes or No.",
        opening="",
        choices={word: spellings(word) for word in ("yes", "no")},
        positive="yes",
        thinks=False,
        system="You check SQLite queries.",
    ),
    "pair": ChatDiscriminator(
        demand="Which of the two queries answers the question? Compare their tables, columns, conditions, grouping "
        'and order with the question, then answer with {"better": first} or {"better": second}.',
        opening='{"better":',
        choices={word: spellings(word) for word in ("first", "second")},
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
        choices=TRUE_FALSE,
        positive="true",
        system="",
        headings=Headings("### Schema:\n", "### Question:\n", ("### SQL query:\n",), "### Result:\n"),
        begin="Okay,",
    ),
}


def discriminator_prompt(name: str) -> DiscriminatorPrompt:
    """The family with that name.

    ``chat`` judges one candidate after a thought, ``yesno`` without any, ``pair`` compares two; ``paper`` is ``chat``
    in the form of arXiv 2505.03786. ``compact-values`` is the built-in adapter's own, as for the generator, and
    ``compact-verdict`` the same without the query's likelihood in the score, ``compact-check`` also without a plan
    before the candidate: for adapters that think in their own words. ``chat-check`` is that behind the generator's
    ``chat`` prompt. ``likelihood`` and ``likelihood-chat`` ask for nothing, and score P(query) under the generator's
    prompt.

    Raises:
        ModelError: there is none.

    """
    if name not in _FAMILIES:
        raise ModelError(f"unknown discriminator prompt {name!r}", hint=f"known: {', '.join(_FAMILIES)}")
    return _FAMILIES[name]
