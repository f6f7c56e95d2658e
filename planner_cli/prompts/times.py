"""How a stored moment is written as a date in SQLite, for each way of storing one."""

from __future__ import annotations

from collections.abc import Mapping

from planner_cli.types import TimeKind

_SECONDS: Mapping[TimeKind, str] = {
    "seconds": "{x}",
    "milliseconds": "{x} / 1000",
    "microseconds": "{x} / 1000000",
    "nanoseconds": "{x} / 1000000000",
    "webkit": "{x} / 1000000 - 11644473600",
    "apple": "{x} + 978307200",
    "apple-nanoseconds": "{x} / 1000000000 + 978307200",
}
"""Seconds since 1970 of a column."""

_ISO: Mapping[TimeKind, str] = {
    "compact": "substr({x}, 1, 4) || '-' || substr({x}, 5, 2) || '-' || substr({x}, 7, 2)",
    "day-month-year": "substr({x}, 7, 4) || '-' || substr({x}, 4, 2) || '-' || substr({x}, 1, 2)",
    "month-day-year": "substr({x}, 7, 4) || '-' || substr({x}, 1, 2) || '-' || substr({x}, 4, 2)",
}
"""The text that SQLite's functions take, of texts that they do not take."""

_CALLED: Mapping[TimeKind, str] = {
    "seconds": "epoch seconds",
    "milliseconds": "epoch milliseconds",
    "microseconds": "epoch microseconds",
    "nanoseconds": "epoch nanoseconds",
    "webkit": "microseconds since 1601",
    "apple": "seconds since 2001",
    "apple-nanoseconds": "nanoseconds since 2001",
    "julian": "Julian days",
    "compact": "dates as YYYYMMDD",
    "day-month-year": "dates as DD.MM.YYYY",
    "month-day-year": "dates as MM/DD/YYYY",
    "iso": "ISO dates",
    "year": "years",
}

_SAID = frozenset({"iso", "year"})
"""What type, name or stored values already say."""


def is_epoch(kind: TimeKind) -> bool:
    """Whether it counts from a day, in a unit that is not a day."""
    return kind in _SECONDS


def called(kind: TimeKind) -> str:
    """What a column of this kind holds, in words."""
    return _CALLED[kind]


def told(kind: TimeKind) -> str:
    """The same where type, name and values do not say it; empty where they do."""
    return "" if kind in _SAID else called(kind)


def in_seconds(kind: TimeKind, column: str) -> str:
    """SQL for the seconds since 1970 of a column of an epoch."""
    return _SECONDS[kind].format(x=column)


def as_argument(kind: TimeKind, column: str) -> tuple[str, str]:
    """What ``date()`` takes as its first argument, and what must be behind that."""
    if is_epoch(kind):
        return in_seconds(kind, column), ", 'unixepoch'"
    return _ISO.get(kind, "{x}").format(x=column), ""


def comment(kind: TimeKind, column: str, known: str) -> str | None:
    """What a model is shown of it; ``None`` where there is nothing that it does not see. ``known`` is shown before."""
    if kind in _SAID:
        return None
    argument, behind = as_argument(kind, column)
    written = argument if kind in _ISO else f"datetime({argument}{behind})"
    return written if called(kind).rpartition(" ")[2] in known else f"{called(kind)}; {written}"
