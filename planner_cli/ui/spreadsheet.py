"""A result as an Excel workbook: cells of the right type, no formula, sheets of as many rows as Excel takes."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO, Any

from planner_cli.clean import is_formula
from planner_cli.database.block import Block
from planner_cli.types import Value
from planner_cli.ui.cells import counted, exact

SHEET_ROWS, SHEET_COLUMNS = 1_048_576, 16_384
"""Excel's limits; the first row is the header."""

_EXACT = 2**53
"""Integers from here on are text: Excel would round them."""
_LONGEST = 32_767
"""Characters of a cell."""


def write_spreadsheet(
    columns: Sequence[str], blocks: Iterable[Block], stream: IO[bytes], *, sheet_rows: int = SHEET_ROWS
) -> list[str]:
    """Write the workbook, in bounded memory (rows wait in a private temporary folder); returns what was changed.

    Texts stay texts, whatever they begin with: those that are like formulas are marked so that editing them runs none
    either.
    """
    # Not at the top: 80 ms that other formats need not pay
    from xlsxwriter import Workbook

    with tempfile.TemporaryDirectory(prefix="planner-") as folder:
        options = {"constant_memory": True, "tmpdir": folder, "in_memory": False, "use_zip64": True}
        book = Workbook(stream, options)
        writer = _Writer(book, columns[:SHEET_COLUMNS], sheet_rows)
        for block in blocks:
            for row in block.rows():
                writer.row(row)
        book.close()
    return writer.notes(len(columns))


class _Writer:
    def __init__(self, book: Any, columns: Sequence[str], sheet_rows: int) -> None:
        self._book, self._columns, self._sheet_rows = book, columns, sheet_rows
        self._bold = book.add_format({"bold": True})
        self._quoted = book.add_format({"quote_prefix": True})
        self._sheet: Any = None
        self._sheets = self._at = self._cut = self._texts = 0
        self._next_sheet()

    def _next_sheet(self) -> None:
        self._sheets += 1
        self._sheet = self._book.add_worksheet("result" if self._sheets == 1 else f"result {self._sheets}")
        for at, name in enumerate(self._columns):
            self._sheet.write_string(0, at, name[:_LONGEST], self._bold)
        self._sheet.freeze_panes(1, 0)
        self._at = 0

    def row(self, row: Sequence[Value]) -> None:
        if self._at == self._sheet_rows - 1:
            self._next_sheet()
        self._at += 1
        for at, value in enumerate(row[:SHEET_COLUMNS]):
            if value is not None:
                self._cell(at, value)

    def _cell(self, at: int, value: Value) -> None:
        if math.isfinite(value) if isinstance(value, float) else isinstance(value, int) and abs(value) < _EXACT:
            self._sheet.write_number(self._at, at, value)
            return
        self._texts += isinstance(value, int | float)
        text = exact(value)
        if len(text) > _LONGEST:
            self._cut += 1
            text = text[:_LONGEST]
        self._sheet.write_string(self._at, at, text, self._quoted if is_formula(text) else None)

    def notes(self, columns: int) -> list[str]:
        found = []
        if self._cut:
            found.append(f"{counted(self._cut, 'value')} cut to Excel's {_LONGEST:,} characters; csv holds them whole")
        if columns > SHEET_COLUMNS:
            found.append(f"first {SHEET_COLUMNS:,} of {columns:,} columns: Excel holds no more")
        if self._texts:
            found.append(f"{counted(self._texts, 'number')} written as text: Excel would round them")
        if self._sheets > 1:
            found.append(f"{self._sheets} sheets: Excel holds {self._sheet_rows - 1:,} rows in one")
        return found
