"""An answer as rows of the history's tables, and back."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, TypeAlias

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
    Value,
    Verdict,
)

KeptLevel: TypeAlias = Literal["metadata", "full"]
"""``metadata``: no rows, no thoughts, no values of the database. ``full``: these too."""

DbRow: TypeAlias = dict[str, Any]

NOT_KEPT = "the message was not kept (history level metadata)"
"""Stands for an error message that might have quoted a value of the database."""


# ------------------------------------------------------------------------------------------------ writing


def answer_row(answer: Answer) -> DbRow:
    """The columns of ``answers`` that come from the answer alone."""
    best = answer.best_candidate
    return storable(
        {
            "sql": best.sql if best else None,
            "best": answer.best,
            "confidence": answer.confidence,
            "vote_share": answer.vote_share,
            "reason": answer.reason,
            "seconds": answer.timings.total,
            "timings": to_json(asdict(answer.timings)),
            "warnings": to_json(answer.warnings),
        }
    )


def candidate_rows(answer_id: int, answer: Answer, level: KeptLevel) -> list[DbRow]:
    return [
        storable(
            {
                "answer_id": answer_id,
                "candidate": candidate.index,
                "sql": candidate.sql,
                "samples": candidate.samples,
                "tokens": candidate.tokens,
                "logprob": candidate.logprob,
                "complete": candidate.complete,
                "error_kind": execution.error_kind or (None if execution.ok else "other"),
                "error": _kept_error(execution, level),
                "row_count": len(execution.rows) if execution.ok else None,
                "truncated": execution.truncated,
                "cut_by": execution.cut_by,
                "ordered": execution.ordered,
                "seconds": execution.seconds,
                "columns": to_json(execution.columns) if level == "full" and execution.ok else None,
                "rows": _encode_rows(execution) if level == "full" and execution.ok else None,
            }
        )
        for candidate, execution in zip(answer.candidates, answer.executions, strict=True)
    ]


def cluster_rows(answer_id: int, answer: Answer, level: KeptLevel) -> list[DbRow]:
    places = {ranked.cluster: (place, ranked.candidate) for place, ranked in enumerate(answer.ranking, 1)}
    rows = []
    for cluster, verdict in zip(answer.clusters, answer.verdicts, strict=True):
        place, spokesman = places.get(cluster.index, (None, None))
        rows.append(
            storable(
                {
                    "answer_id": answer_id,
                    "cluster": cluster.index,
                    "candidates": to_json(cluster.candidates),
                    "votes": cluster.votes,
                    "place": place,
                    "spokesman": spokesman,
                    **_verdict_columns(verdict, level),
                }
            )
        )
    return rows


def model_rows(answer_id: int, models: Sequence[ModelInfo]) -> list[DbRow]:
    # The column holds no NULL: 0 stands for a server that does not tell.
    return [
        storable({"answer_id": answer_id, **asdict(model), "parameters": model.parameters or 0}) for model in models
    ]


def _verdict_columns(verdict: Verdict | None, level: KeptLevel) -> DbRow:
    if verdict is None:
        return dict.fromkeys(("score", "hard", "mass", "closed_by", "tokens", "probes", "thought"))
    return {
        "score": verdict.score,
        "hard": verdict.hard,
        "mass": verdict.mass,
        "closed_by": verdict.thought.closed_by,
        "tokens": verdict.thought.tokens,
        "probes": to_json([[probe.tokens, probe.p_true, probe.mass] for probe in verdict.probes]),
        "thought": verdict.thought.text if level == "full" else None,
    }


def _kept_error(execution: Execution, level: KeptLevel) -> str | None:
    # SQLite's run-time errors may quote data ("bad JSON path: 'secret'"); all other kinds come from the SQL,
    # the schema or a limit.
    if level == "metadata" and execution.error_kind in ("other", None):
        return None
    return execution.error


def _encode_rows(execution: Execution) -> str:
    return to_json([[_encode(value) for value in row] for row in execution.rows])


def _encode(value: Value) -> object:
    """JSON has no blobs and no infinities."""
    if isinstance(value, bytes):
        return {"$blob_hex": value.hex()}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$real": repr(value)}
    return value


def to_json(value: object) -> str:
    """ASCII only, so that a lone surrogate survives too."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def storable(row: Mapping[str, Any]) -> DbRow:
    r"""The row with text that SQLite can hold: what is not valid Unicode is written as ``\udc80``."""
    return {
        key: value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value
        for key, value in row.items()
    }


# ------------------------------------------------------------------------------------------------ reading


def read_answer(row: DbRow, candidates: Iterable[DbRow], clusters: Sequence[DbRow]) -> Answer:
    """The answer as it was, less what its level left out: no rows, empty thoughts (see ``row_count``)."""
    candidate_list = list(candidates)
    ranked = sorted((c for c in clusters if c["place"] is not None), key=lambda c: int(c["place"]))
    timings: dict[str, Any] = json.loads(row["timings"])
    timings |= {stage: StageTimings(**timings[stage]) for stage in ("generate", "judge")}
    return Answer(
        candidates=tuple(_candidate(c) for c in candidate_list),
        executions=tuple(_execution(c) for c in candidate_list),
        clusters=tuple(Cluster(c["cluster"], tuple(json.loads(c["candidates"])), c["votes"]) for c in clusters),
        verdicts=tuple(_verdict(c) for c in clusters),
        ranking=tuple(Ranked(c["cluster"], c["spokesman"], c["votes"], c["score"]) for c in ranked),
        best=row["best"],
        confidence=row["confidence"],
        vote_share=row["vote_share"],
        reason=row["reason"],
        timings=Timings(**timings),
        warnings=tuple(json.loads(row["warnings"])),
    )


def read_models(rows: Iterable[DbRow]) -> tuple[ModelInfo, ...]:
    return tuple(_model(row) for row in rows)


def _model(row: DbRow) -> ModelInfo:
    values = {key: value for key, value in row.items() if key != "answer_id"}
    known = {"untrained": bool(row["untrained"]), "parameters": row["parameters"] or None}
    return ModelInfo(**{**values, **known})


def _candidate(row: DbRow) -> Candidate:
    return Candidate(
        index=row["candidate"],
        sql=row["sql"],
        samples=row["samples"],
        tokens=row["tokens"],
        logprob=row["logprob"],
        complete=bool(row["complete"]),
    )


def _execution(row: DbRow) -> Execution:
    return Execution(
        columns=tuple(json.loads(row["columns"] or "[]")),
        rows=tuple(tuple(_decode(value) for value in values) for values in json.loads(row["rows"] or "[]")),
        truncated=bool(row["truncated"]),
        cut_by=row["cut_by"],
        seconds=row["seconds"],
        error=None if row["error_kind"] is None else row["error"] or NOT_KEPT,
        error_kind=row["error_kind"],
        ordered=bool(row["ordered"]),
    )


def _decode(value: Any) -> Value:
    if isinstance(value, dict):
        return bytes.fromhex(value["$blob_hex"]) if "$blob_hex" in value else float(value["$real"])
    cell: Value = value
    return cell


def _verdict(row: DbRow) -> Verdict | None:
    if row["score"] is None:
        return None
    return Verdict(
        score=row["score"],
        hard=bool(row["hard"]),
        mass=row["mass"],
        thought=Thought(row["thought"] or "", row["tokens"], row["closed_by"]),
        probes=tuple(Probe(*probe) for probe in json.loads(row["probes"])),
    )
