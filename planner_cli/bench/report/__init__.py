"""Reports on runs: Markdown, CSV, PNG and SVG plots, one self-contained HTML page, and text for the terminal."""

from planner_cli.bench.report.curve import Point, budget_figures, knee, ladder, points
from planner_cli.bench.report.diff import Compared, Pair, diff, diff_text
from planner_cli.bench.report.methods import methods_text
from planner_cli.bench.report.summary import curve_text, suggested_budget, summary_text
from planner_cli.bench.report.write import ReportFiles, write_diff, write_report

__all__ = [
    "Compared", "Pair", "Point", "ReportFiles", "budget_figures", "curve_text", "diff", "diff_text", "knee", "ladder",
    "methods_text", "points", "suggested_budget", "summary_text", "write_diff", "write_report",
]  # fmt: skip
