"""How much each table and column of a schema has to do with a question.

A word counts the more the fewer tables have it (inverse document frequency), and the more of a name it makes up: of
``student`` rather than of ``student_addresses``. A table gains from what it is linked to. The weights were chosen on
merged training databases (``benchmarks/wide``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from planner_cli.linking.links import Links, links_of
from planner_cli.linking.words import LEAST_INSIDE, alike, name_words, wanted
from planner_cli.text import nocase
from planner_cli.types import Schema, ValueHint

TABLE, COLUMN, COMMENT, VALUE = 2.0, 1.0, 0.5, 1.0
"""Weights of a word in a table's name, in a column's, in a comment on either, and of a stored value."""
TABLE_COVER, COLUMN_COVER = 0.7, 0.5
"""Exponents of the share of a name that the question has."""
LONGER_VALUE = 0.5
"""How much more each further word of a value counts."""
NEIGHBOUR, SECOND_NEIGHBOUR = 0.4, 0.2
"""The share of its best two neighbours' scores that a table gains: one between two that match is a link table."""
INFERRED = 0.5
"""What a neighbour by name alone counts of one by a declared key."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one question; what is missing in them is 0."""

    tables: dict[int, float]
    """By a table's position in the schema."""
    columns: dict[tuple[int, int], float]
    """By the positions of the table and of the column in it."""

    def ranked(self) -> list[int]:
        """The tables, best first; the first in the schema of equals."""
        return sorted(self.tables, key=lambda table: (-self.tables[table], table))


@dataclass(slots=True)
class _Text:
    """A name or comment that words are looked up in."""

    words: tuple[str, ...]
    weight: float
    cover: float
    table: int
    column: int | None = None


@dataclass(slots=True)
class _Found:
    """What was found of a question: by table the best score of each of its words, and the columns' scores."""

    tables: dict[int, dict[str, float]] = field(default_factory=dict)
    columns: dict[tuple[int, int], float] = field(default_factory=dict)

    def add(self, table: int, word: str, score: float) -> None:
        words = self.tables.setdefault(table, {})
        words[word] = max(score, words.get(word, 0.0))


class Names:
    """The words of a schema's names and comments, to look questions up in."""

    def __init__(self, schema: Schema) -> None:
        self.links: Links = links_of(schema)
        self._texts = list(_texts(schema))
        self._at = {nocase(table.name): place for place, table in enumerate(schema.tables)}
        self._columns = [{nocase(c.name): at for at, c in enumerate(table.columns)} for table in schema.tables]
        self._where: dict[str, list[int]] = {}
        """Word -> its texts."""
        tables: dict[str, set[int]] = {}
        for place, text in enumerate(self._texts):
            for word in dict.fromkeys(text.words):
                self._where.setdefault(word, []).append(place)
                tables.setdefault(word, set()).add(text.table)
        self._beginning: dict[str, list[str]] = {}
        for word in self._where:
            self._beginning.setdefault(word[0], []).append(word)
        self._rarity = {word: self._idf(len(found)) for word, found in tables.items()}

    def _idf(self, tables: int) -> float:
        return math.log(1 + len(self._columns) / tables)

    def scores(self, question: str, mentions: Sequence[Sequence[ValueHint]]) -> Scores:
        """Of every table that has to do with the question, or is linked to one.

        ``mentions`` has, for each stored value that the question mentions, every column with it.
        """
        found = _Found()
        for place, matched in self._matched(question).items():
            self._add(found, self._texts[place], matched)
        for number, places in enumerate(mentions):
            self._add_value(found, number, places)
        own = {table: sum(words.values()) for table, words in found.tables.items()}
        return Scores(self._with_neighbours(own), found.columns)

    def _matched(self, question: str) -> dict[int, dict[str, tuple[float, str]]]:
        """By text, its words that the question has, each with how much it counts and the question's word."""
        found: dict[int, dict[str, tuple[float, str]]] = {}
        for word, length in wanted(question).items():
            for name, likeness in self._similar(word, length):
                for place in self._where[name]:
                    words = found.setdefault(place, {})
                    if likeness > words.get(name, (0.0, ""))[0]:
                        words[name] = (likeness, word)
        return found

    def _similar(self, word: str, length: int) -> Iterator[tuple[str, float]]:
        """The schema's words that are like a question's; words that were joined only as they are."""
        if length > 1:
            if word in self._where:
                yield word, float(length)
            return
        inside = [name for name in self._where if word in name] if len(word) >= LEAST_INSIDE else []
        held = [] if word.isascii() else [name for name in self._where if name in word]
        for name in dict.fromkeys([*self._beginning.get(word[0], ()), *inside, *held]):
            likeness = alike(word, name)
            if likeness:
                yield name, likeness

    def _add(self, found: _Found, text: _Text, matched: dict[str, tuple[float, str]]) -> None:
        whole = sum(self._rarity[word] for word in text.words)
        part = sum(self._rarity[word] * min(1.0, likeness) for word, (likeness, _) in matched.items())
        weight = text.weight * min(1.0, part / whole) ** text.cover
        for name, (likeness, word) in matched.items():
            score = weight * likeness * self._rarity[name]
            found.add(text.table, word, score)
            if text.column is not None:
                at = (text.table, text.column)
                found.columns[at] = found.columns.get(at, 0.0) + score

    def _add_value(self, found: _Found, number: int, places: Sequence[ValueHint]) -> None:
        tables = {self._at[nocase(hint.table)] for hint in places if nocase(hint.table) in self._at}
        for hint in places:
            table = self._at.get(nocase(hint.table))
            if table is None:
                continue
            length = 1 + LONGER_VALUE * (len(hint.value.split()) - 1)
            score = VALUE * self._idf(len(tables)) * length
            found.add(table, f"={number}", score)
            column = self._columns[table].get(nocase(hint.column))
            if column is not None:
                found.columns[table, column] = found.columns.get((table, column), 0.0) + score

    def _with_neighbours(self, own: dict[int, float]) -> dict[int, float]:
        declared, inferred = self.links.declared, self.links.inferred
        touched = set(own).union(*(declared[table] | inferred[table] for table in own))
        found = {}
        for table in sorted(touched):
            near = [own.get(other, 0.0) for other in declared[table]]
            near += [INFERRED * own.get(other, 0.0) for other in inferred[table]]
            first, second, *_ = (*sorted(near, reverse=True), 0.0, 0.0)
            found[table] = own.get(table, 0.0) + NEIGHBOUR * first + SECOND_NEIGHBOUR * second
        return found


def _texts(schema: Schema) -> Iterator[_Text]:
    for place, table in enumerate(schema.tables):
        yield _Text(name_words(table.name), TABLE, TABLE_COVER, place)
        if table.comment:
            yield _Text(name_words(table.comment), COMMENT, 0.0, place)
        for at, column in enumerate(table.columns):
            yield _Text(name_words(column.name), COLUMN, COLUMN_COVER, place, at)
            if column.comment:
                yield _Text(name_words(column.comment), COMMENT, 0.0, place, at)
