"""One reader per format: from a record of its file to an item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from planner_cli.bench.datasets.items import GivenCandidate, Item
from planner_cli.bench.datasets.places import Databases, suite
from planner_cli.bench.datasets.records import QUERY_NAMES, Record, records
from planner_cli.bench.rows import Hardness
from planner_cli.bench.setaside import UnmeasurableError
from planner_cli.errors import PlannerError
from planner_cli.prompts.reply import extract_sql, opened

Make: TypeAlias = Callable[[int, Record], Item]
"""(position in the file, record) -> its item; raises :class:`UnmeasurableError` for a record that yields none."""
Reader: TypeAlias = Callable[[Path, "Path | None"], Make]
"""(file, where the databases are if not next to it) -> what makes its items."""

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


def spider(path: Path, databases: Path | None) -> Make:
    """``dev.json`` or ``train_spider.json``: an array of ``db_id``, ``question``, ``query``."""
    return _named(path, databases, gold="query", key="id")


def bird(path: Path, databases: Path | None) -> Make:
    """``dev.json`` of BIRD: ``db_id``, ``question``, ``SQL``, ``difficulty``; the evidence is part of the question."""
    bare = _named(path, databases, gold="SQL", key="question_id")

    def make(place: int, record: Record) -> Item:
        item, evidence = bare(place, record), record.text("evidence")
        return replace(item, question=f"{item.question}\n{evidence}") if evidence else item

    return make


def intrinsic(path: Path, databases: Path | None) -> Make:
    """``spider_intrin_eval.json``: with ``top_n`` candidates and ``top_n_label`` (1 right, 0 wrong).

    Its stored results are not used: everything is run again.
    """
    bare = _named(path, databases, gold="sql", key="qid")

    def make(place: int, record: Record) -> Item:
        queries, labels = record.fields.get("top_n"), record.fields.get("top_n_label")
        if not isinstance(queries, list) or not isinstance(labels, list) or len(queries) != len(labels):
            raise record.error("'top_n' and 'top_n_label' must be lists of one length")
        pairs = zip(queries, labels, strict=True)
        return replace(bare(place, record), candidates=tuple(_candidate(record, *pair) for pair in pairs))

    return make


def pack(path: Path, databases: Path | None) -> Make:
    """``questions.jsonl``, with the ``candidates.jsonl`` next to it if there is one."""
    beside = path.with_name("candidates.jsonl")
    given = _pack_candidates(beside) if beside.is_file() else None
    bare = _named(path, databases, gold="query", key="qid")

    def make(place: int, record: Record) -> Item:
        item = bare(place, record)
        if given is None:
            return item
        found = given.get(item.id)
        if found is None:
            raise record.error(f"{beside.name} has no line for {item.id!r}")
        if isinstance(found, UnmeasurableError):
            raise found
        return replace(item, candidates=found)

    return make


def _pack_candidates(path: Path) -> dict[str, tuple[GivenCandidate, ...] | UnmeasurableError]:
    """By question; a faulty line is represented by its error. Lines that name no question are lost."""
    given: dict[str, tuple[GivenCandidate, ...] | UnmeasurableError] = {}
    for record in records(path):
        name = None if isinstance(record, UnmeasurableError) else record.identifier("qid")
        if isinstance(record, UnmeasurableError) or name is None:
            continue
        try:
            given[name] = record.error(f"another line has the qid {name!r}") if name in given else _given(record)
        except UnmeasurableError as error:
            given[name] = error
    return given


def _given(record: Record) -> tuple[GivenCandidate, ...]:
    """A record's ``candidates``, each an object with ``sql`` and, where it is known, ``label`` (0 or 1)."""
    entries = record.fields.get("candidates")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise record.error("'candidates' must be a list of objects")
    return tuple(_candidate(record, entry.get("sql"), entry.get("label")) for entry in entries)


def table(path: Path, databases: Path | None) -> Make:
    """A user's CSV, TSV or JSON Lines: ``question``, ``sql``, and where wanted ``database``, ``hardness``, ``id``.

    A JSON line may also have ``candidates`` to judge.

    ``database`` is a path relative to the file, or the name of a database next to it; ``databases`` may be one
    database for all records that name none.
    """
    beside = Databases(path.parent)

    def make(place: int, record: Record) -> Item:
        named = record.text("database", "db", "db_id")
        if named is not None:
            direct = path.parent / Path(named).expanduser()
            found = direct if direct.is_file() else beside.named(record, named)
        elif databases is not None:
            found = databases
        else:
            raise record.error("there is no 'database', and none was given for the whole file")
        name = record.identifier("id", "qid") or str(place + 1)
        item = _item(record, name, found, record.required(*QUERY_NAMES))
        return replace(item, candidates=_given(record)) if "candidates" in record.fields else item

    return make


def demo(databases: Path | None) -> tuple[Item, ...]:
    """The questions that come with the demo database, which is built at ``databases`` if it does not exist."""
    from planner_cli.demo import build, questions

    if databases is None:
        raise PlannerError("no file was named for the demo's database", hint="name a file for it")
    if not databases.exists():
        build(databases)
    return tuple(Item(q.id, "demo", databases, (), q.question, q.sql, q.hardness) for q in questions())


def everyday(databases: Path | None, part: str | None) -> tuple[Item, ...]:
    """The everyday questions of one third, or of all; their databases are made under ``databases``."""
    from planner_cli.demo import everyday as data

    if databases is None:
        raise PlannerError("no folder was named for the everyday databases", hint="name a folder for them")
    if part is not None and part not in data.THIRDS:
        raise PlannerError(f"the everyday questions have no part {part!r}", hint=f"one of: {', '.join(data.THIRDS)}")
    wanted = [question for question in data.questions() if part in {None, question.third}]
    files = {name: data.made(name, databases) for name in dict.fromkeys(question.database for question in wanted)}
    return tuple(
        Item(
            id=question.id,
            database_id=question.database,
            database_path=files[question.database][0],
            suite=files[question.database][1:],
            question=question.text,
            gold=question.golds[0] if question.golds else None,
            others=question.golds[1:],
            unanswerable=not question.golds,
            part=question.third,
            kinds=question.kinds,
        )
        for question in wanted
    )


# ------------------------------------------------------------------------------------------- parts


def _named(path: Path, databases: Path | None, *, gold: str, key: str) -> Make:
    """Items of records that name their database by ``db_id``; their id is ``key`` or made from their position."""
    known = Databases(databases or path.parent)

    def make(place: int, record: Record) -> Item:
        found = known.named(record, record.required("db_id"))
        name = record.identifier(key) or f"{path.stem}-{place:04d}"
        return _item(record, name, found, record.required(gold))

    return make


def _item(record: Record, name: str, database: Path, gold: str) -> Item:
    return Item(
        id=name,
        database_id=database.stem,
        database_path=database,
        suite=suite(database),
        question=record.required("question"),
        gold=gold if opened(gold) == gold.lstrip() else extract_sql(gold),  # a model may have written it
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
