"""One reader a format: from a file's records to items."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from planner_cli.bench.datasets.items import GivenCandidate, Item
from planner_cli.bench.datasets.places import Databases, suite
from planner_cli.bench.datasets.records import Record, records
from planner_cli.bench.rows import Hardness
from planner_cli.errors import PlannerError
from planner_cli.prompts.reply import extract_sql

Reader: TypeAlias = Callable[[Path, "Path | None"], Iterator[Item]]
"""(file, place of the databases if not beside it) -> items in the file's order."""

_HARDNESS: dict[str, Hardness] = {
    "easy": "easy",
    "medium": "medium",
    "hard": "hard",
    "extra": "extra",
    "extra hard": "extra",
    # BIRD's own three levels, by rank; people chose them, not Spider's rules
    "simple": "easy",
    "moderate": "medium",
    "challenging": "hard",
}


def spider(path: Path, databases: Path | None) -> Iterator[Item]:
    """``dev.json`` or ``train_spider.json``: an array of ``db_id``, ``question``, ``query``."""
    for _, item in _items(path, databases, gold="query", key="id"):
        yield item


def bird(path: Path, databases: Path | None) -> Iterator[Item]:
    """``dev.json`` of BIRD: ``db_id``, ``question``, ``SQL``, ``difficulty``; the evidence is part of the question."""
    for record, item in _items(path, databases, gold="SQL", key="question_id"):
        evidence = record.text("evidence")
        yield replace(item, question=f"{item.question}\n{evidence}") if evidence else item


def intrinsic(path: Path, databases: Path | None) -> Iterator[Item]:
    """``spider_intrin_eval.json``: with ``top_n`` candidates and ``top_n_label`` (1 right, 0 wrong).

    Its stored results are not used: everything runs again.
    """
    for record, item in _items(path, databases, gold="sql", key="qid"):
        queries, labels = record.fields.get("top_n"), record.fields.get("top_n_label")
        if not isinstance(queries, list) or not isinstance(labels, list) or len(queries) != len(labels):
            raise record.error("'top_n' and 'top_n_label' must be lists of one length")
        yield replace(item, candidates=tuple(_candidate(record, *pair) for pair in zip(queries, labels, strict=True)))


def pack(path: Path, databases: Path | None) -> Iterator[Item]:
    """``questions.jsonl``, with the ``candidates.jsonl`` beside it where there is one."""
    beside = path.with_name("candidates.jsonl")
    given = _pack_candidates(beside) if beside.is_file() else None
    for record, item in _items(path, databases, gold="query", key="qid"):
        if given is not None and item.id not in given:
            raise record.error(f"{beside.name} has no line for {item.id!r}")
        yield replace(item, candidates=given[item.id]) if given is not None else item


def _pack_candidates(path: Path) -> dict[str, tuple[GivenCandidate, ...]]:
    given: dict[str, tuple[GivenCandidate, ...]] = {}
    for record in records(path):
        given[record.required("qid")] = _given(record)
    return given


def _given(record: Record) -> tuple[GivenCandidate, ...]:
    """A record's ``candidates``, each an object with ``sql`` and, where it is known, ``label`` (0 or 1)."""
    entries = record.fields.get("candidates")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise record.error("'candidates' must be a list of objects")
    return tuple(_candidate(record, entry.get("sql"), entry.get("label")) for entry in entries)


def table(path: Path, databases: Path | None) -> Iterator[Item]:
    """A user's CSV, TSV or JSON Lines: ``question``, ``sql``, and where wanted ``database``, ``hardness``, ``id``.

    A JSON line may also have ``candidates`` to judge.

    ``database`` is a path, seen from the file, or the name of a database beside it; ``databases`` may be one
    database for all records that name none.
    """
    beside = Databases(path.parent)
    for number, record in enumerate(records(path), 1):
        named = record.text("database", "db", "db_id")
        if named is not None:
            direct = path.parent / Path(named).expanduser()
            found = direct if direct.is_file() else beside.named(record, named)
        elif databases is not None:
            found = databases
        else:
            raise record.error("there is no 'database', and none was given for the whole file")
        name = record.identifier("id", "qid") or str(number)
        item = _item(record, name, found, record.required("sql", "gold", "query"))
        yield replace(item, candidates=_given(record)) if "candidates" in record.fields else item


def demo(_: Path, databases: Path | None) -> Iterator[Item]:
    """The questions that come with the demo database, which is built at ``databases`` if nothing is there."""
    from planner_cli.demo import build, questions

    if databases is None:
        raise PlannerError("the demo's database has no place", hint="name a file for it")
    if not databases.exists():
        build(databases)
    for question in questions():
        yield Item(question.id, "demo", databases, (), question.question, question.sql, question.hardness)


# ------------------------------------------------------------------------------------------- parts


def _items(path: Path, databases: Path | None, *, gold: str, key: str) -> Iterator[tuple[Record, Item]]:
    """Items of records that name their database by ``db_id``; their id is ``key`` or made from their place."""
    known = Databases(databases or path.parent)
    for index, record in enumerate(records(path)):
        found = known.named(record, record.required("db_id"))
        name = record.identifier(key) or f"{path.stem}-{index:04d}"
        yield record, _item(record, name, found, record.required(gold))


def _item(record: Record, name: str, database: Path, gold: str) -> Item:
    return Item(
        id=name,
        database_id=database.stem,
        database_path=database,
        suite=suite(database),
        question=record.required("question"),
        gold=gold,
        hardness=_hardness(record),
    )


def _hardness(record: Record) -> Hardness | None:
    word = record.text("hardness", "difficulty")
    if word is None:
        return None
    if word.lower() not in _HARDNESS:
        raise record.error(f"hardness is {word!r}, but must be one of {', '.join(_HARDNESS)}")
    return _HARDNESS[word.lower()]


def _candidate(record: Record, sql: object, label: object) -> GivenCandidate:
    if not isinstance(sql, str):
        raise record.error("a candidate's query must be text")
    if not (label is None or (isinstance(label, int) and label in (0, 1))):
        raise record.error(f"a candidate's label is {label!r}, but must be 0, 1 or null")
    return GivenCandidate(extract_sql(sql), None if label is None else bool(label))
