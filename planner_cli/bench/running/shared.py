"""What both kinds of run need: keys, what is done already, open databases, rows of candidates, memory."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from planner_cli.bench.datasets import Item
from planner_cli.bench.equality import EVALUATION_LIMITS
from planner_cli.bench.rows import ScoredCandidate
from planner_cli.database import Database, redaction
from planner_cli.errors import PlannerError
from planner_cli.types import Candidate, Execution, Schema, Verdict

Redactions: TypeAlias = Mapping[Path, tuple[str, ...]]
"""The columns of each database, as TABLE.COLUMN, that read as NULL; :func:`redactions` makes it."""
NOTHING_REDACTED: Redactions = MappingProxyType({})


def redactions(items: Sequence[Item], texts: Sequence[str]) -> Redactions:
    """Which of the columns ``texts`` (TABLE.COLUMN) each database of the items has.

    Raises:
        PlannerError: a column is in none of them: a slip of the keyboard must not redact nothing.

    """
    found: dict[Path, tuple[str, ...]] = {}
    schemas: list[Schema] = []
    if not texts:
        return found
    wanted = redaction.columns(texts)
    paths = list(dict.fromkeys(item.database_path for item in items))
    for path in paths:
        with Database.open(path, samples=0) as database:
            schemas.append(database.schema)
            found[path] = redaction.named([name.text for name in wanted], database.schema)
            if len(paths) == 1:
                redaction.check(texts, database.schema, path)
    for name in wanted:
        if not any(name.text in names for names in found.values()):
            near = redaction.meant(name, schemas)
            hint = f"did you mean {near}?" if near else "give TABLE.COLUMN"
            raise PlannerError(f"none of the {len(found)} databases has a column {name.text!r} to redact", hint=hint)
    return found


def key_of(item: Item, settings: object, models: Sequence[Any], redacted: Sequence[str] = ()) -> str:
    """Hash of everything that decides a row: the item, the settings, the models (by sha256), the database file."""
    content = [item.digest, settings, [asdict(m) for m in models], _file_digest(item)]
    if redacted:
        content.append(sorted(redacted))
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def to_do(
    items: Sequence[Item], settings: object, models: Sequence[Any], done: Collection[str], redacted: Redactions
) -> Iterator[tuple[Item, str | None]]:
    """Each item with its key, ``None`` for one that is done."""
    for item in items:
        key = key_of(item, settings, models, redacted.get(item.database_path, ()))
        yield item, None if key in done else key


def _file_digest(item: Item) -> str:
    with _as_environment(item):
        state = item.database_path.stat()
        return _digest(item.database_path, state.st_size, state.st_mtime_ns)


@functools.lru_cache(maxsize=256)
def _digest(path: Path, _size: int, _modified: int) -> str:
    """sha256 of a file in the state that size and time tell: hundreds of items ask the same database."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def scored(
    candidate: Candidate,
    execution: Execution,
    label: bool | None,
    found: int | None,
    verdict: Verdict | None,
    *,
    thoughts: bool,
) -> ScoredCandidate:
    bare = ScoredCandidate(
        sql=candidate.sql,
        label=label,
        executable=execution.ok,
        error=execution.error,
        samples=candidate.samples,
        cluster=found,
        greedy=candidate.greedy,
        logprob=candidate.logprob,
        steps=execution.steps,
        scanned=execution.scanned,
        unmatched=len(execution.unmatched),
        crossed=len(execution.crossed),
    )
    if verdict is None:
        return bare
    return replace(
        bare,
        judged=True,
        score=verdict.score,
        hard=verdict.hard,
        mass=verdict.mass,
        closed_by=verdict.thought.closed_by,
        tokens=verdict.thought.tokens,
        probes=verdict.probes,
        thought=verdict.thought.text if thoughts else None,
    )


class Databases:
    """The database of the present item, kept open while items ask the same one."""

    def __init__(self, redacted: Redactions) -> None:
        self._redacted = redacted
        self._open: Database | None = None

    def get(self, item: Item) -> Database:
        if self._open is None or self._open.path != item.database_path:
            self.close()
            redact = self._redacted.get(item.database_path, ())
            self._open = Database.open(item.database_path, limits=EVALUATION_LIMITS, redact=redact)
        return self._open

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def __enter__(self) -> Databases:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@contextmanager
def _as_environment(item: Item) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PlannerError(f"{item.id}: {item.database_path}: {error.strerror or error}") from error


def peak_memory() -> int | None:
    """Most memory this process has had, in bytes; ``None`` where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
