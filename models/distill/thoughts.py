"""What the reasoning discriminator is trained on: a plan, facts about a candidate, a check that ends in a verdict.

    Q: How many dependents are female?
    Values: dependent.sex = 'F'
    Plan: show count(*); from dependent; where sex = 'F'
    SQL: select count(*) from dependent where sex > 'F'
    Result: 1 row, 1 column; [3]
    Check: show count(*); from dependent; where sex > 'F'. Differs: where.
    {"correct": false}

The plan stands before the candidate and is the same for all of a question's candidates: a small model that sees the
candidate first copies it as what is needed, and says true (62 of 66 wrong queries, in a study before this one).
Candidates are the generator's own samples, from runs of ``planner bench e2e`` over training data, and edits of the
right query; the labels come from execution on every instance of the database. A query that gives the right rows by
another way says so.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from models.distill.clauses import clauses, differing, said
from models.distill.edits import edited
from models.distill.queries import resolve, write
from models.distill.spider import tidy
from planner_cli.bench.datasets import Item, load
from planner_cli.bench.equality import EVALUATION_LIMITS, Gold, Instances, execute_given
from planner_cli.bench.legacy import standard_strings
from planner_cli.bench.store import load_run
from planner_cli.database import Database
from planner_cli.prompts.discriminator import result_text
from planner_cli.types import Execution, ValueHint

_SHOWN_ROWS = 2
_TRIES = 12
"""Edits drawn for a question at most."""


@dataclass(frozen=True, slots=True)
class Thought:
    """One candidate of one question, with the thought that judges it."""

    schema: str
    question: str
    hints: tuple[ValueHint, ...]
    plan: str
    sql: str
    result: str
    check: str
    correct: bool
    origin: str
    """``gold``, ``sample`` or ``edit``."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    sql: str
    origin: str


def check_text(plan: Mapping[str, str], given: Mapping[str, str], *, correct: bool) -> str:
    """What the query does, how it differs from the plan, and what follows."""
    parts = differing(dict(plan), dict(given))
    if not parts:
        verdict = "As planned." if correct else "As planned, but the rows are others."
    elif correct:
        verdict = f"Other {', '.join(parts)}, same meaning."
    else:
        verdict = f"Differs: {', '.join(parts)}."
    return f"{said(dict(given))}. {verdict}"


def facts_text(execution: Execution) -> str:
    """A result in a line: what the judge need not work out."""
    if execution.error is not None:
        return result_text(execution, 0)
    rows, columns = len(execution.rows), len(execution.columns)
    count = f"{rows}{' or more' if execution.truncated else ''} row{'s' if rows != 1 else ''}"
    shown = result_text(execution, _SHOWN_ROWS).splitlines()[1:-1]
    return "; ".join([f"{count}, {columns} column{'s' if columns != 1 else ''}", *shown])


def thoughts(pack: Path, runs: Sequence[Path], *, edits: int, seed: int) -> Iterator[Thought]:
    """Thoughts about up to as many wrong as right candidates of every question of a pack.

    ``runs`` are folders of ``planner bench e2e`` over it; ``edits`` is how many edits of a right query are tried
    where samples give too few wrong ones.
    """
    rng = random.Random(seed)
    samples = _samples(runs)
    data = load(pack)
    with Instances() as instances:
        database: Database | None = None
        for item in data.items:
            if database is None or database.path != item.database_path:
                if database is not None:
                    database.close()
                database = Database.open(item.database_path, limits=EVALUATION_LIMITS)
            yield from _of_item(item, database, instances, samples.get(item.id, ()), edits, rng)
        if database is not None:
            database.close()


def _samples(runs: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """The generator's queries that ran, by item."""
    found: dict[str, dict[str, None]] = {}
    for folder in runs:
        for row in load_run(folder).rows:
            for candidate in row.candidates:
                if candidate.executable:
                    found.setdefault(row.item, {}).setdefault(candidate.sql)
    return {item: tuple(queries) for item, queries in found.items()}


def _of_item(
    item: Item, database: Database, instances: Instances, samples: Sequence[str], edits: int, rng: random.Random
) -> Iterator[Thought]:
    gold = resolve(standard_strings(item.gold, database.schema), database.schema)
    if not execute_given(database, item.gold).ok or not Gold.run(database, item.gold).settled:
        return  # another right query may give other rows: no candidate could be labelled
    text = write(gold)
    candidates = [_Candidate(write(resolve(sql, database.schema)), "sample") for sql in samples]
    for _ in range(_TRIES if edits else 0):
        if sum(candidate.origin == "edit" for candidate in candidates) == edits:
            break
        slip = edited(gold, database.schema, rng)
        if slip is not None:
            candidates.append(_Candidate(write(slip), "edit"))
    labelled = {
        candidate: instances.matches(item, candidate.sql)
        for candidate in dict.fromkeys(candidates)
        if candidate.sql != text and execute_given(database, candidate.sql).ok
    }
    # an edit that changes nothing is no other way to the right rows, it is only odd
    right = [_Candidate(text, "gold"), *(c for c, label in labelled.items() if label and c.origin == "sample")]
    wrong = [c for c, label in labelled.items() if not label]
    rng.shuffle(wrong)
    wrong.sort(key=lambda candidate: candidate.origin == "edit")  # the generator's own slips first
    plan, question = clauses(text), tidy(item.question)
    hints = database.mentioned(question)
    for candidate in [*right[: len(wrong)], *wrong[: len(right)]]:
        correct = candidate in right
        yield Thought(
            schema=item.database_id,
            question=question,
            hints=hints,
            plan=said(plan),
            sql=candidate.sql,
            result=facts_text(execute_given(database, candidate.sql)),
            check=check_text(plan, clauses(candidate.sql), correct=correct),
            correct=correct,
            origin=candidate.origin,
        )


def write_thoughts(path: Path, found: Iterator[Thought]) -> Counter[str]:
    """One a line; returns how many of each origin are right and wrong."""
    counts: Counter[str] = Counter()
    with path.open("w", encoding="utf-8") as file:
        for thought in found:
            file.write(json.dumps(asdict(thought), ensure_ascii=False) + "\n")
            counts[f"{thought.origin}, {'right' if thought.correct else 'wrong'}"] += 1
    return counts
