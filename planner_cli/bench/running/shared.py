"""What both kinds of run need: keys, what is done already, open databases, rows of candidates, memory."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from planner_cli.bench.datasets import Item
from planner_cli.bench.equality import EVALUATION_LIMITS
from planner_cli.bench.rows import ScoredCandidate
from planner_cli.database import Database
from planner_cli.errors import PlannerError
from planner_cli.types import Candidate, Execution, Verdict


def key_of(item: Item, settings: object, models: Sequence[Any]) -> str:
    """Hash of everything that decides a row: the item, the settings, the models (by sha256), the database file."""
    content = [item.digest, settings, [asdict(m) for m in models], _file_digest(item)]
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def to_do(
    items: Sequence[Item], settings: object, models: Sequence[Any], done: Collection[str]
) -> Iterator[tuple[Item, str | None]]:
    """Each item with its key, ``None`` for one that is done."""
    for item in items:
        key = key_of(item, settings, models)
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

    def __init__(self) -> None:
        self._open: Database | None = None

    def get(self, item: Item) -> Database:
        if self._open is None or self._open.path != item.database_path:
            self.close()
            self._open = Database.open(item.database_path, limits=EVALUATION_LIMITS)
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
