"""What a user can set, as frozen values with their defaults, units and ranges. Standard library only."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

from planner_cli.errors import PlannerError

Select: TypeAlias = Literal[
    "rerank",
    "vote",
    "weighted-vote",
    "posterior",
    "greedy",
    "first",
    "vote-judge",
    "pairwise",
    "race",
    "correct",
    "tree",
]
SELECT_CHOICES: tuple[Select, ...] = get_args(Select)
"""Planning methods; see :mod:`planner_cli.planning.methods`."""

Mode: TypeAlias = Literal["base", "check", "exec", "pro"]
MODE_CHOICES: tuple[Mode, ...] = get_args(Mode)
"""The paper's discriminator modes: no help; what cannot run is ruled out first; the result's first rows are
shown; both."""


def rules_out(mode: Mode) -> bool:
    """Whether candidates that cannot run are ruled out before the discriminator sees them."""
    return mode in ("check", "pro")


def _require(ok: bool, name: str, value: object, expected: str) -> None:
    if not ok:
        raise PlannerError(f"{name} is {value!r}, but must be {expected}")


@dataclass(frozen=True, slots=True)
class Sampling:
    """How one branch picks its tokens: the penalty first, then top-k, top-p, min-p and the temperature."""

    temperature: float = 0.0
    """0 is greedy: always the likeliest token, whatever top-k, top-p, min-p and the seed are."""
    top_k: int = 40
    """Keep the k likeliest tokens; 0 keeps all (slow: 12 ms a token on a vocabulary of 152k)."""
    top_p: float = 0.95
    min_p: float = 0.0
    repeat_penalty: float = 1.0
    """Over the last 64 tokens the branch wrote; 1 is off. Applied to greedy sampling too."""
    seed: int = 0
    grammar: str | None = None
    """What may be written, in llama.cpp's GBNF with the rule ``root``; sampling is among what it allows."""

    def __post_init__(self) -> None:
        _require(0 <= self.temperature < math.inf, "temperature", self.temperature, "0 or more and finite")
        _require(self.top_k >= 0, "top-k", self.top_k, "0 or more")
        _require(0 < self.top_p <= 1, "top-p", self.top_p, "over 0 and at most 1")
        _require(0 <= self.min_p < 1, "min-p", self.min_p, "0 or more and under 1")
        _require(0 < self.repeat_penalty < math.inf, "repeat-penalty", self.repeat_penalty, "over 0 and finite")


@dataclass(frozen=True, slots=True)
class GeneratorSettings:
    candidates: int = 8
    """Samples to draw. The first one is greedy, the others use ``sampling``."""
    max_tokens: int = 200
    """Longest query, in tokens."""
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.7))
    mend: bool = True
    """Whether a query that names something that does not exist is also tried with the nearest names."""
    constrained: int = 0
    """How many of the samples (the last ones) can name only tables and columns that exist."""

    def __post_init__(self) -> None:
        _require(1 <= self.candidates <= 64, "candidates", self.candidates, "between 1 and 64")
        _require(self.max_tokens >= 1, "max-tokens", self.max_tokens, "1 or more")
        _require(self.constrained >= 0, "constrain", self.constrained, "0 or more")


@dataclass(frozen=True, slots=True)
class RaceSettings:
    """When a race between thoughts ends (``--select race``)."""

    slice: int = 16
    """Tokens of thought between two readings of the scores."""
    margin: float = 0.2
    """A thought that is further behind the leader's score is dropped."""
    keep: float = 0.5
    """Share of the thoughts that continue after each slice; 1 drops by ``margin`` alone.

    Both from 38 questions on held-out training databases with the built-in judge, budget 96: right first 68 % with 0.22
    of the tokens, against 61 % with all of them; 61 % with 0.47 by the margin alone."""
    stable: float = 0.02
    """The leader is settled when its score has moved less than this in each of the last two slices."""

    def __post_init__(self) -> None:
        _require(self.slice >= 1, "race slice", self.slice, "1 or more")
        _require(0 < self.margin <= 1, "race margin", self.margin, "over 0 and at most 1")
        _require(0 < self.keep <= 1, "race keep", self.keep, "over 0 and at most 1")
        _require(0 <= self.stable <= 1, "race stable", self.stable, "between 0 and 1")


@dataclass(frozen=True, slots=True)
class CorrectSettings:
    """Iterative correction (``--select correct``), with the stop rules of arXiv 2402.10890."""

    rounds: int = 10
    good: float = 0.99
    """A score over this needs no correction."""
    patience: int = 3
    """Rounds without improvement after which it ends."""

    def __post_init__(self) -> None:
        _require(self.rounds >= 1, "correction rounds", self.rounds, "1 or more")
        _require(0 <= self.good <= 1, "correction's good score", self.good, "between 0 and 1")
        _require(self.patience >= 1, "correction patience", self.patience, "1 or more")


@dataclass(frozen=True, slots=True)
class TreeSettings:
    """Tree search over partial queries (``--select tree``)."""

    expansions: int = 50
    """The most partial queries that are continued."""
    width: int = 4
    """Rollouts of each."""
    good: float = 0.99
    """A complete query with a score over this ends the search."""

    def __post_init__(self) -> None:
        _require(self.expansions >= 1, "expansions", self.expansions, "1 or more")
        _require(1 <= self.width <= 64, "width", self.width, "between 1 and 64")
        _require(0 <= self.good <= 1, "tree's good score", self.good, "between 0 and 1")


PROBES = (0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Tokens of thought at which the score is usually read along the way."""


@dataclass(frozen=True, slots=True)
class DiscriminatorSettings:
    budget: int = 512
    """Longest thought about one cluster, in tokens; 0 judges without thinking. The published accuracy of a 1.5B
    judge is flat from here on (arXiv 2505.03786); a model's catalogue entry may say otherwise."""
    sampling: Sampling = field(default_factory=Sampling)
    probe_at: tuple[int, ...] | None = None
    """Tokens of thought at which the score is read along the way; those over the budget are not reached. ``None``:
    :data:`PROBES`, but not while a plan is written before the candidates are shown, as each reading would have to show
    all of them for a moment (on two cores half of the judge's time), unless a time limit may need the score."""
    result_rows: int = 5
    """First rows of a candidate's result shown to the discriminator; 0 shows none."""
    schema: bool = True
    """Whether the schema is in its prompt."""
    stop_loops: bool = True
    """Whether a thought that repeats itself is closed before its budget ends."""
    race: RaceSettings = field(default_factory=RaceSettings)

    def __post_init__(self) -> None:
        _require(0 <= self.budget <= 32768, "budget", self.budget, "between 0 and 32768")

    def under(self, mode: Mode) -> DiscriminatorSettings:
        """As the mode shows results: ``base`` and ``check`` show none."""
        return self if mode in ("exec", "pro") else replace(self, result_rows=0)


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one query in the sandbox."""

    seconds: float = 2.0
    """Wall time of one statement; a worker that does not stop is killed after as long again, at most a second."""
    rows: int = 1000
    bytes: int = 2_000_000
    """Total size of all fetched values."""
    memory: int = 512 * 2**20
    """Address space of the worker, in bytes, where the system can enforce it."""

    def __post_init__(self) -> None:
        _require(0 < self.seconds < math.inf, "query time limit", self.seconds, "over 0 and finite")
        _require(self.rows >= 1, "row limit", self.rows, "1 or more")


@dataclass(frozen=True, slots=True)
class PlanSettings:
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    discriminator: DiscriminatorSettings = field(default_factory=DiscriminatorSettings)
    limits: Limits = field(default_factory=Limits)
    select: Select = "rerank"
    mode: Mode = "pro"
    """Under ``base`` and ``exec`` a candidate that cannot run is judged like any other, and may win by its score:
    for measuring judges as the paper does, not for answering."""
    seed: int = 0
    """Makes the run reproducible: every branch's seed is derived from it."""
    correct: CorrectSettings = field(default_factory=CorrectSettings)
    tree: TreeSettings = field(default_factory=TreeSettings)
    max_seconds: float | None = None
    """Wall time of the whole question; ``None`` is no limit."""

    def __post_init__(self) -> None:
        _require(
            self.max_seconds is None or 0 < self.max_seconds < math.inf,
            "max-seconds",
            self.max_seconds,
            "over 0 and finite",
        )
        _require(self.select in SELECT_CHOICES, "select", self.select, "one of " + ", ".join(SELECT_CHOICES))


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Which server is used instead of a model in this process, and how."""

    url: str
    """``http(s)://host[:port]``, with or without ``/v1``."""
    model: str | None = None
    """The name the model is served under, where the server has several; ``None`` takes the first."""
    allow_network: bool = False
    """Whether the address may be off this machine."""
    timeout: float = 120.0
    """Seconds to wait without receiving a byte."""
    concurrency: int = 16
    """Requests in flight at once; fewer where the server says it handles fewer."""

    def __post_init__(self) -> None:
        _require(0 < self.timeout < math.inf, "server-timeout", self.timeout, "over 0 and finite")
        _require(1 <= self.concurrency <= 256, "concurrency", self.concurrency, "between 1 and 256")


KvType: TypeAlias = Literal["f16", "q8_0", "q4_0"]


SCORES_BYTES = 256 * 2**20
"""What one batch's attention scores over the whole KV cache may take; flash attention never stores them."""


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How a model is loaded and run."""

    threads: int | None = None
    """CPU threads; ``None`` takes the physical cores, and fewer while other work occupies some of them."""
    gpu_layers: int | None = None
    """Layers on the GPU; ``None`` is all of them where this llama.cpp build has a GPU, else none."""
    context: int | None = None
    """Upper limit of the KV cache, in tokens over all branches; ``None`` takes what is needed."""
    max_branches: int = 32
    """Branches that advance together; more than these are run in waves."""
    kv: KvType = "f16"
    """Number format of the KV cache. On a CPU anything but f16 is slower (measured: q8_0 half the prefill, q4_0 a
    third); it is for models whose cache would not fit otherwise."""
    flash_attention: bool | None = None
    """``None``: on a GPU, with a KV cache that is not f16, or where the scores would be large (:data:`SCORES_BYTES`).

    On a CPU llama.cpp's flash kernel takes one query after another, while plain attention multiplies all branches'
    queries at once: behind 2,500 tokens a step of eight branches takes 1.8 times as long with it, a prompt as long as
    without (``python -m benchmarks.speed.attention``).
    """

    def __post_init__(self) -> None:
        _require(self.kv == "f16" or self.flash_attention is not False, "kv", self.kv, "f16 without flash attention")
        _require(self.threads is None or self.threads >= 1, "threads", self.threads, "1 or more")
        _require(self.gpu_layers is None or self.gpu_layers >= 0, "gpu-layers", self.gpu_layers, "auto, or 0 or more")
        _require(self.context is None or self.context >= 64, "context", self.context, "64 or more")
        _require(1 <= self.max_branches <= 120, "max-branches", self.max_branches, "between 1 and 120")
