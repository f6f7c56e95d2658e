"""What a user can set, as frozen values with their defaults, units and ranges. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from planner_cli.errors import PlannerError

Select: TypeAlias = Literal["rerank", "vote", "greedy", "first"]
SELECT_CHOICES: tuple[Select, ...] = ("rerank", "vote", "greedy", "first")


def _require(ok: bool, name: str, value: object, expected: str) -> None:
    if not ok:
        raise PlannerError(f"{name} is {value!r}, but must be {expected}")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one branch picks its tokens; applied in this order."""

    temperature: float = 0.0
    """0 is greedy: always the likeliest token, the rest of this class is then ignored."""
    top_k: int = 40
    """Keep the k likeliest tokens; 0 keeps all (slow: 12 ms a token on a vocabulary of 152k)."""
    top_p: float = 0.95
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    """Over the last 64 tokens; 1 is off. Applied when greedy too."""
    seed: int = 0

    def __post_init__(self) -> None:
        _require(self.temperature >= 0, "temperature", self.temperature, "0 or more")
        _require(self.top_k >= 0, "top-k", self.top_k, "0 or more")
        _require(0 < self.top_p <= 1, "top-p", self.top_p, "over 0 and at most 1")
        _require(0 <= self.min_p < 1, "min-p", self.min_p, "0 or more and under 1")
        _require(self.repeat_penalty > 0, "repeat-penalty", self.repeat_penalty, "over 0")


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    candidates: int = 8
    """Samples to draw. The first one is greedy, the others use ``sampling``."""
    max_tokens: int = 200
    """Longest query, in tokens."""
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.7))

    def __post_init__(self) -> None:
        _require(1 <= self.candidates <= 64, "candidates", self.candidates, "between 1 and 64")
        _require(self.max_tokens >= 1, "max-tokens", self.max_tokens, "1 or more")


@dataclass(frozen=True, slots=True)
class DiscriminatorSettings:
    budget: int = 512
    """Longest thought about one cluster, in tokens; 0 judges without thinking. The published accuracy of a 1.5B
    judge is flat from here on (arXiv 2505.03786); a model's catalogue entry may say otherwise."""
    sampling: Sampling = field(default_factory=Sampling)
    probe_at: tuple[int, ...] = (0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
    """Tokens of thought at which the score is read on the way; those over the budget are not reached."""
    result_rows: int = 5
    """First rows of a candidate's result shown to the discriminator."""

    def __post_init__(self) -> None:
        _require(0 <= self.budget <= 32768, "budget", self.budget, "between 0 and 32768")


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one query in the sandbox."""

    seconds: float = 2.0
    """Wall time of one statement; a worker that does not stop is killed as long again later, a second at most."""
    rows: int = 1000
    bytes: int = 2_000_000
    """Size of all fetched values together."""
    memory: int = 512 * 2**20
    """Address space of the worker, in bytes, where the system can enforce it."""

    def __post_init__(self) -> None:
        _require(self.seconds > 0, "query time limit", self.seconds, "over 0")
        _require(self.rows >= 1, "row limit", self.rows, "1 or more")


@dataclass(frozen=True, slots=True)
class PlanSettings:
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    discriminator: DiscriminatorSettings = field(default_factory=DiscriminatorSettings)
    limits: Limits = field(default_factory=Limits)
    select: Select = "rerank"
    seed: int = 0
    """Fixes the run: every branch's seed is derived from it."""
    max_seconds: float | None = None
    """Wall time of the whole question; ``None`` is no limit."""

    def __post_init__(self) -> None:
        _require(self.max_seconds is None or self.max_seconds > 0, "max-seconds", self.max_seconds, "over 0")
        _require(self.select in SELECT_CHOICES, "select", self.select, "one of " + ", ".join(SELECT_CHOICES))


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How a model is loaded and run."""

    threads: int | None = None
    """CPU threads; ``None`` takes the physical cores."""
    gpu_layers: int | None = None
    """Layers on the GPU; ``None`` is all of them where this llama.cpp build has a GPU, else none."""
    context: int | None = None
    """Upper bound of the KV cache, in tokens over all branches; ``None`` takes what is needed."""
    max_branches: int = 32
    """Branches that advance together; more than these are run in waves."""

    def __post_init__(self) -> None:
        _require(self.threads is None or self.threads >= 1, "threads", self.threads, "1 or more")
        _require(self.gpu_layers is None or self.gpu_layers >= 0, "gpu-layers", self.gpu_layers, "auto, or 0 or more")
        _require(self.context is None or self.context >= 64, "context", self.context, "64 or more")
        _require(1 <= self.max_branches <= 120, "max-branches", self.max_branches, "between 1 and 120")
