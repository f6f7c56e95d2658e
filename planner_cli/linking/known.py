"""How much of what a question is about the database knows: a question asked of the wrong one names nothing in it."""

from __future__ import annotations

from collections.abc import Sequence

from planner_cli.linking.words import alike, name_words, question_words
from planner_cli.types import Schema, ValueHint

_GENERAL = frozenset(
    """
    number count average avg mean total sum maximum minimum max min highest lowest largest smallest biggest most least
    fewest longest shortest oldest youngest latest earliest first last top best worst different distinct unique name id
    date time day week month year type kind list sort sorted ascending descending alphabetical percentage percent
    ratio share value amount row entry result detail information info data database table column word text
    today yesterday now this next ago before since until between per than equal same new old long high low short big
    what who when where why two three four five six seven eight nine ten one only exactly still ever never yet already
    exist belong contain include exclude happen appear called named make made use used go went come came take took
    lot few several some someone something anything everything
    anybody everybody anyone everyone people thing stuff way case part
    """.split()  # noqa: SIM905 - quoted words in a list would be a page
)
"""Words that a question about any database may have, folded as :func:`planner_cli.linking.words.stem` does."""


def share_known(question: str, schema: Schema, mentioned: Sequence[ValueHint] = (), notes: Sequence[str] = ()) -> float:
    """The share of a question's own words that are like a name, a comment or a value it mentions; 1 if it has none.

    ``notes`` are those of the user's that it is shown with.
    """
    own = _own_words(question)
    return 1 - len(unknown_words(question, schema, mentioned, notes)) / len(own) if own else 1.0


def unknown_words(
    question: str, schema: Schema, mentioned: Sequence[ValueHint] = (), notes: Sequence[str] = ()
) -> tuple[str, ...]:
    """The question's own words that are like none of these, folded, in their order."""
    names = dict.fromkeys(word for text in _texts(schema) for word in name_words(text))
    names |= dict.fromkeys(word for text in (*(h.value for h in mentioned), *notes) for word in question_words(text))
    return tuple(word for word in _own_words(question) if not any(alike(word, name) for name in names))


def _own_words(question: str) -> list[str]:
    return [word for word in dict.fromkeys(question_words(question)) if word not in _GENERAL and not word.isdecimal()]


def _texts(schema: Schema) -> list[str]:
    texts = []
    for table in schema.tables:
        texts += [table.name, table.comment or ""]
        texts += [text for column in table.columns for text in (column.name, column.comment or "")]
    return texts
