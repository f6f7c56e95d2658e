"""Intrinsic runs: the discriminator alone, on candidates that come with the data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from planner_cli.app.asking import question_about
from planner_cli.bench.datasets import Item
from planner_cli.bench.energy import EnergyMeter
from planner_cli.bench.equality import EVALUATION_LIMITS, execute_given, matches
from planner_cli.bench.instances import NOTHING_REDACTED, Instances, Redactions
from planner_cli.bench.legacy import standard_strings
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.running.shared import Databases, measured, peak_memory, scored
from planner_cli.bench.setaside import SetAside
from planner_cli.control import Control
from planner_cli.database import cluster
from planner_cli.discriminator import Case, Discriminator
from planner_cli.events import StageFinished, ThoughtClosed
from planner_cli.settings import DiscriminatorSettings, Limits, Mode, rules_out
from planner_cli.types import Candidate, StageTimings, Verdict


@dataclass(frozen=True, slots=True)
class IntrinsicSettings:
    """How a judge is measured alone, on candidates that come with the data."""

    mode: Mode = "pro"
    discriminator: DiscriminatorSettings = field(default_factory=DiscriminatorSettings)
    thoughts: bool = False
    """Whether the thoughts' texts are kept in the rows."""
    limits: Limits = field(default_factory=Limits)
    """Of one candidate's query."""


def run_intrinsic(
    items: Sequence[Item],
    discriminator: Discriminator,
    settings: IntrinsicSettings,
    *,
    models: Sequence[Any],
    done: Collection[str] = (),
    redacted: Redactions = NOTHING_REDACTED,
    evaluation: Limits = EVALUATION_LIMITS,
    control: Control | None = None,
) -> Iterator[ItemRow | SetAside | None]:
    """Judge each item's own candidates; ``None`` stands for an item that was already done.

    An item that cannot be measured after all (see :mod:`planner_cli.bench.running.checking`) is set aside.
    """
    control = control or Control()
    with Databases(redacted, settings.limits) as databases, Instances(redacted, evaluation) as instances:

        def rows(item: Item, keys: Sequence[str | None]) -> list[ItemRow | None]:
            (key,) = keys
            if key is None:
                return [None]
            return [_judge_item(item, key, databases, instances, discriminator, settings, control)]

        for (row,) in measured(items, [[asdict(settings), asdict(evaluation)]], models, [done], redacted, rows):
            yield row


def _judge_item(
    item: Item,
    key: str,
    databases: Databases,
    instances: Instances,
    discriminator: Discriminator,
    settings: IntrinsicSettings,
    control: Control,
) -> ItemRow:
    given = item.given()
    database = databases.get(item)
    gold = None if item.gold is None else instances.gold(item, control)
    meter = EnergyMeter()
    # as they are executed: "text" is a string if no such name exists
    candidates = [Candidate(i, standard_strings(c.sql, database.schema)) for i, c in enumerate(given)]
    executions = [execute_given(database, c.sql) for c in candidates]
    control.check()
    labels = [
        each.label if each.label is not None or gold is None else matches(gold, execution)
        for each, execution in zip(given, executions, strict=True)
    ]
    every = not rules_out(settings.mode)
    cases = [Case(c.index, c, e) for c, e in zip(candidates, executions, strict=True) if e.ok or every]
    verdicts: dict[int, Verdict] = {}
    timings = StageTimings()
    if cases:
        question = question_about(item.question, database, [discriminator.prompt], name=item.database_id)
        seen = settings.discriminator.under(settings.mode)
        for event in discriminator.judge(question, cases, seen, control=control):
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
            scored(c, e, label, clusters.get(c.index), verdicts.get(c.index), thoughts=settings.thoughts)
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
        joules=meter.lap(),
        gold_steps=gold.execution.steps if gold else None,
    )
