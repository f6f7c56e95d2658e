"""Queries that count from the clock, for a question that is asked on another day.

select count(*) from visits where at >= date('now', '-7 days')   ->   ... date('2025-06-18', '-7 days')
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner_cli.lexer import Token, code
from planner_cli.text import nocase

_FUNCTIONS = frozenset({"date", "datetime", "time", "julianday", "unixepoch", "strftime"})


def counts_from_clock(sql: str) -> bool:
    """Whether the query's result depends on when it runs."""
    return any(True for _ in _places(code(sql), ""))


def on(sql: str, day: str) -> str | None:
    """The query as on that day, at its beginning; ``None`` where it depends on none."""
    edits = list(_places(code(sql), day))
    for start, end, text in reversed(edits):  # from the back: offsets before it stay true
        sql = sql[:start] + text + sql[end:]
    return sql if edits else None


def _places(parts: Sequence[Token], day: str) -> Iterator[tuple[int, int, str]]:
    """What stands for now: from where to where, and the day instead."""
    words = [nocase(token.text) for token in parts]
    for at, word in enumerate(words):
        token, before = parts[at], words[at - 1] if at else ""
        if word == "'now'" or (word == "current_date" and before != "."):
            yield token.start, token.end, f"'{day}'"
        elif word == "current_timestamp" and before != ".":
            yield token.start, token.end, f"'{day} 00:00:00'"
        elif word in _FUNCTIONS and words[at + 1 : at + 3] == ["(", ")"]:
            yield parts[at + 2].start, parts[at + 2].start, f"'{day}'"
        elif word == "strftime" and words[at + 1 : at + 2] == ["("] and words[at + 3 : at + 4] == [")"]:
            yield parts[at + 3].start, parts[at + 3].start, f", '{day}'"
