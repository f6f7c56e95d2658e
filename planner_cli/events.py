"""What happens while a plan runs, as frozen values: stages and ``plan()`` yield them, and never print.

Order of one question::

    StageStarted("generate") Prefilling* Prefilled
      { CandidateWritten CandidateExecuted | CandidateRepeated }*
    StageFinished
      { RunningLonger CandidateExecuted }*
    Clustered
    StageStarted("judge") Prefilling* Prefilled
      { ThoughtToken | Probed | ThoughtClosed }*
    StageFinished Ranked Answered

``GenerationProgress`` and ``Warned`` may come anywhere.

Nothing is judged, and the judge's events are missing, when no candidate runs, when the selection does
not need it and no confidence was asked for, or when time ran out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from planner_cli.types import Answer, Candidate, Cluster, Execution, Probe, PromptProgress, StageTimings, Verdict
from planner_cli.types import Ranked as RankedCluster

Stage: TypeAlias = Literal["generate", "judge"]


@dataclass(frozen=True, slots=True)
class StageStarted:
    stage: Stage
    branches: int
    """How many continuations will be written (samples, or thoughts)."""


@dataclass(frozen=True, slots=True)
class Prefilling:
    """Before the first batch of the shared prompt, and after each."""

    stage: Stage
    progress: PromptProgress


@dataclass(frozen=True, slots=True)
class Prefilled:
    """The shared prompt is in the KV cache."""

    stage: Stage
    tokens: int
    cached: int
    """Of those, how many were already there."""
    seconds: float


@dataclass(frozen=True, slots=True)
class StageFinished:
    stage: Stage
    timings: StageTimings


@dataclass(frozen=True, slots=True)
class GenerationProgress:
    """After each decode while candidates are written: a screen may show it or not."""

    tokens: int
    """Tokens sampled so far over all branches."""
    live: int
    """Branches still writing."""


@dataclass(frozen=True, slots=True)
class CandidateWritten:
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class CandidateRepeated:
    """Another sample wrote a query that is already a candidate (its ``samples`` went up by one)."""

    candidate: Candidate


@dataclass(frozen=True, slots=True)
class CandidateExecuted:
    index: int
    execution: Execution


@dataclass(frozen=True, slots=True)
class RunningLonger:
    """A candidate that ran out of time runs again with more of it; ``CandidateExecuted`` follows."""

    index: int
    seconds: float
    """Its limit now."""
    alone: bool
    """Whether no other candidate has a result: ending it then ends the question."""


@dataclass(frozen=True, slots=True)
class Clustered:
    clusters: tuple[Cluster, ...]
    """In the order of their representatives; empty when nothing runs."""


@dataclass(frozen=True, slots=True)
class ThoughtToken:
    cluster: int
    text: str
    """May be empty while a multi-byte character is incomplete."""
    tokens: int
    """Tokens of this thought so far."""


@dataclass(frozen=True, slots=True)
class Probed:
    cluster: int
    probe: Probe


@dataclass(frozen=True, slots=True)
class ThoughtClosed:
    cluster: int
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Warned:
    """Something the user should know that is not an error (low mass, a judge that ran out of time)."""

    message: str


@dataclass(frozen=True, slots=True)
class Ranked:
    ranking: tuple[RankedCluster, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    answer: Answer


Event: TypeAlias = (
    StageStarted
    | Prefilling
    | Prefilled
    | StageFinished
    | GenerationProgress
    | CandidateWritten
    | CandidateRepeated
    | CandidateExecuted
    | RunningLonger
    | Clustered
    | ThoughtToken
    | Probed
    | ThoughtClosed
    | Warned
    | Ranked
    | Answered
)
