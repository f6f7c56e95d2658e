"""Are the tables that a question needs shown of a wide schema, is the answer as good, and how long does it take?

    python -m benchmarks.wide recall --part train --generator builtin
    python -m benchmarks.wide recall --part public --fill train --generator qwen2.5-coder-0.5b-instruct
    python -m benchmarks.wide answers --part public --fill train --questions 60
    python -m benchmarks.wide seconds --tables 300,2000,10000

``recall`` and ``answers`` merge the databases of a part of the evaluation pack (``--data``, ../shared/data) into one,
with rows; ``--fill`` adds databases of another part, which nothing is asked about, until there are ``--tables``.
A table counts as needed if the right query reads it, a column if the right query names it. ``answers`` asks the same
questions of the merged database again with the right database's tables alone (``--tables``): names that had to be made
different are the same then. ``seconds`` is for generated schemas and needs no data.
Questions are drawn by ``--seed``. Each prints one JSON document to stdout.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.speed.machine import machine, versions
from benchmarks.wide.generated import write
from benchmarks.wide.merged import Asked, merge, questions
from planner_cli import Planner
from planner_cli.bench.equality import Gold, matches
from planner_cli.bench.setaside import UnmeasurableError
from planner_cli.errors import PlannerError
from planner_cli.text import nocase
from planner_cli.types import Schema

MOST_ROWS = 100_000
"""As gold's, in a benchmark."""
DATA = Path(__file__).parents[2].parent / "shared" / "data"


def merged(options: argparse.Namespace, target: Path) -> list[Asked]:
    """Write the merged database; the questions about the part."""
    parts = [options.data / options.part, *([options.data / options.fill] if options.fill else [])]
    names = [(at, name) for at, part in enumerate(parts) for name in _databases(part)]
    counts = {
        line["db_id"]: len(line["table_names_original"])
        for part in parts
        for line in json.loads((part / "tables.json").read_text(encoding="utf-8"))
    }
    chosen, tables = [], 0
    for at, name in names:
        if tables < options.tables or (at == 0 and options.fill):
            chosen.append((at, name))
            tables += counts[name]
    renamed = merge(parts, chosen, target)
    return questions(parts[0], renamed, options.wording)


def _databases(part: Path) -> list[str]:
    lines = (part / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(json.loads(line)["db_id"] for line in lines))


def drawn(asked: Sequence[Asked], options: argparse.Namespace) -> list[Asked]:
    return random.Random(options.seed).sample(asked, min(options.questions, len(asked)))


def planner_of(path: Path, options: argparse.Namespace, **more: object) -> Planner:
    chosen = {} if options.schema_tokens is None else {"schema_tokens": options.schema_tokens}
    return Planner.open(path, generator=options.generator, **chosen, **more)


# ------------------------------------------------------------------------------------------------ recall


def recall(options: argparse.Namespace, folder: Path) -> dict:
    asked = drawn(merged(options, folder / "merged.sqlite"), options)
    with planner_of(folder / "merged.sqlite", options, no_judge=True) as planner:
        all_of_them = len(planner.schema.tables)
        tables = columns = 0
        shown, spent = [], []
        missed = []
        planner.question(asked[0].text)  # the first one also reads the values
        for question in asked:
            started = time.perf_counter()
            part = planner.question(question.text).schema
            spent.append(time.perf_counter() - started)
            shown.append(len(part.tables))
            complete = question.tables <= {nocase(table.name) for table in part.tables}
            tables += complete
            columns += complete and (question.columns & names(planner.schema)) <= names(part)
            missed += [] if complete else [question.id]
    return {
        "tables": all_of_them, "questions": len(asked), "all_gold_tables_shown": round(tables / len(asked), 4),
        "and_all_named_gold_columns": round(columns / len(asked), 4), "mean_tables_shown": round(mean(shown), 1),
        "most_tables_shown": max(shown), "mean_seconds": round(mean(spent), 3), "most_seconds": round(max(spent), 3),
        "missed": missed,
    }  # fmt: skip


def names(schema: Schema) -> set[tuple[str, str]]:
    return {(nocase(table.name), nocase(column.name)) for table in schema.tables for column in table.columns}


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


# ----------------------------------------------------------------------------------------------- answers


def answers(options: argparse.Namespace, folder: Path) -> dict:
    asked = drawn(merged(options, folder / "merged.sqlite"), options)
    found: dict[str, tuple[Told, Told]] = {}
    path = folder / "merged.sqlite"
    with planner_of(path, options, discriminator=options.discriminator, rows=MOST_ROWS) as wide:
        for question in asked:
            with planner_of(
                path, options, discriminator=options.discriminator, rows=MOST_ROWS, tables=question.database_tables
            ) as alone:
                here, there = told(wide, question), told(alone, question)
            if here is not None and there is not None:
                found[question.id] = (here, there)
                print(f"{question.id} {here.right:d} {there.right:d}: {here.sql}", file=sys.stderr, flush=True)
    pairs = list(found.values())
    return {
        "questions": len(pairs),
        "right_merged": round(mean([here.right for here, _ in pairs]), 4),
        "right_alone": round(mean([there.right for _, there in pairs]), 4),
        "all_gold_tables_shown": round(mean([here.complete for here, _ in pairs]), 4),
        "seconds_merged": round(mean([here.seconds for here, _ in pairs]), 2),
        "seconds_alone": round(mean([there.seconds for _, there in pairs]), 2),
        "second_rounds": sum(here.rounds > 1 for here, _ in pairs),
        "only_merged": [each for each, (here, there) in found.items() if here.right > there.right],
        "only_alone": [each for each, (here, there) in found.items() if here.right < there.right],
    }


@dataclass(frozen=True, slots=True)
class Told:
    """One answer."""

    right: bool
    complete: bool
    """Whether all tables of the right query were shown in the end."""
    rounds: int
    seconds: float
    sql: str | None


def told(planner: Planner, asked: Asked) -> Told | None:
    """``None`` where the right query cannot be run."""
    try:
        gold = Gold.run(planner.database, asked.gold)
    except UnmeasurableError as error:
        print(f"{asked.id}: {error.message}", file=sys.stderr)
        return None
    answer = planner.ask(asked.text)
    best = answer.best_execution
    return Told(
        right=best is not None and matches(gold, best),
        complete=answer.shown is None or asked.tables <= set(map(nocase, answer.shown)),
        rounds=sum(" tables shown: " in warning for warning in answer.warnings),
        seconds=answer.timings.total,
        sql=answer.sql,
    )


# ----------------------------------------------------------------------------------------------- seconds


def seconds(options: argparse.Namespace, folder: Path) -> dict:
    found = {}
    for count in map(int, options.sizes.split(",")):
        path = folder / f"{count}.sqlite"
        write(path, count, seed=options.seed)
        started, spent = time.perf_counter(), time.process_time()
        with planner_of(path, options, no_judge=True) as planner:
            opened = time.perf_counter()
            first = planner.question("How many orders of customers in Lisbon were shipped late?")
            asked = time.perf_counter()
            planner.question("Which suppliers deliver the most products?")
            again = time.perf_counter()
        found[str(count)] = {
            "open": round(opened - started, 2), "first_question": round(asked - opened, 2),
            "next_question": round(again - asked, 2), "tables_shown": len(first.schema.tables),
            "own_cpu": round(time.process_time() - spent, 2),
        }  # fmt: skip
    return {"schemas": found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("recall", "answers", "seconds"))
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--part", default="train")
    parser.add_argument("--fill", help="part whose databases fill the schema up")
    parser.add_argument("--tables", type=int, default=300)
    parser.add_argument("--sizes", default="300,2000,10000", help="tables of generated schemas")
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--wording", default="question", help="which of the pack's wordings (question_syn, ...)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--generator", default="builtin")
    parser.add_argument("--discriminator", default="builtin")
    parser.add_argument("--schema-tokens", type=int)
    options = parser.parse_args()
    if options.what != "seconds" and not options.data.is_dir():
        parser.error(f"{options.data} is not there: --data names the evaluation pack")
    run = {"recall": recall, "answers": answers, "seconds": seconds}[options.what]
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = run(options, Path(folder))
    except PlannerError as error:
        print(f"benchmarks.wide: {error.message}", file=sys.stderr)
        return int(error.exit_code)
    about = {key: value if not isinstance(value, Path) else value.name for key, value in vars(options).items()}
    about["date"] = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    print(json.dumps({**found, "options": about, "machine": machine(), "versions": versions()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
