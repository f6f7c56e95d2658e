"""Which plots a report has, and what they say in words; drawn only when they are written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner_cli.bench.calibration import calibration
from planner_cli.bench.metrics import by_hardness, end_to_end, intrinsic
from planner_cli.bench.report import paper
from planner_cli.bench.report.curve import Point, points
from planner_cli.bench.report.document import Picture
from planner_cli.bench.report.overview import MAIN_METRIC, MAIN_TITLE, main_knee
from planner_cli.bench.report.plots import Bars, Curve, bar_plot, budget_plot, latency_plot, reliability_plot
from planner_cli.bench.report.reading import as_run, by_method, judged_rows, own_budget, reference, reference_rows
from planner_cli.bench.report.studied import Studied
from planner_cli.bench.scorers import oracle, soft
from planner_cli.bench.statistics import Estimate


def curves(each: Studied) -> Iterator[Picture]:
    """Accuracy against budget, and against time; nothing for a run that was read at one budget only."""
    if not each.has_curve:
        return
    yield _against_budget(each)
    if all(figures.seconds is not None for figures in each.figures):
        yield _against_time(each)


def _against_budget(each: Studied) -> Picture:
    label, metric, title = each.item.label, MAIN_METRIC[each.run.kind], MAIN_TITLE[each.run.kind]
    found = main_knee(each.run, each.figures)
    lines = [
        Curve("forced close", points(each.figures, metric)),
        Curve("plain cut", points(each.figures, metric, plain=True)),
    ]
    if metric == "pairwise" and own_budget(each.run) >= paper.BUDGETS[0].budget:
        theirs = [Point(line.budget, Estimate(line.pairwise)) for line in paper.BUDGETS]
        lines.append(Curve(f"published ({paper.SHORT_MODEL}), plain cut", theirs, published=True))
    return Picture(
        f"{each.item.stem}-budget",
        f"{title} against budget: {label}",
        f"{_first_upper(title)} at each thinking budget with 95 % intervals, for forced close and plain cut. "
        f"The knee is at {found} tokens.",
        lambda path: budget_plot(path, f"Thinking budget: {label}", title, lines, found),
    )


def _against_time(each: Studied) -> Picture:
    label = each.item.label
    shown = [("hit_at_1", "Hit@1")]
    if each.run.kind == "intrinsic":
        shown.insert(0, ("pairwise", "pairwise accuracy"))
    lines = [Curve(title, points(each.figures, name)) for name, title in shown]
    return Picture(
        f"{each.item.stem}-latency",
        f"accuracy against judge time: {label}",
        "Accuracy against the median judge time of a question, forced close; the numbers are budgets in tokens. Times "
        "below the run's own budget are estimated.",
        lambda path: latency_plot(path, f"Thinking time: {label}", "accuracy", lines),
    )


def comparison(studied: Sequence[Studied]) -> Picture:
    """The curves of several runs in one plot."""
    kinds = {each.run.kind for each in studied}
    kind = kinds.pop()
    metric, title = ("hit_at_1", "Hit@1") if kinds else (MAIN_METRIC[kind], MAIN_TITLE[kind])
    lines = [Curve(each.item.label, points(each.figures, metric)) for each in studied]
    return Picture(
        "comparison",
        f"{title} against budget, all runs",
        f"{_first_upper(title)} of each run at each thinking budget, forced close, with 95 % intervals.",
        lambda path: budget_plot(path, "All runs, forced close", title, lines, None),
    )


def reliability(each: Studied) -> Picture:
    """Whether the scores are probabilities."""
    label, found = each.item.label, calibration(reference_rows(each.run), soft)
    return Picture(
        f"{each.item.stem}-reliability",
        f"reliability of the scores: {label}",
        "Share of right candidates in each tenth of the score, with 95 % intervals, over how many there are. On the "
        "diagonal a score of 80 % is right eight times in ten.",
        lambda path: reliability_plot(path, f"Reliability: {label}", found),
    )


def judge_bars(each: Studied) -> Picture:
    """The judge by hardness, next to what an oracle could do."""
    label, groups, scorer = each.item.label, by_hardness(judged_rows(each.run)), as_run(each.run, soft)
    judge = [intrinsic(rows, scorer) for rows in groups.values()]
    best = [intrinsic(rows, oracle()) for rows in groups.values()]
    bars = [
        Bars("pairwise accuracy", [figures["pairwise"] for figures in judge]),
        Bars("Hit@1", [figures["hit_at_1"] for figures in judge]),
        Bars("Hit@1 of an oracle", [figures["hit_at_1"] for figures in best]),
    ]
    names = [f"{name}\n{len(rows)} questions" for name, rows in groups.items()]
    return Picture(
        f"{each.item.stem}-hardness",
        f"by hardness: {label}",
        "Pairwise accuracy and Hit@1 of the judge, and the Hit@1 of an oracle, by hardness, with 95 % intervals.",
        lambda path: bar_plot(path, f"By hardness: {label}", "accuracy", names, bars),
    )


def method_bars(each: Studied) -> Picture:
    """Execution accuracy of each method by hardness, next to votes and oracle."""
    label, methods = each.item.label, by_method(each.run.rows)
    base, groups = reference(methods), list(by_hardness(each.run.rows))
    parts = {name: by_hardness(rows) for name, rows in methods.items()}

    def figures(metric: str, method: str) -> list[Estimate]:
        found = [parts[method].get(group, []) for group in groups]
        return [end_to_end(rows)[metric] for rows in (*found, methods[method])]

    bars = [Bars(name, figures("execution", name)) for name in methods]
    bars += [Bars(title, figures(metric, base)) for metric, title in (("vote", "most votes*"), ("pass", "oracle*"))]
    counts = [len(rows) for rows in (*(parts[base].get(group, []) for group in groups), methods[base])]
    names = [f"{name}\n{count} questions" for name, count in zip((*groups, "all"), counts, strict=True)]
    return Picture(
        f"{each.item.stem}-accuracy",
        f"execution accuracy by hardness: {label}",
        f"Execution accuracy of each method by hardness with 95 % intervals. * among the candidates of {base}.",
        lambda path: bar_plot(path, f"By hardness: {label}", "execution accuracy", names, bars),
    )


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
