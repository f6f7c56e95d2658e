"""CSV and TSV: cells as stored, except what a spreadsheet would run; docs/formats.md has the dialects."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import IO, Literal, cast

from planner_cli.clean import clean, is_formula
from planner_cli.database.block import INTEGER, TEXT, Block
from planner_cli.types import Value
from planner_cli.ui.cells import counted, exact

_Change = Literal["formula", "terminal", "encoding", "null", "blank", "quote"]

_TSV = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
"""As PostgreSQL's COPY and MySQL write and read them."""


def write_separated(
    columns: Sequence[str], blocks: Iterable[Block], stream: IO[str], *, tabs: bool, raw: bool, bom: bool
) -> list[str]:
    """Write the header and the rows; returns what was changed, one line for each kind."""
    writer = _Writer(stream, tabs=tabs, raw=raw, alone=len(columns) == 1)
    if bom and not writer.terminal and writer.encoding.lower().startswith("utf"):
        stream.write("\ufeff")
    between = "\t" if tabs else ","
    stream.write(between.join(map(writer.cell, columns)) + "\n")
    for block in blocks:
        cells = [writer.cells(kind, column) for kind, column in zip(block.kinds, block.columns, strict=True)]
        stream.write("\n".join(map(between.join, zip(*cells, strict=True))) + "\n")
    return writer.notes()


def csv_cell(text: str) -> str:
    """A cell in quotes where it needs them; Python's ``csv`` leaves a lone CR without, which readers break lines at."""
    # Some readers break lines at more than CR and LF.
    if text != text.strip() or any(sign in text for sign in ',"') or text.splitlines() != [text]:
        return '"' + text.replace('"', '""') + '"'
    return text


_START, _REST = "[0-9A-Za-z_.:/$%(]", "[0-9A-Za-z_.:/$%() ;!?*#&-]*(?<! )"
_PLAIN = re.compile(f"{_START}{_REST}(?:\0{_START}{_REST})*")
"""Texts, with NUL between them, that either form takes as they are: most columns' texts, thousands of them at once."""
_REMEMBERED, _LONG = 20_000, 200
"""Texts, and their characters."""


class _Memory(dict[str, str]):
    """Cells of texts that are not changed, by the text: many columns repeat few of them."""

    def __init__(self, cell: Callable[[str], str], changed: Callable[[], int]) -> None:
        super().__init__()
        self._cell, self._changed = cell, changed

    def __missing__(self, text: str) -> str:
        before = self._changed()
        cell = self._cell(text)
        if len(self) < _REMEMBERED and len(text) < _LONG and self._changed() == before:  # else each is counted
            self[text] = cell
        return cell


class _Writer:
    def __init__(self, stream: IO[str], *, tabs: bool, raw: bool, alone: bool) -> None:
        self.terminal = stream.isatty()
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self._tabs = tabs
        self._raw = raw
        self._alone = alone
        self._changed: Counter[_Change] = Counter()
        self._memory = _Memory(self.cell, self._changed.total)

    def cell(self, value: Value) -> str:
        text = exact(value)
        if not self._raw and is_formula(value):
            text = "'" + text
            self._changed["formula"] += 1
        text = self._one_line(text, value) if self._tabs else self._quoted(text, value)
        if self.terminal:
            shown = clean(text, newlines=True)
            self._changed["terminal"] += shown != text
            text = shown
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            self._changed["encoding"] += 1
            text = text.encode(self.encoding, "backslashreplace").decode(self.encoding)
        return text

    def cells(self, kind: str, column: Sequence[Value]) -> Iterable[str]:
        """The cells of a column whose values are of that kind."""
        if kind == INTEGER:
            return map(str, column)
        if kind == TEXT and not self.terminal:
            texts = cast("Sequence[str]", column)
            return texts if _PLAIN.fullmatch("\0".join(texts)) else map(self._memory.__getitem__, texts)
        return map(self.cell, column)

    def _quoted(self, text: str, value: Value) -> str:
        if value is None:
            self._changed["null"] += self._alone
            return '""' if self._alone else ""
        return csv_cell(text)

    def _one_line(self, text: str, value: Value) -> str:
        self._changed["blank"] += self._alone and value == ""
        self._changed["quote"] += text.startswith('"')
        return "\\N" if value is None else text.translate(_TSV)

    def notes(self) -> list[str]:
        words: dict[_Change, str] = {
            "formula": "got a leading ' against being run as a formula (--raw: unchanged)",
            "terminal": "shown with escapes, as this is a terminal; -o FILE writes what is stored",
            "encoding": f"with escapes for what {self.encoding} cannot write; -o FILE writes UTF-8",
            "null": 'of NULL written as "": nothing at all would be a blank line, which readers drop',
            "quote": 'starting with a ", which readers that know quotes (Excel, sqlite3 .import) take away; '
            "--format csv quotes it",
            "blank": "of empty text, a blank line that some readers drop; --format csv quotes it",
        }
        return [f"{counted(self._changed[kind], 'cell')} {told}" for kind, told in words.items() if self._changed[kind]]
