"""Comments in a ``CREATE`` text, as SQLite keeps it: SQLite itself has no comments on columns.

CREATE TABLE orders (            -- one line for each order       (table)
  id INTEGER PRIMARY KEY,
  -- in cents, without tax                                        (column ``net``, on a line before it)
  net INTEGER NOT NULL, /* never negative */                      (column ``net``, behind it on its line)
  paid TEXT             -- ISO date                               (column ``paid``)
)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from planner_cli.lexer import Token, tokens
from planner_cli.text import nocase

_LONGEST = 200
"""Characters kept of a comment."""

_CONSTRAINTS = frozenset({"constraint", "primary", "unique", "check", "foreign"})
"""A definition that starts with one of these words, unquoted, is not a column."""


@dataclass(frozen=True, slots=True)
class Comments:
    table: str | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """By column name, folded by :func:`planner_cli.text.nocase`."""


def read(sql: str) -> Comments:
    """The comments of a table; of a view only those before its query."""
    if "--" not in sql and "/*" not in sql:  # most tables: 10,000 of them would take a second
        return Comments()
    parts = list(tokens(sql))
    start = _body(parts)
    if start is None:
        return Comments()
    head = [token for token in parts[:start] if token.kind == "comment"]
    if parts[start].text != "(":
        return Comments(_joined(head))
    first = start + 1
    while first < len(parts) and _same_line(parts, first):
        if parts[first].kind == "comment":
            head.append(parts[first])
        first += 1
    return Comments(_joined(head), _columns(parts[first:]))


def _body(parts: Sequence[Token]) -> int | None:
    """Where the column list or the query of the text begins."""
    for place, token in enumerate(parts):
        if token.text == "(" or (token.kind == "word" and nocase(token.text) in ("as", "select")):
            return place
    return None


def _same_line(parts: Sequence[Token], place: int) -> bool:
    """Whether the token is a comment, or a space without a line break, so that a comment may follow."""
    token = parts[place]
    return token.kind == "comment" or (token.kind == "space" and "\n" not in token.text)


def _columns(parts: Sequence[Token]) -> dict[str, str]:
    found: dict[str, list[Token]] = {}
    waiting: list[Token] = []
    """Comments before the next definition's name."""
    current: str | None = None
    at_start, depth, new_line = True, 0, True
    for token in parts:
        if token.kind == "space":
            new_line = new_line or "\n" in token.text
        elif token.kind == "comment":
            # After a comma but still on its line it belongs to the column before the comma.
            if current is None or (at_start and new_line):
                waiting.append(token)
            else:
                found.setdefault(current, []).append(token)
        else:
            if at_start:
                current = _column_name(token)
                if current is not None:
                    found.setdefault(current, []).extend(waiting)
                waiting = []
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth < 0:
                break
            at_start, new_line = token.text == "," and depth == 0, False
    return {name: text for name, said in found.items() if (text := _joined(said))}


def _column_name(token: Token) -> str | None:
    if token.kind == "word" and nocase(token.text) in _CONSTRAINTS:
        return None
    name = token.identifier if token.kind != "string" else token.text[1:-1].replace("''", "'")
    return None if name is None else nocase(name)


def _joined(said: Sequence[Token]) -> str | None:
    texts = (token.text[2:].removesuffix("*/") if token.text.startswith("/*") else token.text[2:] for token in said)
    joined = " ".join(" ".join(text.strip("-* \t\r\n").split()) for text in texts).strip()
    return joined[:_LONGEST] or None
