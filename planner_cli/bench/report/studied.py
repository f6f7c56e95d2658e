"""Runs with their curves: what tables, pictures and summaries are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from planner_cli.bench.report.curve import BudgetFigures, budget_figures
from planner_cli.bench.report.naming import Named, named
from planner_cli.bench.setaside import nothing_measured, questions
from planner_cli.bench.store import Run
from planner_cli.errors import PlannerError


@dataclass(frozen=True, slots=True)
class Studied:
    """A run with what it knows about each budget."""

    item: Named
    figures: tuple[BudgetFigures, ...]
    """Ascending budgets; empty when nothing was judged."""

    @property
    def run(self) -> Run:
        return self.item.run

    @property
    def judged(self) -> bool:
        return bool(self.figures)

    @property
    def has_curve(self) -> bool:
        return len(self.figures) > 1


def study(runs: Sequence[Run]) -> tuple[Studied, ...]:
    """The runs with their curves; raises :class:`PlannerError` for no run, or one without rows."""
    if not runs:
        raise PlannerError("there is no run to report on")
    for run in runs:
        if not run.rows and questions(run.set_aside):
            raise nothing_measured(run.set_aside)
        if not run.rows:
            raise PlannerError(f"{run.path} has no rows yet", hint="the same command continues it")
    return tuple(Studied(item, budget_figures(item.run)) for item in named(runs))
