"""Writing a report's files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from planner_cli.bench.report.csv_files import write_candidates, write_table
from planner_cli.bench.report.diff import diff_document
from planner_cli.bench.report.document import Document
from planner_cli.bench.report.html_page import html_page
from planner_cli.bench.report.json_page import json_page
from planner_cli.bench.report.markdown_page import markdown_page
from planner_cli.bench.report.naming import named
from planner_cli.bench.report.sections import document
from planner_cli.bench.store import Run
from planner_cli.errors import PlannerError
from planner_cli.ui.picture import check_matplotlib


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """What was written."""

    markdown: Path
    html: Path
    """Self-contained: it can be mailed."""
    tables: tuple[Path, ...]
    """CSV: every table, and every candidate of each run."""
    plots: tuple[Path, ...]
    """A PNG and an SVG of each."""
    json: Path
    """Every table, for programs."""


def write_report(runs: Sequence[Run], out: Path) -> ReportFiles:
    """Write the report on one or several runs into the folder ``out``; files of an earlier report are replaced.

    Raises:
        PlannerError: no run, a run without rows, no matplotlib, or a folder that cannot be written.

    """
    page = document(runs)
    files = _write(page, out, "report", runs)
    candidates = []
    for item in named(runs):
        candidates.append(out / f"{item.stem}-candidates.csv")
        write_candidates(candidates[-1], item.run.rows)
    return ReportFiles(files.markdown, files.html, (*files.tables, *candidates), files.plots, files.json)


def write_diff(a: Run, b: Run, out: Path) -> ReportFiles:
    """Write the comparison of two runs, raising as :func:`planner_cli.bench.report.diff.diff` does."""
    return _write(diff_document(a, b), out, "diff", (a, b))


def _write(page: Document, out: Path, stem: str, runs: Sequence[Run]) -> ReportFiles:
    if next(iter(page.pictures()), None) is not None:
        check_matplotlib()  # before anything is written
    try:
        out.mkdir(parents=True, exist_ok=True)
        plots: list[Path] = []
        pictures: dict[str, bytes] = {}
        for picture in page.pictures():
            picture.draw(out / picture.name)
            plots += [out / f"{picture.name}.png", out / f"{picture.name}.svg"]
            pictures[picture.name] = plots[-1].read_bytes()
        tables = tuple(out / f"{table.name}.csv" for table in page.tables())
        for path, table in zip(tables, page.tables(), strict=True):
            write_table(path, table)
        files = ReportFiles(out / f"{stem}.md", out / f"{stem}.html", tables, tuple(plots), out / f"{stem}.json")
        files.json.write_text(json_page(page, named(runs)), encoding="ascii")
        files.markdown.write_text(markdown_page(page), encoding="utf-8")
        files.html.write_text(html_page(page, pictures), encoding="utf-8")
    except OSError as error:
        raise PlannerError(f"cannot write the report to {out}: {error.strerror or error}") from error
    return files
