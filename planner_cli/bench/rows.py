"""One row of a benchmark run: what was asked, what was tried, how each candidate was judged.

A run is a folder with ``run.json`` (everything that fixes it: settings, models, versions, data set) and
``rows.jsonl`` (one :class:`ItemRow` a line, append-only). Metrics are pure functions over rows, so every
figure can be computed again from the files, also at budgets smaller than the run's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, TypeAlias

from planner_cli.types import ClosedBy, Probe

Hardness: TypeAlias = Literal["easy", "medium", "hard", "extra"]


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """One candidate of one item, with its judgement where it has one."""

    sql: str
    label: bool | None = None
    """Whether it is right: its result equals gold's. ``None``: unknown."""
    executable: bool | None = None
    """``None``: it was not run."""
    error: str | None = None
    samples: int = 1
    """How many of the item's samples wrote it; 1 for candidates that came with the data."""
    cluster: int | None = None
    """Candidates with equal results share this number."""
    greedy: bool = False
    logprob: float | None = None
    steps: int | None = None
    """Instructions of SQLite's virtual machine that the query took; ``None``: it failed, or was not counted."""
    scanned: int | None = None
    """Rows visited in full table scans; ``None`` as above."""
    unmatched: int = 0
    """Comparisons in it that no stored row satisfies."""
    crossed: int = 0
    """Joins in it of keys that stand for different things."""
    judged: bool = False
    """False: ruled out before the judge (check modes), dropped, or time ran out."""
    score: float | None = None
    """Soft score at the run's budget, in [0, 1]; ``None`` when not judged, or the judge failed (plain cut)."""
    hard: bool | None = None
    """The verdict's word; ``None`` when there is none."""
    mass: float | None = None
    closed_by: ClosedBy | None = None
    tokens: int = 0
    """Tokens of the thought."""
    probes: tuple[Probe, ...] = ()
    """Forced-close scores along the way, tokens ascending."""
    thought: str | None = None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One finished question of a data set."""

    key: str
    """Hash of everything that matters for this row; a run never computes a key twice."""
    item: str
    database: str
    question: str
    gold: str | None
    """The right query; ``None`` where only labels of candidates are known."""
    hardness: Hardness | None = None
    method: str | None = None
    """Planning method, in end-to-end runs."""
    candidates: tuple[ScoredCandidate, ...] = ()
    chosen: int | None = None
    """Index of the answer among the candidates; ``None``: no answer, or an intrinsic run."""
    correct: bool | None = None
    """Execution match of the answer with gold; ``None`` in intrinsic runs."""
    correct_suite: bool | None = None
    """The same over all instances of the database, where there are several."""
    exact: bool | None = None
    """Exact-set match of the answer with gold, as Spider defines it."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """Wall time by stage: generate, execute, judge, total."""
    tokens: Mapping[str, int] = field(default_factory=dict)
    """generate, judge: sampled tokens; prompt: prefilled tokens."""
    calls: int = 0
    """llama_decode calls."""
    peak_memory: int | None = None
    """Bytes, of the process so far."""
    joules: float | None = None
    """Energy of the processor packages, whatever used it; ``None`` where the machine reports none."""
    gold_steps: int | None = None
    """Like :attr:`ScoredCandidate.steps`, for the right query."""
    confidence: float | None = None
    """The answer's soft score; ``None``: there is no answer, or it was not judged."""
    part: str | None = None
    """Of a data set in parts: which one the question belongs to."""
    kinds: tuple[str, ...] = ()
    """What makes the question hard, where the data say."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ItemRow:
        candidates = tuple(
            ScoredCandidate(**{**c, "probes": tuple(Probe(**p) for p in c["probes"])}) for c in data["candidates"]
        )
        return cls(**{**data, "candidates": candidates, "kinds": tuple(data.get("kinds", ()))})


Scorer: TypeAlias = Callable[[ScoredCandidate], float | None]
"""How a candidate's score is read from a row; ``None`` is a failure of the judge."""
