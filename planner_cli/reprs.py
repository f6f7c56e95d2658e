"""A table of results as text and as HTML, for an interactive Python: whatever the cells hold, it is cleaned."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from planner_cli.clean import clean

_ROWS = 10
"""Rows that are shown."""
_CELL = 60
"""Most characters of a cell that are shown."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of an answer."""

    sql: str | None
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]
    truncated: bool
    confidence: float | None
    reason: str
    warnings: Sequence[str]

    def text(self) -> str:
        """For a terminal."""
        parts = [] if self.sql is None else [clean(self.sql, newlines=True), *self._table()]
        return "\n".join([*parts, clean(self._why()), *(f"! {clean(warning)}" for warning in self.warnings)])

    def html(self) -> str:
        """For a notebook."""
        parts = [] if self.sql is None else [f"<pre>{_escaped(self.sql, newlines=True)}</pre>", self._html_table()]
        parts += [f"<p>{_escaped(line)}</p>" for line in (self._why(), *self.warnings)]
        return f"<div>{''.join(parts)}</div>"

    def _why(self) -> str:
        return self.reason if self.confidence is None else f"confidence {self.confidence:.2f}; {self.reason}"

    def _table(self) -> list[str]:
        lines = [[_cell(name) for name in self.columns], *([_cell(v) for v in row] for row in self.rows[:_ROWS])]
        widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
        head, *body = (" | ".join(_padded(c, w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)
        return [head, "-+-".join("-" * width for width in widths), *body, f"({self._count()})"]

    def _html_table(self) -> str:
        head = "".join(f"<th>{_escaped(name)}</th>" for name in self.columns)
        rows = ("".join(f"<td>{_escaped(_cell(value))}</td>" for value in row) for row in self.rows[:_ROWS])
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f"{table}<p>{self._count()}</p>"

    def _count(self) -> str:
        shown, count = min(len(self.rows), _ROWS), len(self.rows)
        rows = f"{count}{' or more' if self.truncated else ''} row{'s' if count != 1 or self.truncated else ''}"
        return rows if shown == count else f"{shown} of {rows}"


def _cell(value: object) -> str:
    if value is None:
        return "NULL"
    text = f"{len(value)} bytes" if isinstance(value, bytes) else clean(str(value))
    return text if len(text) <= _CELL else f"{text[: _CELL - 1]}\u2026"


def _escaped(text: str, *, newlines: bool = False) -> str:
    return html.escape(clean(text, newlines=newlines))


def _width(text: str) -> int:
    """Cells of a terminal."""
    return sum(0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF") for c in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
