"""Accuracy against budget against latency, from one run: every thought was also scored along the way."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from planner_cli.bench.metrics import intrinsic
from planner_cli.bench.report.reading import as_run, judged, judged_rows, own_budget, reference_rows
from planner_cli.bench.scorers import at_budget, plain_cut
from planner_cli.bench.statistics import Estimate
from planner_cli.bench.store import Run

ANSWER_TOKENS = 8
"""Tokens of the written answer up to its verdict, which a plain cut must leave room for."""

_INTERVAL_ERRORS = 2 * 1.96
"""Width of a 95 % interval in standard errors."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point on a curve."""

    budget: int
    """Tokens a thought may have."""
    figure: Estimate
    """The metric there, a share of 1."""
    seconds: float | None = None
    """Median judge time of a question, in seconds; estimated, except at the run's own budget."""


@dataclass(frozen=True, slots=True)
class BudgetFigures:
    """All metrics at one budget, by name, for both ways to end a thought there."""

    budget: int
    forced: Mapping[str, Estimate]
    """The thought is closed at the budget and its verdict read."""
    plain: Mapping[str, Estimate]
    """Generation just stops, as in the paper: no verdict, unless the model reached one before."""
    seconds: float | None


def knee(points: Sequence[Point]) -> int | None:
    """The smallest budget that is as good as the best one; more thinking does not pay beyond it.

    As good means: within one standard error of the best figure (from its 95 % interval, the "one standard
    error rule" of model selection), or within 1 % of the range of all figures where there is no interval.
    ``None`` when no point has a figure. A noisy run has wide errors and therefore an early knee.
    """
    known = [(point.figure.value, point) for point in points if point.figure.value is not None]
    if not known:
        return None
    best_value, best = max(known, key=lambda pair: (pair[0], -pair[1].budget))
    low, high = best.figure.low, best.figure.high
    if low is None or high is None:
        margin = 0.01 * (best_value - min(value for value, _ in known))
    else:
        margin = (high - low) / _INTERVAL_ERRORS
    # 1e-12: a figure exactly on the margin is within it, whatever floating point says
    return min(point.budget for value, point in known if value >= best_value - margin - 1e-12)


def ladder(run: Run) -> tuple[int, ...]:
    """The budgets at which the run can be read, ascending; the last one is its own.

    They are the checkpoints that thoughts passed, as far as every longer thought has a score there.
    """
    top = own_budget(run)
    seen = judged(judged_rows(run))
    passed = {probe.tokens for candidate in seen for probe in candidate.probes[:-1]}
    first_read = max((c.probes[0].tokens for c in seen if c.probes), default=0)
    scored = all(c.probes for c in seen if c.tokens)
    return (*sorted(budget for budget in passed if first_read <= budget < top and scored), top)


# -------------------------------------------------------------------------------------------------- curves


def budget_figures(run: Run) -> tuple[BudgetFigures, ...]:
    """Everything known about each budget of the run's ladder; empty when nothing was judged."""
    rows = judged_rows(run)
    if not judged(rows):
        return ()
    figures = []
    for budget in ladder(run):
        times = judge_seconds_at(run, budget)
        figures.append(
            BudgetFigures(
                budget=budget,
                forced=intrinsic(rows, as_run(run, at_budget(budget)), budget=budget),
                plain=intrinsic(rows, as_run(run, plain_cut(budget, ANSWER_TOKENS)), budget=budget),
                seconds=statistics.median(times) if times else None,
            )
        )
    return tuple(figures)


def points(figures: Sequence[BudgetFigures], metric: str, *, plain: bool = False) -> tuple[Point, ...]:
    """The curve of one metric."""
    return tuple(Point(f.budget, (f.plain if plain else f.forced)[metric], f.seconds) for f in figures)


# ------------------------------------------------------------------------------------------------- latency


def judge_seconds_at(run: Run, budget: int) -> list[float]:
    """Judge time of each question that was timed, as it would be at a smaller budget; an estimate.

    A question's time after its prompt was read is scaled by its thought tokens, each thought cut at the budget.
    Where a row does not say how long reading took (``prefill``), all of its time is scaled. At the run's own
    budget it is exactly the measured time.
    """
    times: list[float] = []
    for row in reference_rows(run):
        if "judge" not in row.seconds:
            continue
        reading = row.seconds.get("prefill", 0.0)
        tokens = [candidate.tokens for candidate in row.candidates if candidate.judged]
        share = sum(min(count, budget) for count in tokens) / sum(tokens) if sum(tokens) else 1.0
        times.append(reading + (row.seconds["judge"] - reading) * share)
    return times
