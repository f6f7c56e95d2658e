"""Why one result won: the others whole, where their queries differ, and the rows that separate the first two."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from planner_cli.app.comparing import Compared, Contest, differing
from planner_cli.database.separate import Separation
from planner_cli.lexer import shortened
from planner_cli.types import Execution
from planner_cli.ui.answer import show_result, show_sql
from planner_cli.ui.cells import counted
from planner_cli.ui.console import print_line, print_note
from planner_cli.ui.jsontext import json_value
from planner_cli.ui.look import BAD, MUTED, TITLE

_ROWS = 5
_WIDTH = 200
"""Characters of a part of a query on its line."""


def show_comparison(found: Contest, console: Console) -> None:
    """Print every result, and the rows that separate the first two."""
    first, *others = found.results
    _show(first, "the answer", console)
    for number, other in enumerate(others, 2):
        console.print()
        _show(other, f"number {number}", console, against=first)
    if others:
        console.print()
        show_separation(found.separation, console)


def show_separation(found: Separation | None, console: Console) -> None:
    """Print the rows on which the answer and the next result differ, and what each query gives on them."""
    if found is None:
        print_line(console, "no few rows were found on which the answer and number 2 differ", MUTED)
        return
    some = "" if found.smallest else ", perhaps not the fewest"
    print_line(console, f"the answer and number 2 differ on {counted(found.count, 'row')} of yours{some}:", TITLE)
    for table, rows in found.tables:
        if rows.rows:
            print_line(console, table)
            show_result(rows, stdout=console, stderr=console, format="table")
    empty = ", ".join(table for table, rows in found.tables if not rows.rows)
    if empty:
        print_line(console, f"(none of {empty})", MUTED)
    for name, result in (("the answer", found.one), ("number 2", found.other)):
        print_line(console, f"there {name} gives {counted(len(result.rows), 'row')}" + (":" if result.rows else ""))
        if result.rows:
            show_result(result, stdout=console, stderr=console, format="table", limit=_ROWS)


def _show(each: Compared, name: str, console: Console, *, against: Compared | None = None) -> None:
    facts = [name, counted(each.samples, "sample"), *(() if each.score is None else (f"score {each.score:.2f}",))]
    print_line(console, ", ".join(facts), TITLE)
    show_sql(each.sql, console)
    for mine, theirs in differing(each.sql, against.sql) if against is not None else ():
        here, there = (shortened(part, _WIDTH) or "nothing" for part in (mine, theirs))
        print_line(console, f"{here}  where the answer has  {there}", MUTED)
    if each.execution.ok:
        show_result(each.execution, stdout=console, stderr=console, format="table", limit=_ROWS)
        for doubt in each.execution.doubts:
            print_note(console, doubt.text)
    else:
        print_line(console, each.execution.error or "", BAD)


def comparison_json(found: Contest) -> dict[str, Any]:
    """The same as JSON."""
    separation = found.separation
    return {
        "results": [
            {
                "sql": each.sql,
                "samples": each.samples,
                "score": each.score,
                **_result(each.execution),
                "error": each.execution.error,
                "doubts": [{"kind": doubt.kind, "text": doubt.text} for doubt in each.execution.doubts],
            }
            for each in found.results
        ],
        "separation": None
        if separation is None
        else {
            "tables": [{"table": table, **_result(rows)} for table, rows in separation.tables],
            "answer": _result(separation.one),
            "other": _result(separation.other),
            "smallest": separation.smallest,
        },
    }


def _result(execution: Execution) -> dict[str, Any]:
    rows = [[json_value(value) for value in row] for row in execution.rows]
    return {"columns": list(execution.columns), "rows": rows}
