"""Histories of versions 1 to 3, which kept an answer in rows of four tables, made into version 4.

What version 2 and 3 added to the tables may be missing; the documents are those that ``planner history show`` made of
the rows.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, TypeAlias

from planner_cli.errors import ExitCode, HistoryError
from planner_cli.types import StageTimings

DbRow: TypeAlias = dict[str, Any]

NOT_KEPT = "the message was not kept (history level metadata)"
"""Stands for an error message that might have quoted a value of the database."""


def read_old(connection: sqlite3.Connection, table: str) -> Iterator[tuple[DbRow, DbRow]]:
    """Each row of ``table``, which is the old ``answers``, and the document of what the other tables hold for it."""
    for row in _rows(connection, f"SELECT * FROM {table} ORDER BY id"):  # noqa: S608 - our own name
        candidates, clusters, models = (
            list(_rows(connection, f"SELECT * FROM {part} WHERE answer_id = ? ORDER BY {key}", row["id"]))  # noqa: S608
            for part, key in (("candidates", "candidate"), ("clusters", "cluster"), ("models", "rowid"))
        )
        try:
            yield row, _document(row, candidates, clusters, models)
        except (KeyError, TypeError, ValueError) as error:
            raise HistoryError(f"question {row['id']} cannot be read: {error}", hint="move the file away") from error


def _rows(connection: sqlite3.Connection, sql: str, *values: object) -> Iterator[DbRow]:
    cursor = connection.execute(sql, values)
    names = [column[0] for column in cursor.description]
    for row in cursor:
        yield dict(zip(names, row, strict=True))


def _document(row: DbRow, candidates: list[DbRow], clusters: list[DbRow], models: list[DbRow]) -> DbRow:
    kept = row["level"] == "full"
    made = [_candidate(candidate, clusters, kept=kept) for candidate in candidates]
    best = None if row["best"] is None else made[row["best"]]
    return {
        "schema_version": 1,
        "question": row["question"],
        "database": row["database_name"],
        "mentioned": None,
        "candidates": made,
        "clusters": [_cluster(cluster) for cluster in clusters],
        "answer": None if best is None else _answer(row, best),
        "abstained": None,
        "error": {"message": row["reason"], "hint": None, "exit_code": int(ExitCode.NO_ANSWER)}
        if best is None
        else None,
        "warnings": json.loads(row.get("warnings", "[]")),
        "shown": None,
        "options": None,
        "settings": json.loads(row["settings"]),
        "models": [_model(model) for model in models],
        "versions": {"planner": row["version"]},
        "timings": _timings(json.loads(row["timings"]), [candidate["seconds"] for candidate in candidates]),
    }


def _candidate(row: DbRow, clusters: list[DbRow], *, kept: bool) -> DbRow:
    cluster = next((each for each in clusters if row["candidate"] in json.loads(each["candidates"])), None)
    made = {
        "index": row["candidate"],
        "sql": row["sql"],
        "samples": row["samples"],
        "tokens": row["tokens"],
        "logprob": row["logprob"],
        "complete": bool(row["complete"]),
        "execution": _execution(row, kept=kept),
        "cluster": None if cluster is None else cluster["cluster"],
    }
    if cluster is not None and cluster["score"] is not None:
        made["judged_as"] = json.loads(cluster["candidates"])[0]
        if made["judged_as"] == made["index"]:
            made["verdict"] = _verdict(cluster, kept=kept)
    return made


def _execution(row: DbRow, *, kept: bool) -> DbRow:
    failed = row["error_kind"] is not None
    return {
        "ok": not failed,
        "columns": json.loads(row["columns"] or "[]") if kept else None,
        "rows": [list(map(_value, values)) for values in json.loads(row["rows"] or "[]")] if kept else None,
        "row_count": row["row_count"] or 0,
        "truncated": bool(row["truncated"]),
        "cut_by": row.get("cut_by"),
        "error": (row["error"] or NOT_KEPT) if failed else None,
        "error_kind": row["error_kind"],
        "unmatched": [],
        "crossed": [],
        "doubts": [],
        "notes": [],
    }


def _value(value: Any) -> Any:
    """``inf`` and ``-inf`` are what SQLite has of numbers without a JSON form."""
    if isinstance(value, dict) and "$real" in value:
        return "-Infinity" if value["$real"].startswith("-") else "Infinity"
    return value


def _verdict(cluster: DbRow, *, kept: bool) -> DbRow:
    return {
        "score": cluster["score"],
        "hard": bool(cluster["hard"]),
        "mass": cluster["mass"],
        "closed_by": cluster["closed_by"],
        "tokens": cluster["tokens"],
        "thought": (cluster["thought"] or "") if kept else None,
        "probes": [
            dict(zip(("tokens", "p_true", "mass"), probe, strict=True)) for probe in json.loads(cluster["probes"])
        ],
    }


def _cluster(row: DbRow) -> DbRow:
    return {
        "index": row["cluster"],
        "candidates": json.loads(row["candidates"]),
        "votes": row["votes"],
        "score": row["score"],
        "rank": None if row["place"] is None else row["place"] - 1,
    }


def _answer(row: DbRow, best: DbRow) -> DbRow:
    execution = best["execution"]
    return {
        "candidate": best["index"],
        "sql": best["sql"],
        **{key: execution[key] for key in ("columns", "rows", "row_count", "truncated")},
        **{key: row[key] for key in ("confidence", "vote_share", "reason")},
    }


def _model(row: DbRow) -> DbRow:
    values = {key: value for key, value in row.items() if key != "answer_id"}
    # 0 stood for a server that does not tell
    return {**values, "parameters": row["parameters"] or None, "untrained": bool(row.get("untrained"))}


def _timings(timings: DbRow, executions: list[float]) -> DbRow:
    for name in ("generate", "judge"):
        stage = StageTimings(**timings[name])
        timings[name] = {**asdict(stage), "tokens_per_second": stage.tokens_per_second}
    return {**timings, "executions": executions}
