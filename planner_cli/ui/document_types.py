"""The shape of the ``--json`` document, version 1. Keys are always present unless said otherwise.

Keys may be added within a version; a removed, renamed or retyped key makes a new version. Scores and shares
are in [0, 1]; seconds are wall time and stand under ``timings`` only, so that two runs with one seed, on the
same machine and threads, differ nowhere else.

``planner history show`` prints the same document; what its level did not keep is ``null`` there: ``rows``,
``columns`` and ``thought`` under ``metadata``, and always ``options``.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from planner_cli.knobs import Origin
from planner_cli.types import ClosedBy, DoubtKind, ErrorKind, Role
from planner_cli.ui.jsontext import JsonValue

SCHEMA_VERSION = 1


class ProbeJson(TypedDict):
    tokens: int
    p_true: float
    mass: float


class VerdictJson(TypedDict):
    score: float
    """P(correct), the soft score."""
    hard: bool
    mass: float
    """P(true) + P(false) at the verdict; low means that the model was not about to answer."""
    closed_by: ClosedBy
    tokens: int
    """Tokens of the thought, at most the budget."""
    thought: str | None
    probes: list[ProbeJson]


class DoubtJson(TypedDict):
    kind: DoubtKind
    text: str
    """The evidence."""
    counted: bool
    """Whether it lowers the confidence."""


class ExecutionJson(TypedDict):
    ok: bool
    columns: list[str] | None
    rows: list[list[JsonValue]] | None
    """At most as many as asked for; see ``row_count``."""
    row_count: int
    """Rows that were fetched."""
    truncated: bool
    """Whether the query has more than ``row_count`` rows."""
    cut_by: Literal["rows", "bytes"] | None
    """Which limit truncated it."""
    error: str | None
    error_kind: ErrorKind | None
    unmatched: list[str]
    """Comparisons in the query that no stored row satisfies, such as ``orders.status = 'shiped'``."""
    crossed: list[str]
    """Joins of keys that stand for different things, such as ``products.id = staff.id``."""
    doubts: list[DoubtJson]
    """What is odd about the query although it runs, those two included."""
    notes: list[str]
    """What should be known about how the rows were read: values that are cut, columns that cannot be computed."""


class _CandidateBase(TypedDict):
    index: int
    sql: str
    samples: int
    tokens: int
    logprob: float | None
    complete: bool
    execution: ExecutionJson
    cluster: int | None
    """``None`` when it does not run."""


class CandidateJson(_CandidateBase, total=False):
    judged_as: int
    """Index of the candidate that was judged for the whole cluster; absent when the cluster was not judged."""
    verdict: VerdictJson
    """Only at the candidate that was judged itself."""


class ClusterJson(TypedDict):
    index: int
    candidates: list[int]
    votes: int
    score: float | None
    rank: int | None
    """Place in the final order, from 0 (the winner); ``None`` when it was not ranked."""


class AnswerJson(TypedDict):
    candidate: int
    sql: str
    columns: list[str] | None
    rows: list[list[JsonValue]] | None
    """At most ``--limit`` of them."""
    row_count: int
    """Rows that were fetched."""
    truncated: bool
    """Whether the query has more rows than ``rows`` holds."""
    confidence: float | None
    """P(right), from all the evidence."""
    evidence: dict[str, float] | None
    """What it was computed from, by name (:class:`planner_cli.confidence.Evidence`)."""
    vote_share: float
    reason: str


class ErrorJson(TypedDict):
    message: str
    hint: str | None
    exit_code: int


class ModelJson(TypedDict):
    role: Role
    name: str
    file: str
    sha256: str | None
    adapter: str | None
    adapter_sha256: str | None
    architecture: str
    parameters: int | None
    device: str
    prompt: str
    untrained: bool
    """Whether it was never trained for its role: the scores of such a discriminator are noise."""


class ChosenJson(TypedDict):
    """A setting's value, and where it comes from."""

    value: bool | int | float | str | list[str] | None
    origin: Origin


class OptionsJson(TypedDict):
    """What the command line said besides ``settings``."""

    min_confidence: float | None
    tables: list[str]
    """The tables shown to the models; empty is all."""
    no_values: bool
    redacted: list[str]
    """Columns that read as NULL, as ``TABLE.COLUMN``."""
    chosen: dict[str, ChosenJson]
    """Every setting by its option's name."""


class MentionedJson(TypedDict):
    """A stored value that the question mentions."""

    table: str
    column: str
    value: str


class StageTimingsJson(TypedDict):
    seconds: float
    prefill_seconds: float
    prompt_tokens: int
    cached_tokens: int
    new_tokens: int
    decodes: int
    rows: int
    tokens_per_second: float | None


class TimingsJson(TypedDict):
    schema: float
    load: float
    generate: StageTimingsJson
    execute: float
    judge: StageTimingsJson
    total: float
    executions: list[float]
    """Seconds of each candidate in the worker, in the order of ``candidates``."""


class CheckJson(TypedDict):
    """The query that ``planner check`` was given."""

    sql: str
    better: AnswerJson | None
    """The question's own answer, where it is much likelier."""


class _DocumentBase(TypedDict):
    schema_version: int
    question: str
    database: str
    mentioned: list[MentionedJson] | None
    """What the generator was shown of the database's values; ``None`` where that was not kept."""
    candidates: list[CandidateJson]
    clusters: list[ClusterJson]
    answer: AnswerJson | None
    """``None`` when no candidate could be executed, or the best is not sure enough; ``error`` then says why."""
    abstained: AnswerJson | None
    """What would have been the answer, were its score not below ``--min-confidence`` (exit code 4)."""
    error: ErrorJson | None
    warnings: list[str]
    shown: list[str] | None
    """The tables that were chosen for the question and shown to the models last; ``None``: none were chosen."""
    options: OptionsJson | None
    settings: dict[str, Any]
    """:class:`planner_cli.settings.PlanSettings`, nested as it is."""
    models: list[ModelJson]
    versions: dict[str, str]
    """Of ``planner``, ``llama-cpp-python`` and the ``sqlite`` that ran the queries."""
    timings: TimingsJson


class Document(_DocumentBase, total=False):
    check: CheckJson
    """Only of ``planner check``: ``answer`` is then about this query, the first of ``candidates``."""


class ErrorDocument(TypedDict):
    """What is printed instead when a run ends before there is any answer."""

    schema_version: int
    question: str
    database: str
    answer: None
    abstained: None
    error: ErrorJson
    warnings: list[str]
    options: OptionsJson | None
    versions: dict[str, str]
