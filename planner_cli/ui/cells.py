"""One SQLite value as text: for people (``table``, ``vertical``, ``markdown``) and for programs (``csv``, ``tsv``)."""

from __future__ import annotations

import math

from planner_cli.types import Value

CELL_LIMIT = 2_000
"""The most characters of one value that the formats for people show."""


def human(value: Value) -> tuple[str, bool]:
    """The text shown to a person, and whether it was cut to :data:`CELL_LIMIT` characters.

    Floats have the 15 significant digits that SQLite prints; blobs look like SQL literals.
    """
    if isinstance(value, bytes):
        shown = value[: CELL_LIMIT // 2]
        return _blob(shown) + _how_much(len(value) - len(shown), "bytes"), len(shown) < len(value)
    if isinstance(value, str) and len(value) > CELL_LIMIT:
        return value[:CELL_LIMIT] + _how_much(len(value) - CELL_LIMIT, "characters"), True
    if isinstance(value, float):
        return _float(value, f"{value:.15g}"), False
    return "NULL" if value is None else str(value), False


def exact(value: Value) -> str:
    """The text written for a program: floats round-trip, NULL is empty, a blob is ``x'0aff'``."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return _blob(value)
    return _float(value, repr(value)) if isinstance(value, float) else str(value)


def counted(count: int, noun: str) -> str:
    """``1 row``, ``1,200 rows``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def cut_note(count: int) -> list[str]:
    """The line that says how many values were cut; none when there were none."""
    return [f"{counted(count, 'value')} cut to {CELL_LIMIT:,} characters"] if count else []


def _float(value: float, digits: str) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    return digits if any(sign in digits for sign in ".e") else digits + ".0"


def _blob(value: bytes) -> str:
    return f"x'{value.hex()}'"


def _how_much(count: int, unit: str) -> str:
    return f" [{count:,} more {unit}]" if count else ""
