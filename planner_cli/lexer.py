"""SQL text cut into tokens the way SQLite does it, without understanding any of it.

Enough to find comments in ``CREATE`` texts, the names a query mentions, and whether anything but blanks
and comments follows a statement. Any text is accepted: an unclosed quote or comment runs to the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["space", "comment", "string", "name", "word", "number", "mark"]

_PATTERN = r"""
      (?P<space>   [\ \t\n\f\r]+ )
    | (?P<comment> --[^\n]* | /\*(?s:.*?)(?:\*/|\Z) )
    | (?P<string>  '(?:[^']|'')*(?:'|\Z) )
    | (?P<name>    "(?:[^"]|"")*(?:"|\Z) | `(?:[^`]|``)*(?:`|\Z) | \[[^\]]*(?:\]|\Z) )
    | (?P<word>    [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]* )
    | (?P<number>  \.?[0-9][A-Za-z0-9_.]* )
    | (?P<mark>    (?s:.) )
    """
"""Left to :mod:`re` to compile and keep: the worker imports this at each start, and rarely needs it."""


class Token(NamedTuple):
    kind: Kind
    text: str
    start: int
    """Offset of its first character in the text."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def identifier(self) -> str | None:
        """The name without its quotes, ``None`` for tokens that cannot be a name."""
        if self.kind == "word":
            return self.text
        if self.kind != "name":
            return None
        quote = self.text[0]
        inner = self.text[1:].removesuffix("]" if quote == "[" else quote)
        return inner if quote == "[" else inner.replace(quote * 2, quote)


def tokens(sql: str) -> Iterator[Token]:
    """Every token of ``sql``, spaces and comments included; joined they give ``sql`` again."""
    for match in re.finditer(_PATTERN, sql, re.VERBOSE):
        yield Token(match.lastgroup, match.group(), match.start())  # type: ignore[arg-type]  # group names are the kinds


def code(sql: str) -> list[Token]:
    """The tokens without spaces and comments."""
    return [token for token in tokens(sql) if token.kind not in ("space", "comment")]


def is_blank(sql: str) -> bool:
    """Whether there is nothing but spaces, comments and semicolons."""
    return not sql.strip(" \t\n\f\r;") or all(token.text == ";" for token in code(sql))


def without_semicolon(sql: str) -> str:
    """``sql`` up to the end of its last token that is no semicolon."""
    kept = [token for token in code(sql) if token.text != ";"]
    return sql[: kept[-1].end] if kept else ""


def quote(name: str) -> str:
    """``name`` as an SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'
