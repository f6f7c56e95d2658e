"""Tables about answers: how often each planning method was right, and what it would take to be better."""

from __future__ import annotations

from collections.abc import Sequence

from planner_cli.bench.metrics import HARDNESS_ORDER, Report, by_hardness, end_to_end
from planner_cli.bench.report import paper
from planner_cli.bench.report.document import Column, Line, Table, Value
from planner_cli.bench.report.naming import Named
from planner_cli.bench.report.reading import by_method, reference
from planner_cli.bench.rows import ItemRow

_BASELINES = (
    ("greedy", "greedy sample"),
    ("first", "first executable"),
    ("vote", "most votes"),
    ("pass", "oracle (pass@N)"),
)


def accuracy_table(item: Named) -> Table:
    """Execution accuracy by hardness, one line per method, with greedy, vote and oracle lines."""
    methods = by_method(item.run.rows)
    groups = [name for name in (*HARDNESS_ORDER, "unknown") if name in by_hardness(item.run.rows)]
    base = reference(methods)
    lines = [_line(name, "execution", rows, groups) for name, rows in methods.items()]
    lines += [_line(f"{title}*", name, methods[base], groups) for name, title in _BASELINES]
    blank = (None,) * (len(groups) + 1)
    lines += [
        Line((f"published: {theirs.name}", *blank, theirs.execution, None, None), published=True)
        for theirs in paper.END_TO_END
    ]
    return Table(
        name=f"{item.stem}-accuracy",
        title=f"Execution accuracy: {item.label} (* among the candidates of {base})",
        columns=(
            Column("method"),
            Column("questions", "count"),
            *(Column(name, "percent", interval=False) for name in groups),
            Column("all", "percent"),
            Column("all instances", "percent", interval=False),
            Column("exact-set match", "percent", interval=False),
        ),
        lines=tuple(lines),
        note=(
            "All instances: right on every instance of the database. "
            f"Published lines ({paper.SOURCE}): 400 questions of Spider dev, generator stable-code-3b; "
            "other questions and another generator, so only differences between methods can be compared."
        ),
    )


def _line(title: str, metric: str, rows: Sequence[ItemRow], groups: Sequence[str]) -> Line:
    parts = by_hardness(rows)
    figures = end_to_end(rows)
    answers = metric == "execution"
    by_group: list[Value] = [end_to_end(parts[name])[metric] if name in parts else None for name in groups]
    beside = (figures["suite"], figures["exact"]) if answers else (None, None)
    return Line((title, len(rows), *by_group, figures[metric], *beside))


def choice_table(item: Named) -> Table:
    """Where each method loses: no answer, no right candidate, or the wrong choice."""
    columns = (
        ("answered", Column("answered", "percent", interval=False)),
        ("executable", Column("candidates that run", "percent", interval=False)),
        ("pass", Column("a right candidate is there", "percent")),
        ("choice", Column("right choice where there is one", "percent")),
        ("regret", Column("regret to the oracle", "percent")),
    )
    lines = []
    for name, rows in by_method(item.run.rows).items():
        figures: Report = end_to_end(rows)
        lines.append(Line((name, *(figures[key] for key, _ in columns))))
    return Table(
        name=f"{item.stem}-choice",
        title=f"What was there and what was chosen: {item.label}",
        columns=(Column("method"), *(column for _, column in columns)),
        lines=tuple(lines),
        note="Regret: share of all questions that the oracle would have got right and the method did not.",
    )
