"""Which of a database's notes, and which examples, fit a question, within their share of the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner_cli.app.notes import Notes
from planner_cli.linking.words import question_words
from planner_cli.text import plain
from planner_cli.types import Example, Question

MOST_NOTES, MOST_NOTE = 6, 300
"""Lines, and characters of one."""
MOST_EXAMPLES, MOST_SQL = 2, 600
"""Examples, and characters of the query of one: a longer one is not shown."""
ALIKE = 55.0
"""Least similarity in [0, 100] (rapidfuzz' ``token_sort_ratio`` of the words) of an example that is shown."""


def with_known(question: Question, notes: Notes, examples: Sequence[Example]) -> Question:
    """The question with what the notes say about its words, and with similar ones."""
    text = question.with_earlier
    lines = [notes.note] if notes.note else []
    lines += [f"{term}: {meaning}" for term, meaning in notes.terms.items() if _has(text, term)]
    shown = tuple(line if len(line) <= MOST_NOTE else f"{line[:MOST_NOTE]}..." for line in lines[:MOST_NOTES])
    return replace(question, notes=shown, examples=similar(text, (*examples, *notes.examples)))


def similar(text: str, examples: Sequence[Example]) -> tuple[Example, ...]:
    """The examples whose questions are most like ``text``, the first of those that are equally so."""
    if not examples:
        return ()
    from rapidfuzz import fuzz

    words = _folded(text)
    scored = [
        (fuzz.token_sort_ratio(words, _folded(example.question)), -place)
        for place, example in enumerate(examples)
        if len(example.sql) <= MOST_SQL
    ]
    best: dict[str, Example] = {}
    for score, place in sorted(scored, reverse=True):
        if score >= ALIKE:
            best.setdefault(examples[-place].question, examples[-place])
    return tuple(best.values())[:MOST_EXAMPLES]


def _folded(text: str) -> str:
    return " ".join(question_words(text)) or plain(text).casefold()


def _has(text: str, term: str) -> bool:
    """Whether a question has all the words of a term; where words are not told apart by blanks, its letters."""
    words = question_words(term)
    if words and set(words) <= set(question_words(text)):
        return True
    return not term.isascii() and plain(term).casefold() in plain(text).casefold()
