"""What a run was worth: pure functions over rows, every figure with its 95 % interval.

All shares are in [0, 1]. Definitions are those of the paper and of its predecessor's published code:

* a pair is a right and a wrong candidate of one question; it is won when the right one has the *strictly*
  higher score, so a tie (two failures, two hard "true") is lost; all pairs of all questions count equally;
* a candidate is classed right when its score is *over* 0.5, so a failure is classed wrong;
* candidates are ranked by score, equal ones in their given order; Hit@1 and MRR are means over *all*
  questions, those without any right candidate add 0.

Candidates whose label is unknown are left out of all this, and so are questions that have only those.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from planner_cli.bench.auc import auc
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.bench.scorers import AnyScorer, filled, logprob, scores, vote_share
from planner_cli.bench.statistics import (
    RESAMPLES,
    Array,
    Difference,
    Estimate,
    Resamples,
    Statistic,
    Sums,
    difference,
    estimate,
    ratio,
    resample,
)

THRESHOLD = 0.5
"""A candidate is classed right when its score is over this."""

Report = dict[str, Estimate]
"""Estimates by metric name, in the order of the table."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure, as a function of sums over questions."""

    name: str
    """Its key in reports and files."""
    title: str
    of: Statistic
    count: str
    """Which sum gives the number of cases behind it."""


def _f1(sums: Sums, right: str, false_alarm: str, missed: str) -> Array:
    """2 TP / (2 TP + FP + FN); 0 where a class exists but is never hit, NaN where it does not exist at all."""
    return ratio(2 * sums[right], 2 * sums[right] + sums[false_alarm] + sums[missed])


def _macro_f1(sums: Sums) -> Array:
    return (_f1(sums, "tp", "fp", "fn") + _f1(sums, "tn", "fn", "fp")) / 2


def _share(name: str, title: str, part: str, whole: str) -> Metric:
    return Metric(name, title, lambda sums: ratio(sums[part], sums[whole]), whole)


def _regret(won: str) -> Metric:
    return Metric(
        "regret",
        "regret to the oracle",
        lambda sums: ratio(sums["solvable"] - sums[won], sums["questions"]),
        "questions",
    )


INTRINSIC: tuple[Metric, ...] = (
    _share("pairwise", "pairwise accuracy", "pairs_won", "pairs"),
    Metric("f1_right", "F1 of right", lambda sums: _f1(sums, "tp", "fp", "fn"), "labelled"),
    Metric("f1_wrong", "F1 of wrong", lambda sums: _f1(sums, "tn", "fn", "fp"), "labelled"),
    Metric("macro_f1", "macro F1", _macro_f1, "labelled"),
    _share("hit_at_1", "Hit@1", "hits", "questions"),
    _share("mrr", "MRR", "reciprocal", "questions"),
    _share("failure", "failure rate", "failed", "judged"),
    _share("forced_close", "forced-close rate", "forced", "judged"),
    _share("choice", "choice accuracy if a right one is there", "hits", "solvable"),
    _regret("hits"),
)

END_TO_END: tuple[Metric, ...] = (
    _share("execution", "execution accuracy", "correct", "questions"),
    _share("suite", "test-suite accuracy", "suite", "suite_known"),
    _share("exact", "exact-set match", "exact", "exact_known"),
    _share("answered", "answered", "answered", "questions"),
    _share("executable", "executable candidates", "runs", "ran"),
    _share("greedy", "greedy baseline", "greedy", "questions"),
    _share("first", "first executable baseline", "first", "questions"),
    _share("vote", "vote baseline", "vote", "questions"),
    _share("pass", "pass@N (oracle)", "solvable", "questions"),
    _share("choice", "choice accuracy if a right one is there", "chosen", "solvable"),
    _regret("chosen"),
)


# ---------------------------------------------------------------------------------------- of one row


def intrinsic_counts(row: ItemRow, scorer: AnyScorer, budget: int | None = None) -> dict[str, float]:
    """What one question adds to each sum behind :data:`INTRINSIC`."""
    given = scores(row, scorer)
    labelled = [(s, c.label) for s, c in zip(filled(row, scorer), row.candidates, strict=True) if c.label is not None]
    right = [score for score, label in labelled if label]
    wrong = [score for score, label in labelled if not label]
    # a question where nothing was tried counts, one where nothing is known does not
    asked = bool(labelled) or not row.candidates
    ranked = [label for _, label in sorted(labelled, key=lambda pair: -pair[0])]  # stable
    place = ranked.index(True) if right else None
    judged = [(c, score) for c, score in zip(row.candidates, given, strict=True) if c.judged]
    tp, fp = (sum(score > THRESHOLD for score in group) for group in (right, wrong))
    return {
        "pairs": len(right) * len(wrong),
        "pairs_won": sum(r > w for r in right for w in wrong),
        "labelled": len(labelled),
        "tp": tp,
        "fp": fp,
        "fn": len(right) - tp,
        "tn": len(wrong) - fp,
        "questions": asked,
        "solvable": bool(right),
        "hits": place == 0,
        "reciprocal": 0.0 if place is None else 1 / (place + 1),
        "judged": len(judged),
        "failed": sum(score is None for _, score in judged),
        "forced": sum(forced_close(c, budget) for c, _ in judged),
    }


def forced_close(candidate: ScoredCandidate, budget: int | None = None) -> bool:
    """Whether something other than the model ended its thought, at the run's budget or at a smaller one."""
    return candidate.closed_by not in (None, "model") or (budget is not None and candidate.tokens > budget)


def end_to_end_counts(row: ItemRow) -> dict[str, float]:
    """What one question adds to each sum behind :data:`END_TO_END`.

    ``solvable`` counts the answer too: a method may answer with a query whose candidate has no label.
    """
    labels = [candidate.label is True for candidate in row.candidates]
    ran = [candidate.executable for candidate in row.candidates if candidate.executable is not None]
    correct = row.correct is True
    return {
        "questions": 1,
        "correct": correct,
        "suite": row.correct_suite is True,
        "suite_known": row.correct_suite is not None,
        "exact": row.exact is True,
        "exact_known": row.exact is not None,
        "answered": row.chosen is not None,
        "ran": len(ran),
        "runs": sum(ran),
        "greedy": _right_at(labels, greedy_choice(row)),
        "first": _right_at(labels, first_choice(row)),
        "vote": _right_at(labels, vote_choice(row)),
        "solvable": correct or any(labels),
        "chosen": correct,
    }


def _right_at(labels: Sequence[bool], index: int | None) -> bool:
    return index is not None and labels[index]


def greedy_choice(row: ItemRow) -> int | None:
    """The candidate the greedy sample wrote, or its mended form if it does not run."""
    greedy = [index for index, c in enumerate(row.candidates) if c.greedy]
    return next((index for index in greedy if row.candidates[index].executable), greedy[0] if greedy else None)


def first_choice(row: ItemRow) -> int | None:
    """The first candidate that runs."""
    return next((index for index, c in enumerate(row.candidates) if c.executable), None)


def vote_choice(row: ItemRow) -> int | None:
    """The first candidate of the result that most samples gave; ``None`` where none has a result.

    A mended query has no votes: its result is chosen where no sample's runs, as ``--select vote`` does.
    """
    shares = filled(row, vote_share)
    results = [index for index, candidate in enumerate(row.candidates) if candidate.cluster is not None]
    return max(results, key=shares.__getitem__) if results else None


def likeliest_choice(row: ItemRow) -> int | None:
    """The candidate that runs and that the generator found likeliest."""
    runs = [index for index, c in enumerate(row.candidates) if c.executable and c.logprob is not None]
    return max(runs, key=lambda index: logprob(row.candidates[index]) or 0.0) if runs else None


# ---------------------------------------------------------------------------------------- of a run


def intrinsic(
    rows: Sequence[ItemRow],
    scorer: AnyScorer,
    *,
    budget: int | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Report:
    """How well a scorer tells right candidates from wrong ones: :data:`INTRINSIC` and ``auc``.

    ``budget`` only says at which one the forced-close rate is taken; give the scorer's own.
    """
    drawn = resample([row.database for row in rows], resamples=resamples, seed=seed)
    report = _report(INTRINSIC, [intrinsic_counts(row, scorer, budget) for row in rows], drawn)
    report["auc"] = _auc(rows, scorer, drawn)
    return report


def _auc(rows: Sequence[ItemRow], scorer: AnyScorer, drawn: Resamples) -> Estimate:
    known = [
        (group, score, candidate.label)
        for group, row in zip(drawn.place, rows, strict=True)
        for score, candidate in zip(filled(row, scorer), row.candidates, strict=True)
        if candidate.label is not None
    ]
    return estimate(auc(known, drawn.weights), len(known))


def end_to_end(rows: Sequence[ItemRow], *, resamples: int = RESAMPLES, seed: int = 0) -> Report:
    """How often the answers were right, and how often simple choices among the same candidates would have been.

    Rows of intrinsic runs, which have no answer to be right or wrong, are left out.
    """
    rows = [row for row in rows if row.correct is not None]
    drawn = resample([row.database for row in rows], resamples=resamples, seed=seed)
    return _report(END_TO_END, [end_to_end_counts(row) for row in rows], drawn)


def _report(metrics: Sequence[Metric], counts: Sequence[Mapping[str, float]], drawn: Resamples) -> Report:
    if not counts:
        return {metric.name: Estimate(None) for metric in metrics}
    sums = drawn.sums(counts)
    return {metric.name: estimate(metric.of(sums), float(sums[metric.count][0])) for metric in metrics}


def compare(
    metrics: Sequence[Metric],
    a: Sequence[Mapping[str, float]],
    b: Sequence[Mapping[str, float]],
    databases: Sequence[str],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Difference]:
    """Paired bootstrap of every metric: ``a[i]`` and ``b[i]`` are both runs' counts of question i."""
    drawn = resample(databases, resamples=resamples, seed=seed)
    sums_a, sums_b = drawn.sums(a), drawn.sums(b)
    return {metric.name: difference(metric.of(sums_a), metric.of(sums_b)) for metric in metrics}


# ---------------------------------------------------------------------------------------- parts of a run

HARDNESS_ORDER = ("easy", "medium", "hard", "extra")


def by_hardness(rows: Sequence[ItemRow]) -> dict[str, list[ItemRow]]:
    """Rows by hardness, easy first; those without one under ``unknown``, last. Empty groups are left out."""
    groups = _grouped(rows, lambda row: row.hardness or "unknown")
    order = (*HARDNESS_ORDER, "unknown")
    return {name: groups[name] for name in order if name in groups}


def by_database(rows: Sequence[ItemRow]) -> dict[str, list[ItemRow]]:
    """Rows by database, in alphabetical order."""
    return dict(sorted(_grouped(rows, lambda row: row.database).items()))


def _grouped(rows: Sequence[ItemRow], key: Callable[[ItemRow], str]) -> dict[str, list[ItemRow]]:
    groups: dict[str, list[ItemRow]] = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups
