"""End-to-end runs: the whole planner answers every question, and the answers are compared with gold."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

from planner_cli.bench.datasets import Item
from planner_cli.bench.energy import EnergyMeter
from planner_cli.bench.equality import Gold, Instances, matches
from planner_cli.bench.oracle import Oracle
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.running.shared import NOTHING_REDACTED, Databases, Redactions, peak_memory, scored, to_do
from planner_cli.bench.spider import exact_match
from planner_cli.control import Control
from planner_cli.discriminator import Discriminator
from planner_cli.errors import PlannerError
from planner_cli.events import Answered
from planner_cli.generator import Generator
from planner_cli.planning import plan
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, Question, Schema


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
    control: Control | None = None,
) -> Iterator[ItemRow | None]:
    """Answer each item's question and compare the answer with gold; ``None`` for an item that was done already.

    ``thoughts`` keeps the thoughts' texts in the rows.

    Raises:
        PlannerError: an item has no gold, a database cannot be used, or an item's gold does not run on it.

    """
    control = control or Control()
    takes_values = generator.prompt.takes_values or (
        isinstance(discriminator, Discriminator) and discriminator.prompt.takes_values
    )
    fixed = [asdict(settings), oracle_of(discriminator), thoughts]
    with Databases(redacted) as databases, Instances() as instances:
        for item, key in to_do(items, fixed, models, done, redacted):
            if key is None:
                yield None
                continue
            database = databases.get(item)
            gold = Gold.run(database, item.right_query())
            meter = EnergyMeter()
            hints = database.mentioned(item.question) if takes_values else ()
            question = Question(item.question, database.schema, item.database_id, hints)
            answer: Answer | None = None
            control.restart(settings.max_seconds)
            if isinstance(discriminator, Oracle):
                discriminator.look_up(item.id, gold)
            for event in plan(question, database, generator, discriminator, settings, control=control):
                if isinstance(event, Answered):
                    answer = event.answer
            if answer is None:
                raise PlannerError(f"{item.id}: the plan ended without an answer")
            row = _answered(item, key, gold, answer, settings, instances, database.schema, thoughts=thoughts)
            yield replace(row, joules=meter.lap())


def _answered(
    item: Item,
    key: str,
    gold: Gold,
    answer: Answer,
    settings: PlanSettings,
    instances: Instances,
    schema: Schema,
    *,
    thoughts: bool,
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
            scored(c, e, label, clusters.get(c.index), judged.get(c.index), thoughts=thoughts)
            for c, e, label in zip(answer.candidates, answer.executions, labels, strict=True)
        ),
        chosen=answer.best,
        correct=answer.best is not None and labels[answer.best],
        correct_suite=everywhere if item.suite else None,
        exact=best is not None and exact_match(best.sql, item.right_query(), schema),
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
        gold_steps=gold.execution.steps,
    )
