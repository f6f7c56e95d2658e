"""Reading JSON, JSON Lines and CSV so that every record still knows the line it stands on."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.errors import PlannerError

_SPACE_OR_COMMA = re.compile(r"[\s,]*")
MAX_FIELD = 10_000_000
"""Characters of one CSV field; Python's own limit of 131,072 is less than some schemas."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of a file."""

    path: Path
    line: int
    """Where it begins, from 1."""
    fields: Mapping[str, Any]

    def error(self, problem: str) -> PlannerError:
        return PlannerError(f"{self.path}, line {self.line}: {problem}")

    def text(self, *names: str) -> str | None:
        """The first of the fields that is there and not blank.

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
        """As :meth:`text`, but whole numbers are welcome."""
        for name in names:
            value = self.fields.get(name)
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
        return self.text(*names)


def records(path: Path) -> Iterator[Record]:
    """The entries of a ``.json`` (one array), ``.jsonl``, ``.csv`` or ``.tsv`` file, in its order.

    Raises:
        PlannerError: the file cannot be read, or an entry is malformed (with its line).

    """
    text = read_text(path)
    suffix = path.suffix.lower()
    if suffix == ".json":
        yield from _array(path, text)
    elif suffix in {".csv", ".tsv"}:
        yield from _table(path, text, "\t" if suffix == ".tsv" else ",")
    else:
        yield from _lines(path, text)


def read_text(path: Path) -> str:
    try:
        # utf-8-sig: spreadsheets put a byte order mark before the first column's name
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlannerError(f"{path} is not UTF-8 text (byte {error.start:,})") from error
    except OSError as error:
        raise PlannerError(f"cannot read {path}: {error.strerror or error}") from error


def _object(path: Path, line: int, value: object) -> Record:
    if not isinstance(value, dict):
        raise PlannerError(f"{path}, line {line}: expected an object, found {type(value).__name__}")
    return Record(path, line, value)


def _lines(path: Path, text: str) -> Iterator[Record]:
    for line, content in enumerate(text.split("\n"), 1):
        if not content.strip():
            continue
        try:
            value = json.loads(content)
        except (json.JSONDecodeError, RecursionError) as error:
            raise PlannerError(f"{path}, line {line}: not JSON: {error}") from error
        yield _object(path, line, value)


def _array(path: Path, text: str) -> Iterator[Record]:
    """Element by element: that is what tells the line of each."""
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


def _table(path: Path, text: str, delimiter: str) -> Iterator[Record]:
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        if len(set(names)) < len(names):
            raise PlannerError(f"{path}, line 1: two columns have the same name")
        line = reader.line_num + 1
        for cells in reader:
            if cells and len(cells) != len(names):
                raise PlannerError(f"{path}, line {line}: {len(cells)} cells under {len(names)} column names")
            if cells:
                yield Record(path, line, dict(zip(names, cells, strict=True)))
            line = reader.line_num + 1
    except csv.Error as error:
        raise PlannerError(f"{path}, line {reader.line_num}: {error}") from error
