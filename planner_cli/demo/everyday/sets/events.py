"""What a web service logs: one narrow table of events (epoch seconds), made as long as asked for."""

from __future__ import annotations

from collections.abc import Iterator

from planner_cli.demo.dice import Dice
from planner_cli.demo.everyday.making import Rows, back, seconds
from planner_cli.types import Row

SCHEMA = """\
CREATE TABLE app_user (id INTEGER PRIMARY KEY, handle TEXT NOT NULL, plan TEXT NOT NULL, signed_up INTEGER NOT NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY, ts INTEGER NOT NULL, kind TEXT NOT NULL, user_id INTEGER,
    level INTEGER NOT NULL, -- 10 debug, 20 info, 30 warning, 40 error
    duration_ms INTEGER, bytes INTEGER, message TEXT
);
"""

EVENTS = 6_000
_DAYS = 90
_KINDS = ("page_view", "api_call", "login", "logout", "upload", "download", "payment", "signup", "crash")
_WEIGHTS = (40, 30, 8, 6, 5, 8, 2, 1, 0.6)
_ADJECTIVES = ("quiet", "red", "swift", "lazy", "brave", "tiny", "odd", "warm")
_ANIMALS = ("otter", "lynx", "crow", "newt", "bison", "moth", "heron", "toad")


def rows(dice: Dice, size: int = EVENTS) -> Rows:
    users: list[Row] = []
    for number in range(1, 241):
        handle = f"{dice.pick(_ADJECTIVES)}_{dice.pick(_ANIMALS)}{number}"
        users.append(
            (
                number,
                handle,
                dice.weighted(("free", "pro", "team"), (6, 3, 1)),
                seconds(back(dice.between(91, 900)), dice.between(0, 86_000)),
            )
        )
    return {"app_user": users, "events": _events(dice, size)}


def _events(dice: Dice, size: int) -> Iterator[Row]:
    """In the order of time, one after the other: millions of them take no memory."""
    step = _DAYS * 86_400 / size
    start = seconds(back(_DAYS))
    for number in range(size):
        kind = dice.weighted(_KINDS, _WEIGHTS)
        level = 40 if kind == "crash" else dice.weighted((20, 10, 30, 40), (80, 12, 6, 2))
        moved = dice.skewed(5, 9000, 4.0) if kind in {"api_call", "page_view", "upload", "download"} else None
        size_of = dice.skewed(2000, 80_000_000, 3.0) if kind in {"upload", "download"} else None
        message = dice.pick(("timeout", "disk full", "null pointer", "connection reset")) if level == 40 else None
        user = None if dice.chance(0.1) else dice.skewed(1, 240, 1.5)
        yield (
            number + 1,
            start + int((number + dice.between(0, 99) / 100) * step),
            kind,
            user,
            level,
            moved,
            size_of,
            message,
        )
