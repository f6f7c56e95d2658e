"""Finding out what a source is, reading it, and taking the requested part of it."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from planner_cli.bench.datasets import formats
from planner_cli.bench.datasets.formats import Reader
from planner_cli.bench.datasets.items import Dataset, Item, fingerprint
from planner_cli.bench.datasets.records import TABLES, Record, RecordError, records
from planner_cli.bench.setaside import SetAside, UnmeasurableError
from planner_cli.bench.spider import hardness
from planner_cli.errors import PlannerError

_READERS: dict[str, Reader] = {
    "spider": formats.spider,
    "bird": formats.bird,
    "intrinsic": formats.intrinsic,
    "pack": formats.pack,
    "table": formats.table,
}
_SHIPPED = ("demo", "everyday")
"""Data sets that come with planner, named by their format."""
FORMATS = (*_READERS, *_SHIPPED)

_LOOKED_AT = 1_000
"""How many entries are looked at for the fields that identify the format."""
_IN_FOLDER: tuple[tuple[str, str], ...] = (
    # (format, file), in the order of the search
    ("pack", "questions.jsonl"),
    ("spider", "dev.json"),
    ("bird", "dev.json"),
    ("bird", "mini_dev_sqlite.json"),
    ("spider", "train_spider.json"),
    ("bird", "train.json"),
    ("spider", "test.json"),
    ("intrinsic", "spider_intrin_eval.json"),
)


@dataclass(slots=True)
class _Faults:
    """Records that yield no item: set aside, or raised under ``strict``."""

    strict: bool
    found: list[SetAside] = field(default_factory=list)

    def take(self, error: UnmeasurableError, name: str) -> None:
        if self.strict:
            raise error
        self.found.append(error.of(name))

    def record(self, error: UnmeasurableError) -> None:
        """One that knows its own position."""
        if self.strict or not isinstance(error, RecordError):
            raise error
        self.found.append(SetAside(error.name, error.kind, error.problem))


def load(
    source: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    part: str | None = None,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    databases: Path | None = None,
    strict: bool = False,
) -> Dataset:
    """Read a data set.

    ``source`` is a file, a folder, ``demo`` or ``everyday``; ``format`` one of :data:`FORMATS`, found out if not given.
    ``part`` names a subfolder, a file by its beginning (``dev``, ``train``), or a third of the everyday questions.
    ``limit`` takes that many questions, spread over the data: which ones depends on their ids alone, and a larger limit
    keeps those of a smaller one. ``shard`` (i, n), 1 <= i <= n, takes the i-th of n parts of what is left.
    ``databases`` is the folder with the databases if they are not next to the data; for the everyday questions, the
    folder in which they are made; for a table without a database column, and for the demo (which is built there), the
    one file. Records that yield no question are set aside; ``strict`` raises the first of them.

    Raises:
        PlannerError: there is no such data, it cannot be read as a whole, or none of it yields a question.

    """
    _check_part(limit, shard)
    kind, path = _identify(source, format, part)
    faults = _Faults(strict)
    if kind == "demo":
        items, name = formats.demo(databases), kind
    elif kind == "everyday":
        items, name = formats.everyday(databases, part), kind if part is None else f"{kind}-{part}"
    else:
        items, name = _items(kind, path, databases, faults), f"{path.parent.name}/{path.name}"
    return _dataset(name, kind, _distinct(path, items, faults), faults, limit, shard)


def _items(kind: str, path: Path, databases: Path | None, faults: _Faults) -> tuple[Item, ...]:
    """One item per record, in the file's order."""
    make = _READERS[kind](path, databases)
    items = []
    for place, record in enumerate(records(path)):
        if isinstance(record, RecordError):
            faults.record(record)
            continue
        try:
            items.append(make(place, record))
        except UnmeasurableError as error:
            faults.record(error)
    return tuple(items)


def from_items(
    name: str,
    items: Sequence[Item],
    *,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    strict: bool = False,
) -> Dataset:
    """A data set of items that are in no file; parameters and errors as in :func:`load`."""
    _check_part(limit, shard)
    faults = _Faults(strict)
    return _dataset(name, name, _distinct(name, items, faults), faults, limit, shard)


def _check_part(limit: int | None, shard: tuple[int, int] | None) -> None:
    if limit is not None and limit < 1:
        raise PlannerError(f"the limit is {limit}, but must be 1 or more")
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise PlannerError(f"the shard is {shard[0]}/{shard[1]}, but must be i/n with i from 1 to n")


def _dataset(
    name: str,
    kind: str,
    everything: tuple[Item, ...],
    faults: _Faults,
    limit: int | None,
    shard: tuple[int, int] | None,
) -> Dataset:
    items = _sample(everything, limit)
    if shard is not None:
        items = items[shard[0] - 1 :: shard[1]]
    graded = tuple(item if item.hardness or item.gold is None else _graded(item, item.gold) for item in items)
    return Dataset(name, kind, graded, len(everything), fingerprint(everything), tuple(faults.found))


def _graded(item: Item, gold: str) -> Item:
    return replace(item, hardness=hardness(gold))


def _distinct(source: Path | str, items: Sequence[Item], faults: _Faults) -> tuple[Item, ...]:
    """The items without those that repeat the id, or the database name, of an earlier one."""
    seen: dict[str, int] = {}
    paths: dict[str, Path] = {}
    kept = []
    for item in items:
        seen[item.id] = seen.get(item.id, 0) + 1
        if seen[item.id] > 1:
            problem = f"{source}: two questions have the id {item.id!r}"
            faults.take(UnmeasurableError("id", problem), f"{item.id} (number {seen[item.id]} of this id)")
        elif paths.setdefault(item.database_id, item.database_path) != item.database_path:
            problem = f"{source}: two databases have the name {item.database_id!r}"
            faults.take(UnmeasurableError("id", problem, hint="rename one of them"), item.id)
        else:
            kept.append(item)
    if not kept:
        first = f": {faults.found[0].name}: {faults.found[0].reason}" if faults.found else ""
        count = f" that can be measured; {len(faults.found):,} are set aside, the first" if faults.found else ""
        raise PlannerError(f"{source} holds no questions{count}{first}")
    return tuple(kept)


def _sample(items: tuple[Item, ...], limit: int | None) -> tuple[Item, ...]:
    if limit is None or limit >= len(items):
        return items
    by_chance = sorted(items, key=lambda item: hashlib.sha256(item.id.encode()).digest())
    taken = {item.id for item in by_chance[:limit]}
    return tuple(item for item in items if item.id in taken)


# ---------------------------------------------------------------------------------------- what it is


def _identify(source: str | Path, kind: str | None, part: str | None) -> tuple[str, Path]:
    """The format, and the file to read."""
    if kind is not None and kind not in FORMATS:
        raise PlannerError(f"there is no format {kind!r}", hint=f"one of: {', '.join(FORMATS)}")
    path = Path(source).expanduser()
    for name in _SHIPPED:
        if kind == name or (str(source) == name and not path.exists()):
            return name, path
    if path.is_file():
        return kind or _kind_of(path), path
    if not path.is_dir():
        raise PlannerError(f"there is no file or folder {path}")
    return _in_folder(path, kind, part)


def _in_folder(folder: Path, kind: str | None, part: str | None) -> tuple[str, Path]:
    if part is not None and (folder / part).is_dir():
        folder, part = folder / part, None
    for name, file in _IN_FOLDER:
        path = folder / file
        if not path.is_file() or not (part is None or file.startswith(part)):
            continue
        if kind == name or (kind is None and (not file.endswith(".json") or _kind_of(path) == name)):
            return name, path
    parts = sorted(path.parent.name for path in folder.glob("*/questions.jsonl"))
    if parts and part is None:
        raise PlannerError(f"{folder} has the parts {', '.join(parts)}", hint="name one of them as the part")
    wanted = f" of format {kind}" if kind else ""
    raise PlannerError(
        f"{folder} holds no data set{wanted}" + (f" with a part {part!r}" if part else ""),
        hint=f"looked for {', '.join(dict.fromkeys(file for _, file in _IN_FOLDER))}",
    )


def _kind_of(path: Path) -> str:
    """Determined by the fields of the first entries, since any one of them may lack some."""
    if path.suffix.lower() in TABLES:
        return "table"
    found = list(itertools.islice(records(path), _LOOKED_AT))
    entries = [each for each in found if isinstance(each, Record)]
    if not entries:
        problems = (each for each in found if isinstance(each, RecordError))
        if found and path.suffix.lower() not in {".json", ".jsonl"}:
            endings = ", ".join((".json", ".jsonl", *sorted(TABLES)))
            raise PlannerError(
                f"{path} ends in none of {endings}, and is no JSON Lines", hint="give it the ending of what it is"
            )
        raise next(problems, PlannerError(f"{path} holds no questions"))
    fields = {name for each in entries for name in each.fields}
    if path.suffix.lower() != ".json":
        return "pack" if {"qid", "db_id", "query"} <= fields else "table"
    if "top_n" in fields:
        return "intrinsic"
    if "SQL" in fields:
        return "bird"
    if {"db_id", "query"} <= fields:
        return "spider"
    raise _unknown(entries[0])


def _unknown(first: Record) -> PlannerError:
    return first.error(f"no known layout has the fields {json.dumps(sorted(first.fields))[:200]}")
