"""The history file: one transaction a record, private, and purged for real."""

from __future__ import annotations

import builtins
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from planner_cli import __version__
from planner_cli.errors import HistoryError
from planner_cli.history import rows
from planner_cli.history.files import history_path, make_private
from planner_cli.history.migrations import migrate
from planner_cli.history.records import Mark, Marked, Record, Summary
from planner_cli.history.rows import DbRow, KeptLevel
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, ModelInfo

if TYPE_CHECKING:
    from sqlite_utils import Database

BUSY_SECONDS = 2.0
"""How long to wait for another planner that writes."""

_TIME = "%Y-%m-%dT%H:%M:%SZ"

_OF_ANSWER = """
    SELECT sql, EXISTS (
        SELECT 1 FROM clusters, json_each(clusters.candidates)
        WHERE clusters.answer_id = candidates.answer_id AND place = 1 AND value = candidates.candidate
    ) AS answered
    FROM candidates WHERE answer_id = :id ORDER BY candidate
"""
"""An answer's candidates, and whether each gave the result that was the answer."""


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
        head = {
            "asked_at": asked_at.strftime(_TIME),
            "level": level,
            "question": question,
            "database_name": database.name,
            "database_path": str(database.absolute()),
            "settings": rows.to_json(asdict(settings)),
            "version": __version__,
        }
        with self._transaction():
            answers = self._db.table("answers").insert({**rows.storable(head), **rows.answer_row(answer)})
            answer_id = int(str(answers.last_pk))
            self._db.table("models").insert_all(rows.model_rows(answer_id, models))
            self._db.table("candidates").insert_all(rows.candidate_rows(answer_id, answer, level))
            self._db.table("clusters").insert_all(rows.cluster_rows(answer_id, answer, level))
        return answer_id

    def list(self, limit: int = 20, *, search: str | None = None) -> tuple[Summary, ...]:
        """The newest ``limit`` answers, newest first; with ``search`` those whose question or SQL contains it.

        Upper and lower case are the same in the search. Raises :class:`HistoryError`.
        """
        found = self._query(
            "SELECT * FROM answers"
            " WHERE :search IS NULL OR instr(casefold(question || char(10) || coalesce(sql, '')), casefold(:search))"
            " ORDER BY id DESC LIMIT :limit",
            {"search": search, "limit": limit},
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
        key = {"id": answer_id}
        found = self._query("SELECT * FROM answers WHERE id = :id", key)
        if not found:
            raise _no_question(answer_id)
        row = found[0]
        candidates = self._query("SELECT * FROM candidates WHERE answer_id = :id ORDER BY candidate", key)
        clusters = self._query("SELECT * FROM clusters WHERE answer_id = :id ORDER BY cluster", key)
        models = self._query("SELECT * FROM models WHERE answer_id = :id ORDER BY rowid", key)
        return Record(
            id=row["id"],
            asked_at=_time(row["asked_at"]),
            level=row["level"],
            question=row["question"],
            database=Path(row["database_path"]),
            answer=rows.read_answer(row, candidates, clusters),
            row_counts=tuple(candidate["row_count"] for candidate in candidates),
            models=rows.read_models(models),
            settings=json.loads(row["settings"]),
            version=row["version"],
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
        return tuple(
            Marked(
                id=row["id"],
                question=row["question"],
                database=Path(row["database_path"]),
                mark=row["mark"],
                right_sql=row["sql"] if row["mark"] == "right" else row["right_sql"],
                candidates=tuple((each["sql"], bool(each["answered"])) for each in self._query(_OF_ANSWER, row)),
            )
            for row in answers
        )

    def unknown(self, ids: Sequence[int]) -> tuple[int, ...]:
        """Which of these ids no answer has, in their order. Raises :class:`HistoryError`."""
        found = self._query("SELECT id FROM answers WHERE id IN (SELECT value FROM json_each(:ids))",
                            {"ids": json.dumps(ids)})  # fmt: skip
        known = {row["id"] for row in found}
        return tuple(number for number in ids if number not in known)

    def purge(self, *, before: datetime | None = None, ids: Sequence[int] | None = None) -> int:
        """Delete the answers that match all that is given (everything, when nothing is); returns how many.

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


def _no_question(answer_id: int) -> HistoryError:
    return HistoryError(f"there is no question {answer_id} in the history", hint="planner history list")


def _time(text: str) -> datetime:
    return datetime.strptime(text, _TIME).replace(tzinfo=timezone.utc)


def _casefold(text: str) -> str:
    return text.casefold()
