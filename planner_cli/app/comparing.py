"""Why one result won over the others: each run again, and the rows on which the first two differ."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from planner_cli.lexer import Token, code
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


_CLAUSES = frozenset(
    {"select", "from", "join", "where", "group", "having", "order", "limit", "union", "intersect", "except"}
)
_NO_EDGE = (frozenset({",", ".", ")"}), frozenset({",", ".", "("}))
"""With what a part that reads well does not begin, and not end."""


def differing(one: str, other: str) -> tuple[tuple[str, str], ...]:
    """The parts in which two queries differ, as each writes them; case and white space do not count.

    Single words where these read well, else whole clauses.
    """
    mine, theirs = code(one), code(other)
    found = _changed(list(map(_key, mine)), list(map(_key, theirs)))
    if not all(_reads_well(mine[a:b]) and _reads_well(theirs[c:d]) for a, b, c, d in found):
        own, others = _clauses(mine), _clauses(theirs)
        keys = [[tuple(map(_key, tokens[a:b])) for a, b in each] for tokens, each in ((mine, own), (theirs, others))]
        found = [
            (_edge(own, a, mine), _edge(own, b, mine), _edge(others, c, theirs), _edge(others, d, theirs))
            for a, b, c, d in _changed(*keys)
        ]
    parts = [(_text(one, mine[a:b]), _text(other, theirs[c:d])) for a, b, c, d in found]
    return tuple(dict.fromkeys(parts))


def _changed(one: Sequence[Hashable], other: Sequence[Hashable]) -> list[tuple[int, int, int, int]]:
    matched = SequenceMatcher(None, one, other, autojunk=False).get_opcodes()
    return [(a, b, c, d) for kind, a, b, c, d in matched if kind != "equal"]


def _key(token: Token) -> str:
    return nocase(token.text) if token.kind == "word" else token.text


def _clauses(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Where each begins and ends, those of nested queries too."""
    starts = [at for at, token in enumerate(tokens) if at and _key(token) in _CLAUSES]
    return list(pairwise([0, *starts, len(tokens)]))


def _edge(clauses: Sequence[tuple[int, int]], number: int, tokens: Sequence[Token]) -> int:
    return clauses[number][0] if number < len(clauses) else len(tokens)


def _reads_well(tokens: Sequence[Token]) -> bool:
    texts = [token.text for token in tokens]
    first, last = _NO_EDGE
    return not texts or (texts.count("(") == texts.count(")") and texts[0] not in first and texts[-1] not in last)


def _text(sql: str, tokens: Sequence[Token]) -> str:
    return sql[tokens[0].start : tokens[-1].end] if tokens else ""
