"""Answers to keep, for the tests of the history."""

from __future__ import annotations

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

MODELS = (
    ModelInfo("generator", "builtin", "base.gguf", "a" * 64, "lora.gguf", "b" * 64, "llama 135M Q4_1", 134515008, "CPU", "compact"),
    ModelInfo("discriminator", "builtin", "base.gguf", "a" * 64, None, None, "llama 135M Q4_1", 134515008, "CPU", "chat",
              untrained=True),
)  # fmt: skip


def answer(*, mark: str = "zebra", thought: str = "the zebra counts") -> Answer:
    """Four candidates: two agree, one has another result, one fails with a message that quotes a value."""
    same = Execution(("name", "n"), ((mark, 1), (b"\x00\xff", float("inf")), (None, 2**62)), seconds=0.01, ordered=True)
    return Answer(
        candidates=(
            Candidate(0, f"SELECT name, n FROM t WHERE x = '{mark}'", samples=4, tokens=12, logprob=-3.5),
            Candidate(1, "SELECT name, n FROM t", samples=1, tokens=9),
            Candidate(2, "SELECT 1", samples=2, complete=False),
            Candidate(3, "SELECT json_extract(a, b) FROM t"),
        ),
        executions=(
            same,
            same,
            Execution(("1",), ((1,),), truncated=True, cut_by="bytes"),
            Execution(error=f"bad JSON path: '{mark}'", error_kind="other"),
        ),
        clusters=(Cluster(0, (0, 1), 5), Cluster(1, (2,), 2)),
        verdicts=(
            Verdict(0.75, True, 0.9, Thought(thought, 5, "budget"), (Probe(0, 0.5, 0.8), Probe(5, 0.75, 0.9))),
            None,
        ),
        ranking=(Ranked(0, 1, 5, 0.75), Ranked(1, 2, 2, None)),
        best=1,
        confidence=0.75,
        vote_share=0.625,
        reason="most samples agree",
        timings=Timings(0.1, 0.2, StageTimings(1.0, 0.5, 10, 0, 20, 5), 0.01, StageTimings(2.0), 4.5),
        warnings=("time ran out",),
    )


def nothing_ran() -> Answer:
    return Answer(
        candidates=(Candidate(0, "SELEC"),),
        executions=(Execution(error='near "SELEC": syntax error', error_kind="syntax"),),
        clusters=(),
        verdicts=(),
        ranking=(),
        best=None,
        confidence=None,
        vote_share=0.0,
        reason="none of the 1 distinct candidates can be executed",
    )
