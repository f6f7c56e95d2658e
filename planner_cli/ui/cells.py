"""One SQLite value as text: for people (``table``, ``vertical``, ``markdown``) and for programs (``csv``, ``tsv``)."""

from __future__ import annotations

import math
import re

from planner_cli.types import Value

CELL_LIMIT = 2_000
"""Most characters of one value that the formats for people show."""

_FORMULA = re.compile(
    "[\\s\x00-\x1f\x7f-\x9f\xad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff'\"]*[-=+@\uff1d\uff0b\uff0d\uff20]|'*[\t\r\n]"
)
"""A sign that starts a formula, the full-width ones too, behind whatever a spreadsheet may skip; and the three by
which a cell is split (OWASP, CSV injection)."""


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


def is_formula(value: Value) -> bool:
    """Whether a spreadsheet would run this value as a formula. Only text: -5.2 as a number is a number.

    A text with a ``'`` before such a text counts as one as well, so that the ``'`` put before a cell can be taken away
    again without a doubt.
    """
    return isinstance(value, str) and _FORMULA.match(value) is not None


def counted(count: int, noun: str) -> str:
    """``1 row``, ``1,200 rows``."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def cut_note(count: int) -> list[str]:
    """The line that tells how many values were cut; none when there is nothing to tell."""
    return [f"{counted(count, 'value')} cut to {CELL_LIMIT:,} characters"] if count else []


def _float(value: float, digits: str) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Inf" if value > 0 else "-Inf"
    return digits if any(sign in digits for sign in ".e") else digits + ".0"


def _blob(value: bytes) -> str:
    return f"x'{value.hex()}'"


def _how_much(count: int, unit: str) -> str:
    return f" [{count:,} more {unit}]" if count else ""
