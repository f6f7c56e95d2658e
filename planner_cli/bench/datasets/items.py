"""What a data set consists of."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planner_cli.bench.rows import Hardness
from planner_cli.bench.setaside import SetAside, UnmeasurableError


@dataclass(frozen=True, slots=True)
class GivenCandidate:
    """A query that came with the data, for measuring a judge alone."""

    sql: str
    label: bool | None
    """Whether it is right; ``None``: the data do not say."""


@dataclass(frozen=True, slots=True)
class Item:
    """One question with the query that answers it."""

    id: str
    """Unique in its data set."""
    database_id: str
    database_path: Path
    suite: tuple[Path, ...]
    """Further instances of the same database, with other rows; empty where there are none."""
    question: str
    gold: str | None
    """The right query; ``None`` where only labels of candidates are known."""
    hardness: Hardness | None = None
    """As given in the data, otherwise by Spider's definition; ``None`` where that cannot read the query."""
    candidates: tuple[GivenCandidate, ...] = ()
    others: tuple[str, ...] = ()
    """Further right queries, where the question leaves something open: an answer is right if it equals any of them."""
    unanswerable: bool = False
    """The data do not answer it: it is right to end without an answer."""
    part: str | None = None
    """Of a data set in parts: which one it belongs to."""
    kinds: tuple[str, ...] = ()
    """What makes it hard, where the data say."""

    def right_queries(self) -> tuple[str, ...]:
        """The right query and its alternatives; none where ending without an answer is right.

        Raises:
            UnmeasurableError: the data do not say what is right.

        """
        return () if self.unanswerable else (self.right_query(), *self.others)

    def right_query(self) -> str:
        """The right query, where a comparison needs one.

        Raises:
            UnmeasurableError: the data give none.

        """
        if self.gold is None:
            raise UnmeasurableError(
                "gold",
                "there is no right query to compare an answer with",
                hint="planner bench intrinsic needs none where the candidates are labelled",
            )
        return self.gold

    def given(self) -> tuple[GivenCandidate, ...]:
        """The candidates that came with the data.

        Raises:
            UnmeasurableError: there are none.

        """
        if not self.candidates:
            raise UnmeasurableError(
                "candidates", "the data set gives no candidates to judge", hint="planner bench e2e writes its own"
            )
        return self.candidates

    @property
    def digest(self) -> str:
        """sha256 of the data's content, without paths and hardness: neither changes what is computed."""
        content: list[object] = [self.id, self.database_id, self.question, self.gold]
        content.append([[c.sql, c.label] for c in self.candidates])
        if self.others or self.unanswerable:
            content.append([self.others, self.unanswerable])
        return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Dataset:
    name: str
    format: str
    """One of :data:`~planner_cli.bench.datasets.FORMATS`."""
    items: tuple[Item, ...]
    """The items to process, after limit and shard, in the data's own order."""
    total: int
    """How many items the data contain, without those set aside."""
    fingerprint: str
    """sha256 over all of the data's items, so that shards and samples of the same data share it."""
    set_aside: tuple[SetAside, ...] = ()
    """Records from which no items could be made, whatever part of the data was requested."""


def fingerprint(items: Sequence[Item]) -> str:
    return hashlib.sha256("".join(item.digest for item in items).encode()).hexdigest()
