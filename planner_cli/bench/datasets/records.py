"""Reading JSON, JSON Lines and CSV so that every record still knows its line."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.bench.datasets import dialect
from planner_cli.bench.setaside import UnmeasurableError
from planner_cli.errors import PlannerError

_SPACE_OR_COMMA = re.compile(r"[\s,]*")
MAX_FIELD = 10_000_000
"""Characters of one CSV field; Python's own limit of 131,072 is less than some schemas."""
QUERY_NAMES = ("sql", "gold", "query")
"""Column names for the right query in a user's table."""
TABLES = (".csv", ".tsv", ".tab", ".psv")


class RecordError(UnmeasurableError):
    """One entry of a file is wrong; the others may be right."""

    def __init__(self, path: Path, line: int, problem: str, name: str | None = None) -> None:
        super().__init__("record", f"{path}, line {line}: {problem}")
        place = f"{path.name}, line {line}"
        self.name = f"{name} ({place})" if name else place
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a file."""

    path: Path
    line: int
    """Where it begins, from 1."""
    fields: Mapping[str, Any]

    def error(self, problem: str) -> RecordError:
        return RecordError(self.path, self.line, problem, self._name())

    def _name(self) -> str | None:
        """The record's own name, if it has one."""
        found = (self.fields.get(name) for name in ("id", "qid", "question_id"))
        return next((str(value) for value in found if isinstance(value, str | int) and value != ""), None)

    def text(self, *names: str) -> str | None:
        """The first of the fields that exists and is not blank.

        Raises:
            PlannerError: it is not text.

        """
        for name in names:
            value = self.fields.get(name)
            if value is None or value == "":
                continue
            if not isinstance(value, str):
                raise self.error(f"{name!r} is {type(value).__name__}, but must be text")
            if value.strip():
                return value.strip()
        return None

    def required(self, *names: str) -> str:
        value = self.text(*names)
        if value is None:
            raise self.error(f"there is no {' or '.join(map(repr, names))}")
        return value

    def identifier(self, *names: str) -> str | None:
        """Like :meth:`text`, but whole numbers are accepted too."""
        for name in names:
            value = self.fields.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
        return self.text(*names)


_UNPACK = "unpack it first"
_AS_CSV = "save it as CSV, JSON or JSON Lines"
_NO_TEXT = {
    b"PK\x03\x04": ("a zip archive or a spreadsheet", f"{_UNPACK}, or {_AS_CSV}"),
    b"\xd0\xcf\x11\xe0": ("an old spreadsheet", _AS_CSV),
    b"\x1f\x8b": ("packed by gzip", _UNPACK),
    b"BZh": ("packed by bzip2", _UNPACK),
    b"\xfd7zXZ": ("packed by xz", _UNPACK),
    b"\x28\xb5\x2f\xfd": ("packed by zstd", _UNPACK),
    b"7z\xbc\xaf": ("packed by 7-Zip", _UNPACK),
    b"PAR1": ("a Parquet file", _AS_CSV),
    b"ARROW1": ("an Arrow file", _AS_CSV),
    b"SQLite format 3\0": ("an SQLite database", "name the file of the questions; --database names the database"),
    b"%PDF": ("a PDF", _AS_CSV),
}
"""First bytes of what is brought for a data set, and what to do."""


def records(path: Path) -> Iterator[Record | RecordError]:
    """The entries of a ``.json`` (one array), ``.jsonl``, ``.csv`` or ``.tsv`` file, in its order.

    An entry that cannot be read is represented by its error, so that the positions of the others do not depend on it.

    Raises:
        PlannerError: the file as a whole cannot be read.

    """
    text = read_text(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        yield from _array(path, text)
    elif suffix in TABLES:
        yield from _table(path, text)
    else:
        yield from _lines(path, text)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, UTF-16 or UTF-32, without its byte order mark."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlannerError(f"cannot read {path}: {error.strerror or error}") from error
    for magic, (what, hint) in _NO_TEXT.items():
        if data.startswith(magic):
            raise PlannerError(f"{path} is {what}, not a text of questions", hint=hint)
    encoding = dialect.encoding(data)
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        shown = encoding.removesuffix("-sig").upper()
        raise PlannerError(f"{path} is not {shown} text (byte {error.start:,})", hint="save it as UTF-8") from error


def _object(path: Path, line: int, value: object) -> Record | RecordError:
    if not isinstance(value, dict):
        return RecordError(path, line, f"expected an object, found {type(value).__name__}")
    return Record(path, line, value)


def _lines(path: Path, text: str) -> Iterator[Record | RecordError]:
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            value = json.loads(content)
        except (json.JSONDecodeError, RecursionError) as error:
            yield RecordError(path, line, f"not JSON: {error}")
        else:
            yield _object(path, line, value)


def _array(path: Path, text: str) -> Iterator[Record | RecordError]:
    """Element by element, which gives the line of each."""
    decoder = json.JSONDecoder()
    at = len(text) - len(text.lstrip())
    line, counted = 1, 0
    if text[at : at + 1] != "[":
        raise PlannerError(f"{path}, line 1: expected a JSON array of questions")
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        line, counted = line + text.count("\n", counted, at), at
        try:
            value, at = decoder.raw_decode(text, at)
        except (json.JSONDecodeError, RecursionError) as error:
            where = error.lineno if isinstance(error, json.JSONDecodeError) else line
            raise PlannerError(f"{path}, line {where}: not JSON: {error}") from error
        yield _object(path, line, value)
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    found = _SPACE_OR_COMMA.match(text, at)
    return found.end() if found else at


def _table(path: Path, text: str) -> Iterator[Record | RecordError]:
    csv.field_size_limit(MAX_FIELD)
    if not text.strip():
        return
    try:
        found, text = dialect.sniff(text, (("question",), QUERY_NAMES))
        if len(set(found.columns)) < len(found.columns):
            raise PlannerError(f"{path}, line 1: two columns have the same name")
        for line, cells in dialect.rows(text, found):
            if len(cells) == len(found.columns):
                yield Record(path, line, dict(zip(found.columns, cells, strict=True)))
                continue
            problem = f"{len(cells)} {'cell' if len(cells) == 1 else 'cells'} under {len(found.columns)} column names"
            more = f" (separator: {found.name}; a cell that contains one needs quotes)"
            yield RecordError(path, line, problem + (more if len(cells) > len(found.columns) else ""))
    except dialect.TableError as error:
        raise PlannerError(f"{path}, {error}") from error
