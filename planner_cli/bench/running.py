"""Runs: every question of a data set through the judge alone (intrinsic) or the whole planner (end to end).

Both are generators of finished rows; what is done already (by key) is skipped, so a run that was killed goes
on where it was. Bad SQL is a value in a row. An environment error (a database that cannot be opened, gold that
does not run, a model that fails) is raised: it must stop the run, never score zero.
"""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from planner_cli.bench.datasets import Item
from planner_cli.bench.equality import EVALUATION_LIMITS, Gold, Instances, execute_given, matches
from planner_cli.bench.oracle import Oracle
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.bench.spider import exact_match
from planner_cli.control import Control
from planner_cli.database import Database, cluster
from planner_cli.discriminator import Case, Discriminator
from planner_cli.errors import PlannerError
from planner_cli.events import Answered, StageFinished, ThoughtClosed
from planner_cli.generator import Generator
from planner_cli.planning import plan
from planner_cli.settings import DiscriminatorSettings, Mode, PlanSettings
from planner_cli.types import Answer, Candidate, Execution, Question, Schema, StageTimings, Verdict


@dataclass(frozen=True, slots=True)
class IntrinsicSettings:
    """How a judge is measured by itself, on candidates that come with the data."""

    mode: Mode = "pro"
    discriminator: DiscriminatorSettings = field(default_factory=DiscriminatorSettings)
    thoughts: bool = False
    """Whether the thoughts' texts are kept in the rows."""

    @property
    def rules_out(self) -> bool:
        """Whether candidates that cannot run are ruled out before the judge."""
        return self.mode in ("check", "pro")

    @property
    def seen(self) -> DiscriminatorSettings:
        """The discriminator's settings with the mode applied: results are shown or not."""
        return self.discriminator if self.mode in ("exec", "pro") else replace(self.discriminator, result_rows=0)


def key_of(item: Item, settings: object, models: Sequence[Any]) -> str:
    """Hash of everything that decides a row: the item, the settings, the models (by sha256), the database file."""
    content = [item.digest, settings, [asdict(m) for m in models], _file_digest(item)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _to_do(
    items: Sequence[Item], settings: object, models: Sequence[Any], done: Collection[str]
) -> Iterator[tuple[Item, str | None]]:
    """Each item with its key, ``None`` for one that is done."""
    for item in items:
        key = key_of(item, settings, models)
        yield item, None if key in done else key


def oracle_of(discriminator: Discriminator | Oracle | None) -> dict[str, float] | None:
    """An oracle's settings, as part of a run's; ``None`` for other judges."""
    if isinstance(discriminator, Oracle):
        return {"accuracy": discriminator.accuracy, "seed": discriminator.seed}
    return None


def _file_digest(item: Item) -> str:
    with _as_environment(item):
        state = item.database_path.stat()
        return _digest(item.database_path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _modified: int) -> str:
    """sha256 of a file in the state that size and time tell: hundreds of items ask the same database."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def run_intrinsic(
    items: Sequence[Item],
    discriminator: Discriminator,
    settings: IntrinsicSettings,
    *,
    models: Sequence[Any],
    done: Collection[str] = (),
    control: Control | None = None,
) -> Iterator[ItemRow | None]:
    """Judge each item's own candidates; ``None`` stands for an item that was done already.

    Raises:
        PlannerError: an item has no candidates, its database cannot be used, or its gold does not run.

    """
    control = control or Control()
    with _Databases() as databases:
        for item, key in _to_do(items, asdict(settings), models, done):
            if key is None:
                yield None
                continue
            discriminator.engine.forget()
            if not item.candidates:
                raise PlannerError(
                    f"{item.id}: the data set gives no candidates to judge", hint="planner bench e2e writes its own"
                )
            yield _judge_item(item, key, databases.get(item), discriminator, settings, control)


def _judge_item(
    item: Item,
    key: str,
    database: Database,
    discriminator: Discriminator,
    settings: IntrinsicSettings,
    control: Control,
) -> ItemRow:
    gold = Gold.run(database, item.gold)
    candidates = [Candidate(i, c.sql) for i, c in enumerate(item.candidates)]
    executions = [execute_given(database, c.sql) for c in candidates]
    control.check()
    labels = [
        given.label if given.label is not None else matches(gold, execution)
        for given, execution in zip(item.candidates, executions, strict=True)
    ]
    cases = [Case(c.index, c, e) for c, e in zip(candidates, executions, strict=True) if e.ok or not settings.rules_out]
    verdicts: dict[int, Verdict] = {}
    timings = StageTimings()
    if cases:
        question = Question(item.question, database.schema, item.database_id)
        for event in discriminator.judge(question, cases, settings.seen, control=control):
            match event:
                case ThoughtClosed(index, verdict):
                    verdicts[index] = verdict
                case StageFinished(_, timings):
                    pass
    clusters = {i: c.index for c in cluster(candidates, executions) for i in c.candidates}
    return ItemRow(
        key=key,
        item=item.id,
        database=item.database_id,
        question=item.question,
        gold=item.gold,
        hardness=item.hardness,
        candidates=tuple(
            _scored(c, e, label, clusters.get(c.index), verdicts.get(c.index), thoughts=settings.thoughts)
            for c, e, label in zip(candidates, executions, labels, strict=True)
        ),
        seconds={
            "execute": sum(e.seconds for e in executions),
            "judge": timings.seconds,
            "prefill": timings.prefill_seconds,
        },
        tokens={"judge": timings.new_tokens, "prompt": timings.prompt_tokens},
        calls=timings.decodes,
        peak_memory=peak_memory(),
    )


def run_end_to_end(
    items: Sequence[Item],
    generator: Generator,
    discriminator: Discriminator | Oracle | None,
    settings: PlanSettings,
    *,
    models: Sequence[Any],
    done: Collection[str] = (),
    control: Control | None = None,
) -> Iterator[ItemRow | None]:
    """Answer each item's question and compare the answer with gold; ``None`` for an item that was done already.

    Raises:
        PlannerError: a database cannot be used, or an item's gold does not run on it.

    """
    control = control or Control()
    with _Databases() as databases, Instances() as instances:
        for item, key in _to_do(items, [asdict(settings), oracle_of(discriminator)], models, done):
            if key is None:
                yield None
                continue
            database = databases.get(item)
            gold = Gold.run(database, item.gold)
            hints = database.mentioned(item.question) if generator.prompt.takes_values else ()
            question = Question(item.question, database.schema, item.database_id, hints)
            answer: Answer | None = None
            control.restart(settings.max_seconds)
            generator.engine.forget()
            if isinstance(discriminator, Oracle):
                discriminator.look_up(item.id, gold)
            elif discriminator is not None:
                discriminator.engine.forget()
            for event in plan(question, database, generator, discriminator, settings, control=control):
                if isinstance(event, Answered):
                    answer = event.answer
            if answer is None:
                raise PlannerError(f"{item.id}: the plan ended without an answer")
            yield _answered(item, key, gold, answer, settings, instances, database.schema)


def _answered(
    item: Item,
    key: str,
    gold: Gold,
    answer: Answer,
    settings: PlanSettings,
    instances: Instances,
    schema: Schema,
) -> ItemRow:
    labels = [matches(gold, execution) for execution in answer.executions]
    clusters = {i: c.index for c in answer.clusters for i in c.candidates}
    judged = {c.representative: v for c, v in zip(answer.clusters, answer.verdicts, strict=True)}
    best = answer.best_candidate
    times = answer.timings
    everywhere = best is not None and bool(item.suite) and instances.matches(item, best.sql)
    return ItemRow(
        key=key,
        item=item.id,
        database=item.database_id,
        question=item.question,
        gold=item.gold,
        hardness=item.hardness,
        method=settings.select,
        candidates=tuple(
            _scored(c, e, label, clusters.get(c.index), judged.get(c.index), thoughts=False)
            for c, e, label in zip(answer.candidates, answer.executions, labels, strict=True)
        ),
        chosen=answer.best,
        correct=answer.best is not None and labels[answer.best],
        correct_suite=everywhere if item.suite else None,
        exact=best is not None and exact_match(best.sql, item.gold, schema),
        seconds={
            "generate": times.generate.seconds,
            "execute": times.execute,
            "judge": times.judge.seconds,
            "prefill": times.judge.prefill_seconds,
            "total": times.total,
        },
        tokens={
            "generate": times.generate.new_tokens,
            "judge": times.judge.new_tokens,
            "prompt": times.generate.prompt_tokens + times.judge.prompt_tokens,
        },
        calls=times.generate.decodes + times.judge.decodes,
        peak_memory=peak_memory(),
    )


def _scored(
    candidate: Candidate,
    execution: Execution,
    label: bool | None,
    found: int | None,
    verdict: Verdict | None,
    *,
    thoughts: bool,
) -> ScoredCandidate:
    bare = ScoredCandidate(
        sql=candidate.sql,
        label=label,
        executable=execution.ok,
        error=execution.error,
        samples=candidate.samples,
        cluster=found,
        greedy=candidate.greedy,
        logprob=candidate.logprob,
    )
    if verdict is None:
        return bare
    return replace(
        bare,
        judged=True,
        score=verdict.score,
        hard=verdict.hard,
        mass=verdict.mass,
        closed_by=verdict.thought.closed_by,
        tokens=verdict.thought.tokens,
        probes=verdict.probes,
        thought=verdict.thought.text if thoughts else None,
    )


class _Databases:
    """The database of the present item, kept open while items ask the same one."""

    def __init__(self) -> None:
        self._open: Database | None = None

    def get(self, item: Item) -> Database:
        if self._open is None or self._open.path != item.database_path.resolve():
            self.close()
            self._open = Database.open(item.database_path, limits=EVALUATION_LIMITS)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def __enter__(self) -> _Databases:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _as_environment(item: Item) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PlannerError(f"{item.id}: {item.database_path}: {error.strerror or error}") from error


def peak_memory() -> int | None:
    """Most memory this process has had, in bytes; ``None`` where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
