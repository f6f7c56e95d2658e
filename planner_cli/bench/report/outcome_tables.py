"""How the answers to a data set in parts ended: right, wrong and doubted, wrong and believed, or none at all.

A wrong answer costs most where nothing warns of it, so those are counted apart. Of the part kept for reporting only the
totals are shown: what is read about single kinds of its questions is soon used to choose by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

from planner_cli.bench.metrics import THRESHOLD, by_database
from planner_cli.bench.report.document import Column, Line, Table
from planner_cli.bench.report.naming import Named
from planner_cli.bench.report.reading import reference_rows
from planner_cli.bench.rows import ItemRow

Outcome: TypeAlias = Literal["right", "doubted", "wrong", "none"]
OUTCOMES: tuple[Outcome, ...] = ("right", "doubted", "wrong", "none")

TOTALS_ONLY = "test"
"""The part whose questions are not taken apart."""

_NOTE = (
    "Right: on every instance of the database, or no answer where the data have none. Doubted: wrong, with a "
    f"confidence under {THRESHOLD}; wrong: at {THRESHOLD} or above, or without a score."
)


def outcome(row: ItemRow) -> Outcome:
    """How the question ended; an answer without a score counts as believed."""
    if row.correct if row.correct_suite is None else row.correct_suite:
        return "right"
    if row.chosen is None:
        return "none"
    return "doubted" if row.confidence is not None and row.confidence < THRESHOLD else "wrong"


def outcome_tables(item: Named) -> tuple[Table, ...]:
    """By part, by database and by kind of difficulty; none for data that have no parts."""
    rows = [row for row in reference_rows(item.run) if row.part is not None and row.correct is not None]
    if not rows:
        return ()
    parts = dict.fromkeys(str(row.part) for row in rows)
    found = [_table(item, "part", [(part, [row for row in rows if row.part == part]) for part in parts])]
    shown = [row for row in rows if row.part != TOTALS_ONLY]
    if shown:
        kinds = dict.fromkeys(sorted({kind for row in shown for kind in row.kinds}))
        found.append(_table(item, "database", by_database(shown).items()))
        found.append(_table(item, "kind", [(kind, [row for row in shown if kind in row.kinds]) for kind in kinds]))
    return tuple(found)


def _table(item: Named, what: str, groups: Iterable[tuple[str, Sequence[ItemRow]]]) -> Table:
    apart = f" (totals only of {TOTALS_ONLY})" if what != "part" else ""
    return Table(
        name=f"{item.stem}-outcomes-by-{what}",
        title=f"How the answers ended, by {what}: {item.label}{apart}",
        columns=(
            Column(what),
            Column("questions", "count"),
            *(Column(name, "count") for name in OUTCOMES),
            Column("right", "percent"),
        ),
        lines=tuple(_line(name, rows) for name, rows in groups),
        note=_NOTE,
    )


def _line(name: str, rows: Sequence[ItemRow]) -> Line:
    counted = Counter(map(outcome, rows))
    return Line((name, len(rows), *(counted[each] for each in OUTCOMES), counted["right"] / len(rows)))
