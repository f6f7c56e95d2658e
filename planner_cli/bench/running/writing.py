"""Candidates for a data set that brings none: what a generator writes about its questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from planner_cli.app.asking import question_about
from planner_cli.bench.datasets import GivenCandidate, Item
from planner_cli.bench.instances import Redactions
from planner_cli.bench.running.shared import Databases
from planner_cli.bench.setaside import UnmeasurableError
from planner_cli.control import Control
from planner_cli.errors import ContextOverflow
from planner_cli.events import CandidateWritten
from planner_cli.generator import Generator
from planner_cli.settings import GeneratorSettings, Limits


def with_written(
    items: Sequence[Item],
    generator: Generator,
    settings: GeneratorSettings,
    *,
    seed: int,
    redacted: Redactions,
    limits: Limits,
    control: Control,
) -> Iterator[Item]:
    """Each item with the candidates that the generator writes, the same for the same seed.

    One whose database cannot be used, or whose prompt does not fit, stays as it is: it is set aside where it is judged.
    """
    with Databases(redacted, limits) as databases:
        for item in items:
            try:
                database = databases.get(item)
                question = question_about(item.question, database, [generator.prompt], name=item.database_id)
                events = list(generator.write(question, settings, seed=seed, control=control))
            except (UnmeasurableError, ContextOverflow):
                yield item
                continue
            written = [event.candidate.sql for event in events if isinstance(event, CandidateWritten)]
            yield replace(item, candidates=tuple(GivenCandidate(sql, None) for sql in written))
