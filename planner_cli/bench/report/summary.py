"""The short form of a report, for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from planner_cli.bench.report.curve import budget_figures, points
from planner_cli.bench.report.document import Table
from planner_cli.bench.report.e2e_tables import accuracy_table
from planner_cli.bench.report.intrinsic_tables import FORCED, budget_table, mode_table
from planner_cli.bench.report.left_out import left_out_table
from planner_cli.bench.report.outcome_tables import outcome_tables
from planner_cli.bench.report.overview import MAIN_METRIC, MAIN_TITLE, main_knee, overview_table
from planner_cli.bench.report.studied import study
from planner_cli.bench.report.terminal import text_curve, text_table
from planner_cli.bench.store import Run
from planner_cli.errors import PlannerError


def summary_text(runs: Sequence[Run], width: int, color: bool = False) -> str:
    """The main tables within ``width`` cells, ended by a newline; only ``color`` adds control characters (bold).

    Raises :class:`PlannerError` for no run, or one without rows.
    """
    studied = study(runs)
    judged = [each for each in studied if each.judged]
    tables: list[Table] = []
    if judged:
        tables.append(overview_table([each.item for each in judged], [each.figures for each in judged]))
    for each in studied:
        if each.run.kind == "e2e":
            tables.append(accuracy_table(each.item))
            tables += outcome_tables(each.item)
        elif each.has_curve:
            tables.append(_narrow(budget_table(each.item, each.figures)))
        elif each.judged:
            tables.append(mode_table(each.item))
    left_out = left_out_table([each.item for each in studied])
    if left_out is not None:
        tables.append(left_out)
    return "\n\n".join(text_table(table, width, color=color) for table in tables) + "\n"


def _narrow(table: Table) -> Table:
    """The budget table with the short words of a terminal, our own lines only."""
    lines = tuple(
        replace(line, cells=(line.cells[0], "forced" if line.cells[1] == FORCED else "plain", *line.cells[2:]))
        for line in table.lines
        if not line.published
    )
    return replace(table, lines=lines)


def curve_text(run: Run, width: int, height: int) -> str:
    """Accuracy against budget as a plot in ASCII, ``width`` cells by about ``height`` lines, ended by a newline.

    Raises :class:`PlannerError` when the run was read at one budget only.
    """
    figures = budget_figures(run)
    if len(figures) < 2:
        raise PlannerError(f"{run.path} has scores at one budget only", hint="judge with a --budget over 0")
    metric = MAIN_METRIC[run.kind]
    title = f"{MAIN_TITLE[run.kind]} against thinking budget (tokens): {run.name}"
    return text_curve(title, points(figures, metric), points(figures, metric, plain=True), width, height) + "\n"


def suggested_budget(run: Run) -> int | None:
    """The budget after which more thinking did not pay in this run; ``None`` when it was read at one budget only."""
    return main_knee(run, budget_figures(run))
