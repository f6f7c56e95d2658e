"""A question as models see it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from planner_cli.app.settings import DatabaseSettings
from planner_cli.linking import Linker
from planner_cli.text import nocase
from planner_cli.types import Earlier, Question, Schema, ValueHint

if TYPE_CHECKING:
    from planner_cli.database import Database
    from planner_cli.discriminator import Discriminator
    from planner_cli.generator import Generator
    from planner_cli.planning import Lacking

_CONTEXT_SHARE = 2
"""The schema may take one part in this many of a model's context: the rest is for questions, queries and thoughts."""

_MOST_HINTS, _MOST_PLACES = 4, 3
"""Values, and columns of one value, as in :meth:`planner_cli.database.values.ValueIndex.match`."""


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


class Asking:
    """Makes questions about one database for the models that are loaded.

    A schema that does not fit its share of the prompt (``most`` tokens) is shown in part: see
    :class:`planner_cli.linking.Linker`. Whether it fits is found out once, with the first question.
    """

    def __init__(
        self,
        database: Database,
        generator: Generator,
        discriminator: Discriminator | None,
        *,
        schema: Schema | None = None,
        name: str | None = None,
        most: int = DatabaseSettings().schema_tokens,
    ) -> None:
        self._database = database
        self._generator = generator
        self._schema = schema or database.schema
        self._name = database.name if name is None else name
        roles = (generator,) if discriminator is None else (generator, discriminator)
        self._prompts: Sequence[TakesValues] = [role.prompt for role in roles]
        contexts = [role.engine.longest for role in roles]
        self._most = min([most, *(longest // _CONTEXT_SHARE for longest in contexts if longest is not None)])
        self._whole_fits: bool | None = None
        self._linker = Linker(self._schema)

    def question(self, text: str, earlier: Earlier | None = None) -> Question:
        """With the whole schema where it fits, else with the part that the text and what it may continue are about."""
        if self._whole_fits is None:
            self._whole_fits = self._fits(self._schema)
        if self._whole_fits:
            asked = question_about(text, self._database, self._prompts, schema=self._schema, name=self._name)
            return replace(asked, earlier=earlier)
        asked = Question(text, self._schema, self._name, whole=self._schema, earlier=earlier)
        mentions = self._database.mentioned_everywhere(text)
        return self._with(asked, self._linker.choose(asked.with_earlier, mentions, self._fits), mentions)

    def others(self, question: Question, missing: Lacking) -> Question:
        """The same question with other tables shown: a second choice."""
        mentions = self._database.mentioned_everywhere(question.text)
        part = self._linker.others(question.with_earlier, mentions, self._fits, question.schema, missing.names)
        return self._with(question, part, mentions)

    def _with(self, question: Question, part: Schema, mentions: Sequence[Sequence[ValueHint]]) -> Question:
        shows_values = any(prompt.takes_values for prompt in self._prompts)
        return replace(question, schema=part, hints=_hints(mentions, part) if shows_values else ())

    def _fits(self, schema: Schema) -> bool:
        names = sum(1 + len(table.columns) for table in schema.tables)
        if names > self._most:  # each is a token at least: ten thousand tables need no tokenizer
            return False
        engine = self._generator.engine
        prompt = self._generator.prompt.build(Question("", schema, self._name), engine)
        if sum(len(span.text.encode("utf-8", "surrogatepass")) for span in prompt) <= self._most:
            return True  # no token is shorter than a byte
        return engine.count(prompt) <= self._most


def _hints(mentions: Sequence[Sequence[ValueHint]], part: Schema) -> tuple[ValueHint, ...]:
    """The mentioned values of what is shown, the longest first."""
    shown = {(nocase(table.name), nocase(column.name)) for table in part.tables for column in table.columns}
    found: list[ValueHint] = []
    for places in mentions:
        found += [hint for hint in places if (nocase(hint.table), nocase(hint.column)) in shown][:_MOST_PLACES]
    return tuple(found[:_MOST_HINTS])
