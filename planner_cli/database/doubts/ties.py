"""``ORDER BY ... LIMIT n`` that cuts between rows with equal values: which of them are shown is chance.

What is not covered: OFFSET, what :func:`planner_cli.sql.with_sort_keys` cannot rewrite (DISTINCT, set operations), a
query within another.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner_cli.database.doubts.trap import Probe
from planner_cli.sql import parse, with_sort_keys
from planner_cli.types import Doubt


def ties(sql: str, width: int) -> Iterator[Probe]:
    """The place of the last row that ties with the last one shown, and how many different ones there are."""
    tree = parse(sql)
    limit = None if tree is None else tree.args.get("limit")
    if tree is None or limit is None or tree.args.get("order") is None or tree.args.get("offset") is not None:
        return
    if not limit.expression.is_int or int(limit.expression.name) < 1:
        return
    shown = int(limit.expression.name)
    found = with_sort_keys(sql, width)
    if found is None:
        return
    text, places = found
    names = [f"c{at}" for at in range(max(width, *(place + 1 for place in places)))]
    keys = ", ".join(names[place] for place in places)
    visible = ", ".join(names[:width])
    # the LIMIT keeps the inner ORDER BY, which SQLite may drop otherwise
    counted = (
        f"WITH r({', '.join(names)}) AS (SELECT * FROM ({text}) LIMIT -1), "  # noqa: S608 - runs in the sandbox only
        f"n AS (SELECT *, row_number() OVER () AS place FROM r), "
        f"t AS (SELECT * FROM n WHERE ({keys}) IS (SELECT {keys} FROM n WHERE place = {shown})) "
        f"SELECT max(place), (SELECT count(*) FROM (SELECT DISTINCT {visible} FROM t)), count(*) FROM t"
    )

    def say(counts: Sequence[int]) -> Doubt | None:
        last, different, tied = counts
        if last <= shown or different == 1:
            return None
        if shown == 1:
            return Doubt("tie", f"{tied:,} rows tie for the first place, and LIMIT 1 shows one of them")
        return Doubt("tie", f"LIMIT {shown} cuts between {tied:,} rows that tie for its last place")

    yield Probe(counted, say)
