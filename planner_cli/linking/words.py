"""Words of names, comments and questions, and how much a word of a question is like one of a name.

Nothing here knows a language beyond the plural that :func:`planner_cli.database.names.fold` takes off, a few irregular
ones, and English words that say nothing of what a table holds.
"""

from __future__ import annotations

import functools
import re

from planner_cli.database.names import fold
from planner_cli.text import plain

BEGINNING, SHORTENED, INSIDE = 0.7, 0.55, 0.5
"""How much a likeness counts that is not the same word: see :func:`alike`."""

_MOST_WORDS = 100
"""Words of a question that are looked up."""
_SHORTEST = 3
"""Least characters of an abbreviation."""
_SHORTEST_BEGINNING = LEAST_INSIDE = 4
_COMMON_BEGINNING = 0.6
"""Least characters, and share of the longer word, that two words have in common (``enrolled``, ``enrollment``)."""
_LONGEST_LETTERS = 5
"""Most characters of an abbreviation that leaves letters out (``qty``, ``dept``)."""

_BORDER = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Between the words of ``customerName``, ``HTTPServer`` and ``line2``."""
_WORD = re.compile(r"[^\W_]+")
_IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot"}

_EMPTY = frozenset(
    """
    a about above after all also an and any are as at be been before below between both but by can could did do does
    each either every find for from get give had has have having he her hers him his how i if in into is it its list
    many me more most much my no not of off on only or other our out over please return same she should show so some
    tell than that the their them then there these they this those to under us was we were what when where which while
    who whom whose why will with within without would you your
    """.split()  # noqa: SIM905 - a hundred quoted words in a list would be harder to read
)
"""Words of a question that are not looked up."""


@functools.lru_cache(maxsize=20_000)
def name_words(name: str) -> tuple[str, ...]:
    """The words of a name, folded: ``StudentAddresses`` and ``student_address`` are ``student address``."""
    return tuple(map(stem, _WORD.findall(_BORDER.sub(" ", plain(name)))))


def question_words(text: str) -> tuple[str, ...]:
    """The words of a question in their order, folded, without those that say nothing."""
    words = (word.casefold() for word in _WORD.findall(plain(text)))
    return tuple(stem(word) for word in words if word not in _EMPTY)


def stem(word: str) -> str:
    """The singular in lower case, so far as a rule of thumb tells."""
    folded = word.casefold()
    single = _IRREGULAR.get(folded) or fold(folded)
    return f"{single[:-2]}y" if single.endswith("ie") else single  # movies are movy to fold(), a movie is not


def wanted(text: str) -> dict[str, int]:
    """What is looked up for a question, with how many of its words each stands for: two or three joined, too."""
    words = question_words(text)[:_MOST_WORDS]
    found = dict.fromkeys(words, 1)
    for length in (2, 3):
        for start in range(len(words) - length + 1):
            found.setdefault("".join(words[start : start + length]), length)
    return found


def alike(word: str, name: str) -> float:
    """How much a word of a question is like a word of a name, in [0, 1]; 0 is not at all.

    Without their first letter in common they are alike only if one has the other inside: the question's, where
    sentences are written without blanks.

    ``department`` is like ``dept`` and ``dep``, ``enrolled`` like ``enrollment``, ``customer`` like ``customername``.
    """
    if word == name:
        return 1.0
    if not name.isascii() and name in word:
        return INSIDE
    shorter, longer = sorted((len(word), len(name)))
    if shorter < _SHORTEST:
        return 0.0
    if word[0] == name[0]:
        common = _common(word, name)
        if common >= max(_SHORTEST_BEGINNING, _COMMON_BEGINNING * longer):
            return BEGINNING
        if common == len(name):
            return SHORTENED
        if len(name) <= _LONGEST_LETTERS and 2 * len(name) <= len(word) + 2 and _within(name, word):
            return SHORTENED * len(name) / _LONGEST_LETTERS
    return INSIDE if len(word) >= LEAST_INSIDE and word in name else 0.0


def _common(one: str, other: str) -> int:
    """The length of the beginning that both have."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _within(short: str, long: str) -> bool:
    """Whether the letters of one are in the other in their order, as those of ``qty`` are in ``quantity``."""
    letters = iter(long)
    return all(letter in letters for letter in short)
