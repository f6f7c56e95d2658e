"""End-to-end runs: the whole planner answers every question, and the answers are compared with gold."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from planner_cli.app.asking import Asking
from planner_cli.app.today import on_day
from planner_cli.bench.datasets import Item
from planner_cli.bench.energy import EnergyMeter
from planner_cli.bench.equality import EVALUATION_LIMITS, Gold, matches
from planner_cli.bench.instances import NOTHING_REDACTED, Instances, Redactions
from planner_cli.bench.oracle import Oracle
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.running.shared import Databases, measured, peak_memory, scored
from planner_cli.bench.setaside import SetAside
from planner_cli.bench.spider import exact_match
from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.discriminator import Discriminator
from planner_cli.errors import TimeLimit
from planner_cli.events import Answered
from planner_cli.generator import Generator
from planner_cli.planning import Pooled, judged_as, plan
from planner_cli.settings import Limits, PlanSettings, Select
from planner_cli.types import Answer, Candidate, Schema, Timings


def oracle_of(discriminator: Discriminator | Oracle | None) -> dict[str, float] | None:
    """An oracle's settings, as part of a run's; ``None`` for other judges."""
    if isinstance(discriminator, Oracle):
        return {"accuracy": discriminator.accuracy, "seed": discriminator.seed}
    return None


def run_end_to_end(
    items: Sequence[Item],
    generator: Generator,
    discriminator: Discriminator | Oracle | None,
    settings: PlanSettings,
    *,
    models: Sequence[Any],
    thoughts: bool = False,
    done: Collection[str] = (),
    redacted: Redactions = NOTHING_REDACTED,
    evaluation: Limits = EVALUATION_LIMITS,
    control: Control | None = None,
) -> Iterator[ItemRow | SetAside | None]:
    """Answer each item's question and compare the answer with gold; ``None`` for an item that was already done.

    Candidates run under ``settings.limits``; gold, and the answer on further instances, under ``evaluation``.
    ``thoughts`` keeps the thoughts' texts in the rows. An item that cannot be measured after all (see
    :mod:`planner_cli.bench.running.checking`) is set aside.
    """
    control = control or Control()
    fixed = [asdict(settings), asdict(evaluation), oracle_of(discriminator), thoughts]
    with Databases(redacted, settings.limits) as databases, Instances(redacted, evaluation) as instances:
        asking = _Asking(generator, discriminator, settings, databases, instances, control, thoughts=thoughts)
        for (row,) in measured(items, [fixed], models, [done], redacted, asking.one):
            yield row
            yield from instances.faults()


def run_methods(
    items: Sequence[Item],
    generator: Generator,
    discriminator: Discriminator | Oracle | None,
    settings: PlanSettings,
    methods: Sequence[Select],
    *,
    models: Sequence[Any],
    thoughts: bool = False,
    done: Sequence[Collection[str]],
    redacted: Redactions = NOTHING_REDACTED,
    evaluation: Limits = EVALUATION_LIMITS,
    control: Control | None = None,
) -> Iterator[tuple[ItemRow | SetAside | None, ...]]:
    """Like :func:`run_end_to_end` for each of the ``methods`` that rank a pool, sampled once per question.

    Yields one entry per method, and ``done`` has the keys of each. A row is the one that a run of its method alone
    would make, key included; the cost of sampling and judging counts for each method that needs it.
    """
    control = control or Control()
    each = [replace(settings, select=select) for select in methods]
    fixed = [[asdict(one), asdict(evaluation), oracle_of(discriminator), thoughts] for one in each]
    with Databases(redacted, settings.limits) as databases, Instances(redacted, evaluation) as instances:
        asking = _Asking(generator, discriminator, settings, databases, instances, control, thoughts=thoughts)
        for rows in measured(items, fixed, models, done, redacted, functools.partial(asking.several, each)):
            yield rows
            for fault in instances.faults():
                yield (fault,) * len(methods)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What all questions of a run share."""

    generator: Generator
    judge: Discriminator | Oracle | None
    settings: PlanSettings
    databases: Databases
    instances: Instances
    control: Control
    thoughts: bool

    def one(self, item: Item, keys: Sequence[str | None]) -> list[ItemRow | None]:
        """The row of a run's own method."""
        (key,) = keys
        if key is None:
            return [None]
        golds, database = self._begun(item)
        meter = EnergyMeter()
        asking = self._asking(item, database)
        question = on_day(asking.question(item.question), self.settings.generator.today, clock=False)
        self.control.restart(self.settings.max_seconds)
        parts = (question, database, self.generator, self.judge, self.settings)
        events = plan(*parts, control=self.control, others=asking.others)
        try:
            answer = next(event.answer for event in events if isinstance(event, Answered))
        except TimeLimit as error:
            answer = _no_answer(error, self.settings)
        row = self._row(item, key, golds, answer, self.settings, database.schema)
        return [replace(row, joules=meter.lap())]

    def several(self, methods: Sequence[PlanSettings], item: Item, keys: Sequence[str | None]) -> list[ItemRow | None]:
        """The rows of the methods that are not done."""
        golds, database = self._begun(item)
        meter = EnergyMeter()
        asking = self._asking(item, database)
        question = on_day(asking.question(item.question), self.settings.generator.today, clock=False)
        answers: dict[Select, Answer] = {}
        joules: dict[Select, float | None] = {}
        wanted = [one for one, key in zip(methods, keys, strict=True) if key is not None]
        try:
            pooled = Pooled(question, database, self.generator, self.judge, self.settings, self.control, asking.others)
            sampling = meter.lap()
            for one in wanted:
                answers[one.select] = pooled.answer(one.select)
                spent = meter.lap()  # the first of those judged the same way pays; all of them needed it
                joules.setdefault(judged_as(one.select), _sum(sampling, spent))
        except TimeLimit as error:
            answers = {one.select: _no_answer(error, one) for one in wanted}
        rows: list[ItemRow | None] = []
        for one, key in zip(methods, keys, strict=True):
            row = None
            if key is not None:
                row = self._row(item, key, golds, answers[one.select], one, database.schema)
                row = replace(row, joules=joules.get(judged_as(one.select)))
            rows.append(row)
        return rows

    def _begun(self, item: Item) -> tuple[Sequence[Gold], Database]:
        self.control.restart(None)  # the right query has a limit of its own
        database = self.databases.get(item)
        golds = self.instances.golds(item, self.control)
        if isinstance(self.judge, Oracle):
            self.judge.look_up(item.id, golds)
        return golds, database

    def _asking(self, item: Item, database: Database) -> Asking:
        judge = self.judge if isinstance(self.judge, Discriminator) else None
        return Asking(database, self.generator, judge, name=item.database_id)

    def _row(
        self, item: Item, key: str, golds: Sequence[Gold], answer: Answer, settings: PlanSettings, schema: Schema
    ) -> ItemRow:
        self.control.restart(None)
        best = answer.best_candidate
        everywhere = self.instances.matches(item, best.sql, self.control) if best is not None and item.suite else None
        self.control.check()
        return _answered(item, key, golds, answer, settings, schema, everywhere, thoughts=self.thoughts)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _no_answer(error: TimeLimit, settings: PlanSettings) -> Answer:
    """The lack of an answer with which ``planner ask`` ends when time runs out before the first candidate."""
    return Answer(
        candidates=(),
        executions=(),
        clusters=(),
        verdicts=(),
        ranking=(),
        best=None,
        confidence=None,
        vote_share=0.0,
        reason=error.message,
        timings=Timings(total=settings.max_seconds or 0.0),
    )


def _answered(
    item: Item,
    key: str,
    golds: Sequence[Gold],
    answer: Answer,
    settings: PlanSettings,
    schema: Schema,
    everywhere: bool | None,
    *,
    thoughts: bool,
) -> ItemRow:
    labels = [any(matches(gold, execution) for gold in golds) for execution in answer.executions]
    clusters = {i: c.index for c in answer.clusters for i in c.candidates}
    judged = {c.representative: v for c, v in zip(answer.clusters, answer.verdicts, strict=True)}
    best = answer.best_candidate
    times = answer.timings
    return ItemRow(
        key=key,
        item=item.id,
        database=item.database_id,
        question=item.question,
        gold=item.gold,
        hardness=item.hardness,
        method=settings.select,
        candidates=tuple(
            scored(c, e, label, clusters.get(c.index), judged.get(c.index), thoughts=thoughts)
            for c, e, label in zip(answer.candidates, answer.executions, labels, strict=True)
        ),
        chosen=answer.best,
        correct=item.unanswerable if answer.best is None else labels[answer.best],
        correct_suite=item.unanswerable if best is None and item.suite else everywhere,
        exact=None if item.unanswerable else _exact(best, item, schema),
        confidence=answer.confidence,
        part=item.part,
        kinds=item.kinds,
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
        gold_steps=golds[0].execution.steps if golds else None,
        evidence=None if answer.evidence is None else asdict(answer.evidence),
    )


def _exact(best: Candidate | None, item: Item, schema: Schema) -> bool:
    return best is not None and any(exact_match(best.sql, gold, schema) for gold in item.right_queries())
