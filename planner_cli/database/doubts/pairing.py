"""Tables that are read and not linked: ``from customers, orders`` without a condition that names both.

Every row of the one is paired with every row of the other. What is not covered: a table of one row, a query in FROM,
a function such as ``json_each``, conditions on columns whose table is not named.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner_cli.database.doubts.trap import Probe
from planner_cli.lexer import quote
from planner_cli.sql import unlinked
from planner_cli.text import nocase
from planner_cli.types import Doubt, Schema


def pairing(sql: str, schema: Schema) -> Iterator[Probe]:
    """How many rows the first two groups have, where there are any."""
    groups = unlinked(sql)
    if not groups:
        return
    known = {nocase(table.name): table.name for table in schema.tables}
    names = [known.get(nocase(group[0].table)) for group in groups[:2]]
    if None in names:
        return
    one, other = (str(name) for name in names)

    def say(counts: Sequence[int]) -> Doubt | None:
        if min(counts) < 2:
            return None
        return Doubt(
            "unlinked",
            f"nothing links {one} and {other}: each of {counts[0]:,} rows is paired with each of {counts[1]:,}",
        )

    counted = ", ".join(f"(SELECT count(*) FROM {quote(name)})" for name in (one, other))  # noqa: S608 - quoted
    yield Probe(f"SELECT {counted}", say)
