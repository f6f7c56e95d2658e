"""What a user can set, as frozen values with their defaults, units and ranges. Standard library only.

A field made by :func:`~planner_cli.knobs.knob` is an option, a variable, a configuration key and a
keyword argument too.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, get_args

from planner_cli.confidence import GENERAL, Weights
from planner_cli.errors import PlannerError
from planner_cli.knobs import Checked, Range, knob, ranged

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


REASONING_CHOICES = ("think", "seed", "bracket", "thinking", "harmony", "command", "none")
"""How a thought is marked; see :data:`planner_cli.engine.chat.REASONING_FORMATS`."""


def rules_out(mode: Mode) -> bool:
    """Whether candidates that cannot run are ruled out before the discriminator sees them."""
    return mode in ("check", "pro")


@dataclass(frozen=True, slots=True)
class Sampling(Checked):
    """How one branch picks its tokens: the penalty first, then top-k, top-p, min-p and the temperature."""

    temperature: float = knob(0.0, "Of the generator's samples.", "generator", within=Range(0))
    """0 is greedy: always the likeliest token, whatever top-k, top-p, min-p and the seed are."""
    top_k: int = knob(40, "Draw from the K likeliest tokens; 0: from all.", "generator", metavar="K", within=Range(0))
    """0 is slow: 12 ms a token on a vocabulary of 152k."""
    top_p: float = knob(0.95, "Draw from the likeliest tokens that make up P.", "generator", metavar="P",
                        within=Range(0, 1, low_open=True))  # fmt: skip
    min_p: float = knob(0.0, "Draw no token under this share of the likeliest.", "generator", metavar="P",
                        within=Range(0, 1, high_open=True))  # fmt: skip
    repeat_penalty: float = knob(1.0, "For tokens already written; 1 is off.", "generator",
                                 within=Range(0, low_open=True))  # fmt: skip
    """Over the last 64 tokens the branch wrote; 1 is off. Applied to greedy sampling too."""
    seed: int = 0
    grammar: str | None = None
    """What may be written, in llama.cpp's GBNF with the rule ``root``; sampling is among what it allows."""


@dataclass(frozen=True, slots=True)
class GeneratorSettings(Checked):
    candidates: int = knob(8, "Queries to sample; the first is greedy.", "generator", short="n", metavar="N",
                           within=Range(1, 64), main=True)  # fmt: skip
    """Samples to draw. The first one is greedy, the others use ``sampling``."""
    max_tokens: int = knob(200, "Longest query.", "generator", metavar="TOKENS", within=Range(1))
    """Longest query, in tokens."""
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.7))
    mend: bool = knob(True, "Also try a query that names what does not exist with the nearest names.", "generator")
    """Whether a query that names something that does not exist is also tried with the nearest names."""
    constrained: int = knob(
        0, "Limit the last N samples to tables and columns that exist (built-in generator).",
        "generator", name="constrain", metavar="N", within=Range(0),
    )  # fmt: skip
    """How many of the samples (the last ones) can name only tables and columns that exist."""
    today: str | None = knob(
        None, 'The day it is, for questions such as "last month" (general models).', "generator",
        metavar="YYYY-MM-DD", usual="the day it is; in benchmarks not said",
    )  # fmt: skip

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        if self.today is not None and not _is_day(self.today):
            raise PlannerError(f"today is {self.today!r}, but must be a day, as YYYY-MM-DD")


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class RaceSettings(Checked):
    """When a race between thoughts ends (``--select race``)."""

    slice: int = knob(16, "Tokens of thought between two readings of the scores.", "method", within=Range(1))
    """Tokens of thought between two readings of the scores."""
    margin: float = knob(0.2, "How far behind the leader a thought may be.", "method",
                         within=Range(0, 1, low_open=True))  # fmt: skip
    """A thought that is further behind the leader's score is dropped."""
    keep: float = knob(0.5, "Share of the thoughts that goes on after each slice.", "method",
                       within=Range(0, 1, low_open=True))  # fmt: skip
    """Share of the thoughts that continue after each slice; 1 drops by ``margin`` alone.

    Both from 38 questions on held-out training databases with the built-in judge, budget 96: right first 68 % with 0.22
    of the tokens, against 61 % with all of them; 61 % with 0.47 by the margin alone."""
    stable: float = knob(0.02, "Change of a score that counts as none.", "method", within=Range(0, 1))
    """The leader is settled when its score has moved less than this in each of the last two slices."""


@dataclass(frozen=True, slots=True)
class CorrectSettings(Checked):
    """Iterative correction (``--select correct``), with the stop rules of arXiv 2402.10890."""

    rounds: int = knob(10, "Most rounds.", "method", within=Range(1))
    good: float = knob(0.99, "A score over this needs no correction.", "method", within=Range(0, 1))
    """A score over this needs no correction."""
    patience: int = knob(3, "Rounds without improvement after which it ends.", "method", within=Range(1))
    """Rounds without improvement after which it ends."""


@dataclass(frozen=True, slots=True)
class TreeSettings(Checked):
    """Tree search over partial queries (``--select tree``)."""

    expansions: int = knob(50, "Most partial queries that are continued.", "method", within=Range(1))
    """The most partial queries that are continued."""
    width: int = knob(4, "Rollouts of each.", "method", within=Range(1, 64))
    """Rollouts of each."""
    good: float = knob(0.99, "A complete query with a score over this ends the search.", "method", within=Range(0, 1))
    """A complete query with a score over this ends the search."""


PROBES = (0, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
"""Tokens of thought at which the score is usually read along the way."""


@dataclass(frozen=True, slots=True)
class DiscriminatorSettings(Checked):
    budget: int = knob(
        512, "Longest thought about a result; 0 judges without thinking.", "judge", metavar="TOKENS",
        within=Range(0, 32_768), usual="the model's, else 512", main=True,
    )  # fmt: skip
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

    def under(self, mode: Mode) -> DiscriminatorSettings:
        """As the mode shows results: ``base`` and ``check`` show none."""
        return self if mode in ("exec", "pro") else replace(self, result_rows=0)


@dataclass(frozen=True, slots=True)
class Limits(Checked):
    """Limits of one query in the sandbox."""

    seconds: float = knob(2.0, "Time limit of one query.", "query", name="query-seconds", metavar="S",
                          within=Range(0, low_open=True))  # fmt: skip
    """Wall time of one statement; a worker that does not stop is killed after as long again, at most a second."""
    patience: float = knob(60.0, "Longest run of a query that looks best but needs more than --query-seconds; 0: none.",
                           "query", name="query-patience", metavar="S", within=Range(0))  # fmt: skip
    """Wall time of all longer runs of one question (:mod:`planner_cli.planning.longer`)."""
    rows: int = field(default=1000, metadata=ranged(Range(1)))
    bytes: int = 2_000_000
    """Total size of all fetched values."""
    memory: int = 512 * 2**20
    """Address space of the worker, in bytes, where the system can enforce it."""

    def with_rows(self, rows: int | None) -> Limits:
        """The same, but never under so many rows."""
        return self if rows is None else replace(self, rows=max(rows, self.rows))


@dataclass(frozen=True, slots=True)
class PlanSettings(Checked):
    generator: GeneratorSettings = field(default_factory=GeneratorSettings)
    discriminator: DiscriminatorSettings = field(default_factory=DiscriminatorSettings)
    limits: Limits = field(default_factory=Limits)
    select: Select = knob(
        "rerank", "Who wins: rerank (the best score), vote (the most equal results), greedy, first, ...",
        "plan", choices=SELECT_CHOICES, metavar="METHOD", usual="the model's, else rerank", main=True,
    )  # fmt: skip
    mode: Mode = "pro"
    """Under ``base`` and ``exec`` a candidate that cannot run is judged like any other, and may win by its score:
    for measuring judges as the paper does, not for answering."""
    seed: int = knob(0, "Makes the run reproducible.", "plan", metavar="N")
    """Makes the run reproducible: every branch's seed is derived from it."""
    correct: CorrectSettings = field(default_factory=CorrectSettings)
    tree: TreeSettings = field(default_factory=TreeSettings)
    max_seconds: float | None = knob(None, "Time limit of the whole question.", "plan", metavar="S",
                                     within=Range(0, low_open=True), main=True)  # fmt: skip
    """Wall time of the whole question; ``None`` is no limit."""
    confidence: Weights = GENERAL
    """What P(right) is computed with: the models' own weights where the catalogue has them."""


@dataclass(frozen=True, slots=True)
class ServerOptions(Checked):
    """Which server is used instead of a model in this process, and how."""

    url: str
    """``http(s)://host[:port]``, with or without ``/v1``."""
    model: str | None = knob(None, "The name under which it serves the model.", "server", name="server-model",
                             metavar="NAME", usual="its first")  # fmt: skip
    """The name the model is served under, where the server has several; ``None`` takes the first."""
    allow_network: bool = knob(False, "Allow a server on another machine: prompts are sent there.", "server")
    """Whether the address may be off this machine."""
    timeout: float = knob(120.0, "Longest silence of the server.", "server", name="server-timeout", metavar="S",
                          within=Range(0, low_open=True))  # fmt: skip
    """Seconds to wait without receiving a byte."""
    concurrency: int = knob(16, "Requests to the server at once.", "server", metavar="N", within=Range(1, 256))
    """Requests in flight at once; fewer where the server says it handles fewer."""


KvType: TypeAlias = Literal["f16", "q8_0", "q4_0"]


SCORES_BYTES = 256 * 2**20
"""What one batch's attention scores over the whole KV cache may take; flash attention never stores them."""


@dataclass(frozen=True, slots=True)
class EngineOptions(Checked):
    """How a model is loaded and run."""

    threads: int | None = knob(None, "CPU threads.", "engine", metavar="N", within=Range(1), usual="free cores")
    """CPU threads; ``None`` takes the physical cores, and fewer while other work occupies some of them."""
    gpu_layers: int | None = knob(None, "Layers on the GPU.", "engine", metavar="auto|N", within=Range(0),
                                  words={"auto": None}, usual="auto")  # fmt: skip
    """Layers on the GPU; ``None`` is all of them where this llama.cpp build has a GPU, else none."""
    context: int | None = knob(None, "Limit of the KV cache in tokens.", "engine", metavar="TOKENS", within=Range(64),
                               usual="what is needed")  # fmt: skip
    """Upper limit of the KV cache, in tokens over all branches; ``None`` takes what is needed."""
    max_branches: int = field(default=32, metadata=ranged(Range(1, 120)))
    """Branches that advance together; more than these are run in waves."""
    kv: KvType = knob("f16", "Number format of the KV cache.  On a CPU the smaller ones are slower.", "engine")
    """Number format of the KV cache. On a CPU anything but f16 is slower (measured: q8_0 half the prefill, q4_0 a
    third); it is for models whose cache would not fit otherwise."""
    flash_attention: bool | None = knob(
        None, "auto: on a GPU, and where memory needs it.", "engine", metavar="auto|on|off",
        words={"auto": None, "on": True, "off": False}, usual="auto",
    )  # fmt: skip
    """``None``: on a GPU, with a KV cache that is not f16, or where the scores would be large (:data:`SCORES_BYTES`).

    On a CPU llama.cpp's flash kernel takes one query after another, while plain attention multiplies all branches'
    queries at once: behind 2,500 tokens a step of eight branches takes 1.8 times as long with it, a prompt as long as
    without (``python -m benchmarks.speed.attention``).
    """

    def __post_init__(self) -> None:
        Checked.__post_init__(self)  # not super(): slots make another class of this one
        if self.kv != "f16" and self.flash_attention is False:
            raise PlannerError(f"kv is {self.kv!r}, but must be f16 without flash attention")
