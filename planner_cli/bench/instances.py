"""Databases under the limits of an evaluation: gold on the main one, and test-suite accuracy over all instances."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TypeAlias

from planner_cli.bench.datasets import Item
from planner_cli.bench.equality import EVALUATION_LIMITS, Gold, execute_given, matches
from planner_cli.bench.setaside import SetAside, UnmeasurableError
from planner_cli.control import Control
from planner_cli.database import Database
from planner_cli.database.paths import NotNowError
from planner_cli.database.process import WorkerStartError
from planner_cli.errors import DatabaseError
from planner_cli.settings import Limits
from planner_cli.types import Execution

Redactions: TypeAlias = Mapping[Path, tuple[str, ...]]
"""The columns of each main database, as TABLE.COLUMN, that read as NULL in it and in its instances."""
NOTHING_REDACTED: Redactions = MappingProxyType({})

_OURS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO)
"""Errors that mean the system is exhausted, rather than the file faulty."""


@contextmanager
def faults_of_data() -> Iterator[None]:
    """Around the use of a database: its faults make its questions unmeasurable.

    A sandbox that does not start, or a system out of files or memory, stays an error.
    """
    try:
        yield
    except WorkerStartError:
        raise
    except DatabaseError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _OURS:
            raise
        raise UnmeasurableError(
            "database", error.message, hint=error.hint, passing=isinstance(error, NotNowError)
        ) from error


def name_of(path: Path, main: Path) -> str:
    """An instance's name in reports: the path from its database's folder on."""
    return str(Path(main.parent.name, path.relative_to(main.parent)))


class Instances:
    """The main database of the current item and its further instances, opened as needed; a context manager.

    Keeps what gold gives on each. Instances that cannot be used are left out, and named in :meth:`faults`.
    """

    def __init__(self, redacted: Redactions = NOTHING_REDACTED, limits: Limits = EVALUATION_LIMITS) -> None:
        self._redacted = redacted
        self._limits = limits
        self._main: Path | None = None
        self._open: dict[Path, Database | UnmeasurableError] = {}
        self._gold: dict[tuple[Path, str], Gold | UnmeasurableError] = {}
        self._faults: list[SetAside] = []

    def gold(self, item: Item, control: Control | None = None) -> Gold:
        """What the right query gives on the main database.

        Raises:
            UnmeasurableError: there is none, it does not run, or the database cannot be used.

        """
        return self._gold_on(item, item.database_path, item.right_query(), control)

    def golds(self, item: Item, control: Control | None = None) -> tuple[Gold, ...]:
        """What each right query gives on the main database; empty where the data do not answer the question.

        Raises:
            UnmeasurableError: one does not run, or the database cannot be used.

        """
        self._database(item, item.database_path)
        return tuple(self._gold_on(item, item.database_path, sql, control) for sql in item.right_queries())

    def matches(self, item: Item, sql: str, control: Control | None = None) -> bool | None:
        """Whether ``sql`` gives a right query's result on the main database and on each instance of its suite.

        Instances on which gold itself is not settled are left out, if that leaves three or more; those on which it
        does not run are left out always. ``None``: of a suite, nothing is left.

        Raises:
            UnmeasurableError: the item has no gold, or it does not run on the main database.

        """
        known: dict[Path, Execution] = {}
        found: bool | None = False
        for gold in item.right_queries():
            found = self._matches(item, gold, sql, known, control)
            if found:
                break
        return found

    def _matches(
        self, item: Item, gold: str, sql: str, known: dict[Path, Execution], control: Control | None
    ) -> bool | None:
        """:meth:`matches` for one right query; ``known`` keeps what ``sql`` gives on each instance."""
        usable = {item.database_path: self._gold_on(item, item.database_path, gold, control)}
        usable |= self._usable(item, gold, control)
        if item.suite and len(usable) < 2:
            return None
        settled = [path for path, found in usable.items() if found.settled]
        chosen: Sequence[Path] = settled if len(settled) >= min(3, len(usable)) else tuple(usable)
        for path in chosen:
            if path not in known:
                known[path] = execute_given(self._database(item, path), sql, control)
            if not matches(usable[path], known[path]):
                return False
        return True

    def check(self, item: Item, path: Path) -> None:
        """Open one of the item's databases.

        Raises:
            UnmeasurableError: it cannot be used.

        """
        self._database(item, path)

    def faults(self) -> tuple[SetAside, ...]:
        """What was left out since the last call."""
        found, self._faults = tuple(self._faults), []
        return found

    def _usable(self, item: Item, gold: str, control: Control | None) -> dict[Path, Gold]:
        """What gold gives on the further instances."""
        found = {}
        for path in item.suite:
            try:
                found[path] = self._gold_on(item, path, gold, control)
            except UnmeasurableError as error:  # noqa: PERF203 - one that fails must not end it
                name = f"{item.id} on {name_of(path, item.database_path)}"
                self._faults.append(SetAside(name, "instance", error.message))
        return found

    def _database(self, item: Item, path: Path) -> Database:
        if item.database_path != self._main:
            self.close()
            self._main = item.database_path
        if path not in self._open:
            self._open[path] = self._opened(path, self._redacted.get(item.database_path, ()))
        found = self._open[path]
        if isinstance(found, UnmeasurableError):
            raise found
        return found

    def _opened(self, path: Path, redact: Sequence[str]) -> Database | UnmeasurableError:
        try:
            with faults_of_data():
                return Database.open(path, limits=self._limits, samples=0, redact=redact)
        except UnmeasurableError as error:
            return error

    def _gold_on(self, item: Item, path: Path, sql: str, control: Control | None) -> Gold:
        database = self._database(item, path)
        if (path, sql) not in self._gold:
            try:
                self._gold[path, sql] = Gold.run(database, sql, control)
            except UnmeasurableError as error:
                self._gold[path, sql] = error
        found = self._gold[path, sql]
        if isinstance(found, UnmeasurableError):
            raise found
        return found

    def close(self) -> None:
        for database in self._open.values():
            if isinstance(database, Database):
                database.close()
        self._open.clear()
        self._gold.clear()

    def __enter__(self) -> Instances:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
