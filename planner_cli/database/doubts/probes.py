"""All queries that find out whether a query deserves a doubt."""

from __future__ import annotations

from collections.abc import Iterator

from planner_cli.database.doubts.missing import missing
from planner_cli.database.doubts.pairing import pairing
from planner_cli.database.doubts.repeated import repeated
from planner_cli.database.doubts.ties import ties
from planner_cli.database.doubts.trap import Probe
from planner_cli.types import Schema

__all__ = ["SECONDS", "Probe", "probes"]

SECONDS = 0.2
"""Seconds that those of one query may take together; after that nothing is said."""
MOST = 6
"""Of one query."""


def probes(sql: str, schema: Schema, width: int) -> tuple[Probe, ...]:
    """Those of a query that ran, whose result has ``width`` columns; the first :data:`MOST`."""
    return tuple(dict.fromkeys(_all(sql, schema, width)))[:MOST]


def _all(sql: str, schema: Schema, width: int) -> Iterator[Probe]:
    yield from pairing(sql, schema)
    yield from missing(sql, schema)
    yield from repeated(sql, schema)
    yield from ties(sql, width)
