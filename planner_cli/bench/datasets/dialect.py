"""Which encoding a text file has, and which separator and quotes split a table's header into columns.

``csv.Sniffer`` guesses by counting characters, and SQL is full of commas and semicolons. The header decides instead:
it must have a question and a query, and only the right separator produces both.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
QUOTES = ('"', "'")

_MARKS = (  # UTF-32's mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding(data: bytes) -> str:
    """By the byte order mark; without one UTF-16 is recognised by the zeros in its first character, else UTF-8."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    if len(data) > 1 and 0 in data[:2] and data[:2] != b"\0\0":
        return "utf-16-le" if data[1] == 0 else "utf-16-be"
    return "utf-8"


@dataclass(frozen=True, slots=True)
class Dialect:
    separator: str
    quote: str
    columns: tuple[str, ...]
    """The header's names in lower case, without empty ones at the end."""

    @property
    def name(self) -> str:
        return SEPARATORS[self.separator]


class TableError(Exception):
    """The text is not a table; the message says on which line, and why."""


def sniff(text: str, wanted: tuple[tuple[str, ...], ...]) -> tuple[Dialect, str]:
    """The dialect whose header has one of each group of ``wanted`` names, and the text without a ``sep=`` line.

    Raises:
        TableError: there is none; it names the closest separator and what is missing with it.

    """
    separators = tuple(SEPARATORS)
    first, _, rest = text.partition("\n")
    if first.lower().startswith("sep=") and first[4:].rstrip("\r") in SEPARATORS:  # a line for spreadsheets
        separators, text = (first[4:].rstrip("\r"),), rest
    headers = [Dialect(s, q, _columns(text, s, q)) for q in QUOTES for s in separators]

    def missing(dialect: Dialect) -> list[tuple[str, ...]]:
        return [group for group in wanted if not any(name in dialect.columns for name in group)]

    best = min(headers, key=lambda d: (len(missing(d)), -len(d.columns)))  # the first of equals: QUOTES' and order
    lacks = missing(best)
    if not lacks:
        return best, text
    names = " and ".join(" or ".join(map(repr, group)) for group in lacks)
    if len(best.columns) < 2:
        tried = ", ".join(SEPARATORS[s] for s in separators)
        raise TableError(f"line 1: no separator ({tried}) makes columns of it; there is no column {names}")
    found = ", ".join(map(repr, best.columns))
    raise TableError(f"line 1: there is no column {names} (separator: {best.name}; columns: {found})")


def rows(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """The line on which each row begins, and its cells, without the header and blank rows.

    Raises:
        TableError: the quotes do not close.

    """
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=dialect.separator, quotechar=dialect.quote, strict=True
    )
    try:
        next(reader, None)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, _trimmed(cells, len(dialect.columns))
            line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"line {reader.line_num}: {error} (separator: {dialect.name})") from error


def _trimmed(cells: list[str], count: int) -> list[str]:
    """Without empty cells after the last column, which spreadsheets write."""
    while len(cells) > count and not cells[-1].strip():
        cells.pop()
    return cells


def _columns(text: str, separator: str, quote: str) -> tuple[str, ...]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, quotechar=quote)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
    except csv.Error:
        return ()
    return tuple(_trimmed(names, 0))
