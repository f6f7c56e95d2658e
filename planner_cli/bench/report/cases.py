"""Items worth reading: where the judge and the label differ most."""

from __future__ import annotations

from collections.abc import Iterator

from planner_cli.bench.report.document import Case
from planner_cli.bench.report.escape import shortened
from planner_cli.bench.report.outcome_tables import TOTALS_ONLY
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.bench.store import Run

SHOWN = 20
"""Longest list."""
_THOUGHT_SHOWN = 2_000
"""Characters of a thought; its end is nearest to the verdict."""


def disagreements(run: Run, most: int = SHOWN) -> tuple[Case, ...]:
    """Candidates with the largest distance between score and label, largest first; ties in the run's order.

    Only candidates on the wrong side of 0.5. End to end that is one candidate of each result. None of a part of which
    only totals are shown.
    """
    found = sorted(_wrong_sides(run), key=lambda entry: -entry[0])  # stable
    return tuple(_case(row, candidate) for _, row, candidate in found[:most])


def _wrong_sides(run: Run) -> Iterator[tuple[float, ItemRow, ScoredCandidate]]:
    for row in run.rows:
        if row.part == TOTALS_ONLY:
            continue
        for candidate in row.candidates:
            if candidate.judged and candidate.score is not None and candidate.label is not None:
                distance = abs(candidate.score - candidate.label)
                if distance > 0.5:
                    yield distance, row, candidate


def _case(row: ItemRow, candidate: ScoredCandidate) -> Case:
    gold = [("SQL, gold", row.gold)] if row.gold is not None else []
    texts = [("Question", row.question), *gold, ("SQL, candidate", candidate.sql)]
    if candidate.error:
        texts.append(("Error", candidate.error))
    if candidate.thought:
        cut = len(candidate.thought) > _THOUGHT_SHOWN
        texts.append(("Thought, its end" if cut else "Thought", candidate.thought[-_THOUGHT_SHOWN:]))
    facts = (row.item, row.method, row.database, row.hardness, f"label {'right' if candidate.label else 'wrong'}")
    title = " · ".join(filter(None, facts)) + f", score {candidate.score:.3f} after {candidate.tokens} tokens"
    return Case(shortened(title, 200), tuple(texts))
