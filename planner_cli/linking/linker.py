"""The part of a wide schema that the models are shown for one question."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from planner_cli.linking.scores import Names, Scores
from planner_cli.text import nocase
from planner_cli.types import Schema, Table, ValueHint

LEAST_SCORE = 0.3
"""A table is shown if its score is at least this part of the best one's."""
LEAST_TABLES, MOST_TABLES = 8, 32
"""Whatever the scores are, as far as there are any."""
MOST_COLUMNS = 60
"""Columns shown of a table; keys and those that the question names come first."""

Fits = Callable[[Schema], bool]
"""Whether a part of the schema fits the prompt's share."""


class Linker:
    """Chooses from one schema; what it knows of the names is made once."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._names: Names | None = None

    def choose(self, question: str, mentions: Sequence[Sequence[ValueHint]], fits: Fits) -> Schema:
        """The tables that score best, in the schema's order, as many as fit.

        ``mentions`` has, for each stored value that the question mentions, every column with it.
        """
        scores = self._scores(question, mentions)
        order = scores.ranked()
        enough = LEAST_SCORE * scores.tables[order[0]] if order else 0.0
        good = [table for table in order if scores.tables[table] >= enough]
        count = min(max(len(good), LEAST_TABLES), MOST_TABLES)
        return self._fitting(self._filled(order)[:count], scores, frozenset(), fits)

    def others(
        self,
        question: str,
        mentions: Sequence[Sequence[ValueHint]],
        fits: Fits,
        shown: Schema,
        named: Collection[str],
    ) -> Schema:
        """A second choice after ``shown``: what was ``named``, the better half of what was shown, and the next best.

        ``named`` has names of tables and columns, folded as SQLite does.
        """
        scores = self._scores(question, mentions)
        before = {nocase(table.name) for table in shown.tables}
        order = self._filled(scores.ranked())
        called = [place for place in order if self._name(place) in named]
        old = [place for place in order if self._name(place) in before]
        kept = old[: (len(old) + 1) // 2]
        new = [place for place in order if self._name(place) not in before]
        first = dict.fromkeys([*called, *kept, *new[: max(MOST_TABLES - len(called) - len(kept), 1)]])
        return self._fitting(list(first), scores, frozenset(named), fits)

    def _scores(self, question: str, mentions: Sequence[Sequence[ValueHint]]) -> Scores:
        if self._names is None:
            self._names = Names(self.schema)
        return self._names.scores(question, mentions)

    def _name(self, place: int) -> str:
        return nocase(self.schema.tables[place].name)

    def _filled(self, order: list[int]) -> list[int]:
        """With the tables that have nothing to do with the question behind it, so that there is something to show."""
        known = set(order)
        return [*order, *(place for place in range(len(self.schema.tables)) if place not in known)]

    def _fitting(self, order: Sequence[int], scores: Scores, named: Collection[str], fits: Fits) -> Schema:
        """The longest beginning of the order that fits; of the first table as many columns as fit if it is alone."""
        low, high = 1, len(order)
        while low < high:
            middle = (low + high + 1) // 2
            if fits(self._part(order[:middle], scores, named, MOST_COLUMNS)):
                low = middle
            else:
                high = middle - 1
        columns = MOST_COLUMNS
        part = self._part(order[:low], scores, named, columns)
        while low == 1 and columns > 1 and not fits(part):
            columns //= 2
            part = self._part(order[:1], scores, named, columns)
        return part

    def _part(self, places: Sequence[int], scores: Scores, named: Collection[str], columns: int) -> Schema:
        return Schema(tuple(self._narrow(place, scores, named, columns) for place in sorted(places)))

    def _narrow(self, place: int, scores: Scores, named: Collection[str], most: int) -> Table:
        """The table with its most important columns, in their order."""
        table = self.schema.tables[place]
        if len(table.columns) <= most or self._names is None:
            return table
        keys = self._names.links.keys[place]

        def worth(at: int) -> tuple[bool, bool, float, int]:
            name = nocase(table.columns[at].name)
            return name not in named, name not in keys, -scores.columns.get((place, at), 0.0), at

        best = sorted(sorted(range(len(table.columns)), key=worth)[:most])
        return replace(table, columns=tuple(table.columns[at] for at in best))
