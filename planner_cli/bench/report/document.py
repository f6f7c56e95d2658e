"""What a report consists of, before it is Markdown, HTML, CSV or terminal text.

Renderers escape every text they are given; nothing here is markup.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from planner_cli.bench.statistics import Difference, Estimate

Unit: TypeAlias = Literal["text", "percent", "points", "number", "count", "seconds", "bytes"]
"""How a column's numbers are shown: ``percent`` and ``points`` (of percent, signed) are stored as shares of 1."""

Value: TypeAlias = "str | int | float | bool | Estimate | Difference | None"

MISSING = "-"


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    unit: Unit = "text"
    interval: bool = True
    """Whether pages show the 95 % interval too; CSV files always have it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a table."""

    cells: tuple[Value, ...]
    published: bool = False
    """Whether these are other people's figures. They are set apart wherever they are shown."""


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    """Stem of its CSV file; letters, digits and hyphens."""
    title: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    text: str
    level: Literal[2, 3] = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    """Stem of its files."""
    title: str
    alternative: str
    """What it shows, in words."""
    draw: Callable[[Path], None]
    """Writes the path with ``.png`` and with ``.svg``."""


@dataclass(frozen=True, slots=True)
class Case:
    """One item examined closely: a headline, then texts with their captions."""

    title: str
    texts: tuple[tuple[str, str], ...]
    """(caption, text); captions that begin with ``SQL`` are set as code."""


Block: TypeAlias = "Heading | Paragraph | Bullets | Picture | Table | Case"


@dataclass(frozen=True, slots=True)
class Document:
    title: str
    blocks: tuple[Block, ...]

    def tables(self) -> tuple[Table, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Table))

    def pictures(self) -> tuple[Picture, ...]:
        return tuple(block for block in self.blocks if isinstance(block, Picture))


# ------------------------------------------------------------------------------------------------- as text


def shown(value: Value, unit: Unit) -> str:
    """A cell's figure, without its interval."""
    if isinstance(value, (Estimate, Difference)):
        return shown(value.value, unit)
    if value is None:
        return MISSING
    if isinstance(value, (str, bool)):
        return value if isinstance(value, str) else "yes" if value else "no"
    return _number(value, unit)


def shown_interval(value: Value, unit: Unit) -> str:
    """``[51.0, 60.9]``, or nothing where there is no interval."""
    if not isinstance(value, (Estimate, Difference)) or value.low is None or value.high is None:
        return ""
    return f"[{_number(value.low, unit)}, {_number(value.high, unit)}]"


def _number(value: float, unit: Unit) -> str:
    if unit == "percent":
        return f"{100 * value:.1f}"
    if unit == "points":
        return f"{100 * value:+.1f}"
    if unit == "seconds":
        return f"{value:.3f}" if value < 0.1 else f"{value:.2f}" if value < 10 else f"{value:,.1f}"
    if unit == "bytes":
        return f"{value / 2**20:,.0f} MiB"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.0f}" if unit == "count" else f"{value:.3f}"


def heading(column: Column) -> str:
    """A column's title with its unit."""
    suffix = {"percent": " %", "points": " (points)", "seconds": " (s)"}.get(column.unit, "")
    return column.title + suffix
