"""What a run cost: wall time by stage, tokens, decode calls, memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from planner_cli.bench.rows import ItemRow


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity over questions."""

    p50: float
    p95: float
    total: float
    n: int


@dataclass(frozen=True, slots=True)
class Cost:
    seconds: dict[str, Spread]
    """Wall time per question, by stage; a stage that no row has is absent."""
    tokens: dict[str, Spread]
    """Tokens per question, by kind (sampled by stage, prefilled)."""
    tokens_per_second: dict[str, float]
    """Sampled tokens over the whole wall time of their stage, prefill included."""
    calls: Spread | None
    """llama_decode calls per question."""
    peak_memory: int | None
    """Bytes: the highest of all rows; ``None`` where the system did not report it."""
    joules: Spread | None
    """Energy of the processor packages per question; ``None`` where the machine reported none."""


def cost(rows: Sequence[ItemRow]) -> Cost:
    """Percentiles are interpolated linearly; questions without a stage's figure do not count for it."""
    seconds = _by_name([row.seconds for row in rows])
    tokens = _by_name([row.tokens for row in rows])
    rates = {
        stage: tokens[stage].total / seconds[stage].total
        for stage in tokens
        if stage in seconds and seconds[stage].total > 0
    }
    memory = [row.peak_memory for row in rows if row.peak_memory is not None]
    return Cost(
        seconds=seconds,
        tokens=tokens,
        tokens_per_second=rates,
        calls=spread([row.calls for row in rows]),
        peak_memory=max(memory) if memory else None,
        joules=spread([row.joules for row in rows if row.joules is not None]),
    )


def spread(values: Sequence[float]) -> Spread | None:
    """``None`` without values."""
    if not values:
        return None
    p50, p95 = np.percentile(np.asarray(values, dtype=float), [50, 95])
    return Spread(float(p50), float(p95), float(sum(values)), len(values))


def _by_name(rows: Sequence[Mapping[str, float]]) -> dict[str, Spread]:
    found: dict[str, list[float]] = {}
    for row in rows:
        for name, value in row.items():
            found.setdefault(name, []).append(value)
    return {name: made for name, values in found.items() if (made := spread(values)) is not None}


def thought_tokens(rows: Sequence[ItemRow], budget: int | None = None) -> Spread | None:
    """Thought tokens per question, each thought cut at ``budget``: what a run with that budget would have used."""
    return spread(
        [sum(c.tokens if budget is None else min(c.tokens, budget) for c in row.candidates if c.judged) for row in rows]
    )
