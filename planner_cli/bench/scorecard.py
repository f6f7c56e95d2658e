"""A user's own criteria and weights, in one table.

A scorecard is a small TOML file::

    [weights]                # any of CRITERIA; those left out do not count
    accuracy = 3
    executability = 1
    latency = 2
    human_edits = 1
    audit = 1
    query_cost = 1

    [latency]                # seconds of the median question: what counts as 1, and what as 0
    best = 2
    worst = 30

Every criterion becomes a value in [0, 1], higher is better; the score is their weighted mean. A criterion that
the rows do not contain is shown as unavailable with the reason, and its weight is left out.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from planner_cli.bench.cost import cost
from planner_cli.bench.metrics import end_to_end
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.errors import PlannerError
from planner_cli.tomlfile import read_toml


@dataclass(frozen=True, slots=True)
class Scorecard:
    weights: Mapping[str, float]
    """By criterion, in the file's order; over 0."""
    latency: tuple[float, float] = (1.0, 30.0)
    """Seconds of the median question that count as 1 and as 0."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One criterion of one run."""

    criterion: str
    weight: float
    measured: str
    """The figure behind it in words; why there is none, where there is none."""
    value: float | None
    """In [0, 1]; ``None``: unavailable."""


@dataclass(frozen=True, slots=True)
class Marked:
    marks: tuple[Mark, ...]
    score: float | None
    """Weighted mean of the available ones; ``None`` where none is."""


def read_scorecard(path: Path) -> Scorecard:
    """Read a scorecard file.

    Raises:
        PlannerError: it cannot be read, is no TOML, or names something unknown or out of range.

    """
    data = read_toml(path)
    _only(path, "", data, ("weights", "latency"))
    weights = _table(path, data, "weights")
    _only(path, "weights.", weights, CRITERIA)
    if not weights:
        raise PlannerError(f"{path}: [weights] is missing or empty", hint=f"any of {', '.join(CRITERIA)}")
    latency = _table(path, data, "latency")
    _only(path, "latency.", latency, ("best", "worst"))
    usual = Scorecard({}).latency
    best, worst = latency.get("best", usual[0]), latency.get("worst", usual[1])
    if not 0 <= best < worst:
        raise PlannerError(f"{path}: latency.best must be 0 or more and under latency.worst")
    return Scorecard({name: weight for name, weight in weights.items() if weight > 0}, (best, worst))


def _table(path: Path, data: Mapping[str, Any], name: str) -> dict[str, float]:
    table = data.get(name, {})
    if not isinstance(table, dict):
        raise PlannerError(f"{path}: {name} must be a table")
    for key, value in table.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < 0:
            raise PlannerError(f"{path}: {name}.{key} is {value!r}, but must be a number, 0 or more")
    return {key: float(value) for key, value in table.items()}


def _only(path: Path, prefix: str, found: Mapping[str, object], known: Sequence[str]) -> None:
    for name in found:
        if name not in known:
            raise PlannerError(f"{path}: there is no {prefix}{name}", hint=f"one of {', '.join(known)}")


def mark(rows: Sequence[ItemRow], card: Scorecard) -> Marked:
    """Judge an end-to-end run by a scorecard."""
    marks = []
    for criterion, weight in card.weights.items():
        value, measured = _MEASURES[criterion](rows, card)
        marks.append(Mark(criterion, weight, measured, value))
    counted = [(m.weight, m.value) for m in marks if m.value is not None]
    total = sum(weight for weight, _ in counted)
    score = sum(weight * value for weight, value in counted) / total if total else None
    return Marked(tuple(marks), score)


def marked_text(name: str, marked: Marked) -> str:
    """One run's marks as lines, the score last."""
    lines = [f"scorecard of {name}"]
    for each in marked.marks:
        value = "unavailable" if each.value is None else f"{each.value:.2f}"
        lines.append(f"  {each.criterion:14} weight {each.weight:<5g} {value:>11}  {each.measured}")
    lines.append("  score          " + ("unavailable" if marked.score is None else f"{marked.score:.2f}"))
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------ criteria

_Measured = tuple["float | None", str]


def _accuracy(rows: Sequence[ItemRow], _: Scorecard) -> _Measured:
    found = end_to_end(rows, resamples=0)["execution"]
    return _share(found.value, found.n, "questions answered right")


def _executability(rows: Sequence[ItemRow], _: Scorecard) -> _Measured:
    found = end_to_end(rows, resamples=0)["executable"]
    return _share(found.value, found.n, "candidates run")


def _latency(rows: Sequence[ItemRow], card: Scorecard) -> _Measured:
    total = cost(rows).seconds.get("total")
    if total is None:
        return None, "the rows have no total time"
    best, worst = card.latency
    value = (worst - total.p50) / (worst - best)
    return min(1.0, max(0.0, value)), f"median question {total.p50:.2f} s ({best:g} s counts 1, {worst:g} s counts 0)"


def _query_cost(rows: Sequence[ItemRow], _: Scorecard) -> _Measured:
    """Gold's steps over the answer's in SQLite's virtual machine, at most 1; over right answers only.

    Steps are counted, not timed (as BIRD's efficiency score is), so the mark is the same on every machine.
    """
    pairs = [
        (row.gold_steps, answer)
        for row in rows
        if row.correct and row.chosen is not None and row.gold_steps is not None
        for answer in [row.candidates[row.chosen]]
        if answer.steps is not None
    ]
    if not pairs:
        return None, "no right answer whose steps were counted"
    value = sum(min(1.0, gold / max(1, answer.steps or 0)) for gold, answer in pairs) / len(pairs)
    scanned = statistics.median(answer.scanned or 0 for _, answer in pairs)
    return value, f"the right query's steps to the answer's, {len(pairs):,} right answers; {scanned:,g} rows scanned"


def _human_edits(rows: Sequence[ItemRow], _: Scorecard) -> _Measured:
    """1 - share of the right query's and the answer's tokens that differ, for wrong answers; right ones need none."""
    kept = [_kept(row) for row in rows if row.correct is not None]
    if not kept:
        return None, "no answers"
    return sum(kept) / len(kept), "mean share of an answer's tokens that can stay"


def _kept(row: ItemRow) -> float:
    from difflib import SequenceMatcher

    from planner_cli.lexer import code

    if row.correct:
        return 1.0
    if row.chosen is None or row.gold is None:
        return 0.0
    texts = (row.candidates[row.chosen].sql, row.gold)
    answer, gold = ([token.text.casefold() for token in code(text)] for text in texts)
    return SequenceMatcher(None, answer, gold, autojunk=False).ratio()


def _audit(rows: Sequence[ItemRow], _: Scorecard) -> _Measured:
    """Whether a reader can retrace a decision: every candidate's fate, every judgement's thought and score."""
    if not rows:
        return None, "no questions"
    complete = sum(bool(row.candidates) and all(map(_retraceable, row.candidates)) for row in rows)
    return _share(complete / len(rows), len(rows), "questions can be retraced (results, scores, thoughts kept)")


def _retraceable(candidate: ScoredCandidate) -> bool:
    ran = candidate.executable is True or (candidate.executable is False and candidate.error is not None)
    thought = candidate.thought is not None or candidate.tokens == 0
    return ran and (not candidate.judged or (candidate.score is not None and thought))


def _share(value: float | None, n: int, what: str) -> _Measured:
    return value, "nothing to count" if value is None else f"{100 * value:.1f} % of {n:,} {what}"


_MEASURES: dict[str, Callable[[Sequence[ItemRow], Scorecard], _Measured]] = {
    "accuracy": _accuracy,
    "executability": _executability,
    "latency": _latency,
    "query_cost": _query_cost,
    "human_edits": _human_edits,
    "audit": _audit,
}
CRITERIA: tuple[str, ...] = tuple(_MEASURES)
