"""Tables and candidates as CSV: full precision, intervals in columns of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from planner_cli.bench.report.document import Table, Value
from planner_cli.bench.report.escape import cell
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.statistics import Difference, Estimate
from planner_cli.ui.separated import csv_cell

_CANDIDATE_FIELDS = (
    "label", "executable", "error", "samples", "cluster", "greedy", "logprob", "judged", "score", "hard", "mass",
    "closed_by", "tokens", "steps", "scanned", "sql",
)  # fmt: skip


def write_table(path: Path, table: Table) -> None:
    """One table; shares of 1, not percent. ``published`` says which lines are other people's figures."""
    wide = [any(isinstance(line.cells[at], (Estimate, Difference)) for line in table.lines) for at in _range(table)]
    header: list[str] = []
    for column, has_interval in zip(table.columns, wide, strict=True):
        header += [column.title, *([f"{column.title}, low", f"{column.title}, high"] if has_interval else [])]
    rows = (
        [
            *(
                text
                for value, has_interval in zip(line.cells, wide, strict=True)
                for text in _cells(value, has_interval=has_interval)
            ),
            cell("yes" if line.published else "no"),
        ]
        for line in table.lines
    )
    _write(path, [*header, "published"], rows)


def write_candidates(path: Path, rows: Sequence[ItemRow]) -> None:
    """Every candidate of a run, one per line, for a spreadsheet or an independent computation."""
    header = ["item", "database", "hardness", "method", "candidate", "chosen", *_CANDIDATE_FIELDS, "question", "gold"]
    lines = (
        [
            *map(cell, (row.item, row.database, row.hardness, row.method, index, index == row.chosen)),
            *(cell(getattr(candidate, name)) for name in _CANDIDATE_FIELDS),
            *map(cell, (row.question, row.gold)),
        ]
        for row in rows
        for index, candidate in enumerate(row.candidates)
    )
    _write(path, header, lines)


def _range(table: Table) -> range:
    return range(len(table.columns))


def _cells(value: Value, *, has_interval: bool) -> list[str]:
    if isinstance(value, (Estimate, Difference)):
        return [cell(value.value), cell(value.low), cell(value.high)]
    return [cell(value), *(["", ""] if has_interval else [])]


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    # A question may hold half of a surrogate pair, which no file can.
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        for row in ([cell(title) for title in header], *rows):
            file.write(",".join(csv_cell(text) if text else "" for text in row) + "\n")
