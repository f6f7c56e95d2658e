"""Finding out what a source is, reading it, and taking the part of it that was asked for."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from planner_cli.bench.datasets import formats
from planner_cli.bench.datasets.formats import Reader
from planner_cli.bench.datasets.items import Dataset, Item, fingerprint
from planner_cli.bench.datasets.records import Record, records
from planner_cli.bench.spider import hardness
from planner_cli.errors import PlannerError

_READERS: dict[str, Reader] = {
    "spider": formats.spider,
    "bird": formats.bird,
    "intrinsic": formats.intrinsic,
    "pack": formats.pack,
    "table": formats.table,
    "demo": formats.demo,
}
FORMATS = tuple(_READERS)

_IN_FOLDER: tuple[tuple[str, str], ...] = (
    # (format, file), in the order in which they are looked for
    ("pack", "questions.jsonl"),
    ("spider", "dev.json"),
    ("bird", "dev.json"),
    ("bird", "mini_dev_sqlite.json"),
    ("spider", "train_spider.json"),
    ("bird", "train.json"),
    ("spider", "test.json"),
    ("intrinsic", "spider_intrin_eval.json"),
)


def load(
    source: str | Path,
    *,
    format: str | None = None,  # noqa: A002 - the option's name
    part: str | None = None,
    limit: int | None = None,
    shard: tuple[int, int] | None = None,
    databases: Path | None = None,
) -> Dataset:
    """Read a data set.

    ``source`` is a file, a folder, or ``demo``; ``format`` one of :data:`FORMATS`, found out if not given. ``part``
    names a subfolder, or a file by its beginning (``dev``, ``train``). ``limit`` takes that many questions, spread over
    the data: which ones depends on their ids alone, and a larger limit keeps those of a smaller one. ``shard``
    (i, n), 1 <= i <= n, takes the i-th of n parts of what is left. ``databases`` is the folder with the databases where
    they do not lie beside the data; for a table without a database column, and for the demo (which is built there),
    the one file.

    Raises:
        PlannerError: there is no such data, or something in it is wrong (with file and line).

    """
    _check_part(limit, shard)
    kind, path = _identify(source, format, part)
    everything = tuple(_READERS[kind](path, databases))
    _check(path, everything)
    name = "demo" if kind == "demo" else f"{path.parent.name}/{path.name}"
    return _dataset(name, kind, everything, limit, shard)


def from_items(
    name: str, items: Sequence[Item], *, limit: int | None = None, shard: tuple[int, int] | None = None
) -> Dataset:
    """A data set of items that stand in no file; parameters and errors as in :func:`load`."""
    _check_part(limit, shard)
    _check(name, items)
    return _dataset(name, name, tuple(items), limit, shard)


def _check_part(limit: int | None, shard: tuple[int, int] | None) -> None:
    if limit is not None and limit < 1:
        raise PlannerError(f"the limit is {limit}, but must be 1 or more")
    if shard is not None and not 1 <= shard[0] <= shard[1]:
        raise PlannerError(f"the shard is {shard[0]}/{shard[1]}, but must be i/n with i from 1 to n")


def _dataset(
    name: str, kind: str, everything: tuple[Item, ...], limit: int | None, shard: tuple[int, int] | None
) -> Dataset:
    items = _sample(everything, limit)
    if shard is not None:
        items = items[shard[0] - 1 :: shard[1]]
    graded = tuple(item if item.hardness or item.gold is None else _graded(item, item.gold) for item in items)
    return Dataset(name, kind, graded, len(everything), fingerprint(everything))


def _graded(item: Item, gold: str) -> Item:
    return replace(item, hardness=hardness(gold))


def _check(source: Path | str, items: Sequence[Item]) -> None:
    if not items:
        raise PlannerError(f"{source} holds no questions")
    seen: set[str] = set()
    paths: dict[str, Path] = {}
    for item in items:
        if item.id in seen:
            raise PlannerError(f"{source}: two questions have the id {item.id!r}")
        seen.add(item.id)
        if paths.setdefault(item.database_id, item.database_path) != item.database_path:
            raise PlannerError(f"{source}: two databases have the name {item.database_id!r}", hint="rename one of them")


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
    if kind == "demo" or (str(source) == "demo" and not path.exists()):
        return "demo", path
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
    """By the first entry's fields."""
    if path.suffix.lower() in {".csv", ".tsv"}:
        return "table"
    first = next(records(path), None)
    if first is None:
        raise PlannerError(f"{path} holds no questions")
    fields = first.fields.keys()
    if path.suffix.lower() != ".json":
        return "pack" if {"qid", "db_id", "query"} <= fields else "table"
    if "top_n" in fields:
        return "intrinsic"
    if "SQL" in fields:
        return "bird"
    if {"db_id", "query"} <= fields:
        return "spider"
    raise _unknown(first)


def _unknown(first: Record) -> PlannerError:
    return first.error(f"no known layout has the fields {json.dumps(sorted(first.fields))[:200]}")
