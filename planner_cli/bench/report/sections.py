"""What a report says, in which order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner_cli.bench.metrics import end_to_end
from planner_cli.bench.report import about, pictures
from planner_cli.bench.report.cases import disagreements
from planner_cli.bench.report.cost_tables import quality_table, time_table, token_table
from planner_cli.bench.report.document import Block, Bullets, Document, Heading, Paragraph
from planner_cli.bench.report.e2e_tables import accuracy_table, choice_table
from planner_cli.bench.report.intrinsic_tables import (
    budget_table,
    calibration_table,
    database_table,
    hardness_table,
    mode_table,
)
from planner_cli.bench.report.left_out import left_out_blocks, left_out_line
from planner_cli.bench.report.outcome_tables import outcome_tables
from planner_cli.bench.report.overview import MAIN_TITLE, main_knee, overview_table
from planner_cli.bench.report.reading import by_method, own_budget, reference
from planner_cli.bench.report.studied import Studied, study
from planner_cli.bench.statistics import Estimate
from planner_cli.bench.store import Run


def document(runs: Sequence[Run]) -> Document:
    """The whole report; its pictures are drawn later."""
    studied = study(runs)
    items = [each.item for each in studied]
    blocks: list[Block] = [Heading("Results"), Bullets(tuple(line for each in studied for line in _headlines(each)))]
    judged = [each for each in studied if each.judged]
    if judged:
        blocks.append(overview_table([each.item for each in judged], [each.figures for each in judged]))
    curved = [each for each in judged if each.has_curve]
    if len(curved) > 1:
        blocks.append(pictures.comparison(curved))
    for each in studied:
        blocks.append(Heading(f"Run {each.item.label}"))
        blocks += _intrinsic(each) if each.run.kind == "intrinsic" else _end_to_end(each)
    blocks += left_out_blocks(items)
    blocks += [
        Heading("Method"), Bullets(about.METHOD), about.models_table(items), about.circumstances_table(items),
        Heading("What these figures cannot say"), Bullets(about.notes(items)),
    ]  # fmt: skip
    return Document("planner bench: " + ", ".join(item.label for item in items), tuple(blocks))


def _percent(figure: Estimate) -> str:
    if figure.value is None:
        return "unknown"
    interval = (
        "" if figure.low is None or figure.high is None else f" [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"
    )
    return f"{100 * figure.value:.1f} %{interval}"


def _headlines(each: Studied) -> Iterator[str]:
    label, run = each.item.label, each.run
    left_out = left_out_line(run)
    if left_out is not None:
        yield f"{label}: {left_out}."
    if run.kind == "e2e":
        methods = by_method(run.rows)
        for name, rows in methods.items():
            yield f"{label}: {name} answers {_percent(end_to_end(rows)['execution'])} of {len(rows):,} questions right."
        beside = end_to_end(methods[reference(methods)])
        yield (
            f"{label}: among the same candidates, the greedy sample {_percent(beside['greedy'])}, most votes "
            f"{_percent(beside['vote'])}, an oracle {_percent(beside['pass'])}."
        )
    if each.judged and run.kind == "intrinsic":
        last = each.figures[-1]
        yield (
            f"{label}: at {last.budget} tokens pairwise accuracy {_percent(last.forced['pairwise'])}, "
            f"Hit@1 {_percent(last.forced['hit_at_1'])}, failure rate {_percent(last.forced['failure'])}; "
            f"with a plain cut {_percent(last.plain['pairwise'])} and {_percent(last.plain['failure'])} failures."
        )
    found = main_knee(run, each.figures)
    if found is not None:
        beyond = ": no plateau within this run" if found == own_budget(run) else ": more thinking did not pay"
        yield f"{label}: the knee of {MAIN_TITLE[run.kind]} is at {found} tokens{beyond}."


# ------------------------------------------------------------------------------------------------ sections


def _intrinsic(each: Studied) -> Iterator[Block]:
    if not each.judged:
        yield Paragraph("No candidate of this run was judged.")
        return
    yield Heading("Budget", 3)
    yield from pictures.curves(each)
    yield budget_table(each.item, each.figures)
    yield Heading("Scores and modes", 3)
    yield mode_table(each.item)
    yield from _calibration(each)
    yield Heading("Hardness and databases", 3)
    yield pictures.judge_bars(each)
    yield hardness_table(each.item)
    yield database_table(each.item)
    yield from _costs(each)
    yield from _disagreements(each)


def _end_to_end(each: Studied) -> Iterator[Block]:
    yield Heading("Accuracy", 3)
    yield pictures.method_bars(each)
    yield accuracy_table(each.item)
    yield from outcome_tables(each.item)
    yield choice_table(each.item)
    if each.judged:
        yield Heading("The judge", 3)
        yield Paragraph(
            "From the labels of the candidates: Hit@1 is the accuracy of choosing by score alone, equal scores in "
            "candidate order. The planner breaks ties by votes, so its accuracy can differ a little."
        )
        yield from pictures.curves(each)
        yield budget_table(each.item, each.figures)
        yield mode_table(each.item)
        yield from _calibration(each)
    yield from _costs(each)
    yield from _disagreements(each)


def _calibration(each: Studied) -> Iterator[Block]:
    yield Heading("Calibration", 3)
    yield pictures.reliability(each)
    yield calibration_table(each.item)


def _costs(each: Studied) -> Iterator[Block]:
    yield Heading("Cost", 3)
    yield time_table(each.item)
    yield token_table(each.item)
    thoughts = quality_table(each.item)
    if thoughts is not None:
        yield Heading("How the thoughts read", 3)
        yield thoughts


def _disagreements(each: Studied) -> Iterator[Block]:
    found = disagreements(each.run)
    if found:
        yield Heading("Where judge and label differ most", 3)
        yield Paragraph(
            "It is not always the judge that is wrong: an audit found half of one benchmark's gold queries wrong or "
            "ambiguous (arXiv 2601.08778)."
        )
        yield from found
