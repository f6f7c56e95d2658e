"""The values that flow through a plan, in the order in which they arise.

    Schema -> Question -> Candidate -> Execution -> Cluster -> Thought, Probe -> Verdict -> Answer

Pure frozen values: nothing here does I/O. A missing value is ``None``, never a magic number; a score is
P(correct) in [0, 1] and higher is better, everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from planner_cli.reprs import Shown

from planner_cli.confidence import Evidence
from planner_cli.text import nocase

Value: TypeAlias = int | float | str | bytes | None
"""One cell as SQLite returns it."""

Row: TypeAlias = tuple[Value, ...]

TimeKind: TypeAlias = Literal[
    "seconds",
    "milliseconds",
    "microseconds",
    "nanoseconds",
    "webkit",  # microseconds since 1601, as Chrome keeps them
    "apple",  # seconds since 2001, as Core Data keeps them
    "apple-nanoseconds",
    "julian",
    "iso",  # texts that SQLite's functions take
    "compact",  # 20240601, as a number or text
    "day-month-year",  # 01.06.2024
    "month-day-year",  # 06/01/2024
    "year",
]
"""How a column keeps moments; what counts without more said counts from 1970."""

# ---------------------------------------------------------------------------------------------- schema


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table or view."""

    name: str
    declared_type: str = ""
    """The type as written in ``CREATE TABLE``; empty when none was written."""
    primary_key: bool = False
    comment: str | None = None
    """The ``--`` or ``/* */`` comment on the column in the CREATE text."""
    samples: tuple[Value, ...] = ()
    """A few distinct values, in order of first appearance; empty when values are not to be shown."""
    time: TimeKind | None = None
    """How it keeps moments, judging by its name and values (:mod:`planner_cli.database.moments`)."""
    codes: tuple[Value, ...] = ()
    """All values that were seen of a column of few short ones, such as a status."""
    noted: bool = False
    """Whether the comment is the user's note on it instead (:mod:`planner_cli.app.notes`)."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """``columns`` of the owning table point to ``ref_columns`` of ``ref_table`` (same length)."""

    columns: tuple[str, ...]
    ref_table: str
    ref_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    columns: tuple[Column, ...]
    kind: Literal["table", "view", "virtual"] = "table"
    foreign_keys: tuple[ForeignKey, ...] = ()
    comment: str | None = None
    noted: bool = False
    """As of a column."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something in the file that cannot be asked about."""

    table: str
    """A table or view."""
    reason: str
    column: str | None = None
    """Its column that is left out; ``None``: all of it is."""
    internal: bool = False
    """Whether it is part of a virtual table, so that nobody would miss it."""

    @property
    def name(self) -> str:
        return self.table if self.column is None else f"{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class Schema:
    tables: tuple[Table, ...]
    left_out: tuple[LeftOut, ...] = field(default=(), compare=False)
    unknown_collations: tuple[str, ...] = field(default=(), compare=False)
    """Collations that columns and indexes use and SQLite does not have."""
    unsampled: int = field(default=0, compare=False)
    """Tables of which no values were read, as there was no time left."""

    def select(self, names: tuple[str, ...]) -> Schema:
        """The schema with only the named tables (compared as SQLite does, in the database's order)."""
        wanted = {nocase(name) for name in names}
        return Schema(tuple(t for t in self.tables if nocase(t.name) in wanted))


@dataclass(frozen=True, slots=True)
class ValueHint:
    """A stored value that a question mentions."""

    table: str
    column: str
    value: str
    """As the database spells it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The question before, which the next one may continue: "and in Paris?"."""

    text: str
    sql: str
    """The query that answered it."""
    sure: bool = False
    """Whether the user said that the next one continues it; otherwise both readings are tried."""


@dataclass(frozen=True, slots=True)
class Example:
    """A question whose right query is known."""

    question: str
    sql: str


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    schema: Schema
    database: str
    """The database's file name without folder or suffix, for display and prompts."""
    hints: tuple[ValueHint, ...] = ()
    """Stored values that the text mentions, the longest mention first; empty when values are not to be shown."""
    whole: Schema | None = None
    """All there is to show, where ``schema`` is a part of it that was chosen for this question."""
    earlier: Earlier | None = None
    """What it may continue; ``None``: it stands on its own."""
    today: str | None = None
    """The day it is, as ``YYYY-MM-DD``, where the text is about time; ``None``: it is not, or nobody is to know."""

    notes: tuple[str, ...] = ()
    """What the user's notes say about words of the text, a line each."""
    examples: tuple[Example, ...] = ()
    """Similar questions, the most similar first."""
    now: str | None = None
    """The day that ``'now'`` is to stand for; ``None``: the clock's."""

    @property
    def day_said(self) -> str:
        """What a model that takes it is shown of the day, behind the text."""
        return "" if self.today is None else f" (today is {self.today})"

    @property
    def with_earlier(self) -> str:
        """The text behind what it continues."""
        return self.text if self.earlier is None else f"{self.earlier.text} {self.text}"


# ------------------------------------------------------------------------------------------ candidates


@dataclass(frozen=True, slots=True)
class Candidate:
    """One distinct query the generator wrote."""

    index: int
    """Position among the distinct candidates, from 0, in the order they were finished."""
    sql: str
    samples: int = 1
    """How many of the N samples wrote this query (after normalising); 0 for one that was mended from another."""
    tokens: int = 0
    """Tokens of its first sample."""
    logprob: float | None = None
    """Sum of ln P over those tokens and the end mark under the generator; ``None`` when not requested."""
    complete: bool = True
    """Whether the generator ended it, rather than a length limit."""
    greedy: bool = False
    """Whether the greedy sample is among those that wrote it."""


ErrorKind: TypeAlias = Literal[
    "not_a_query",  # empty, a comment, EXPLAIN, several statements
    "syntax",
    "missing",  # no such table, column or function
    "refused",  # not authorised: anything but reading this database
    "time",  # over the time limit
    "memory",
    "size",  # a value or the statement is over a size limit
    "busy",  # locked by a writer
    "crash",  # the worker process died
    "other",
]


@dataclass(frozen=True, slots=True)
class Comparison:
    """``column = literal`` in a query."""

    table: str
    column: str
    literal: str
    """As SQL writes it: a quoted text, or a number."""
    stored: str | None = None
    """A literal of the column's that differs from it only in white space or Unicode normal form."""
    nearest: str | None = None
    """Otherwise the most similar literal of the column's, where one is similar."""

    def __str__(self) -> str:
        but = f" (but for white space or Unicode normal form {self.stored})" if self.stored else ""
        but = but or (f" (nearest: {self.nearest})" if self.nearest else "")
        return f"{self.table}.{self.column} = {self.literal}{but}"


DoubtKind: TypeAlias = Literal[
    "unmatched",  # a value that no row has
    "crossed",  # keys of different things are joined
    "misdated",  # a time is read as what it is not
    "unlinked",  # tables are read, and nothing links them
    "repeated",  # a join repeats the rows that are summed
    "null_list",  # NOT IN a list with a NULL
    "nulls",  # a negation drops NULLs
    "tie",  # LIMIT cuts between equal rows
    "unit",  # the question's number without its unit
    "cut",  # LIMIT cuts what was not to be cut
    "absent",  # a column that was asked for is not in the result
]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that is odd about a query although it runs."""

    kind: DoubtKind
    text: str
    """The evidence, in one line."""


COUNTED: Final[frozenset[DoubtKind]] = frozenset(
    {"unmatched", "crossed", "misdated", "unlinked", "null_list", "unit", "absent", "cut"}
)
"""Kinds that lower a candidate's weight and its confidence. The others are shown: on training databases as many right
queries as wrong ones have them."""


@dataclass(frozen=True, slots=True)
class Execution:
    """What running one candidate gave. ``error is None`` means: it is executable."""

    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    truncated: bool = False
    """Whether the query had more rows than were fetched."""
    cut_by: Literal["rows", "bytes"] | None = None
    """Which limit truncated it; ``None`` when it is complete."""
    seconds: float = 0.0
    """Wall time in the worker, without its start."""
    error: str | None = None
    """One line that says why there is no result; only a name that it quotes may hold a line break."""
    error_kind: ErrorKind | None = None
    limit: float | None = None
    """The time limit in seconds that ended it; ``None`` for whatever else ended it, Ctrl-C included."""
    ordered: bool = False
    """Whether the order of rows is part of the answer (a top-level ORDER BY)."""
    steps: int | None = None
    """Instructions of SQLite's virtual machine until the last row was fetched: the query's cost, the same on every
    machine. ``None`` when it did not run to its end, or was not counted."""
    scanned: int | None = None
    """Rows visited in full table scans; ``None`` as above."""
    unmatched: tuple[Comparison, ...] = ()
    """Comparisons in the query that no stored row satisfies (:mod:`planner_cli.database.unmatched`)."""
    crossed: tuple[str, ...] = ()
    """Joins of keys that stand for different things (:mod:`planner_cli.database.crossed`)."""
    odd: tuple[Doubt, ...] = ()
    """Further doubts, from :mod:`planner_cli.database.misdated`, :mod:`planner_cli.database.doubts` and
    :mod:`planner_cli.linking.asked`."""
    cut_values: tuple[int, ...] = ()
    """Sizes in bytes of the values of which only the beginning was fetched, row by row."""
    notes: tuple[str, ...] = ()
    """What the user should know about how it was read: values that were cut, columns that could not be computed."""

    @property
    def ok(self) -> bool:
        return self.error is None

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """What is odd about a query although it runs."""
        found = []
        if self.unmatched:
            values = ", ".join(map(str, self.unmatched))
            found.append(Doubt("unmatched", f"the query asks for values that no row has: {values}"))
        if self.crossed:
            keys = ", ".join(self.crossed)
            found.append(Doubt("crossed", f"the query joins keys that stand for different things: {keys}"))
        return (*found, *self.odd)

    @property
    def against(self) -> int:
        """How many doubts count against it, each comparison and join of :attr:`unmatched` and :attr:`crossed` for one.

        Of the others only those of :data:`COUNTED` do.
        """
        return len(self.unmatched) + len(self.crossed) + sum(doubt.kind in COUNTED for doubt in self.odd)


@dataclass(frozen=True, slots=True)
class Cluster:
    """Candidates whose results are equal; the discriminator judges one of them for all."""

    index: int
    candidates: tuple[int, ...]
    """Candidate indexes, ascending; the first one is the representative."""
    votes: int
    """How many of the N samples are in this cluster."""

    @property
    def representative(self) -> int:
        return self.candidates[0]


# --------------------------------------------------------------------------------------------- judging

ClosedBy: TypeAlias = Literal["model", "budget", "time", "user", "decided", "behind", "loop"]
"""Who ended a thought: the model itself, the token budget, the clock, the user's key, a settled race or being behind
in it, or that it repeated itself."""


@dataclass(frozen=True, slots=True)
class Thought:
    text: str
    tokens: int
    """Tokens the model wrote in it, at most the budget."""
    closed_by: ClosedBy


@dataclass(frozen=True, slots=True)
class Probe:
    """What the soft score would be if the thought ended here."""

    tokens: int
    """Tokens thought so far."""
    p_true: float
    """P(true) / (P(true) + P(false)) at the verdict position, in [0, 1]."""
    mass: float
    """P(true) + P(false) there, in [0, 1]. Low mass: the model was not about to answer at all."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The discriminator's judgement of one cluster's representative."""

    score: float
    """Soft score: P(correct) in [0, 1], read from the verdict's logits (arXiv 2505.03786, section 3); with the built-in
    judge blended with the query's likelihood (:class:`planner_cli.prompts.judging.Blend`)."""
    hard: bool
    """The word that is more likely at the verdict position."""
    mass: float
    thought: Thought
    probes: tuple[Probe, ...] = ()
    """Scores at checkpoints during the thought, tokens ascending; the last one is the verdict's."""


# ---------------------------------------------------------------------------------------------- models

Role: TypeAlias = Literal["generator", "discriminator"]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a loaded model is, for the screen, the JSON document and the history."""

    role: Role
    name: str
    """Catalogue name, or the file's name."""
    file: str
    """File name without folder."""
    sha256: str | None
    adapter: str | None
    """File name of the LoRA adapter over it."""
    adapter_sha256: str | None
    architecture: str
    """As llama.cpp describes it, for example ``llama 135M Q4_1``."""
    parameters: int | None
    """``None`` where a server does not report it."""
    device: str
    """Where it runs, for example ``CPU, 2 threads``, or a server and its address."""
    prompt: str
    """Name of the prompt family used with it."""
    untrained: bool = False
    """Whether it was never trained for its role, so that a discriminator's scores are noise."""


# ---------------------------------------------------------------------------------------------- answer


@dataclass(frozen=True, slots=True)
class Ranked:
    """A cluster's place in the final order."""

    cluster: int
    candidate: int
    votes: int
    score: float | None
    """``None`` when it was not judged."""


@dataclass(frozen=True, slots=True)
class PromptProgress:
    """How far a model has read a prompt."""

    done: int
    """Tokens in the KV cache."""
    total: int
    cached: int
    """Of those, how many were read by an earlier run."""
    seconds: float
    """Since the reading began."""
    left: float | None
    """Expected seconds until it is read; ``None`` where nothing is known of the model's speed yet."""


@dataclass(frozen=True, slots=True)
class StageTimings:
    """Cost of one model stage (generating or judging)."""

    seconds: float = 0.0
    prefill_seconds: float = 0.0
    prompt_tokens: int = 0
    """Tokens of the shared prompt and all suffixes."""
    cached_tokens: int = 0
    """Of those, how many were already in the KV cache."""
    new_tokens: int = 0
    """Tokens sampled over all branches."""
    decodes: int = 0
    """llama_decode calls that sampled or probed."""
    rows: int = 0
    """Rows of those calls that tokens were sampled from: samples that have been the same so far share one."""

    @property
    def tokens_per_second(self) -> float | None:
        spent = self.seconds - self.prefill_seconds
        return self.new_tokens / spent if spent > 0 and self.new_tokens else None


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall time by stage, in seconds."""

    schema: float = 0.0
    load: float = 0.0
    generate: StageTimings = field(default_factory=StageTimings)
    execute: float = 0.0
    judge: StageTimings = field(default_factory=StageTimings)
    total: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """The result of a plan. ``best is None`` means that no candidate could be executed."""

    candidates: tuple[Candidate, ...]
    executions: tuple[Execution, ...]
    """One for each candidate, same order."""
    clusters: tuple[Cluster, ...]
    verdicts: tuple[Verdict | None, ...]
    """One for each cluster, same order; ``None`` when it was not judged."""
    ranking: tuple[Ranked, ...]
    """Best first. Only executable clusters are in it."""
    best: int | None
    """Candidate index of the winner."""
    confidence: float | None
    """P(right) of the winner, in [0, 1], from all the evidence about it; ``None`` where nothing won."""
    vote_share: float
    """The winner's votes over all finished samples, in [0, 1]."""
    reason: str
    """One line: why this one won, or why there is none."""
    continues: bool | None = None
    """Whether the winner reads the question as continuing the one before; ``None``: there was none it could."""
    timings: Timings = field(default_factory=Timings)
    warnings: tuple[str, ...] = ()
    """What the user should know but is not an error: time that ran out, a judge that judged nothing, low mass."""
    evidence: Evidence | None = None
    """What the confidence was computed from; ``None`` where nothing won."""
    shown: tuple[str, ...] | None = None
    """The tables that were chosen for the question and shown to the models last; ``None``: all of them were."""
    known: float = 1.0
    """Share of the question's own words that are like a name, a comment or a value of the database, in [0, 1]."""

    @property
    def sql(self) -> str | None:
        """The winner's query; ``None`` where there is none."""
        return None if self.best is None else self.candidates[self.best].sql

    @property
    def score(self) -> float | None:
        """The winner's soft score; ``None`` where it was not judged, or nothing won."""
        own = next((c for c in self.clusters if self.best in c.candidates), None)
        verdict = None if own is None else self.verdicts[own.index]
        return None if verdict is None else verdict.score

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the winner's result."""
        return () if self.best is None else self.executions[self.best].columns

    @property
    def rows(self) -> tuple[Row, ...]:
        """Of the winner's result, as many as were fetched."""
        return () if self.best is None else self.executions[self.best].rows

    @property
    def truncated(self) -> bool:
        """Whether the winner's result has more rows than were fetched."""
        return self.best is not None and self.executions[self.best].truncated

    @property
    def best_candidate(self) -> Candidate | None:
        return None if self.best is None else self.candidates[self.best]

    @property
    def best_execution(self) -> Execution | None:
        return None if self.best is None else self.executions[self.best]

    def __repr__(self) -> str:
        """The query, its result's first rows, and why; for reading."""
        return self._shown().text()

    def _repr_html_(self) -> str:
        """The same for a notebook."""
        return self._shown().html()

    def _shown(self) -> Shown:
        from planner_cli.reprs import Shown  # each sandbox worker imports this module, and shows nothing

        return Shown(self.sql, self.columns, self.rows, self.truncated, self.confidence, self.reason, self.warnings)
