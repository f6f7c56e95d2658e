"""What the discriminator is trained on: right and wrong queries for a question, labelled by execution.

``cases.jsonl``  a line {"schema", "question", "hints", "gold", "drafts", "candidates"}; queries are lists of parts as
                 in :mod:`models.distill.items`, a candidate is {"parts", "facts", "correct", "origin", "thoughts"}

Candidates are the generator's own samples, from runs of ``planner bench e2e`` over training data, and edits of the
right query (:mod:`models.distill.edits`). A query that gives the right rows in another way is right. ``drafts`` are all
samples, including those that do not run: what the model would have planned.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.distill.edits import edited
from models.distill.items import as_json, from_json, hints_as_json, hints_from_json
from models.distill.spider import tidy
from planner_cli.bench.datasets import Item, load
from planner_cli.bench.equality import EVALUATION_LIMITS, Gold, execute_given
from planner_cli.bench.instances import NOTHING_REDACTED, Instances
from planner_cli.bench.legacy import standard_strings
from planner_cli.bench.running.shared import Databases
from planner_cli.bench.store import load_run
from planner_cli.database import Database
from planner_cli.prompts.compact_discriminator import CompactDiscriminator
from planner_cli.prompts.normal_form import Part, resolve, tables_of, write
from planner_cli.prompts.shown import facts_text
from planner_cli.types import ValueHint

_TRIES = 12
"""Edits drawn for a question at most."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A query that runs."""

    parts: tuple[Part, ...]
    facts: str
    """Its result in one line."""
    correct: bool
    origin: str
    """``gold``, ``sample`` or ``edit``."""
    thoughts: tuple[str, ...] = ()
    """A model's own about it that end in the right verdict, the shortest first (:mod:`models.distill.iteration`)."""


@dataclass(frozen=True, slots=True)
class Case:
    """A question with right and wrong queries."""

    schema: str
    question: str
    hints: tuple[ValueHint, ...]
    gold: tuple[Part, ...]
    drafts: tuple[tuple[Part, ...], ...]
    """The generator's samples, the greedy one first."""
    candidates: tuple[Labelled, ...]

    def was_sampled(self, candidate: Labelled) -> bool:
        """Whether the generator wrote it, as a right one or not; the right query of the data may be one of those."""
        return candidate.origin == "sample" or candidate.parts in self.drafts

    @property
    def tables(self) -> frozenset[str]:
        """All that some query here names."""
        queries = [self.gold, *self.drafts, *(candidate.parts for candidate in self.candidates)]
        return frozenset().union(*map(tables_of, queries))


def find_cases(pack: Path, runs: Sequence[Path], *, edits: int, seed: int) -> Iterator[Case]:
    """The questions of a pack that have a right and a wrong query.

    ``runs`` are folders of ``planner bench e2e`` over it; ``edits`` is how many slips of a right query are kept.
    """
    rng = random.Random(seed)
    samples = _samples(runs)
    data = load(pack)
    with Databases(NOTHING_REDACTED, EVALUATION_LIMITS) as databases, Instances() as instances:
        for item in sorted(data.items, key=lambda item: item.database_id):
            found = _case(item, databases.get(item), instances, samples.get(item.id, {}), edits, rng)
            if found is not None:
                yield found


def _samples(runs: Sequence[Path]) -> dict[str, dict[str, bool]]:
    """The generator's different queries in order, and whether they ran, by item."""
    found: dict[str, dict[str, bool]] = {}
    for folder in runs:
        for row in load_run(folder).rows:
            for candidate in row.candidates:
                found.setdefault(row.item, {}).setdefault(candidate.sql, bool(candidate.executable))
    return found


def _case(
    item: Item,
    database: Database,
    instances: Instances,
    samples: Mapping[str, bool],
    edits: int,
    rng: random.Random,
) -> Case | None:
    schema = database.schema
    gold = resolve(standard_strings(item.gold, schema), schema)
    right = execute_given(database, item.gold)
    # another right query may give other rows, or more than are fetched: no candidate could be labelled
    if not right.ok or right.truncated or not Gold.run(database, item.gold).settled:
        return None
    found: dict[str, Labelled] = {}

    def add(parts: tuple[Part, ...], origin: str) -> None:
        sql = write(parts)
        if sql in found:
            return
        execution = execute_given(database, sql)
        if execution.ok:
            correct = origin == "gold" or instances.matches(item, sql) is True
            facts = facts_text(execution, CompactDiscriminator.ROWS)
            # an edit that changes nothing is not another way to the right rows, only an odd one
            if not (correct and origin == "edit"):
                found[sql] = Labelled(parts, facts, correct, origin)

    add(gold, "gold")
    drafts = tuple(dict.fromkeys(resolve(sql, schema) for sql in samples))
    for sql, runs in samples.items():
        if runs:
            add(resolve(sql, schema), "sample")
    for _ in range(_TRIES):
        if sum(candidate.origin == "edit" for candidate in found.values()) == edits:
            break
        slip = edited(gold, schema, rng)
        if slip is not None:
            add(slip, "edit")
    candidates = tuple(found.values())
    if all(candidate.correct for candidate in candidates) or not candidates:
        return None
    question = tidy(item.question)
    return Case(item.database_id, question, database.mentioned(question), gold, drafts, candidates)


def write_cases(path: Path, cases: Iterator[Case], *, append: bool = False) -> Counter[str]:
    """Write one per line; returns how many candidates of each origin are right and wrong, and have a thought."""
    counts: Counter[str] = Counter()
    with path.open("a" if append else "w", encoding="utf-8", buffering=1) as file:
        for case in cases:
            counts["questions"] += 1
            for candidate in case.candidates:
                kind = f"{candidate.origin}, {'right' if candidate.correct else 'wrong'}"
                counts[kind] += 1
                counts[f"{kind}, with a thought"] += bool(candidate.thoughts)
            file.write(json.dumps(_record(case), ensure_ascii=False) + "\n")
    return +counts


def count_written(path: Path) -> int:
    """How many cases a run that was stopped has written; a last line that is torn is removed."""
    if not path.exists():
        return 0
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if whole != data:
        path.write_bytes(whole)
    return whole.count(b"\n")


def _record(case: Case) -> dict[str, Any]:
    return {
        "schema": case.schema,
        "question": case.question,
        "hints": hints_as_json(case.hints),
        "gold": as_json(case.gold),
        "drafts": [as_json(draft) for draft in case.drafts],
        "candidates": [
            {
                "parts": as_json(c.parts),
                "facts": c.facts,
                "correct": c.correct,
                "origin": c.origin,
                "thoughts": c.thoughts,
            }
            for c in case.candidates
        ],
    }


def read_cases(path: Path) -> list[Case]:
    with path.open(encoding="utf-8") as file:
        return [_case_of(json.loads(line)) for line in file]


def _case_of(record: Mapping[str, Any]) -> Case:
    return Case(
        record["schema"],
        record["question"],
        hints_from_json(record["hints"]),
        from_json(record["gold"]),
        tuple(from_json(draft) for draft in record["drafts"]),
        tuple(
            Labelled(from_json(c["parts"]), c["facts"], c["correct"], c["origin"], tuple(c.get("thoughts", ())))
            for c in record["candidates"]
        ),
    )
