"""Reading a run: its settings, the rows its judge is measured by, and how their scores count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from planner_cli.bench.rows import ItemRow, ScoredCandidate, Scorer
from planner_cli.bench.scorers import AnyScorer, check
from planner_cli.bench.store import Run


def setting(run: Run, name: str) -> Any:
    """The setting with this name, however deeply nested; ``None`` when there is none."""
    return _find(run.settings, name)


def _find(settings: Mapping[str, Any], name: str) -> Any:
    if name in settings:
        return settings[name]
    for value in settings.values():
        if isinstance(value, Mapping) and (found := _find(value, name)) is not None:
            return found
    return None


def own_budget(run: Run) -> int:
    """The budget of the run; that of its longest thought where its settings do not say."""
    named = setting(run, "budget")
    return named if isinstance(named, int) else max((c.tokens for c in judged(reference_rows(run))), default=0)


def as_run(run: Run, scorer: Scorer) -> AnyScorer:
    """The scorer under the run's own rules: what was ruled out before the judge cannot win.

    In check and pro mode that is what does not run; end to end it is every candidate without a verdict.
    """
    if run.kind == "e2e":
        return lambda candidate: scorer(candidate) if candidate.judged else 0.0
    return check(scorer) if setting(run, "mode") in {"check", "pro"} else scorer


def with_shared_verdicts(row: ItemRow) -> ItemRow:
    """The row with each cluster's verdict given to all candidates of that cluster.

    In end-to-end runs one candidate is judged for all that have the same result.
    """
    judged: dict[int | None, ScoredCandidate] = {
        c.cluster: c for c in reversed(row.candidates) if c.judged and c.cluster is not None
    }
    return replace(row, candidates=tuple(_sharing(c, judged.get(c.cluster)) for c in row.candidates))


def _sharing(candidate: ScoredCandidate, judged: ScoredCandidate | None) -> ScoredCandidate:
    if judged is None or candidate.judged:
        return candidate
    fields = ("judged", "score", "hard", "mass", "closed_by", "tokens", "probes")
    return replace(candidate, **{name: getattr(judged, name) for name in fields})


def by_method(rows: Sequence[ItemRow]) -> dict[str, list[ItemRow]]:
    """Rows by planning method, in order of first appearance."""
    groups: dict[str, list[ItemRow]] = {}
    for row in rows:
        groups.setdefault(row.method or "answer", []).append(row)
    return groups


def reference(methods: Mapping[str, Sequence[ItemRow]]) -> str:
    """The method by whose rows judge and baselines are measured, each question once.

    Re-ranking, else the first method that judged, else the first one.
    """
    judging = [name for name, rows in methods.items() if judged(rows)]
    return "rerank" if "rerank" in methods else next(iter(judging), next(iter(methods)))


def reference_rows(run: Run) -> Sequence[ItemRow]:
    """All rows of an intrinsic run; those of the reference method of an end-to-end run."""
    if run.kind == "intrinsic" or not run.rows:
        return run.rows
    methods = by_method(run.rows)
    return methods[reference(methods)]


def judged_rows(run: Run) -> Sequence[ItemRow]:
    """The reference rows as the judge saw them: a verdict on a result counts for every query that gave it."""
    rows = reference_rows(run)
    return [with_shared_verdicts(row) for row in rows] if run.kind == "e2e" else rows


def judged(rows: Sequence[ItemRow]) -> list[ScoredCandidate]:
    """All candidates with a verdict."""
    return [candidate for row in rows for candidate in row.candidates if candidate.judged]
