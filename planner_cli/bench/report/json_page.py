"""A report as JSON: every figure in full precision, for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from planner_cli.bench.report.document import Document, Table, Value
from planner_cli.bench.report.naming import Named
from planner_cli.bench.setaside import counts, questions
from planner_cli.bench.statistics import Difference, Estimate


def json_page(document: Document, runs: Sequence[Named]) -> str:
    """The report's tables, and for each run how much was measured and what was set aside."""
    page = {
        "title": document.title,
        "runs": [_run(item) for item in runs],
        "tables": {table.name: _table(table) for table in document.tables()},
    }
    return json.dumps(page, indent=1, allow_nan=False) + "\n"  # ASCII: nothing in it drives a terminal


def _run(item: Named) -> dict[str, Any]:
    run = item.run
    return {
        "run": item.label,
        "kind": run.kind,
        "questions": len({row.item for row in run.rows}),
        "set_aside": {
            "questions": questions(run.set_aside),
            "by_kind": counts(run.set_aside),
            "each": [each.to_json() for each in run.set_aside],
        },
    }


def _table(table: Table) -> list[dict[str, Any]]:
    titles = [column.title for column in table.columns]
    return [
        {**dict(zip(titles, map(_value, line.cells), strict=True)), "published": line.published} for line in table.lines
    ]


def _value(value: Value) -> Any:
    if isinstance(value, (Estimate, Difference)):
        return {"value": value.value, "low": value.low, "high": value.high}
    return value
