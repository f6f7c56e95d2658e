"""Which stored values a question mentions, so that a generator writes them as the database spells them.

    Which orders from berlin are Shipped?  ->  customers.city = 'Berlin', orders.status = 'shipped'

The index is bounded, lives in memory only, and is queried offline. What is covered: text values of up to
:data:`LONGEST` characters, matched as whole words without case and punctuation,
whatever their Unicode normal form, accents, or nearly so (rapidfuzz); what is returned is the text as stored. What is
not: numbers and dates (a question gives them as they are), synonyms, other languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

from planner_cli.database.names import fold as fold_name
from planner_cli.text import plain
from planner_cli.types import ValueHint

LONGEST = 60
"""Characters of a value worth an entry; longer texts are prose."""

MOST_WORDS = 8
"""The most words of a question that are looked up together."""

NEAR = 88.0
"""Least similarity in [0, 100] (``fuzz.ratio``) of a value spelled a little differently."""

_SHORTEST_NEAR = 6
"""Least characters; shorter words that mean different things are too similar (price, prince)."""

_PLACES = 3
"""Most columns given for one value: ``Paris`` may be a city of customers, of suppliers, of warehouses."""

_UMLAUTS = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue"}

_MARK = "\u0301"
"""Stands for every combining mark."""

_WORD = re.compile(rf"\w[\w{_MARK}]*")
_QUOTED = re.compile(r"\"([^\"]+)\"|'([^']+)'(?!\w)|\u201c([^\u201d]+)\u201d|\u2018([^\u2019]+)\u2019")

_COMMON = frozenset(
    """
    a about above after all an and any are as ascending at average be before below between both by can child
    count data date day descending different do does each equal every find first for from get give greater had has
    have having high highest how i id in include including into is it its last least less list long low lowest many
    max maximum me mean min minimum month more most much name names new no not number of off old older on one only
    or order other out over per same select short show since some sort sorted state sum than that the their them
    there these they those three time title to top total two type under unique up use used using value we what when
    where which who whose with within year young
    """.split()  # noqa: SIM905 - a hundred quoted words in a list would be harder to read
)
"""Words of questions that are not values unless they are in quotes."""


@dataclass(frozen=True, slots=True)
class _Gram:
    """Neighbouring words of a question."""

    text: str
    """Folded."""
    start: int
    end: int
    """Positions of its words, end excluded."""
    quoted: bool


class ValueIndex:
    """The values of a database's text columns."""

    def __init__(self, columns: Mapping[tuple[str, str], Sequence[str]]) -> None:
        """``columns`` has the distinct values of each (table, column), both spelled as in the schema."""
        self._places: dict[str, dict[tuple[str, str], list[str]]] = {}
        """Folded value -> place -> its spellings there."""
        for place, values in columns.items():
            for value in values:
                folded = fold(value) if len(value) <= LONGEST else ""
                if folded and not folded.replace(" ", "").isdigit():
                    self._places.setdefault(folded, {}).setdefault(place, []).append(value)
        self._folded = list(self._places)
        self._bare: dict[str, str] = {}
        """Without accents -> folded, of values that have some; an umlaut also as two letters."""
        for folded in self._folded:
            if not folded.isascii():
                for bare in (plain(folded), plain(folded.translate(_UMLAUTS))):
                    self._bare.setdefault(bare, folded)
        self._names = {fold_name(name) for place in columns for name in place}

    def __len__(self) -> int:
        """How many different values it has."""
        return len(self._folded)

    def match(self, question: str, most: int = 4) -> tuple[ValueHint, ...]:
        """The mentioned values, longest mention first, at most ``most``."""
        found: list[ValueHint] = []
        for value in self._mentioned(question):
            if len(found) >= most:
                break
            places = list(self._places[value].items())[:_PLACES]
            found += [ValueHint(*place, _as_asked(spellings, question)) for place, spellings in places]
        return tuple(found[:most])

    def everywhere(self, question: str) -> tuple[tuple[ValueHint, ...], ...]:
        """For each mentioned value, longest mention first, every column that has it."""
        return tuple(
            tuple(ValueHint(*place, _as_asked(spellings, question)) for place, spellings in self._places[value].items())
            for value in self._mentioned(question)
        )

    def _mentioned(self, question: str) -> Iterator[str]:
        """The folded values, longest mention first; a word is part of one mention only."""
        taken: set[int] = set()
        text = compatible(question)
        for gram in sorted(_grams(text), key=lambda gram: (gram.start - gram.end, gram.start)):
            if taken.intersection(range(gram.start, gram.end)):
                continue
            value = self._find(gram, text)
            if value is not None:
                taken.update(range(gram.start, gram.end))
                yield value

    def _find(self, gram: _Gram, question: str) -> str | None:
        """The folded value that the words match, or nearly match."""
        single = gram.end - gram.start == 1
        if single and not gram.quoted and (gram.text in _COMMON or fold_name(gram.text) in self._names):
            return None
        if gram.text in self._places:
            # "a", "I", "d'": one letter counts if it is a capital after another word, or in quotes
            letter = len(gram.text) == 1 and not gram.quoted
            return None if letter and f" {gram.text.upper()}" not in question else gram.text
        bare = self._without_accents(gram.text)
        if bare is not None and len(gram.text) > 1:
            return bare
        if len(gram.text) < _SHORTEST_NEAR or gram.text.replace(" ", "").isdigit():
            return None
        best = process.extractOne(gram.text, self._folded, scorer=fuzz.ratio, score_cutoff=NEAR)
        return best[0] if best and best[0][0] == gram.text[0] else None

    def _without_accents(self, text: str) -> str | None:
        """The value that is the same but for accents."""
        asked = plain(text)
        if asked in self._places:
            return asked
        spelled = plain(text.translate(_UMLAUTS))
        return self._bare.get(asked) or (spelled if spelled in self._places else self._bare.get(spelled))


def _as_asked(spellings: Sequence[str], question: str) -> str:
    """The longest spelling that occurs in the question byte for byte, otherwise the first."""
    return max((spelling for spelling in spellings if spelling in question), key=len, default=spellings[0])


def fold(text: str) -> str:
    """Without case, punctuation and Unicode variants, one blank between words."""
    if text.isascii():  # nearly every value, and there are thousands
        return " ".join(_WORD.findall(text.lower()))
    return " ".join(word for word, _ in _words(compatible(text)))


def compatible(text: str) -> str:
    """In Unicode's normal form NFKC: the same for accented letters written as one character or two."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _words(text: str) -> list[tuple[str, int]]:
    """Its words without case, and where each begins."""
    places = _WORD.finditer(text if text.isascii() else "".join(map(_kind, text)))
    return [(compatible(text[found.start() : found.end()].casefold()), found.start()) for found in places]


def _kind(character: str) -> str:
    """Whether it continues a word: marks (vowel signs, accents) do, although :mod:`re` does not see them as letters."""
    if character.isalnum() or character == "_":
        return "a"
    return _MARK if unicodedata.category(character).startswith("M") else " "


def _grams(question: str) -> Iterator[_Gram]:
    """``question`` is in normal form."""
    words = _words(question)
    spans = [match.span() for match in _QUOTED.finditer(question)]
    for start in range(len(words)):
        for end in range(start + 1, min(start + MOST_WORDS, len(words)) + 1):
            quoted = any(left <= words[start][1] and words[end - 1][1] < right for left, right in spans)
            yield _Gram(" ".join(word for word, _ in words[start:end]), start, end, quoted)
