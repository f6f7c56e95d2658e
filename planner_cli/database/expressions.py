"""Arithmetic in a query, read from its tokens: enough to know in which unit a side of a comparison is.

    v.time / 1000 - 3600     a number, made of one column
    date('now', '-7 days')   a text, such as date() gives

What is not covered: other functions, ``||``, CASE, nested queries; an expression with one of them is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from planner_cli.lexer import Token
from planner_cli.text import nocase
from planner_cli.types import Column, TimeKind

NOW = 1_750_000_000.0
"""Stands for every moment that a function gives as seconds since 1970: decades do not matter here."""

_TEXTS: Mapping[str, str] = {
    "date": "%Y-%m-%d", "datetime": "%Y-%m-%d %H:%M:%S", "current_date": "%Y-%m-%d",
    "current_timestamp": "%Y-%m-%d %H:%M:%S",
}  # fmt: skip
"""Functions that give a moment as a text, and which."""
_CLOSING = {"(": 1, ")": -1}


@dataclass(frozen=True, slots=True)
class Read:
    """A column as a query names it."""

    table: str
    column: Column
    text: str
    """As it stands in the query."""


@dataclass(frozen=True, slots=True)
class Expression:
    """Part of a query's tokens and what it gives."""

    start: int
    end: int
    """Positions of its tokens, the end excluded."""
    number: float | None = None
    """With columns at the value that they were given; ``None``: it is a text."""
    layout: str | None = None
    """Of the text that a function gives, as strftime() takes it."""
    literal: str | None = None
    """The text of a literal."""
    columns: tuple[Read, ...] = ()
    bare: bool = False
    """Whether it is a column and nothing else."""
    scaled: bool = False
    """Whether it is a column, multiplied or divided by numbers."""
    digits: bool = False
    """Whether a function gives the number as a text, which SQLite compares as one unless a column is compared."""
    arguments: tuple[tuple[int, int], ...] = ()
    """Of a function that gives a text: where its arguments are."""

    @property
    def is_timed(self) -> bool:
        """Whether it is made of one column that keeps moments, with a value if that is a number."""
        kind = self.columns[0].column.time if len(self.columns) == 1 else None
        return kind is not None and (kind not in NUMERIC or self.number is not None)


NUMERIC: tuple[TimeKind, ...] = (
    "seconds", "milliseconds", "microseconds", "webkit", "nanoseconds", "apple", "apple-nanoseconds", "julian",
)  # fmt: skip
"""Kinds of moments that are numbers and no dates."""
Resolve = Callable[[Sequence[Token], int], "tuple[Read, int] | None"]
"""The column that begins at a position, and how many tokens name it."""
Value = Callable[[Read], "float | None"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the expressions of one query."""

    parts: Sequence[Token]
    resolve: Resolve
    value: Value
    """The number to take for a column; ``None``: it holds texts."""

    def at(self, start: int) -> Expression | None:
        """The longest sum that begins there; ``None`` where none does that can be read."""
        return self._sum(start)

    def word(self, at: int) -> str:
        """The token there in lower case, empty beyond the end."""
        return nocase(self.parts[at].text) if 0 <= at < len(self.parts) else ""

    def arguments(self, opening: int) -> tuple[list[tuple[int, int]], int] | None:
        """Where each argument in the brackets opened there is, and where these close."""
        found: list[tuple[int, int]] = []
        depth, start = 0, opening + 1
        for at in range(opening, len(self.parts)):
            text = self.parts[at].text
            depth += _CLOSING.get(text, 0)
            if depth == 0 or (text == "," and depth == 1):
                if at > start:
                    found.append((start, at))
                start = at + 1
            if depth == 0:
                return found, at
        return None

    def _sum(self, start: int) -> Expression | None:
        left = self._product(start)
        while left is not None and self.word(left.end) in ("+", "-"):
            left = self._joined(left, self._product(left.end + 1), self.word(left.end))
        return left

    def _product(self, start: int) -> Expression | None:
        left = self._factor(start)
        while left is not None and self.word(left.end) in ("*", "/"):
            left = self._joined(left, self._factor(left.end + 1), self.word(left.end))
        return left

    def _joined(self, left: Expression, right: Expression | None, sign: str) -> Expression | None:
        if right is None or left.number is None or right.number is None or (sign == "/" and right.number == 0):
            return None
        number = {
            "+": left.number + right.number,
            "-": left.number - right.number,
            "*": left.number * right.number,
            "/": left.number / (right.number or 1.0),
        }[sign]
        scaled = sign in "*/" and (left.bare or left.scaled) and not right.columns
        return Expression(left.start, right.end, number, columns=left.columns + right.columns, scaled=scaled)

    def _factor(self, start: int) -> Expression | None:
        if start >= len(self.parts):
            return None
        token, word = self.parts[start], self.word(start)
        if word == "-":
            inner = self._factor(start + 1)
            return None if inner is None or inner.number is None else replace(inner, start=start, number=-inner.number)
        if token.kind == "number":
            return _number(start, token.text)
        if token.kind == "string":
            text = token.text[1:-1].replace("''", "'")
            digits = text.isdigit() and text.isascii()
            return Expression(start, start + 1, float(text) if digits else None, literal=text)
        if word == "(":
            inner = self._sum(start + 1)
            closed = inner is not None and self.word(inner.end) == ")"
            return replace(inner, start=start, end=inner.end + 1) if inner is not None and closed else None
        if word in ("current_date", "current_timestamp"):
            return Expression(start, start + 1, layout=_TEXTS[word])
        if self.word(start + 1) == "(":
            return self._function(start, word)
        found = self.resolve(self.parts, start)
        if found is None:
            return None
        read, count = found
        return Expression(start, start + count, self.value(read), columns=(read,), bare=True)

    def _function(self, start: int, word: str) -> Expression | None:
        found = self.arguments(start + 1)
        if found is None:
            return None
        arguments, closing = found
        end = closing + 1
        if word in ("cast", "round", "abs", "min", "max"):  # what they give is in the unit of what they take
            inner = self._sum(start + 2)
            if inner is None or inner.number is None or self.word(inner.end) not in (")", ",", "as"):
                return None
            return replace(inner, start=start, end=end, bare=False, digits=False)
        if word in ("date", "datetime"):
            return Expression(start, end, layout=_TEXTS[word], arguments=tuple(arguments))
        if word == "unixepoch":
            return Expression(start, end, NOW)
        if word == "julianday":
            return Expression(start, end, NOW / 86_400 + 2440587.5)
        if word == "strftime" and arguments:
            layout = self.parts[arguments[0][0]].text[1:-1]
            if layout in ("%s", "%J"):
                return Expression(start, end, NOW if layout == "%s" else NOW / 86_400 + 2440587.5, digits=True)
            return Expression(start, end, layout=layout, arguments=tuple(arguments[1:]))
        return None


def _number(start: int, text: str) -> Expression | None:
    try:
        return Expression(start, start + 1, float(text))
    except ValueError:  # 0x1f
        return None
