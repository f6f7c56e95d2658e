"""Building the ``--json`` document; its shape is :class:`planner_cli.ui.document_types.Document`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from planner_cli.errors import ExitCode, PlannerError
from planner_cli.settings import PlanSettings
from planner_cli.types import COUNTED, Answer, Cluster, Execution, ModelInfo, Row, StageTimings, ValueHint, Verdict
from planner_cli.ui.document_types import (
    SCHEMA_VERSION,
    AnswerJson,
    CandidateJson,
    CheckJson,
    ClusterJson,
    Document,
    DoubtJson,
    ErrorDocument,
    ErrorJson,
    ExecutionJson,
    MentionedJson,
    ModelJson,
    OptionsJson,
    StageTimingsJson,
    TimingsJson,
    VerdictJson,
)
from planner_cli.ui.jsontext import JsonValue, json_value


def document(
    *,
    question: str,
    database: str,
    answer: Answer,
    settings: PlanSettings | Mapping[str, Any],
    models: Sequence[ModelInfo],
    versions: Mapping[str, str],
    options: OptionsJson | None = None,
    rows: int | None = None,
    answer_rows: int | None = None,
    exit_code: ExitCode = ExitCode.NO_ANSWER,
    abstained: PlannerError | None = None,
    kept: bool = True,
    mentioned: Sequence[ValueHint] | None = None,
    check: tuple[str, Answer | None] | None = None,
) -> Document:
    """The whole record of one question, ready for :func:`planner_cli.ui.jsontext.to_json`.

    ``rows`` limits the rows shown of each candidate, ``answer_rows`` those of the answer; ``None`` is all
    that were fetched. ``exit_code`` goes into ``error`` when there is no answer, ``abstained`` says why the
    answer is not given. ``mentioned`` is what the generator was shown of the database's values. Without ``kept`` rows
    and thoughts are left out. ``check`` is a query that was given, which ``answer`` is about, and a better answer if
    there is one. Text is as the models and the database gave it; ``to_json`` escapes it.
    """
    found = _answer(answer, answer_rows, kept=kept)
    made = Document(
        schema_version=SCHEMA_VERSION,
        question=question,
        database=database,
        mentioned=None if mentioned is None else [_mentioned(hint) for hint in mentioned],
        candidates=_candidates(answer, rows, kept=kept),
        clusters=_clusters(answer),
        answer=None if abstained else found,
        abstained=found if abstained else None,
        error=_error(abstained) if abstained else _no_answer(answer, exit_code),
        warnings=list(answer.warnings),
        shown=None if answer.shown is None else list(answer.shown),
        options=options,
        settings=_strict(asdict(settings) if isinstance(settings, PlanSettings) else settings),
        models=[_model(info) for info in models],
        versions=dict(versions),
        timings=_timings(answer),
    )
    if check is not None:
        sql, better = check
        made["check"] = CheckJson(sql=sql, better=None if better is None else _answer(better, answer_rows, kept=kept))
    return made


def error_document(
    error: PlannerError,
    *,
    question: str,
    database: str,
    versions: Mapping[str, str],
    options: OptionsJson | None = None,
    exit_code: int | None = None,
) -> ErrorDocument:
    """The document of a run that ended with an error before there was any answer."""
    return ErrorDocument(
        schema_version=SCHEMA_VERSION,
        question=question,
        database=database,
        answer=None,
        abstained=None,
        error=_error(error, exit_code),
        warnings=[],
        options=options,
        versions=dict(versions),
    )


def _error(error: PlannerError, exit_code: int | None = None) -> ErrorJson:
    code = int(error.exit_code) if exit_code is None else exit_code
    return ErrorJson(message=error.message, hint=error.hint, exit_code=code)


def _mentioned(hint: ValueHint) -> MentionedJson:
    return MentionedJson(table=hint.table, column=hint.column, value=hint.value)


def _candidates(answer: Answer, rows: int | None, *, kept: bool) -> list[CandidateJson]:
    clusters = {index: cluster for cluster in answer.clusters for index in cluster.candidates}
    verdicts = dict(zip((cluster.index for cluster in answer.clusters), answer.verdicts, strict=True))
    documents: list[CandidateJson] = []
    for candidate, execution in zip(answer.candidates, answer.executions, strict=True):
        cluster = clusters.get(candidate.index)
        entry = CandidateJson(
            index=candidate.index,
            sql=candidate.sql,
            samples=candidate.samples,
            tokens=candidate.tokens,
            logprob=_finite(candidate.logprob),
            complete=candidate.complete,
            execution=_execution(execution, rows, kept=kept),
            cluster=None if cluster is None else cluster.index,
        )
        _add_verdict(entry, cluster, None if cluster is None else verdicts[cluster.index], kept=kept)
        documents.append(entry)
    return documents


def _add_verdict(entry: CandidateJson, cluster: Cluster | None, verdict: Verdict | None, *, kept: bool) -> None:
    if cluster is None or verdict is None:
        return
    entry["judged_as"] = cluster.representative
    if entry["index"] == cluster.representative:
        entry["verdict"] = VerdictJson(
            score=verdict.score,
            hard=verdict.hard,
            mass=verdict.mass,
            closed_by=verdict.thought.closed_by,
            tokens=verdict.thought.tokens,
            thought=verdict.thought.text if kept else None,
            probes=[{"tokens": probe.tokens, "p_true": probe.p_true, "mass": probe.mass} for probe in verdict.probes],
        )


def _execution(execution: Execution, rows: int | None, *, kept: bool) -> ExecutionJson:
    return ExecutionJson(
        ok=execution.ok,
        columns=list(execution.columns) if kept else None,
        rows=_rows(execution.rows[:rows]) if kept else None,
        row_count=len(execution.rows),
        truncated=execution.truncated,
        cut_by=execution.cut_by,
        error=execution.error,
        error_kind=execution.error_kind,
        unmatched=list(map(str, execution.unmatched)),
        crossed=list(execution.crossed),
        doubts=[
            DoubtJson(kind=doubt.kind, text=doubt.text, counted=doubt.kind in COUNTED) for doubt in execution.doubts
        ],
        notes=list(execution.notes),
    )


def _rows(rows: Sequence[Row]) -> list[list[JsonValue]]:
    return [[json_value(value) for value in row] for row in rows]


def _clusters(answer: Answer) -> list[ClusterJson]:
    places = {ranked.cluster: place for place, ranked in enumerate(answer.ranking)}
    return [
        ClusterJson(
            index=cluster.index,
            candidates=list(cluster.candidates),
            votes=cluster.votes,
            score=None if verdict is None else verdict.score,
            rank=places.get(cluster.index),
        )
        for cluster, verdict in zip(answer.clusters, answer.verdicts, strict=True)
    ]


def _answer(answer: Answer, rows: int | None, *, kept: bool) -> AnswerJson | None:
    candidate, execution = answer.best_candidate, answer.best_execution
    if candidate is None or execution is None:
        return None
    shown = execution.rows[:rows]
    return AnswerJson(
        candidate=candidate.index,
        sql=candidate.sql,
        columns=list(execution.columns) if kept else None,
        rows=_rows(shown) if kept else None,
        row_count=len(execution.rows),
        truncated=execution.truncated or len(shown) < len(execution.rows),
        confidence=answer.confidence,
        evidence=None if answer.evidence is None else asdict(answer.evidence),
        vote_share=answer.vote_share,
        reason=answer.reason,
    )


def _no_answer(answer: Answer, exit_code: ExitCode) -> ErrorJson | None:
    if answer.best is not None:
        return None
    return ErrorJson(message=answer.reason, hint=None, exit_code=int(exit_code))


def _model(info: ModelInfo) -> ModelJson:
    return ModelJson(
        role=info.role,
        name=info.name,
        file=info.file,
        sha256=info.sha256,
        adapter=info.adapter,
        adapter_sha256=info.adapter_sha256,
        architecture=info.architecture,
        parameters=info.parameters,
        device=info.device,
        prompt=info.prompt,
        untrained=info.untrained,
    )


def _timings(answer: Answer) -> TimingsJson:
    timings = answer.timings
    return TimingsJson(
        schema=timings.schema,
        load=timings.load,
        generate=_stage(timings.generate),
        execute=timings.execute,
        judge=_stage(timings.judge),
        total=timings.total,
        executions=[execution.seconds for execution in answer.executions],
    )


def _stage(stage: StageTimings) -> StageTimingsJson:
    return StageTimingsJson(
        seconds=stage.seconds,
        prefill_seconds=stage.prefill_seconds,
        prompt_tokens=stage.prompt_tokens,
        cached_tokens=stage.cached_tokens,
        new_tokens=stage.new_tokens,
        decodes=stage.decodes,
        rows=stage.rows,
        tokens_per_second=stage.tokens_per_second,
    )


def _finite(value: float | None) -> float | None:
    """A log probability of -inf (a token the sampler was made to take) has no JSON number."""
    return value if value is not None and math.isfinite(value) else None


def _strict(value: Any) -> Any:
    """Settings as strict JSON: tuples as lists, an infinite limit as text."""
    if isinstance(value, Mapping):
        return {key: _strict(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_strict(item) for item in value]
    return json_value(value)
