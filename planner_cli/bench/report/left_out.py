"""What a run could not measure: counted in every report, with name and reason in those that are files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner_cli.bench.report.document import Block, Column, Heading, Line, Paragraph, Table
from planner_cli.bench.report.naming import Named
from planner_cli.bench.setaside import TITLES, counts, questions
from planner_cli.bench.store import Run


def left_out_line(run: Run) -> str | None:
    """How many questions and instances a run set aside, in words; ``None`` where there are none."""
    found = counts(run.set_aside)
    if not found:
        return None
    instances = found.pop("instance", 0)
    count, measured = questions(run.set_aside), len({row.item for row in run.rows})
    parts = []
    if count:
        why = ", ".join(f"{TITLES[kind]} {number:,}" for kind, number in found.items())
        parts.append(f"{count:,} of {count + measured:,} questions are set aside, as they cannot be measured: {why}")
    if instances:
        parts.append(f"instances of databases left out: {instances:,}")
    return "; ".join(parts)


def left_out_table(runs: Sequence[Named]) -> Table | None:
    """How many of each kind; ``None`` where nothing was set aside."""
    lines = [
        Line((item.label, TITLES[kind], number)) for item in runs for kind, number in counts(item.run.set_aside).items()
    ]
    columns = (Column("run"), Column("set aside because"), Column("count", "count"))
    return Table("set-aside", "Set aside", columns, tuple(lines)) if lines else None


def left_out_blocks(runs: Sequence[Named]) -> Iterator[Block]:
    """A section with the counts and every name; nothing where nothing was set aside."""
    table = left_out_table(runs)
    if table is None:
        return
    yield Heading("Set aside")
    yield Paragraph(
        "These cannot be measured, for reasons that lie in the data. They are in no figure of this report, neither as "
        "right nor as wrong. planner bench --strict stops at the first of them."
    )
    yield table
    names = tuple(
        Line((item.label, each.name, TITLES[each.kind], each.reason)) for item in runs for each in item.run.set_aside
    )
    columns = (Column("run"), Column("question or instance"), Column("set aside because"), Column("reason"))
    yield Table("set-aside-names", "Set aside, by name", columns, names)
