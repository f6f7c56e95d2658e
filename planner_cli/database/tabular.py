"""Files of CSV, TSV and JSON lines: what they are, how they are written, and what their columns hold.

Nothing is held but a batch of rows. A file is read twice: what a column holds is known at its end only.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from planner_cli.clean import clean
from planner_cli.errors import DatabaseError
from planner_cli.text import nocase

Cells: TypeAlias = Sequence[Any]
"""A row as it is in the file: texts, or JSON's values."""

ENDINGS = {".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_BATCH = 2000
_SAMPLE = 65_536
"""Characters from which the separator is guessed."""
_CHUNK = 1_000_000
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_FIELD = 10_000_000
"""Characters of a field; a longer one is a quote that is never closed."""
_COLUMNS = 2000
"""SQLite's own limit."""
_NAME = 100
_LARGEST = 2**63

_WHOLE = r"-?(?:0|[1-9][0-9]{0,17})"
_NUMBERS = {
    "INTEGER": _WHOLE,
    "REAL": rf"{_WHOLE}(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{{1,3}})?",
    "COMMA": rf"{_WHOLE}(?:,[0-9]+)?",
}
"""What all texts of a column must be like. A leading zero is a code's, not a number's."""
_TESTS = {kind: re.compile(rf"(?:{pattern}\0)*") for kind, pattern in _NUMBERS.items()}
"""For many texts at once, each with NUL behind it."""


def is_tabular(path: Path) -> bool:
    """Whether it is such a file, by the ending of its name."""
    return path.suffix.lower() in ENDINGS


@dataclass(slots=True)
class Shape:
    """What was found out about a file."""

    path: Path
    kind: str
    encoding: str = "utf-8"
    separator: str = ","
    header: bool = True
    keys: list[str] = field(default_factory=list)
    """The columns as the file calls them."""
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    """``INTEGER``, ``REAL``, ``COMMA`` (a real with a decimal comma) or ``TEXT``."""
    loose: bool = False
    """Whether it breaks the rules for quotes, so that they are read as well as can be."""
    rows: int = 0
    uneven: int = 0
    """Rows with fewer or more cells than the header."""

    def said(self) -> str:
        """One line about what was guessed."""
        parts = [f"{_counted(self.rows, 'row')}, {_counted(len(self.names), 'column')}"]
        if self.kind != "jsonl":
            parts.append(f"separated by {_SEPARATORS[self.separator]}, {self.encoding}")
        if not self.header:
            parts.append("no header, so the columns are called column_1 and so on")
        if self.loose:
            parts.append("quotes inside quotes, read as well as can be")
        if self.uneven:
            parts.append(f"{_counted(self.uneven, 'row')} with more or fewer cells than the header")
        if "COMMA" in self.types:
            parts.append("decimal commas read as points")
        return f"{self.path.name}: {'; '.join(parts)}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def examine(path: Path) -> Iterator[Shape]:
    """Read a file; yields its growing shape for each batch of rows, complete at the end.

    Raises:
        DatabaseError: it cannot be read as what its name says.

    """
    try:
        yield from _examined(Shape(path, ENDINGS[path.suffix.lower()]))
    except csv.Error as error:
        if "unexpected end" in str(error):
            raise DatabaseError(
                f"{path}: a quote is never closed", hint="look for it behind the last row read"
            ) from error
        yield from _examined(Shape(path, ENDINGS[path.suffix.lower()], loose=True))


def _examined(shape: Shape) -> Iterator[Shape]:
    path = shape.path
    with _failures(shape):
        shape.encoding = _encoding(path)
        if shape.kind != "jsonl":
            with _opened(shape) as file:
                shape.separator, shape.header = _dialect(file.read(_SAMPLE), shape.kind)
        types = _Types(typed=shape.kind == "jsonl")
        for rows in batches(shape):
            types.take(rows)
            shape.rows += len(rows)
            yield shape
        shape.types = types.found(comma=shape.separator == ",")
        shape.names = _names([*shape.keys, *[""] * (len(shape.types) - len(shape.keys))])
        shape.types += ["TEXT"] * (len(shape.names) - len(shape.types))
        if shape.kind != "jsonl":
            shape.uneven = types.widths.total() - types.widths[len(shape.keys) if shape.header else len(shape.names)]
        if not shape.names:
            raise DatabaseError(f"{path}: is empty", hint="its first line should name the columns")
        if len(shape.names) > _COLUMNS:
            raise DatabaseError(f"{path}: has {len(shape.names):,} columns; SQLite takes {_COLUMNS:,}")
    yield shape


def batches(shape: Shape) -> Iterator[list[Cells]]:
    """The rows without the header, some at a time; empty cells are ``None``."""
    with _failures(shape), _opened(shape) as file:
        rows = _objects(file, shape) if shape.kind == "jsonl" else _lines(file, shape)
        while some := list(islice(rows, _BATCH)):
            yield some


def _lines(file: TextIO, shape: Shape) -> Iterator[Cells]:
    reader = csv.reader(file, delimiter=shape.separator, strict=not shape.loose)
    first = next(reader, [])
    if shape.header:
        shape.keys = first
    elif first:
        yield [cell or None for cell in first]
    for row in reader:
        if row:  # a blank line is none
            yield [cell or None for cell in row]


def _objects(file: TextIO, shape: Shape) -> Iterator[Cells]:
    places = {name: at for at, name in enumerate(shape.keys)}
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        found = json.loads(line)
        if not isinstance(found, dict):
            raise DatabaseError(f"{shape.path}: line {number} is no JSON object", hint="one object a line")
        row: list[Any] = [None] * len(places)
        for name, value in found.items():
            if name not in places:
                places[name] = len(places)
                shape.keys.append(name)
                row.append(None)
            row[places[name]] = _stored(value)
        yield row


def _stored(value: Any) -> Any:
    """A value of JSON as SQLite can hold it."""
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if isinstance(value, int) and abs(value) >= _LARGEST else value


class _Types:
    """What the cells of each column could be, and how wide the rows are. ``typed``: texts are texts, as in JSON."""

    def __init__(self, *, typed: bool) -> None:
        self._typed = typed
        self.widths: Counter[int] = Counter()
        self._could: list[set[str]] = []
        self._filled: list[bool] = []

    def take(self, rows: Sequence[Cells]) -> None:
        self.widths.update(map(len, rows))
        for at, column in enumerate(zip_longest(*rows)):
            if at == len(self._could):
                self._could.append(set(_TESTS))
                self._filled.append(False)
            filled = [cell for cell in column if cell is not None]
            texts = map(self._text, filled) if self._typed else filled
            joined = "\0".join([*texts, ""])
            self._filled[at] |= bool(filled)
            self._could[at] = {kind for kind in self._could[at] if _TESTS[kind].fullmatch(joined)}

    def _text(self, value: Any) -> str:
        """What tells a cell's type."""
        if isinstance(value, str):
            return "text"
        return str(int(value)) if isinstance(value, bool) else repr(value)

    def found(self, *, comma: bool) -> list[str]:
        """The type of each column; ``comma``: commas separate cells, so that none is a decimal one."""
        return [
            next((kind for kind in _TESTS if kind in could and filled and not (comma and kind == "COMMA")), "TEXT")
            for could, filled in zip(self._could, self._filled, strict=True)
        ]


# --------------------------------------------------------------------------------------------- guessing


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
        bom = next((name for mark, name in _BOMS if start.startswith(mark)), None)
        if bom is not None:
            return bom
        file.seek(0)
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            while chunk := file.read(_CHUNK):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


def _dialect(sample: str, kind: str) -> tuple[str, bool]:
    """The separator, and whether the first row is a header."""
    whole = sample.rpartition("\n")[0] if len(sample) == _SAMPLE else sample
    choices = "\t" if kind == "tsv" else _SEPARATORS
    best, found = (-1.0, 0), next(iter(choices))
    for separator in choices:
        widths = Counter(len(row) for row in csv.reader(whole.splitlines(keepends=True), delimiter=separator) if row)
        width, count = widths.most_common(1)[0] if widths else (0, 0)
        score = (count / widths.total() if width > 1 else 0.0, width)
        if score > best:
            best, found = score, separator
    first = next(csv.reader(whole.splitlines(keepends=True), delimiter=found), [])
    filled = [f"{cell}\0" for cell in first if cell]
    numbers = [cell for cell in filled if any(test.fullmatch(cell) for test in _TESTS.values())]
    return found, not filled or len(numbers) < len(filled)


def _names(header: Sequence[str]) -> list[str]:
    """Names of columns: cleaned, none empty, none twice, compared as SQLite does."""
    taken: set[str] = set()
    names = []
    for at, cell in enumerate(header, 1):
        base = clean(" ".join(cell.split()))[:_NAME] or f"column_{at}"
        name, number = base, 1
        while nocase(name) in taken:
            number += 1
            name = f"{base}_{number}"
        taken.add(nocase(name))
        names.append(name)
    return names


@contextmanager
def _opened(shape: Shape) -> Iterator[TextIO]:
    usual = csv.field_size_limit(_FIELD)
    try:
        errors = "replace" if shape.encoding == "cp1252" else "strict"
        with shape.path.open(encoding=shape.encoding, errors=errors, newline="") as file:
            yield file
    finally:
        csv.field_size_limit(usual)


@contextmanager
def _failures(shape: Shape) -> Iterator[None]:
    try:
        yield
    except csv.Error as error:
        if not shape.loose and "limit" not in str(error):
            raise  # it is read again
        raise DatabaseError(f"{shape.path}: cannot be read as CSV: {error}", hint="is a quote never closed?") from error
    except json.JSONDecodeError as error:
        raise DatabaseError(f"{shape.path}: not JSON, one object a line: {error}") from error
    except UnicodeError as error:
        raise DatabaseError(f"{shape.path}: its text cannot be read: {error}") from error
    except OSError as error:
        raise DatabaseError(f"{shape.path}: {error.strerror or error}") from error
