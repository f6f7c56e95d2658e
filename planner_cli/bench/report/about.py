"""What a reader must know to trust or repeat a report: method, models, versions, machine, and what it cannot say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from planner_cli.bench.metrics import intrinsic
from planner_cli.bench.report import paper
from planner_cli.bench.report.curve import ANSWER_TOKENS
from planner_cli.bench.report.document import Column, Line, Table
from planner_cli.bench.report.naming import Named
from planner_cli.bench.report.reading import as_run, judged_rows
from planner_cli.bench.scorers import soft
from planner_cli.bench.statistics import RESAMPLES
from planner_cli.bench.store import Run

_FEW = 100
"""Number of questions under which a run is called small."""
_FEW_DATABASES = 5
_LOW_MASS = 0.5

METHOD = (
    "A row is one question with its candidates; all figures are computed from rows.jsonl and can be computed again.",
    (
        "Scores are soft: P(true) / (P(true) + P(false)) at the position of the verdict. At the budget the thought "
        "is closed for the model and the verdict read (forced close); the plain cut stops there instead, and what has "
        f"no verdict yet, {ANSWER_TOKENS} tokens for the answer included, is a failure and counts 0.5, as in the paper."
    ),
    (
        "Both curves come from one pass: the score was also read along the way, at each budget of the ladder, and the "
        "text of a greedy thought up to there does not depend on the budget."
    ),
    (
        "Pairwise accuracy: over all pairs of a right and a wrong candidate of one question, the share where the right "
        "one scores strictly higher. Macro F1: threshold 0.5. Hit@1, MRR: over all questions, even those without any "
        "right candidate; equal scores in candidate order."
    ),
    (
        f"Brackets are 95 % intervals from {RESAMPLES:,} bootstrap resamples of whole databases, since questions on "
        "one database succeed and fail together; with a single database its questions are drawn."
    ),
    (
        "The knee is the smallest budget whose figure is within one standard error of the best one, or within 1 % of "
        "the range where there is no interval. It says where more thinking stops paying, as far as this run can tell."
    ),
    (
        "Judge time below a run's own budget is estimated: time after reading the prompt, scaled by the thought tokens "
        "that fit in."
    ),
)


def models_table(runs: Sequence[Named]) -> Table:
    fields = ("role", "name", "file", "sha256", "adapter", "adapter_sha256", "architecture", "device", "prompt")
    lines = [
        Line((item.label, *(_text(model.get(field)) for field in fields))) for item in runs for model in item.run.models
    ]
    titles = (field.replace("_", " ") for field in fields)
    return Table("models", "Models", (Column("run"), *map(Column, titles)), tuple(lines))


def circumstances_table(runs: Sequence[Named]) -> Table:
    """Settings, data set, versions, machine and command, one line each; a column a run."""
    described = [dict(_described(item.run)) for item in runs]
    names = list(dict.fromkeys(name for facts in described for name in facts))
    lines = tuple(Line((name, *(facts.get(name) for facts in described))) for name in names)
    return Table(
        "settings", "Settings, data, versions, machine", (Column("what"), *(Column(item.label) for item in runs)), lines
    )


def _described(run: Run) -> Iterator[tuple[str, str]]:
    yield "kind", run.kind
    yield "command", run.command
    for part in ("dataset", "settings", "versions", "machine"):
        yield from _flat(part, getattr(run, part))
    if run.shard is not None:
        yield "shard", run.shard


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{name}.{key}", item)
    else:
        yield name, _text(value)


def _text(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value))
    return "" if value is None else str(value)


# --------------------------------------------------------------------------------------------------- notes


def notes(runs: Sequence[Named]) -> tuple[str, ...]:
    """What limits the figures: sample sizes first, then what must not be compared."""
    found = [note for item in runs for note in _notes_on(item)]
    if len({item.run.dataset.get("fingerprint") for item in runs}) > 1:
        found.append("The runs are on different data: differences between them are not differences between judges.")
    if len({str(item.run.machine) for item in runs}) > 1:
        found.append("The runs were made on different machines: compare their scores, not their times.")
    found.append(
        f"Published figures ({paper.SOURCE}) are those of {paper.SETTING}. Our questions, candidates and models are "
        "different, so levels cannot be compared; the shape of a curve and the order of modes can. "
        "No intervals were published."
    )
    return tuple(found)


def _notes_on(item: Named) -> Iterator[str]:
    run = item.run
    rows, databases = judged_rows(run), {row.database for row in run.rows}
    questions = {row.item for row in run.rows}
    expected = run.dataset.get("items")
    candidates = [candidate for row in run.rows for candidate in row.candidates]
    labelled = [candidate for candidate in candidates if candidate.label is not None]
    right = sum(candidate.label is True for candidate in labelled)
    yield (
        f"{item.label}: {_counted(len(questions), 'question')} on {_counted(len(databases), 'database')}, "
        f"{_counted(len(candidates), 'candidate')}, "
        f"{right:,} of them labelled right and {len(labelled) - right:,} wrong."
    )
    if isinstance(expected, int) and len(questions) < expected:
        yield (
            f"{item.label}: {len(questions):,} of the data set's {expected:,} questions were run"
            + (f" (shard {run.shard})" if run.shard else "")
            + "; the figures are of this sample."
        )
    if len(databases) == 1:
        yield f"{item.label}: one database: the brackets are about other questions on it, not about other databases."
    if len(questions) < _FEW or len(databases) < _FEW_DATABASES:
        yield f"{item.label}: the sample is small; differences within the brackets mean nothing."
    if run.kind == "intrinsic" and labelled:
        figures = intrinsic(rows, as_run(run, soft), resamples=0)
        hit, choice = figures["hit_at_1"], figures["choice"]
        if choice.n < hit.n:
            yield (
                f"{item.label}: without any right candidate are {hit.n - choice.n:,} of {hit.n:,} questions; no judge "
                f"can reach a Hit@1 over {100 * choice.n / hit.n:.1f} %."
            )
    yield from _mass_note(item)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _mass_note(item: Named) -> Iterator[str]:
    masses = [c.mass for row in item.run.rows for c in row.candidates if c.mass is not None]
    low = sum(mass < _LOW_MASS for mass in masses)
    if low:
        yield (
            f"{item.label}: at {low:,} of {len(masses):,} verdicts the model was not about to say true or false at all "
            f"(together under {_LOW_MASS:.0%} of the probability); such scores are weak."
        )
