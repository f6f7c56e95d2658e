"""SQL text cut into tokens the way SQLite does it, without understanding any of it.

Enough to find comments in ``CREATE`` texts, the names a query mentions, and whether anything but blanks
and comments follows a statement. Any text is accepted: an unclosed quote or comment runs to the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
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


_BLANKS = " \t\n\f\r"
_MULTILINE = re.compile("[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")


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
    return not sql.strip(f"{_BLANKS};") or all(token.text == ";" for token in code(sql))


def without_semicolon(sql: str) -> str:
    """``sql`` up to the end of its last token that is not a semicolon."""
    kept = [token for token in code(sql) if token.text != ";"]
    return sql[: kept[-1].end] if kept else ""


CUT = "..."
"""Stands for what is left out of a query. Dots are an error to SQLite, while an ellipsis sign would be a name."""


def shortened(
    sql: str, width: int | None = None, *, measure: Callable[[str], int] = len, keep_lines: bool = False
) -> str:
    """``sql`` on one line; still the same query unless a :data:`CUT` is in it.

    Only white space between tokens is folded; a comment to the end of its line becomes one in ``/* */``. Strings and
    names stay as they are: one with a line break or tab in it is replaced by :data:`CUT`, or with ``keep_lines`` spans
    several lines. What is longer than ``width``, as ``measure`` counts, is cut, but never within a string, a
    quoted name or a number, where dots would look like a part of it.
    """
    kept = ""
    parts = [(token, _on_line(token, keep_lines=keep_lines)) for token in tokens(sql.strip(_BLANKS))]
    if width is None or sum(measure(part) for _, part in parts) <= width:
        return "".join(part for _, part in parts)
    for token, part in parts:
        if measure(f"{kept}{part} {CUT}") > width:
            start = next((part[:n] for n in range(len(part), 0, -1) if measure(f"{kept}{part[:n]}{CUT}") <= width), "")
            return f"{kept}{start}{CUT}" if token.kind == "word" and start else f"{kept.rstrip()} {CUT}".strip()[:width]
        kept += part
    return kept


def _on_line(token: Token, *, keep_lines: bool) -> str:
    if token.kind == "space":
        return " "
    if token.kind == "comment":
        folded = re.sub(r"\s+", " ", token.text)
        return f"/* {folded[2:].strip().replace('*/', '* /')} */" if folded.startswith("--") else folded
    return token.text if keep_lines or not _MULTILINE.search(token.text) else CUT


def quote(name: str) -> str:
    """``name`` as an SQL identifier, whatever characters it holds."""
    return '"' + name.replace('"', '""') + '"'


# ------------------------------------------------------------------------------------------ lists of names

_CLOSED_BY = {'"': '"', "`": "`", "[": "]"}


class NameListError(ValueError):
    """A list of names that cannot be read; its text says why."""


class ListedName(NamedTuple):
    """One of a list, such as ``TABLE.COLUMN`` or ``"a,b"."c.d"``."""

    text: str
    """As it was written."""
    parts: tuple[tuple[str, bool], ...]
    """What its dots separate: each name, and whether it was quoted."""

    @property
    def name(self) -> str | None:
        """Read as one name, in which unquoted dots are letters; ``None`` where that cannot be meant."""
        return _one_name(self.parts)

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Read as a table and its column: every way to read it, since either may contain dots if it is not quoted."""
        splits = ((_one_name(self.parts[:at]), _one_name(self.parts[at:])) for at in range(1, len(self.parts)))
        return tuple((table, column) for table, column in splits if table is not None and column is not None)


def _one_name(parts: Sequence[tuple[str, bool]]) -> str | None:
    return None if len(parts) > 1 and any(quoted for _, quoted in parts) else ".".join(name for name, _ in parts)


def listed_names(text: str) -> tuple[ListedName, ...]:
    r"""Names with commas between them, as ``--tables`` and ``--redact`` take them.

    A name with a comma or a dot, or with blanks at its ends, is quoted as in SQL: in double quotes, backticks (either
    doubled within) or brackets. Raises :class:`NameListError`.
    """
    found: list[ListedName] = []
    parts: list[tuple[str, bool]] = []
    start = at = 0
    while True:
        name, quoted, at = _listed_part(text, at)
        parts.append((name, quoted))
        if text[at : at + 1] != ".":
            found.append(ListedName(text[start:at].strip(), tuple(parts)))
            parts, start = [], at + 1
        if at == len(text):
            return tuple(found)
        at += 1


def _listed_part(text: str, at: int) -> tuple[str, bool, int]:
    """A name, whether it was quoted, and where the dot, comma or end after it is."""
    at += len(text[at:]) - len(text[at:].lstrip())
    opening = text[at : at + 1]
    if opening not in _CLOSED_BY:
        end = next((place for place in range(at, len(text)) if text[place] in ".,"), len(text))
        name = text[at:end].strip()
        if not name:
            raise NameListError(f"a name is missing {_place(text, end)}")
        return name, False, end
    token = next(tokens(text[at:]))
    end = at + len(token.text)
    if len(token.text) == 1 or not token.text.endswith(_CLOSED_BY[opening]) or not _closes(token.text):
        raise NameListError(f"the quote {opening} is not closed {_place(text, len(text))}")
    end += len(text[end:]) - len(text[end:].lstrip())
    if text[end : end + 1] not in ("", ".", ","):
        raise NameListError(f"a comma or dot is missing {_place(text, end)}")
    return token.identifier or "", True, end


def _closes(token: str) -> bool:
    """Whether the last quote is not half of a doubled one."""
    inner = token[1:]
    run = len(inner) - len(inner.rstrip(token[0]))
    return token[0] == "[" or run % 2 == 1


def _place(text: str, at: int) -> str:
    return f"at the end of {text!r}" if at == len(text) else f"before {text[at:]!r}"


def as_listed(name: str) -> str:
    """``name`` as :func:`listed_names` reads it, quoted only where it must be."""
    plain = name and name == name.strip() and name[0] not in _CLOSED_BY and not set(name) & set(".,")
    return name if plain else quote(name)
