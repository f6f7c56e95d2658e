"""Writing a query's result: the formats of ``--format``, to standard output or a file.

The stream gets the result and nothing else. What the reader must know besides (cuts, protected cells) is
returned as lines for standard error.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import IO, Literal, TypeAlias

from planner_cli.clean import Clean, clean, clean_json
from planner_cli.types import Row, Value
from planner_cli.ui.cells import counted, cut_note, exact, human, is_formula
from planner_cli.ui.jsontext import json_value
from planner_cli.ui.look import look_for
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
    width: int | None = None,
    color: bool = False,
) -> tuple[Clean, ...]:
    r"""Write a result and return what should be said about it on standard error.

    ``table``     boxed columns within ``width`` cells (``None``: as wide as they are), NULL spelled out; as
                  ``vertical`` where not even one column fits
    ``vertical``  one line a value
    ``markdown``  a GitHub table, with everything Markdown could act on escaped
    ``csv``       comma, ``\n``; NULL is nothing, an empty text is ``""``; floats round-trip; blobs as ``x'0aff'``
    ``tsv``       tab, never quoted; tabs and line ends inside values as ``\t``, ``\n``
    ``json``      an array of objects, one a line; ``jsonl``: the objects alone (:func:`json_value` for the values)

    The first three show the first 2,000 characters of a value, ``table`` the first 50 columns. Text cells of
    ``csv`` and ``tsv`` that a spreadsheet would run get a leading ``'``, and control characters become visible;
    ``raw`` switches both off, except that a terminal never gets control characters. Equal column names get
    ``_2``, ``_3`` in JSON objects.
    """
    notes: list[str] = []
    if format == "table":
        notes = write_table(columns, rows, stream=stream, width=width, color=color)
    elif format == "vertical":
        notes = write_vertical(columns, rows, stream=stream, color=color)
    elif format == "markdown":
        notes = _write_markdown(columns, rows, stream)
    elif format in {"csv", "tsv"}:
        notes = _write_separated(columns, rows, stream, tabs=format == "tsv", raw=raw)
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


# ------------------------------------------------------------------------------------------------- csv, tsv


def _write_separated(
    columns: Sequence[str], rows: Iterable[Row], stream: IO[str], *, tabs: bool, raw: bool
) -> list[str]:
    shown_exactly = raw and not stream.isatty()
    protected = 0
    for row in [tuple(columns), *rows]:
        cells: list[str] = []
        for value in row:
            text = exact(value)
            if not raw and is_formula(value):
                text = "'" + text
                protected += 1
            if not shown_exactly:
                text = clean(text, newlines=not tabs)
            cells.append(_one_line(text) if tabs else _quoted(text, null=value is None))
        write_text(stream, ("\t" if tabs else ",").join(cells) + "\n")
    if not protected:
        return []
    return [f"{counted(protected, 'cell')} got a leading ' against being run as a formula (--raw: unchanged)"]


def _quoted(text: str, *, null: bool) -> str:
    if null:
        return ""
    if not text or text != text.strip() or any(sign in text for sign in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def _one_line(text: str) -> str:
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


# ----------------------------------------------------------------------------------------------------- json


def _write_json(columns: Sequence[str], rows: Sequence[Row], stream: IO[str], *, lines: bool) -> None:
    names = unique_names(columns)
    texts = (
        clean_json(json.dumps(dict(zip(names, map(json_value, row), strict=True)), ensure_ascii=False, allow_nan=False))
        for row in rows
    )
    if lines:
        for text in texts:
            write_text(stream, text + "\n")
        return
    write_text(stream, "[" + ",\n ".join(texts) + "]\n")


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
