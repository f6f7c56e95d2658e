"""Two runs on the same questions, paired item by item."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from planner_cli.bench.metrics import (
    END_TO_END,
    INTRINSIC,
    compare,
    end_to_end,
    end_to_end_counts,
    intrinsic,
    intrinsic_counts,
)
from planner_cli.bench.report.document import Block, Bullets, Case, Column, Document, Heading, Line, Table
from planner_cli.bench.report.left_out import left_out_line
from planner_cli.bench.report.naming import named
from planner_cli.bench.report.reading import as_run, by_method
from planner_cli.bench.report.terminal import text_table
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.scorers import soft, top
from planner_cli.bench.statistics import Difference, Estimate, McNemar, mcnemar
from planner_cli.bench.store import Run, differences
from planner_cli.clean import clean
from planner_cli.errors import PlannerError

_SHOWN = {
    "intrinsic": ("pairwise", "macro_f1", "hit_at_1", "mrr", "failure", "choice", "regret"),
    "e2e": ("execution", "suite", "exact", "answered", "executable", "pass", "choice", "regret"),
}
_RIGHT = {"intrinsic": "the best-scored candidate is right (Hit@1)", "e2e": "the answer is right"}


@dataclass(frozen=True, slots=True)
class Pair:
    """One question in both runs."""

    a: ItemRow
    b: ItemRow
    right_a: bool
    right_b: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """Everything about run B against run A."""

    a: Run
    b: Run
    pairs: tuple[Pair, ...]
    """Items in both runs whose outcome is known in both, in A's order."""
    left_out: int
    """Rows of one run only, or without a known outcome."""
    counts: McNemar
    figures: Mapping[str, tuple[Estimate, Estimate, Difference]]
    """By metric title: A's, B's and B minus A with its paired interval."""

    @property
    def changed(self) -> tuple[Pair, ...]:
        return tuple(pair for pair in self.pairs if pair.right_a != pair.right_b)


def diff(a: Run, b: Run) -> Compared:
    """Pair two runs question by question (and method by method, where a run holds several).

    Raises:
        PlannerError: the runs are of two kinds, share no question, or a question has another gold query in each.

    """
    if a.kind != b.kind:
        raise PlannerError(f"{a.path} is an {a.kind} run and {b.path} an {b.kind} run: they cannot be paired")
    several = any(len(by_method(run.rows)) > 1 for run in (a, b))
    rows_a, rows_b = _keyed(a, several=several), _keyed(b, several=several)
    pairs = tuple(
        Pair(row, rows_b[key], _right(a, row), _right(b, rows_b[key])) for key, row in rows_a.items() if key in rows_b
    )
    if not pairs:
        raise PlannerError(f"{a.path} and {b.path} have no question in common", hint="run both on the same data")
    for pair in pairs:
        if pair.a.gold != pair.b.gold:
            raise PlannerError(f"item {pair.a.item} has a different gold query in {b.path} than in {a.path}")
    return Compared(
        a=a,
        b=b,
        pairs=pairs,
        left_out=len(a.rows) + len(b.rows) - 2 * len(pairs),
        counts=mcnemar([pair.right_a for pair in pairs], [pair.right_b for pair in pairs]),
        figures=_figures(a, b, pairs),
    )


def _keyed(run: Run, *, several: bool) -> dict[tuple[str, str, str | None], ItemRow]:
    """The rows known to be right or wrong."""
    found: dict[tuple[str, str, str | None], ItemRow] = {}
    for row in run.rows:
        known = row.correct is not None if run.kind == "e2e" else intrinsic_counts(row, soft)["questions"]
        key = (row.database, row.item, row.method if several else None)
        if key in found:
            raise PlannerError(f"{run.path} has item {row.item} twice, computed in two ways")
        if known:
            found[key] = row
    return found


def _right(run: Run, row: ItemRow) -> bool:
    return bool(_counts(run, row)["correct" if run.kind == "e2e" else "hits"])


def _counts(run: Run, row: ItemRow) -> Mapping[str, float]:
    return end_to_end_counts(row) if run.kind == "e2e" else intrinsic_counts(row, as_run(run, soft))


def _figures(a: Run, b: Run, pairs: Sequence[Pair]) -> dict[str, tuple[Estimate, Estimate, Difference]]:
    """The metrics of both runs over their common questions only."""
    rows_a, rows_b = [pair.a for pair in pairs], [pair.b for pair in pairs]
    if a.kind == "e2e":
        metrics, figures_a, figures_b = END_TO_END, end_to_end(rows_a), end_to_end(rows_b)
    else:
        metrics, figures_a, figures_b = (
            INTRINSIC,
            intrinsic(rows_a, as_run(a, soft)),
            intrinsic(rows_b, as_run(b, soft)),
        )
    shown = [metric for metric in metrics if metric.name in _SHOWN[a.kind]]
    counts_a, counts_b = [_counts(a, row) for row in rows_a], [_counts(b, row) for row in rows_b]
    changes = compare(shown, counts_a, counts_b, [row.database for row in rows_a])
    return {m.title: (figures_a[m.name], figures_b[m.name], changes[m.name]) for m in shown}


# ------------------------------------------------------------------------------------------------ showing


def diff_text(a: Run, b: Run, width: int = 100) -> str:
    """The comparison for a terminal, with all items that changed and both queries."""
    compared = diff(a, b)
    parts = [*_sentences(compared), "", text_table(_table(compared), width), ""]
    for case in _cases(compared):
        parts += [clean(case.title), *(f"  {caption}: {_indented(text)}" for caption, text in case.texts), ""]
    return "\n".join(parts).rstrip() + "\n"


def _indented(text: str) -> str:
    return clean(text, newlines=True).replace("\n", "\n      ")


def diff_document(a: Run, b: Run) -> Document:
    """The comparison as a page."""
    compared = diff(a, b)
    labels = [item.label for item in named((a, b))]
    blocks: list[Block] = [
        Bullets(tuple(_sentences(compared))),
        _table(compared),
        Heading("Items that changed"),
        *_cases(compared),
    ]
    return Document(f"{labels[1]} against {labels[0]}", tuple(blocks))


def _sentences(compared: Compared) -> Iterator[str]:
    counts = compared.counts
    yield f"A is {compared.a.path}, B is {compared.b.path}."
    different = differences(compared.a, compared.b)
    yield "They differ in: " + ("; ".join(different) if different else "nothing that is recorded") + "."
    yield (
        f"{len(compared.pairs):,} items paired; right means: {_RIGHT[compared.a.kind]}. Both right {counts.both:,}, "
        f"only A {counts.only_a:,}, only B {counts.only_b:,}, neither {counts.neither:,}."
    )
    verdict = "more than" if counts.p < 0.05 else "within what"
    yield f"McNemar's exact test: p = {counts.p:.3g}; so uneven a split is {verdict} chance explains (5 % level)."
    if compared.left_out:
        yield f"{compared.left_out:,} rows are of one run only, or have no known outcome, and are left out."
    for name, run in (("A", compared.a), ("B", compared.b)):
        left_out = left_out_line(run)
        if left_out is not None:
            yield f"{name}: {left_out}."
    if compared.a.dataset.get("fingerprint") != compared.b.dataset.get("fingerprint"):
        yield "The data sets differ; only items with the same id and gold query are paired."


def _table(compared: Compared) -> Table:
    return Table(
        name="diff",
        title="B against A",
        columns=(
            Column("metric"),
            Column("A", "percent"),
            Column("B", "percent"),
            Column("B - A", "points"),
            Column("p (paired bootstrap)", "number"),
        ),
        lines=tuple(Line((title, a, b, change, change.p)) for title, (a, b, change) in compared.figures.items()),
        note="Brackets: 95 % interval; that of B - A is paired, over the same resampled databases.",
    )


def _cases(compared: Compared) -> Iterator[Case]:
    for pair in sorted(compared.changed, key=lambda pair: pair.right_b):  # stable: what B lost first
        won = "only B right" if pair.right_b else "only A right"
        facts = (pair.a.item, pair.a.database, pair.a.hardness, won)
        texts = [("Question", pair.a.question), ("SQL, gold", pair.a.gold or "")]
        texts += [*_answer("A", compared.a, pair.a), *_answer("B", compared.b, pair.b)]
        yield Case(" · ".join(filter(None, facts)), tuple(texts))


def _answer(name: str, run: Run, row: ItemRow) -> list[tuple[str, str]]:
    chosen = row.chosen if run.kind == "e2e" else top(row, as_run(run, soft))
    if chosen is None:
        return [(f"Answer of {name}", "none")]
    candidate = row.candidates[chosen]
    method = "" if row.method is None else f" ({row.method})"
    score = "" if candidate.score is None else f", score {candidate.score:.3f}"
    texts = [(f"SQL of {name}{method}{score}", candidate.sql)]
    return [*texts, *([(f"Error of {name}", candidate.error)] if candidate.error else [])]
