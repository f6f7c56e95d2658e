"""Hand-made rows, and the evaluation pack where this checkout has it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.types import Probe

PACK = Path(__file__).resolve().parents[3] / "shared" / "data"

needs_pack = pytest.mark.skipif(not PACK.is_dir(), reason="the evaluation pack ../shared/data is not here")


def judged(label: bool | None, score: float | None, **fields: object) -> ScoredCandidate:
    usual = {"sql": "SELECT 1", "executable": True, "judged": True, "closed_by": "model", "tokens": 10}
    hard = None if score is None else score >= 0.5
    return ScoredCandidate(label=label, score=score, hard=hard, **{**usual, **fields})


def thought(label: bool, *probes: tuple[int, float], closed_by: str = "model") -> ScoredCandidate:
    """A judged candidate whose last probe is its verdict."""
    last, score = probes[-1]
    return judged(
        label, score, tokens=last, closed_by=closed_by, probes=tuple(Probe(tokens, p, 1.0) for tokens, p in probes)
    )


def row(*candidates: ScoredCandidate, item: str = "q1", database: str = "shop", **fields: object) -> ItemRow:
    return ItemRow(
        key=f"{database}/{item}",
        item=item,
        database=database,
        question="?",
        gold="SELECT 1",
        candidates=candidates,
        **fields,
    )


def random_rows(count: int = 60, seed: int = 1) -> list[ItemRow]:
    """Rows with many ties, failures, unequal sizes and questions without a right or a wrong candidate."""
    chance = random.Random(seed)
    rows = []
    for number in range(count):
        candidates = [
            judged(
                chance.random() < 0.4, chance.choice([None, 0.0, 0.2, 0.5, 0.5, 0.7, 1.0, round(chance.random(), 3)])
            )
            for _ in range(chance.randint(1, 6))
        ]
        rows.append(row(*candidates, item=f"q{number}", database=f"db{chance.randint(0, 6)}"))
    return rows
