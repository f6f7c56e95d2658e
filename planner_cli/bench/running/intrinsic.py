"""Intrinsic runs: the discriminator by itself, on candidates that come with the data."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from planner_cli.bench.datasets import Item
from planner_cli.bench.energy import EnergyMeter
from planner_cli.bench.equality import Gold, execute_given, matches
from planner_cli.bench.legacy import standard_strings
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.running.shared import NOTHING_REDACTED, Databases, Redactions, peak_memory, scored, to_do
from planner_cli.control import Control
from planner_cli.database import Database, cluster
from planner_cli.discriminator import Case, Discriminator
from planner_cli.errors import PlannerError
from planner_cli.events import StageFinished, ThoughtClosed
from planner_cli.settings import DiscriminatorSettings, Mode, rules_out
from planner_cli.types import Candidate, Question, StageTimings, Verdict


@dataclass(frozen=True, slots=True)
class IntrinsicSettings:
    """How a judge is measured by itself, on candidates that come with the data."""

    mode: Mode = "pro"
    discriminator: DiscriminatorSettings = field(default_factory=DiscriminatorSettings)
    thoughts: bool = False
    """Whether the thoughts' texts are kept in the rows."""


def run_intrinsic(
    items: Sequence[Item],
    discriminator: Discriminator,
    settings: IntrinsicSettings,
    *,
    models: Sequence[Any],
    done: Collection[str] = (),
    redacted: Redactions = NOTHING_REDACTED,
    control: Control | None = None,
) -> Iterator[ItemRow | None]:
    """Judge each item's own candidates; ``None`` stands for an item that was done already.

    Raises:
        PlannerError: an item has no candidates, its database cannot be used, or its gold does not run.

    """
    control = control or Control()
    with Databases(redacted) as databases:
        for item, key in to_do(items, asdict(settings), models, done, redacted):
            if key is None:
                yield None
                continue
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
    gold = None if item.gold is None else Gold.run(database, item.gold)
    meter = EnergyMeter()
    # as they are executed: "text" is a string where there is no such name
    candidates = [Candidate(i, standard_strings(c.sql, database.schema)) for i, c in enumerate(item.candidates)]
    executions = [execute_given(database, c.sql) for c in candidates]
    control.check()
    labels = [
        given.label if given.label is not None or gold is None else matches(gold, execution)
        for given, execution in zip(item.candidates, executions, strict=True)
    ]
    every = not rules_out(settings.mode)
    cases = [Case(c.index, c, e) for c, e in zip(candidates, executions, strict=True) if e.ok or every]
    verdicts: dict[int, Verdict] = {}
    timings = StageTimings()
    if cases:
        hints = database.mentioned(item.question) if discriminator.prompt.takes_values else ()
        question = Question(item.question, database.schema, item.database_id, hints)
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
