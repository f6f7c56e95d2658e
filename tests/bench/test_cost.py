from __future__ import annotations

import pytest
from bench_values import row, thought

from planner_cli.bench.cost import cost, thought_tokens

ROWS = [
    row(
        item=str(n),
        seconds={"judge": float(n), "total": 2.0 * n},
        tokens={"judge": 10, "prompt": 5},
        calls=n,
        peak_memory=memory,
        joules=None if n == 2 else 10.0 * n,
    )
    for n, memory in [(1, 100), (2, None), (3, 300)]
]


def test_latency_tokens_and_memory():
    found = cost(ROWS)
    assert (found.seconds["judge"].p50, found.seconds["judge"].total, found.seconds["judge"].n) == (2.0, 6.0, 3)
    assert found.seconds["total"].p95 == pytest.approx(5.8)
    assert found.tokens["prompt"].total == 15
    assert found.tokens_per_second == {"judge": 5.0}
    assert (found.calls.total, found.peak_memory) == (6, 300)
    assert (found.joules.total, found.joules.n) == (40.0, 2)


def test_what_no_row_tells_is_absent():
    found = cost([row(seconds={"judge": 0.0}, tokens={"judge": 3})])
    assert found.tokens_per_second == {}
    assert found.peak_memory is None
    assert found.joules is None
    assert cost([]).calls is None


def test_tokens_a_smaller_budget_would_have_thought():
    rows = [row(thought(True, (8, 0.5)), thought(True, (64, 0.5), closed_by="budget"))]
    assert thought_tokens(rows).total == 72
    assert thought_tokens(rows, budget=16).total == 24
