"""What both kinds of run need: keys, what is already done, open databases, rows of candidates, memory."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from planner_cli.bench.datasets import Item
from planner_cli.bench.instances import Redactions, faults_of_data
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.bench.setaside import SetAside, UnmeasurableError
from planner_cli.database import Database, redaction
from planner_cli.database.digest import sha256
from planner_cli.errors import ContextOverflow, PlannerError
from planner_cli.settings import Limits
from planner_cli.types import Candidate, Execution, Schema, Verdict


def redactions(items: Sequence[Item], texts: Sequence[str]) -> Redactions:
    """Which of the columns ``texts`` (TABLE.COLUMN) each database of the items has; all, if that cannot be known.

    Raises:
        PlannerError: a column is in none of them: a typing error must not redact nothing.

    """
    found: dict[Path, tuple[str, ...]] = {}
    unknown: dict[Path, tuple[str, ...]] = {}
    schemas: list[Schema] = []
    if not texts:
        return found
    wanted = redaction.columns(texts)
    names = tuple(name.text for name in wanted)
    paths = tuple(dict.fromkeys(item.database_path for item in items))
    for path in paths:
        try:
            with faults_of_data(), Database.open(path, samples=0) as database:
                schema = database.schema
        except UnmeasurableError:  # if it is usable a moment later, it must not be so without redaction
            unknown[path] = names
            continue
        schemas.append(schema)
        found[path] = redaction.named(names, schema)
        if len(paths) == 1:
            redaction.check(texts, schema, path)
    for name in wanted:
        if not any(name.text in own for own in found.values()):
            near = redaction.meant(name, schemas)
            hint = f"did you mean {near}?" if near else "give TABLE.COLUMN"
            raise PlannerError(f"none of the {len(found)} databases has a column {name.text!r} to redact", hint=hint)
    return found | unknown


def key_of(item: Item, settings: object, models: Sequence[Any], redacted: Sequence[str] = ()) -> str:
    """Hash of everything a row depends on: the item, the settings, the models (by sha256), the database file."""
    content = [item.digest, settings, [asdict(m) for m in models], digest_of(item.database_path)]
    if redacted:
        content.append(sorted(redacted))
    return hashed(content)


def hashed(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32]


def measured(
    items: Sequence[Item],
    settings: Sequence[object],
    models: Sequence[Any],
    done: Sequence[Collection[str]],
    redacted: Redactions,
    rows: Callable[[Item, Sequence[str | None]], Sequence[ItemRow | None]],
) -> Iterator[tuple[ItemRow | SetAside | None, ...]]:
    """For each item, per element of ``settings``: its row, ``None`` where it is done, or why it has none.

    ``rows`` makes them of an item and its keys, ``None`` for what is done.
    """
    for item in items:
        try:
            redact = redacted.get(item.database_path, ())
            keys = [key_of(item, each, models, redact) for each in settings]
            missing = [None if key in known else key for key, known in zip(keys, done, strict=True)]
            found: Sequence[ItemRow | SetAside | None] = rows(item, missing) if any(missing) else [None] * len(keys)
        except (UnmeasurableError, ContextOverflow) as error:
            found = [set_aside(item, error)] * len(settings)
        yield tuple(found)


def set_aside(item: Item, error: UnmeasurableError | ContextOverflow) -> SetAside:
    """An item that cannot be measured, or whose prompt does not fit the model."""
    return SetAside(item.id, error.kind if isinstance(error, UnmeasurableError) else "context", error.message)


def digest_of(path: Path) -> str:
    """sha256 of a database's file.

    Raises:
        UnmeasurableError: it cannot be read.

    """
    try:
        state = path.stat()
        with faults_of_data():
            return _digest(path, state.st_size, state.st_mtime_ns)
    except OSError as error:
        raise UnmeasurableError("database", f"{path}: {error.strerror or error}") from error


@functools.cache
def _digest(path: Path, _size: int, _modified: int) -> str:
    """Cached by the file's size and time: hundreds of items use the same database."""
    return sha256(path)


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
    """The database of the current item under the plan's limits, kept open while items use the same one."""

    def __init__(self, redacted: Redactions, limits: Limits) -> None:
        self._redacted = redacted
        self._limits = limits
        self._path: Path | None = None
        self._open: Database | UnmeasurableError | None = None

    def get(self, item: Item) -> Database:
        """Raises :class:`UnmeasurableError` where the database cannot be used."""
        if self._path != item.database_path:
            self.close()
            self._open = self._opened(item.database_path)
            self._path = item.database_path
        if not isinstance(self._open, Database):
            assert self._open is not None
            raise self._open
        return self._open

    def _opened(self, path: Path) -> Database | UnmeasurableError:
        try:
            with faults_of_data():
                return Database.open(path, limits=self._limits, redact=self._redacted.get(path, ()))
        except UnmeasurableError as error:
            return error

    def close(self) -> None:
        if isinstance(self._open, Database):
            self._open.close()
        self._open = self._path = None

    def __enter__(self) -> Databases:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def peak_memory() -> int | None:
    """Most memory this process has used, in bytes; ``None`` where the system does not report it."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
