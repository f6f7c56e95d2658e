"""Why one result won over the others: each run again, and the rows on which the first two differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from planner_cli.lexer import code
from planner_cli.text import nocase
from planner_cli.types import Execution

if TYPE_CHECKING:
    from planner_cli.database import Database
    from planner_cli.database.separate import Separation

_MOST = 5
"""Results that are compared."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One result of a question that was answered."""

    sql: str
    samples: int
    score: float | None
    """The judge's; ``None`` where nobody judged it."""
    execution: Execution
    """What the query gives now."""


@dataclass(frozen=True, slots=True)
class Contest:
    """The results of one question, the one that won first, the runner-up behind it."""

    results: tuple[Compared, ...]
    separation: Separation | None
    """Of the first two; ``None`` where there is only one, or no rows were found on which they differ."""


def compare(document: Mapping[str, Any], database: Database) -> Contest:
    """From the JSON document of an answered question; no model is asked."""
    answer = document["answer"] or document["abstained"]
    candidates = document["candidates"]
    ranked = sorted((c for c in document["clusters"] if c["rank"] is not None), key=lambda c: c["rank"])
    own = next((c for c in ranked if answer["candidate"] in c["candidates"]), None)
    first = _compared(answer["sql"], own, database)
    losers = [each for each in ranked if each is not own][: _MOST - 1]
    others = [_compared(candidates[each["candidates"][0]]["sql"], each, database) for each in losers]
    found = database.separating(first.sql, others[0].sql) if others else None
    return Contest((first, *others), found)


def _compared(sql: str, cluster: Mapping[str, Any] | None, database: Database) -> Compared:
    votes, score = (0, None) if cluster is None else (cluster["votes"], cluster["score"])
    return Compared(sql, votes, score, database.execute(sql))


def differing(one: str, other: str) -> tuple[tuple[str, str], ...]:
    """The parts in which two queries differ, as each writes them; case and white space do not count."""
    mine, theirs = code(one), code(other)
    texts = [[nocase(token.text) if token.kind == "word" else token.text for token in each] for each in (mine, theirs)]
    found = []
    matched = SequenceMatcher(None, texts[0], texts[1], autojunk=False).get_opcodes()
    for kind, start, end, other_start, other_end in matched:
        if kind != "equal":
            mine_part = one[mine[start].start : mine[end - 1].end] if end > start else ""
            their_part = other[theirs[other_start].start : theirs[other_end - 1].end] if other_end > other_start else ""
            found.append((mine_part, their_part))
    return tuple(dict.fromkeys(found))
