"""Writing a query's result: the formats of ``--format``, to standard output or a file.

The stream gets the result and nothing else. Whatever else the reader must know (cuts, protected cells) is
returned as lines for standard error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import IO, Literal, TypeAlias

from planner_cli.clean import Clean, clean
from planner_cli.types import Row, Value
from planner_cli.ui.cells import cut_note, human
from planner_cli.ui.jsontext import JsonValue, json_value, to_json
from planner_cli.ui.look import look_for
from planner_cli.ui.separated import write_separated
from planner_cli.ui.tables import write_table, write_vertical

Format: TypeAlias = Literal["table", "csv", "tsv", "json", "jsonl", "markdown", "vertical"]
FORMATS: tuple[Format, ...] = ("table", "csv", "tsv", "json", "jsonl", "markdown", "vertical")


def write_result(
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    format: Format,  # noqa: A002 - named as the option is
    stream: IO[str],
    raw: bool = False,
    bom: bool = False,
    width: int | None = None,
    color: bool = False,
) -> tuple[Clean, ...]:
    r"""Write a result and return what should be reported about it on standard error.

    ``table``     boxed columns within ``width`` cells (``None``: as wide as they are), NULL spelled out; as
                  ``vertical`` where not even one column fits
    ``vertical``  one line per value
    ``markdown``  a GitHub table, with everything Markdown could act on escaped
    ``csv``       comma, ``\n``; NULL is nothing, an empty text is ``""``; floats round-trip; blobs as ``x'0aff'``
    ``tsv``       tab, never quoted; backslashes, tabs and line ends as ``\\``, ``\t``, ``\n``, ``\r``; NULL is ``\N``
    ``json``      an array of objects, one a line; ``jsonl``: the objects alone (:func:`json_value` for the values)

    The first three are for reading: the first 2,000 characters of a value, ``table`` the first 50 columns, what could
    drive a terminal or hide as visible escapes, in a file too. The others are exact. Text cells of ``csv`` and ``tsv``
    that a spreadsheet would run get a leading ``'`` unless ``raw`` is set, and a terminal never gets control
    characters, ``raw`` or not; both are counted in what is returned. ``bom`` begins these two with a byte order mark,
    by which Excel knows UTF-8; not on a terminal. Equal column names get ``_2``, ``_3`` in JSON objects.
    """
    notes: list[str] = []
    if format == "table":
        notes = write_table(columns, rows, stream=stream, width=width, color=color)
    elif format == "vertical":
        notes = write_vertical(columns, rows, stream=stream, color=color)
    elif format == "markdown":
        notes = _write_markdown(columns, rows, stream)
    elif format in {"csv", "tsv"}:
        notes = write_separated(columns, rows, stream, tabs=format == "tsv", raw=raw, bom=bom)
    else:
        _write_json(columns, rows, stream, lines=format == "jsonl")
    return tuple(clean(note) for note in notes)


def write_text(stream: IO[str], text: str) -> None:
    """Write text to a stream of any encoding; what it cannot hold becomes a visible escape."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def unique_names(columns: Sequence[str]) -> tuple[str, ...]:
    """The column names with ``_2``, ``_3`` behind repeated ones, so that they can be keys."""
    taken = set(columns)
    seen: set[str] = set()
    names: list[str] = []
    for column in columns:
        name, number = column, 1
        while name in seen or (number > 1 and name in taken):
            number += 1
            name = f"{column}_{number}"
        seen.add(name)
        names.append(name)
    return tuple(names)


# ----------------------------------------------------------------------------------------------------- json


def _write_json(columns: Sequence[str], rows: Sequence[Row], stream: IO[str], *, lines: bool) -> None:
    names = unique_names(columns)
    texts = (_json_text(dict(zip(names, map(json_value, row), strict=True)), stream) for row in rows)
    if lines:
        for text in texts:
            write_text(stream, text + "\n")
        return
    write_text(stream, "[" + ",\n ".join(texts) + "]\n")


def _json_text(record: dict[str, JsonValue], stream: IO[str]) -> str:
    text = to_json(record)
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return json.dumps(record)  # Python's visible escapes would not be JSON
    return text


# ------------------------------------------------------------------------------------------------- markdown

_MARKDOWN_SIGNS = str.maketrans({sign: "\\" + sign for sign in "\\`*[]<>|&~"})
"""All that makes links, images, HTML or cells. An underscore inside a word means nothing in GitHub's Markdown."""


def _write_markdown(columns: Sequence[str], rows: Iterable[Row], stream: IO[str]) -> list[str]:
    cut = 0

    def line(values: Iterable[Value]) -> str:
        nonlocal cut
        cells: list[str] = []
        for value in values:
            text, shortened = human(value)
            cut += shortened
            cells.append(look.plain(text).translate(_MARKDOWN_SIGNS))
        return "| " + " | ".join(cells) + " |\n"

    look = look_for(getattr(stream, "encoding", None))
    write_text(stream, line(columns))
    write_text(stream, "|" + " --- |" * len(columns) + "\n")
    for row in rows:
        write_text(stream, line(row))
    return cut_note(cut)
