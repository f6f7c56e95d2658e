"""Spider-like packs as training items: queries in normal form, checked by execution, with value hints."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from models.distill.items import Item
from planner_cli.bench.legacy import standard_strings
from planner_cli.database import Database
from planner_cli.prompts.normal_form import Name, Part, resolve, write
from planner_cli.types import Schema

_MOST_STEPS = 2000
"""Progress callbacks of 10,000 instructions before a query of the check is given up."""


def read_pack(folder: Path, schemas: dict[str, Schema], counts: Counter[str]) -> Iterator[Item]:
    """The items of ``questions.jsonl``; fills ``schemas``. ``counts`` says what was left out, and why."""
    by_database: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    with (folder / "questions.jsonl").open(encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            by_database[record["db_id"]].append(record)
    for name, records in sorted(by_database.items()):
        path = folder / "databases" / name / f"{name}.sqlite"
        instance = next(iter(sorted((path.parent / "suite").glob("*.sqlite"))), path)
        with Database.open(path) as database, closing(Check(instance, database.schema)) as check:
            schemas[name] = database.schema
            for record in records:
                yield from _items(name, record, database, check, counts)


def write_part(folder: Path, out: Path, wanted: Callable[[str], bool]) -> Counter[str]:
    """A pack of some of a pack's databases, which are linked to, not copied; returns how many of what it has."""
    counts: Counter[str] = Counter()
    (out / "databases").mkdir(parents=True)
    with (
        (folder / "questions.jsonl").open(encoding="utf-8") as file,
        (out / "questions.jsonl").open("w", encoding="utf-8") as kept,
    ):
        for line in file:
            name = json.loads(line)["db_id"]
            if not wanted(name):
                continue
            kept.write(line)
            counts["questions"] += 1
            link = out / "databases" / name
            if not link.is_symlink():
                link.symlink_to((folder / "databases" / name).resolve(), target_is_directory=True)
                counts["databases"] += 1
    return counts


def _items(
    name: str, record: Mapping[str, str], database: Database, check: Check, counts: Counter[str]
) -> Iterator[Item]:
    gold = standard_strings(record["query"], database.schema)
    parts = resolve(gold, database.schema)
    if not check.holds(gold, parts):
        counts["query changed or did not run"] += 1
        return
    wordings = {"spider": record["question"], "syn": record.get("question_syn") or record["question"]}
    for source, text in wordings.items():
        question = tidy(text)
        if source == "spider" or question != tidy(record["question"]):
            counts[source] += 1
            yield Item(name, question, parts, database.mentioned(question), source)


def tidy(question: str) -> str:
    """Without Spider's blanks before punctuation."""
    return re.sub(r"\s+([?.,!;])", r"\1", " ".join(question.split())).replace(" 's", "'s")


class Check:
    """Whether a query in normal form keeps its meaning, and whether its names can be replaced."""

    def __init__(self, path: Path, schema: Schema) -> None:
        """Copy the database under new names, into memory."""
        self._given = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        self._renamed = sqlite3.connect(":memory:")
        self._given.backup(self._renamed)
        self._renamed.execute("PRAGMA legacy_alter_table = ON")
        self._names: dict[Name, str] = {}
        for t, table in enumerate(schema.tables):
            for c, column in enumerate(table.columns):
                self._names[Name(table.name, column.name)] = f"c{t}_{c}"
                self._renamed.execute(f'ALTER TABLE "{table.name}" RENAME COLUMN "{column.name}" TO c{t}_{c}')
            self._names[Name(table.name)] = f"t{t}"
            self._renamed.execute(f'ALTER TABLE "{table.name}" RENAME TO t{t}')
        for connection in (self._given, self._renamed):
            connection.text_factory = lambda raw: raw.decode("utf-8", "replace")

    def holds(self, gold: str, parts: Sequence[Part]) -> bool:
        expected = _rows(self._given, gold)
        return (
            expected is not None
            and _rows(self._given, write(parts)) == expected
            and _rows(self._renamed, write(parts, self._names.__getitem__)) == expected
        )

    def close(self) -> None:
        self._given.close()
        self._renamed.close()


def _rows(connection: sqlite3.Connection, sql: str) -> list[str] | None:
    """Sorted rows, ``None`` when it does not run or takes too long."""
    connection.set_progress_handler(_countdown(), 10_000)
    try:
        return sorted(map(repr, connection.execute(sql).fetchmany(5000)))
    except sqlite3.Error:
        return None


def _countdown() -> Callable[[], bool]:
    left = _MOST_STEPS

    def spent() -> bool:
        nonlocal left
        left -= 1
        return left < 0

    return spent
