"""Event scripts: whole runs as the planning layer would yield them, for the screen and the formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from planner_cli.events import (
    Answered,
    CandidateExecuted,
    CandidateRepeated,
    CandidateWritten,
    Clustered,
    Event,
    GenerationProgress,
    Prefilled,
    Probed,
    StageFinished,
    StageStarted,
    ThoughtClosed,
    ThoughtToken,
    Warned,
)
from planner_cli.events import Ranked as RankedEvent
from planner_cli.types import (
    Answer,
    Candidate,
    Cluster,
    Execution,
    ModelInfo,
    Probe,
    Ranked,
    StageTimings,
    Thought,
    Timings,
    Verdict,
)

QUESTION = "Which customers bought nothing in 2024?"
DATABASE = "shop"
BUDGET = 64

MODELS = (
    ModelInfo("generator", "smollm2-135m-sql", "generator.gguf", "a" * 64, "sql.gguf", "b" * 64,
              "llama 135M Q4_1", 134_515_008, "CPU, 2 threads", "schema-sql"),
    ModelInfo("discriminator", "smollm2-135m", "judge.gguf", "c" * 64, None, None,
              "llama 135M Q4_1", 134_515_008, "CPU, 2 threads", "judge-cot"),
)  # fmt: skip

UNTRAINED = (MODELS[0], replace(MODELS[1], untrained=True))

SQL = (
    (
        "SELECT c.name FROM customers c WHERE NOT EXISTS (SELECT 1 FROM orders o WHERE o.customer_id = c.id "
        "AND o.ordered_at BETWEEN '2024-01-01' AND '2024-12-31') ORDER BY c.name"
    ),
    "SELECT name FROM customers WHERE id NOT IN (SELECT customer_id FROM orders WHERE ordered_at LIKE '2024%')",
    "SELECT name FROM customers LEFT JOIN orders ON customers.id = orders.customer_id WHERE orders.id IS NULL",
    "SELECT customer_name FROM customers WHERE year != 2024",
    (
        "SELECT name\nFROM customers c\nLEFT JOIN orders o ON o.customer_id = c.id AND o.ordered_at >= '2024-01-01'\n"
        "WHERE o.id IS NULL"
    ),
    "DELETE FROM customers WHERE id NOT IN (SELECT customer_id FROM orders)",
)

THOUGHTS = {
    0: "The question asks for customers without an order in 2024. The query keeps a customer when no order of "
    "theirs lies between the first and the last day of 2024. BETWEEN on text dates includes both ends, and "
    "'2024-12-31' has no time part here. The result has 12 names, which is plausible for a shop of 240 "
    "customers. The order by name is harmless. So the query answers the question.",
    1: "This query takes customers who have no order at all, in any year. A customer with an order in 2023 but "
    "none in 2024 is missing from the result.\nWait, the left join keeps customers without orders, and the "
    "filter is orders.id IS NULL, so yes: the year 2024 is nowhere in the query. It answers another question.",
    2: "Orders from 2025 would also count here, since there is only a lower bound. The data may have none.",
}

EXECUTIONS = (
    Execution(("name",), tuple((f"Customer {n:02}",) for n in range(12)), seconds=0.0021, ordered=True),
    Execution(("name",), tuple((f"Customer {n:02}",) for n in range(11, -1, -1)), seconds=0.0019),
    Execution(("name",), (("Customer 03",), ("Müller & Söhne",)), seconds=0.0017),
    Execution(error="no such column: customer_name (did you mean name?)", error_kind="missing", seconds=0.0004),
    Execution(("name",), tuple((f"Customer {n:02}",) for n in range(9)), truncated=False, seconds=0.002),
    Execution(error="refused: DELETE is not reading", error_kind="refused", seconds=0.0003),
)


def candidates() -> tuple[Candidate, ...]:
    samples = (3, 1, 1, 1, 1, 1)
    return tuple(Candidate(n, sql, samples[n], 20 + n, -3.5 - n) for n, sql in enumerate(SQL))


def words(text: str) -> list[str]:
    """The text in pieces of about a token: words with the space before them."""
    pieces: list[str] = []
    for word in text.split(" "):
        pieces.append(word if not pieces else " " + word)
    return pieces


class Run:
    """Builds one run's events in order, and its answer."""

    def __init__(
        self,
        written: tuple[Candidate, ...],
        executions: tuple[Execution, ...],
        clusters: tuple[Cluster, ...],
        thoughts: dict[int, str],
        *,
        curves: dict[int, tuple[float, ...]] | None = None,
        budget: int = BUDGET,
        reason: str = "",
        warnings: tuple[str, ...] = (),
    ) -> None:
        self.written, self.executions, self.clusters = written, executions, clusters
        self.thoughts, self.budget, self.warnings = thoughts, budget, warnings
        self.curves = curves or {}
        self.verdicts = {index: self._verdict(index) for index in thoughts}
        self.answer = self._answer(reason)

    def _verdict(self, cluster: int) -> Verdict:
        pieces = words(self.thoughts[cluster])[: self.budget]
        curve = self.curves.get(cluster, (0.5,))
        step = max(1, len(pieces) // len(curve))
        probes = tuple(
            Probe(min(len(pieces), n * step) if n < len(curve) - 1 else len(pieces), p, 0.93)
            for n, p in enumerate(curve)
        )
        closed = "budget" if len(pieces) == self.budget else "model"
        thought = Thought("".join(pieces), len(pieces), closed)
        return Verdict(curve[-1], curve[-1] >= 0.5, 0.93, thought, probes)

    def _answer(self, reason: str) -> Answer:
        samples = sum(candidate.samples for candidate in self.written)
        verdicts = tuple(self.verdicts.get(cluster.index) for cluster in self.clusters)
        scores = {c.index: None if v is None else v.score for c, v in zip(self.clusters, verdicts, strict=True)}
        ranked = sorted(self.clusters, key=lambda c: (-(scores[c.index] or 0.0), -c.votes))
        best = ranked[0] if ranked else None
        return Answer(
            candidates=self.written,
            executions=self.executions,
            clusters=self.clusters,
            verdicts=verdicts,
            ranking=tuple(Ranked(c.index, c.representative, c.votes, scores[c.index]) for c in ranked),
            best=None if best is None else best.representative,
            confidence=None if best is None else scores[best.index],
            vote_share=0.0 if best is None else best.votes / samples,
            reason=reason,
            timings=Timings(
                schema=0.003,
                load=0.41,
                generate=StageTimings(1.94, 0.42, 612, 0, 212, 41),
                execute=0.012,
                judge=StageTimings(2.3, 0.21, 804, 560, 150, 64) if self.thoughts else StageTimings(),
                total=4.7,
            ),
        )

    def events(self) -> Iterator[Event]:
        yield from self._generating()
        yield StageFinished("generate", self.answer.timings.generate)
        yield Clustered(self.clusters)
        for warning in self.warnings:
            yield Warned(warning)
        if self.thoughts:
            yield from self._judging()
            yield StageFinished("judge", self.answer.timings.judge)
        if self.clusters:
            yield RankedEvent(self.answer.ranking)
        yield Answered(self.answer)

    def _generating(self) -> Iterator[Event]:
        total = sum(candidate.samples for candidate in self.written)
        yield StageStarted("generate", total)
        yield Prefilled("generate", 612, 0, 0.42)
        live = total
        tokens = 0
        for candidate, execution in zip(self.written, self.executions, strict=True):
            for _ in range(6):
                tokens += live
                yield GenerationProgress(tokens, live)
            live -= candidate.samples
            yield CandidateWritten(replace(candidate, samples=1))
            yield CandidateExecuted(candidate.index, execution)
            for samples in range(2, candidate.samples + 1):
                yield CandidateRepeated(replace(candidate, samples=samples))

    def _judging(self) -> Iterator[Event]:
        yield StageStarted("judge", len(self.thoughts))
        yield Prefilled("judge", 804, 560, 0.21)
        pieces = {index: words(text)[: self.budget] for index, text in self.thoughts.items()}
        for step in range(max((len(one) for one in pieces.values()), default=0) + 1):
            for index, one in pieces.items():
                verdict = self.verdicts[index]
                for probe in verdict.probes:
                    if probe.tokens == step <= len(one):
                        yield Probed(index, probe)
                if step < len(one):
                    yield ThoughtToken(index, one[step], step + 1)
                elif step == len(one):
                    yield ThoughtClosed(index, verdict)


CLUSTERS = (Cluster(0, (0, 1), 4), Cluster(1, (2,), 1), Cluster(2, (4,), 1))
CURVES = {0: (0.55, 0.61, 0.78, 0.86), 1: (0.52, 0.4, 0.21, 0.12), 2: (0.5, 0.46)}


def judged(budget: int = BUDGET) -> Run:
    return Run(
        candidates(), EXECUTIONS, CLUSTERS, THOUGHTS, curves=CURVES, budget=budget,
        reason="highest score: 0.86 against 0.46 for the next, and 4 of 8 samples agree",
    )  # fmt: skip


def unjudged() -> Run:
    return Run(candidates(), EXECUTIONS, CLUSTERS, {}, reason="most votes: 4 of 8 samples gave this result")


def nothing_runs() -> Run:
    written = candidates()[3:4] + candidates()[5:]
    written = tuple(replace(candidate, index=n) for n, candidate in enumerate(written))
    return Run(written, (EXECUTIONS[3], EXECUTIONS[5]), (), {}, reason="none of the 2 candidates could be executed")


def many(count: int = 24) -> Run:
    """More candidates than a small terminal has lines, each judged, with long queries."""
    written = tuple(Candidate(n, f"SELECT {n} AS n, " + "x" * 300, 1, 20) for n in range(count))
    runs = tuple(Execution(("n",), ((n,),)) for n in range(count))
    clusters = tuple(Cluster(n, (n,), 1) for n in range(count))
    thoughts = dict.fromkeys(range(count), "some long thought " * 40)
    return Run(
        written, runs, clusters, thoughts, curves={n: (0.1, n / count) for n in range(count)}, reason="best score"
    )


def hostile(text: str) -> Run:
    """A run in which every text that comes from outside is ``text``."""
    written = tuple(Candidate(n, text, 1, 5) for n in range(3))
    executions = (
        Execution((text, "b"), ((text, 1), (None, text.encode("utf-8", "surrogatepass"))), seconds=0.1),
        Execution(error=text, error_kind="other"),
        Execution((text, "b"), ((text, 2),), seconds=0.1),
    )
    clusters = (Cluster(0, (0,), 1), Cluster(1, (2,), 1))
    return Run(written, executions, clusters, {0: text * 3, 1: text}, curves={0: (0.9,)}, reason=text, warnings=(text,))
