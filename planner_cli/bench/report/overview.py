"""The main table: one line per run, so that several can be compared at a glance."""

from __future__ import annotations

from collections.abc import Sequence

from planner_cli.bench.calibration import calibration
from planner_cli.bench.metrics import intrinsic
from planner_cli.bench.report.curve import BudgetFigures, knee, points
from planner_cli.bench.report.document import Column, Line, Table
from planner_cli.bench.report.naming import Named
from planner_cli.bench.report.reading import as_run, judged_rows, own_budget, reference_rows, setting
from planner_cli.bench.scorers import soft
from planner_cli.bench.store import Run

MAIN_METRIC = {"intrinsic": "pairwise", "e2e": "hit_at_1"}
"""What the curve of a run shows: distinguishing right from wrong, or answering correctly by re-ranking."""
MAIN_TITLE = {"intrinsic": "pairwise accuracy", "e2e": "execution accuracy of re-ranking"}


def main_knee(run: Run, figures: Sequence[BudgetFigures]) -> int | None:
    """The knee of the run's main metric; ``None`` when it was read at one budget only."""
    return knee(points(figures, MAIN_METRIC[run.kind])) if len(figures) > 1 else None


def judge_of(run: Run) -> str:
    """Name of the discriminator; empty when the run had none."""
    return next((str(m.get("name", "")) for m in run.models if m.get("role") == "discriminator"), "")


def overview_table(runs: Sequence[Named], figures: Sequence[Sequence[BudgetFigures]]) -> Table:
    """The judge of each run at its own budget; ``figures`` holds each run's curves, same order."""
    lines = []
    for item, curves in zip(runs, figures, strict=True):
        run, budget, rows = item.run, own_budget(item.run), judged_rows(item.run)
        metrics = intrinsic(rows, as_run(run, soft), budget=budget)
        first = (metrics[name] for name in ("pairwise", "macro_f1", "hit_at_1", "mrr"))
        others = (metrics[name] for name in ("auc", "failure", "forced_close"))
        error = calibration(reference_rows(run), soft).ece
        facts = (str(setting(run, "mode") or ""), judge_of(run))
        lines.append(Line((item.label, budget, len(rows), *first, main_knee(run, curves), *others, error, *facts)))
    return Table(
        name="overview",
        title="The judge at each run's own budget",
        columns=(  # what matters most first: narrow terminals lose the last ones
            Column("run"),
            Column("budget", "count"),
            Column("questions", "count"),
            Column("pairwise accuracy", "percent"),
            Column("macro F1", "percent"),
            Column("Hit@1", "percent"),
            Column("MRR", "percent", interval=False),
            Column("knee (tokens)", "count"),
            Column("AUC", "number", interval=False),
            Column("failure rate", "percent", interval=False),
            Column("forced close", "percent", interval=False),
            Column("calibration error", "percent", interval=False),
            Column("mode"),
            Column("judge"),
        ),
        lines=tuple(lines),
        note="Brackets: 95 % interval. Soft scores, forced close.",
    )
