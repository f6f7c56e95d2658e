"""What all generators share: the day on which the questions are asked, names of people who do not exist, times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeAlias

from planner_cli.demo.dice import Dice
from planner_cli.types import Row

Rows: TypeAlias = Mapping[str, Iterable[Row]]
"""Rows by table, columns in the order of the schema; parents before children."""


class Source(Protocol):
    """A module of :mod:`planner_cli.demo.everyday.sets`."""

    SCHEMA: str
    __file__: str | None

    def rows(self, dice: Dice) -> Rows: ...


TODAY = dt.date(2025, 6, 18)
"""The day on which the questions are asked, a Wednesday. Relative dates ("last month") count from it."""

_EPOCH = dt.date(1970, 1, 1)

FIRST_NAMES: tuple[str, ...] = (
    "Ada", "Ben", "Carla", "Dev", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kira", "Liam", "Mila", "Noor",
    "Oskar", "Priya", "Quinn", "Rosa", "Sami", "Tess", "Uma", "Viktor", "Wanda", "Yara", "Zeno",
)  # fmt: skip
LAST_NAMES: tuple[str, ...] = (
    "Abbott", "Berger", "Castell", "Dorn", "Evers", "Falk", "Granger", "Holm", "Ibarra", "Jansky", "Keller",
    "Lindqvist", "Marlow", "Novotny", "Osgood", "Penrose", "Quist", "Rahimi", "Sandor", "Thorne", "Ullman",
    "Varga", "Winslow",
)  # fmt: skip


def people(dice: Dice, count: int) -> list[str]:
    """Draw full names, all different; ``count`` at most some hundreds."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[f"{dice.pick(FIRST_NAMES)} {dice.pick(LAST_NAMES)}"] = None
    return list(found)


def seconds(day: dt.date, second: int = 0) -> int:
    """Seconds since 1970 of a moment of a day, in UTC."""
    return (day - _EPOCH).days * 86_400 + second


def clock(second: int) -> str:
    """``HH:MM`` of a second of the day."""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}"


def back(days: int) -> dt.date:
    """The day so many days before :data:`TODAY`."""
    return TODAY - dt.timedelta(days=days)


def months(first: dt.date) -> list[dt.date]:
    """The first days of the months from ``first`` up to :data:`TODAY`."""
    count = (TODAY.year - first.year) * 12 + TODAY.month - first.month + 1
    return [dt.date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(count)]
