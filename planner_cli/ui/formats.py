"""Writing a query's result: the formats of ``--format``, to standard output or a file.

The stream gets the result and nothing else. Whatever else the reader must know (cuts, protected cells) is
returned as lines for standard error.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import IO, Literal, TextIO, TypeAlias, cast, get_args

from planner_cli.clean import Clean, clean
from planner_cli.database.block import Block
from planner_cli.errors import PlannerError
from planner_cli.types import Row, Value
from planner_cli.ui.cells import cut_note, human
from planner_cli.ui.charts import MOST_ROWS, chart_of
from planner_cli.ui.jsontext import JsonValue, json_value, to_json
from planner_cli.ui.look import look_for
from planner_cli.ui.picture import write_picture
from planner_cli.ui.plotting import plotted
from planner_cli.ui.separated import write_separated
from planner_cli.ui.spreadsheet import write_spreadsheet
from planner_cli.ui.tables import write_table, write_vertical
from planner_cli.ui.webpage import write_webpage

Format: TypeAlias = Literal[
    "table", "csv", "tsv", "json", "jsonl", "markdown", "vertical", "html", "plot", "xlsx", "png", "svg"
]
EVERY_FORMAT: tuple[Format, ...] = get_args(Format)
FILES: tuple[Format, ...] = ("xlsx", "png", "svg")
"""Those for files only."""
FORMATS = tuple(each for each in EVERY_FORMAT if each not in FILES)

ENDINGS: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xlsx": "xlsx",
    ".png": "png",
    ".svg": "svg",
    ".txt": "table",
}
"""What the ending of a file's name asks for."""
PICTURES = tuple(ending for ending, name in ENDINGS.items() if name in {"png", "svg"})
_PLOT_WIDTH = 80
"""Cells of a picture that goes to no terminal."""
_TABLE_ROWS = 1000
"""Of one drawn table: a longer result is several, since the columns' widths have to be known before the first row."""


def format_of(path: PurePath) -> Format:
    """What the ending of a file's name asks for; ``table`` if it says nothing."""
    return ENDINGS.get(path.suffix.lower(), "table")


def write_blocks(
    columns: Sequence[str],
    blocks: Iterable[Block],
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
                  ``vertical`` where not even one column fits; one for every 1,000 rows
    ``vertical``  one line per value
    ``markdown``  a GitHub table, with everything Markdown could act on escaped
    ``csv``       comma, ``\n``; NULL is nothing, an empty text is ``""``; floats round-trip; blobs as ``x'0aff'``
    ``tsv``       tab, never quoted; backslashes, tabs and line ends as ``\\``, ``\t``, ``\n``, ``\r``; NULL is ``\N``
    ``json``      an array of objects, one a line; ``jsonl``: the objects alone (:func:`json_value` for the values)
    ``html``      a page with one table, values whole and escaped
    ``plot``      bars, a line, points or a histogram, by the result's shape; a table where there are no numbers
    ``xlsx``      a workbook; ``png`` and ``svg``: the picture; into the stream's ``buffer``: for files only

    The first three are for reading: the first 2,000 characters of a value, ``table`` the first 50 columns, what could
    drive a terminal or hide as visible escapes, in a file too. The others are exact. Text cells of ``csv`` and ``tsv``
    that a spreadsheet would run get a leading ``'`` unless ``raw`` is set, and a terminal never gets control
    characters, ``raw`` or not; both are counted in what is returned. ``bom`` begins these two with a byte order mark,
    by which Excel knows UTF-8; not on a terminal. Equal column names get ``_2``, ``_3`` in JSON objects.
    """
    notes: list[str] = []
    match format:
        case "table":
            for rows in _by_thousand(blocks):
                notes += write_table(columns, rows, stream=stream, width=width, color=color)
        case "vertical":
            notes = write_vertical(columns, _rows(blocks), stream=stream, color=color)
        case "markdown":
            notes = _write_markdown(columns, _rows(blocks), stream)
        case "csv" | "tsv":
            notes = write_separated(columns, blocks, stream, tabs=format == "tsv", raw=raw, bom=bom)
        case "plot" | "png" | "svg":
            notes = _write_plot(columns, _rows(blocks), format, stream, width, color)
        case "html":
            write_webpage(columns, blocks, stream)
        case "xlsx":
            notes = write_spreadsheet(columns, blocks, cast("TextIO", stream).buffer)
        case _:
            _write_json(columns, _rows(blocks), stream, lines=format == "jsonl")
    return tuple(clean(note) for note in dict.fromkeys(notes))


def _write_plot(
    columns: Sequence[str],
    rows: Iterable[Row],
    format: Format,  # noqa: A002 - named as the option is
    stream: IO[str],
    width: int | None,
    color: bool,
) -> list[str]:
    """Write a picture; returns what is not in it.

    Raises:
        PlannerError: there are no numbers for a file's picture.

    """
    taken = list(itertools.islice(rows, MOST_ROWS))
    chart = chart_of(columns, taken)
    if format == "plot" and chart is None:
        notes = write_table(columns, taken, stream=stream, width=width, color=color)
        return [*notes, "there are no numbers to draw: the rows instead"] if taken else notes
    if chart is None:
        raise PlannerError("there are no numbers to draw", hint="-o FILE.csv writes the rows")
    notes = list(chart.notes)
    if format == "plot":
        look = look_for(getattr(stream, "encoding", None))
        write_text(stream, "\n".join(plotted(chart, look, width or _PLOT_WIDTH)) + "\n")
    else:
        notes += write_picture(chart, cast("TextIO", stream).buffer, format)
    return [*notes, *([f"the first {MOST_ROWS:,} rows are drawn"] if len(taken) == MOST_ROWS else [])]


def _rows(blocks: Iterable[Block]) -> Iterator[Row]:
    return itertools.chain.from_iterable(each.rows() for each in blocks)


def _by_thousand(blocks: Iterable[Block]) -> Iterator[list[Row]]:
    """The rows in lists; one of none where there are none."""
    rows = _rows(blocks)
    some = list(itertools.islice(rows, _TABLE_ROWS))
    yield some
    while some := list(itertools.islice(rows, _TABLE_ROWS)):
        yield some


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


def _write_json(columns: Sequence[str], rows: Iterable[Row], stream: IO[str], *, lines: bool) -> None:
    names = unique_names(columns)
    texts = (_json_text(dict(zip(names, map(json_value, row), strict=True)), stream) for row in rows)
    if lines:
        for text in texts:
            write_text(stream, text + "\n")
        return
    write_text(stream, "[")
    for number, text in enumerate(texts):
        write_text(stream, f",\n {text}" if number else text)
    write_text(stream, "]\n")


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
