"""What the screen knows about a run: planning events folded into one picture, without drawing anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from planner_cli.events import (
    Answered,
    CandidateExecuted,
    CandidateRepeated,
    CandidateWritten,
    Clustered,
    Event,
    GenerationProgress,
    Prefilled,
    Prefilling,
    Probed,
    Ranked,
    RunningLonger,
    StageStarted,
    ThoughtClosed,
    ThoughtToken,
    Warned,
)
from planner_cli.types import Answer, Candidate, Cluster, Execution, ModelInfo, Probe, PromptProgress, Verdict

THOUGHT_KEPT = 3_000
"""Characters of a thought kept for display; the whole text is in its verdict when it closes."""

Phase: TypeAlias = Literal["start", "prompt", "write", "run", "group", "judge-prompt", "judge", "done"]


@dataclass(slots=True)
class ThoughtView:
    """One cluster's thought as far as it went."""

    tail: str = ""
    tokens: int = 0
    cut: bool = False
    """Whether the beginning is no longer in ``tail``."""
    probes: list[Probe] = field(default_factory=list)
    verdict: Verdict | None = None

    def add(self, text: str, tokens: int) -> None:
        self.tokens = tokens
        self.tail += text
        if len(self.tail) > 2 * THOUGHT_KEPT:
            # Rarely, and at a word: the lines on the screen would jump if the start moved with each token.
            start = self.tail.find(" ", len(self.tail) - THOUGHT_KEPT) + 1
            self.tail = self.tail[start or len(self.tail) - THOUGHT_KEPT :]
            self.cut = True

    @property
    def score(self) -> float | None:
        """The verdict's score, or what it would be now; ``None`` before the first probe."""
        if self.verdict is not None:
            return self.verdict.score
        return self.probes[-1].p_true if self.probes else None


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One line of the table of candidates."""

    candidate: Candidate
    execution: Execution | None
    cluster: Cluster | None
    thought: ThoughtView | None
    leads: bool
    """Whether it stands for its cluster (or for itself, before there are clusters)."""
    focused: bool
    won: bool

    @property
    def number(self) -> int:
        """The candidate's number for people, from 1."""
        return self.candidate.index + 1


class RunState:
    """The picture of one run. :meth:`apply` costs O(1) for the frequent events.

    Not locked: whoever applies events in one thread and reads in another holds a lock around both.
    """

    def __init__(self, *, question: str, database: str, budget: int, models: Sequence[ModelInfo] = ()) -> None:
        self.question = question
        self.database = database
        self.budget = budget
        self.models = tuple(models)
        self.phase: Phase = "start"
        self.samples = 0
        """Samples asked for."""
        self.live = 0
        """Samples still being written."""
        self.prompt_tokens = 0
        self.reading: PromptProgress | None = None
        """How far the prompt is read, while it is."""
        self.reading_at = 0.0
        """``time.monotonic()`` value at which it was."""
        self.new_tokens = 0
        self.to_judge = 0
        """Thoughts announced by the judge's stage."""
        self.candidates: dict[int, Candidate] = {}
        self.executions: dict[int, Execution] = {}
        self.clusters: tuple[Cluster, ...] = ()
        self.thoughts: dict[int, ThoughtView] = {}
        self.order: tuple[int, ...] = ()
        """Cluster indexes, best first; empty before the ranking."""
        self.warnings: list[str] = []
        self.answer: Answer | None = None
        self.untrained = any(info.role == "discriminator" and info.untrained for info in self.models)
        """Whether the judge's scores are noise."""
        self.reads_keys = True
        self.longer: RunningLonger | None = None
        """The query that has more time than the others, while it runs."""
        self.longer_until = 0.0
        """``time.monotonic()`` value at which its time is over."""
        self.notice: str | None = None
        """What a key press asked for, until it happens."""
        self._chosen: int | None = None
        self._followed: int | None = None

    # ------------------------------------------------------------------------------------------- events

    def apply(self, event: Event) -> None:
        """Take in one event (``StageFinished`` adds nothing to the picture: its cost is in the answer)."""
        match event:
            case ThoughtToken():
                self._thought(event.cluster).add(event.text, event.tokens)
            case GenerationProgress():
                self.new_tokens, self.live = event.tokens, event.live
            case CandidateWritten() | CandidateRepeated():
                self.candidates[event.candidate.index] = event.candidate
            case CandidateExecuted() | RunningLonger():
                self._run(event)
            case Probed():
                self._thought(event.cluster).probes.append(event.probe)
            case ThoughtClosed():
                self._close(event.cluster, event.verdict)
            case StageStarted():
                self._start(event)
            case Prefilling() | Prefilled():
                self._read(event)
            case Clustered():
                self.phase, self.clusters, self.live = "group", event.clusters, 0
            case Warned():
                self.warnings.append(event.message)
            case Ranked():
                self.order = tuple(ranked.cluster for ranked in event.ranking)
            case Answered():
                self.phase, self.answer = "done", event.answer

    def _start(self, event: StageStarted) -> None:
        if event.stage == "generate":
            self.phase, self.samples, self.live = "prompt", event.branches, event.branches
        else:
            self.phase, self.to_judge = "judge-prompt", self.judged + event.branches

    def _read(self, event: Prefilling | Prefilled) -> None:
        if isinstance(event, Prefilling):
            self.reading, self.reading_at = event.progress, time.monotonic()
            return
        self.reading = None
        self.phase = "write" if event.stage == "generate" else "judge"
        self.prompt_tokens = event.tokens

    def _run(self, event: CandidateExecuted | RunningLonger) -> None:
        if isinstance(event, RunningLonger):
            self.phase, self.longer, self.longer_until = "run", event, time.monotonic() + event.seconds
            self.executions.pop(event.index, None)
            return
        self.executions[event.index] = event.execution
        if self.longer is not None:
            self.longer = self.notice = None

    def _thought(self, cluster: int) -> ThoughtView:
        if cluster not in self.thoughts:
            self.thoughts[cluster] = ThoughtView()
        if self._followed is None:
            self._followed = cluster
        return self.thoughts[cluster]

    def _close(self, cluster: int, verdict: Verdict) -> None:
        thought = self._thought(cluster)
        thought.verdict, thought.tokens = verdict, verdict.thought.tokens
        if cluster == self._followed:
            still_open = (index for index, other in self.thoughts.items() if other.verdict is None)
            self._followed = next(still_open, cluster)

    @property
    def reading_left(self) -> float | None:
        """Expected seconds until the prompt is read, now; ``None`` where that is not known."""
        if self.reading is None or self.reading.left is None:
            return None
        return max(0.0, self.reading.left - (time.monotonic() - self.reading_at))

    # -------------------------------------------------------------------------------------------- focus

    @property
    def focus(self) -> int | None:
        """The cluster whose thought is shown: the chosen one, otherwise the first that is still open."""
        return self._followed if self._chosen is None else self._chosen

    def move_focus(self, step: int) -> None:
        """Choose the next (1) or previous (-1) branch in the order of the table; it then stays chosen."""
        branches = [cluster.index for cluster in self._ordered_clusters() if cluster.index in self.thoughts]
        if len(branches) > 1:
            here = branches.index(self.focus) if self.focus in branches else 0
            self._chosen = branches[(here + step) % len(branches)]

    # -------------------------------------------------------------------------------------------- board

    @property
    def judged(self) -> int:
        """Thoughts that have their verdict."""
        return sum(thought.verdict is not None for thought in self.thoughts.values())

    @property
    def thinking(self) -> bool:
        """Whether there is, or is about to be, a thought that can be stopped."""
        return self.budget > 0 and self.phase in {"judge-prompt", "judge"} and self.judged < self.to_judge

    def board(self) -> list[BoardRow]:
        """The candidates in the order to show: clusters best first, each with its members, then what fails."""
        rows: list[BoardRow] = []
        for cluster in self._ordered_clusters():
            rows += [self._row(index, cluster) for index in cluster.candidates if index in self.candidates]
        grouped = {row.candidate.index for row in rows}
        rows += [self._row(index, None) for index in sorted(self.candidates) if index not in grouped]
        return rows

    def _ordered_clusters(self) -> list[Cluster]:
        places = {index: place for place, index in enumerate(self.order)}
        return sorted(self.clusters, key=lambda cluster: places.get(cluster.index, len(places)))

    def _row(self, index: int, cluster: Cluster | None) -> BoardRow:
        leads = cluster is None or cluster.representative == index
        return BoardRow(
            candidate=self.candidates[index],
            execution=self.executions.get(index),
            cluster=cluster,
            thought=self.thoughts.get(cluster.index) if cluster is not None and leads else None,
            leads=leads,
            focused=cluster is not None and leads and cluster.index == self.focus,
            won=self.answer is not None and self.answer.best == index,
        )
