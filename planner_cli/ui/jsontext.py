"""SQLite values as strict JSON, and JSON as text that is safe to print."""

from __future__ import annotations

import json
import math
from typing import TypeAlias

from planner_cli.clean import Clean, clean_json
from planner_cli.types import Value

JsonValue: TypeAlias = "int | float | str | dict[str, str] | None"
"""One cell: NULL is null; a blob ``{"$blob_hex": "0aff"}``; an infinity ``"Infinity"`` or ``"-Infinity"``.

Integers are written in full; readers that hold numbers as doubles lose digits over 2**53.
"""


def json_value(value: Value) -> JsonValue:
    """One SQLite value as strict JSON can hold it (JSON has no blobs, infinities or NaN)."""
    if isinstance(value, bytes):
        return {"$blob_hex": value.hex()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def to_json(value: object, *, indent: int | None = None) -> Clean:
    r"""Strict JSON of a value, keys in their order; characters that could drive a terminal as ``\uXXXX``.

    Raises ``ValueError`` for a NaN or infinity that did not pass :func:`json_value`.
    """
    return clean_json(json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent))
