"""Tables about the judge: how well it tells right candidates from wrong ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planner_cli.bench.calibration import calibration
from planner_cli.bench.metrics import by_database, by_hardness, intrinsic
from planner_cli.bench.report import paper
from planner_cli.bench.report.curve import BudgetFigures
from planner_cli.bench.report.document import Column, Line, Table, Value, shown, shown_interval
from planner_cli.bench.report.naming import Named
from planner_cli.bench.report.reading import as_run, judged_rows, own_budget, reference_rows, setting
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.scorers import AnyScorer, check, executable, hard, logprob, oracle, random, soft, vote_share
from planner_cli.bench.statistics import Estimate
from planner_cli.bench.store import Run

_MAIN = (
    ("pairwise", Column("pairwise accuracy", "percent")),
    ("macro_f1", Column("macro F1", "percent")),
    ("hit_at_1", Column("Hit@1", "percent")),
    ("mrr", Column("MRR", "percent", interval=False)),
)
"""The paper's four metrics."""

FORCED, PLAIN, THEIRS = "forced close", "plain cut", "published, plain cut"


def _cells(figures: Mapping[str, Estimate], names: Sequence[str]) -> tuple[Value, ...]:
    return tuple(figures[name] for name in names)


def budget_table(item: Named, figures: Sequence[BudgetFigures]) -> Table:
    """The paper's budget table: both ways to end a thought at each budget, and the paper's own lines."""
    names = [*(name for name, _ in _MAIN), "failure", "auc"]
    lines: list[tuple[int, int, Line]] = []
    for at in figures:
        for order, (way, metrics) in enumerate(((FORCED, at.forced), (PLAIN, at.plain))):
            lines.append((at.budget, order, Line((at.budget, way, *_cells(metrics, names), at.seconds))))
    comparable = item.run.kind == "intrinsic"
    for theirs in paper.BUDGETS if comparable else ():
        cells = (theirs.pairwise, theirs.macro_f1, theirs.hit, theirs.mrr, theirs.failures, None, None)
        lines.append((theirs.budget, 2, Line((theirs.budget, THEIRS, *cells), published=True)))
    lines.sort(key=lambda line: line[:2])
    own = own_budget(item.run)
    return Table(
        name=f"{item.stem}-budgets",
        title=f"Budget: {item.label}",
        columns=(
            Column("budget (tokens)", "count"),
            Column("thought ended by"),
            *(column for _, column in _MAIN),
            Column("failure rate", "percent", interval=False),
            Column("AUC", "number", interval=False),
            Column("judge time per question", "seconds"),
        ),
        lines=tuple(line for _, _, line in lines),
        note=(
            f"All of our lines come from one pass at budget {own}. Judge time is the median over questions; "
            f"estimated, except at {own}. Brackets: 95 % interval. Where all fail, all tie: pairs are lost, the first "
            "candidate is best." + (f" Published lines: {paper.SOURCE}, {paper.SETTING}." if comparable else "")
        ),
    )


def mode_table(item: Named) -> Table:
    """Soft and hard scores with and without the check, next to choices that need no judge."""
    run, rows = item.run, judged_rows(item.run)
    names = [name for name, _ in _MAIN]
    lines = [
        Line((name, *_cells(intrinsic(rows, scorer), names)))
        for name, scorer in (*_judge_scorers(run), *_judgeless_scorers(rows))
    ]
    comparable = run.kind == "intrinsic"
    lines += [
        Line((f"published: {mode.name}", mode.pairwise, mode.macro_f1, mode.hit, mode.mrr), published=True)
        for mode in (paper.MODES if comparable else ())
    ]
    return Table(
        name=f"{item.stem}-modes",
        title=f"Scores and modes at {own_budget(run)} tokens: {item.label}",
        columns=(Column("score"), *(column for _, column in _MAIN)),
        lines=tuple(lines),
        note=(
            "The lines without a judge use the same candidates; a tie loses the pair and goes to the earlier one."
            + (f" Published lines: {paper.SOURCE}, {paper.SETTING}, {paper.MODE_BUDGET} tokens." if comparable else "")
        ),
    )


def _judge_scorers(run: Run) -> list[tuple[str, AnyScorer]]:
    mode = str(setting(run, "mode") or "as run")
    found: list[tuple[str, AnyScorer]] = [(f"soft, {mode}", as_run(run, soft)), (f"hard, {mode}", as_run(run, hard))]
    known = any(c.executable is not None for row in run.rows for c in row.candidates)
    if known and run.kind == "intrinsic" and mode not in {"check", "pro"}:
        found += [("soft, check", check(soft)), ("hard, check", check(hard))]
    return found


def _judgeless_scorers(rows: Sequence[ItemRow]) -> list[tuple[str, AnyScorer]]:
    """Baselines for which the rows have what they need."""
    candidates = [c for row in rows for c in row.candidates]
    found: list[tuple[str, AnyScorer]] = []
    if any(c.executable is not None for c in candidates):
        found.append(("no judge: executable or not", executable))
    if any(c.samples > 1 for c in candidates):
        found.append(("no judge: vote share", vote_share))
    if any(c.logprob is not None for c in candidates):
        found.append(("no judge: generator's probability", logprob))
    return [*found, ("no judge: random", random()), ("oracle (labels)", oracle())]


def calibration_table(item: Named) -> Table:
    """The groups behind the reliability diagram."""
    found = calibration(reference_rows(item.run), soft)
    error = " ".join((shown(found.ece, "percent"), "%", shown_interval(found.ece, "percent"))).rstrip()
    return Table(
        name=f"{item.stem}-calibration",
        title=f"Scores and how often they are right: {item.label}",
        columns=(
            Column("score"),
            Column("candidates", "count"),
            Column("mean score", "percent"),
            Column("right", "percent"),
        ),
        lines=tuple(
            Line((f"{group.low:.1f} to {group.high:.1f}", group.count, group.score, group.right))
            for group in found.bins
            if group.count
        ),
        note=(
            f"Verdicts only. Expected calibration error {error}. Brier score {shown(found.brier, 'number')}; a judge "
            "that always says 0.5 has 0.250."
        ),
    )


def hardness_table(item: Named) -> Table:
    """The judge by Spider hardness."""
    return _parts_table(item, "hardness", by_hardness(judged_rows(item.run)))


def database_table(item: Named) -> Table:
    """The judge by database."""
    return _parts_table(item, "database", by_database(judged_rows(item.run)))


def _parts_table(item: Named, part: str, groups: Mapping[str, Sequence[ItemRow]]) -> Table:
    scorer = as_run(item.run, soft)
    names = ("pairwise", "macro_f1", "hit_at_1", "choice")
    lines = []
    for name, rows in (*groups.items(), ("all", judged_rows(item.run))):
        figures = intrinsic(rows, scorer)
        lines.append(Line((name, len(rows), figures["pairwise"].n, *_cells(figures, names))))
    return Table(
        name=f"{item.stem}-{part}",
        title=f"By {part}: {item.label}",
        columns=(
            Column(part),
            Column("questions", "count"),
            Column("pairs", "count"),
            Column("pairwise accuracy", "percent"),
            Column("macro F1", "percent"),
            Column("Hit@1", "percent"),
            Column("right choice where there is one", "percent"),
        ),
        lines=tuple(lines),
        note="Soft scores at the run's budget. Pairs of a right and a wrong candidate; few pairs mean wide intervals.",
    )
