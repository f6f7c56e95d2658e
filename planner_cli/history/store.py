"""The history file: one transaction a record, private, and purged for real."""

from __future__ import annotations

import builtins
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from planner_cli import __version__
from planner_cli.errors import HistoryError
from planner_cli.history.files import history_path, make_private
from planner_cli.history.migrations import migrate, to_json
from planner_cli.history.records import KeptLevel, Mark, Marked, Record, SavedQuery, Summary
from planner_cli.history.upgrade import NOT_KEPT, DbRow
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, Example, Execution, ModelInfo
from planner_cli.ui.document import document

if TYPE_CHECKING:
    from sqlite_utils import Database

BUSY_SECONDS = 2.0
"""How long to wait for another planner that writes."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"


class History:
    """An open history file. Use :meth:`open`, and close it or use it as a context manager.

    A rollback journal with ``synchronous=EXTRA``, not WAL: a home on a network file system works, nothing lies
    beside the file between two questions, and what :meth:`record` returned is on the disk.
    """

    def __init__(self, path: Path, database: Database) -> None:
        self.path = path
        self._db = database

    @classmethod
    def open(cls, path: Path | None = None, *, create: bool = True) -> History:
        """Open the history at ``path`` (default: the user's), made when missing unless ``create`` is false.

        Raises :class:`HistoryError` when it is missing, is something else, is locked or cannot be written.
        """
        path = (path or history_path()).expanduser().absolute()
        with _explained(path):
            make_private(path, create=create)
            connection = sqlite3.connect(
                f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None
            )
            try:
                for pragma in ("foreign_keys = ON", "secure_delete = ON", "synchronous = EXTRA", "temp_store = MEMORY"):
                    connection.execute(f"PRAGMA {pragma}")
                connection.create_function("casefold", 1, _casefold, deterministic=True)
                migrate(connection)
            except BaseException:
                connection.close()
                raise
        from sqlite_utils import Database

        return cls(path, Database(connection, execute_plugins=False, recursive_triggers=False))

    def __enter__(self) -> History:  # noqa: PYI034 -- typing.Self came with Python 3.11
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._db.conn.close()

    def record(
        self,
        *,
        question: str,
        database: Path,
        answer: Answer,
        models: Sequence[ModelInfo],
        settings: PlanSettings,
        level: KeptLevel,
    ) -> int:
        """Keep one answer, on the disk when this returns; returns its id.

        Under the level off there is nothing to call. Raises :class:`HistoryError`, and then nothing was kept.
        """
        asked_at = datetime.now(timezone.utc) - timedelta(seconds=answer.timings.total)
        best = answer.best_candidate
        made = document(
            question=question,
            database=database.name,
            answer=answer if level == "full" else _without_values(answer),
            settings=settings,
            models=models,
            versions={"planner": __version__},
            kept=level == "full",
        )
        row = {
            "asked_at": asked_at.strftime(_TIME),
            "level": level,
            "question": question,
            "database_path": str(database.absolute()),
            "sql": best.sql if best else None,
            "confidence": answer.confidence,
            "vote_share": answer.vote_share,
            "seconds": answer.timings.total,
            "document": to_json(made),
        }
        with self._transaction():
            answers = self._db.table("answers").insert({key: _storable(value) for key, value in row.items()})
        return int(str(answers.last_pk))

    def list(self, limit: int = 20, *, search: str | None = None, database: Path | None = None) -> tuple[Summary, ...]:
        """The newest ``limit`` answers, newest first; with ``search`` those whose question or SQL contains it.

        Upper and lower case are the same in the search. Raises :class:`HistoryError`.
        """
        found = self._query(
            "SELECT id, asked_at, level, question, database_path, sql, confidence, vote_share, seconds, mark"
            " FROM answers"
            " WHERE (:search IS NULL OR instr(casefold(question || char(10) || coalesce(sql, '')), casefold(:search)))"
            " AND (:path IS NULL OR database_path = :path) ORDER BY id DESC LIMIT :limit",
            {
                "search": search,
                "path": None if database is None else _storable(str(database.absolute())),
                "limit": limit,
            },
        )
        return tuple(
            Summary(
                id=row["id"],
                asked_at=_time(row["asked_at"]),
                level=row["level"],
                question=row["question"],
                database=Path(row["database_path"]),
                sql=row["sql"],
                confidence=row["confidence"],
                vote_share=row["vote_share"],
                seconds=row["seconds"],
                mark=row["mark"],
            )
            for row in found
        )

    def show(self, answer_id: int) -> Record:
        """One answer in full. Raises :class:`HistoryError` when there is none with this id."""
        found = self._query("SELECT * FROM answers WHERE id = :id", {"id": answer_id})
        if not found:
            raise _no_question(answer_id)
        row = found[0]
        return Record(
            id=row["id"],
            asked_at=_time(row["asked_at"]),
            level=row["level"],
            question=row["question"],
            database=Path(row["database_path"]),
            document=json.loads(row["document"]),
            mark=row["mark"],
            right_sql=row["right_sql"],
        )

    def mark(self, answer_id: int, mark: Mark | None, right_sql: str | None = None) -> None:
        """Keep what the user says of an answer (``None``: nothing any more), and the query that would be right.

        Raises :class:`HistoryError` when there is none with this id, or none that could be right.
        """
        found = self._query("SELECT sql FROM answers WHERE id = :id", {"id": answer_id})
        if not found:
            raise _no_question(answer_id)
        if mark == "right" and found[0]["sql"] is None:
            raise HistoryError(f"question {answer_id} has no answer that could be right", hint="mark it wrong")
        with self._transaction():
            self._db.conn.execute(
                "UPDATE answers SET mark = ?, right_sql = ? WHERE id = ?",
                (mark, right_sql, answer_id),
            )

    def marked(self) -> tuple[Marked, ...]:
        """What the user marked, oldest first. Raises :class:`HistoryError`."""
        answers = self._query("SELECT * FROM answers WHERE mark IS NOT NULL ORDER BY id", {})
        return tuple(_marked(row, json.loads(row["document"])) for row in answers)

    def examples(self, database: Path) -> tuple[Example, ...]:
        """The questions about a database whose right query is known, newest first. Raises :class:`HistoryError`."""
        found = self._query(
            "SELECT question, coalesce(right_sql, sql) AS sql FROM answers WHERE database_path = :path"
            " AND (mark = 'right' OR right_sql IS NOT NULL) ORDER BY id DESC",
            {"path": _storable(str(database.absolute()))},
        )
        return tuple(Example(row["question"], row["sql"]) for row in found)

    def save_query(self, database: Path, query: SavedQuery) -> None:
        """Keep a query for a database, in place of one of the same name. Raises :class:`HistoryError`."""
        row = (str(database.absolute()), query.name, query.sql, datetime.now(timezone.utc).strftime(_TIME))
        with self._transaction():
            self._db.conn.execute("INSERT OR REPLACE INTO queries VALUES (?, ?, ?, ?)", tuple(map(_storable, row)))

    def saved_queries(self, database: Path) -> tuple[SavedQuery, ...]:
        """Those of a database, by name. Raises :class:`HistoryError`."""
        found = self._query(
            "SELECT name, sql FROM queries WHERE database_path = :path ORDER BY name",
            {"path": _storable(str(database.absolute()))},
        )
        return tuple(SavedQuery(row["name"], row["sql"]) for row in found)

    def forget_query(self, database: Path, name: str) -> bool:
        """Delete one of them; returns whether there was one. Raises :class:`HistoryError`."""
        with self._transaction():
            count: int = self._db.conn.execute(
                "DELETE FROM queries WHERE database_path = ? AND name = ?",
                (_storable(str(database.absolute())), _storable(name)),
            ).rowcount
        return count > 0

    def unknown(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Which of these ids no answer has, in their order. Raises :class:`HistoryError`."""
        found = self._query("SELECT id FROM answers WHERE id IN (SELECT value FROM json_each(:ids))",
                            {"ids": json.dumps(ids)})  # fmt: skip
        known = {row["id"] for row in found}
        return tuple(number for number in ids if number not in known)

    def purge(self, *, before: datetime | None = None, ids: Sequence[int] | None = None) -> int:
        """Delete the answers that match all that is given; returns how many. When nothing is given: everything.

        The saved queries too, then.

        For real: pages are overwritten with zeros and the file is rebuilt, so that no byte of them is left in it or
        beside it. (What a file system or a backup keeps of older blocks is out of reach.) ``before`` must have a time
        zone. Raises :class:`HistoryError`, also when another program holds the file so that it cannot be rebuilt.
        """
        values = {
            "before": None if before is None else before.astimezone(timezone.utc).strftime(_TIME),
            "ids": None if ids is None else json.dumps([int(number) for number in ids]),
        }
        with _explained(self.path):
            # Someone may have switched it to WAL, whose log keeps old pages. A connection sees that when it reads.
            self._db.conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
            mode = self._db.conn.execute("PRAGMA journal_mode = DELETE").fetchone()[0]
            if mode != "delete":
                raise HistoryError("another program has it open", hint="close that first")
        with self._transaction():
            count: int = self._db.conn.execute(
                "DELETE FROM answers WHERE (:before IS NULL OR asked_at < :before)"
                " AND (:ids IS NULL OR id IN (SELECT value FROM json_each(:ids)))",
                values,
            ).rowcount
            if before is None and ids is None:
                self._db.conn.execute("DELETE FROM queries")
        with _explained(self.path):
            self._db.conn.execute("VACUUM")
        return count

    def _query(self, sql: str, values: Mapping[str, object]) -> builtins.list[DbRow]:
        with _explained(self.path):
            return builtins.list(self._db.query(sql, dict(values)))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Take the write lock at once: sqlite-utils' own ``BEGIN`` would read first and could then not wait for it."""
        with _explained(self.path):
            connection = self._db.conn
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what goes wrong with the file into a :class:`HistoryError` that names it."""
    try:
        yield
    except HistoryError as error:
        raise HistoryError(f"history {path}: {error.message}", hint=error.hint) from error
    except OSError as error:
        raise HistoryError(f"history {path}: {error.strerror or error}") from error
    except sqlite3.Error as error:
        hint = None
        if "not a database" in str(error) or "malformed" in str(error):
            hint = "move the file away: a new one is made"
        elif "locked" in str(error):
            hint = "another program has it open: close that first"
        raise HistoryError(f"history {path}: {error}", hint=hint) from error


def _without_values(answer: Answer) -> Answer:
    """The answer less what may quote the database, but for rows and thoughts: the document leaves those out."""
    doubts = {doubt.text for execution in answer.executions for doubt in execution.doubts}
    return replace(
        answer,
        executions=tuple(map(_without_notes, answer.executions)),
        warnings=tuple(warning for warning in answer.warnings if warning not in doubts),
    )


def _without_notes(execution: Execution) -> Execution:
    # SQLite's run-time errors may quote data ("bad JSON path: 'secret'"); all other kinds come from the SQL, the schema
    # or a limit.
    quoting = execution.error is not None and execution.error_kind in ("other", None)
    error = NOT_KEPT if quoting else execution.error
    return replace(execution, error=error, unmatched=(), crossed=(), odd=(), notes=())


def _marked(row: DbRow, made: Mapping[str, Any]) -> Marked:
    return Marked(
        id=row["id"],
        question=row["question"],
        database=Path(row["database_path"]),
        mark=row["mark"],
        right_sql=row["sql"] if row["mark"] == "right" else row["right_sql"],
        candidates=_candidates(made),
        models=tuple(made["models"]),
        evidence=(made["answer"] or {}).get("evidence"),
    )


def _candidates(made: Mapping[str, Any]) -> tuple[tuple[str, bool], ...]:
    """Each candidate's SQL, and whether it gave the result that was the answer."""
    first = next((cluster["index"] for cluster in made["clusters"] if cluster["rank"] == 0), None)
    return tuple((each["sql"], first is not None and each["cluster"] == first) for each in made["candidates"])


def _storable(value: str | float | None) -> str | float | None:
    r"""Text as SQLite can hold it: what is not valid Unicode is written as ``\udc80``."""
    return value.encode("utf-8", "backslashreplace").decode() if isinstance(value, str) else value


def _no_question(answer_id: int) -> HistoryError:
    return HistoryError(f"there is no question {answer_id} in the history", hint="planner history list")


def _time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc)


def _casefold(text: str) -> str:
    return text.casefold()
