"""The history file's tables, and older files brought to them; ``PRAGMA user_version`` is the version of a file.

A released version is never edited: a change is a new one, and a step that leads to it.
"""

from __future__ import annotations

import json
import sqlite3

from planner_cli.errors import HistoryError
from planner_cli.history.upgrade import read_old

APPLICATION_ID = 0x504C4E48
"""``PLNH``: how we know a file as a history."""

VERSION = 5

TABLE = """
    CREATE TABLE answers (
        id            INTEGER PRIMARY KEY AUTOINCREMENT, -- so that a purged id is never given again
        asked_at      TEXT NOT NULL,  -- UTC, YYYY-MM-DDTHH:MM:SSZ
        level         TEXT NOT NULL,  -- metadata or full: what was kept
        question      TEXT NOT NULL,
        database_path TEXT NOT NULL,
        sql           TEXT,           -- of the winner; NULL: nothing could be executed
        confidence    REAL,           -- the winner's score; NULL: not judged
        vote_share    REAL NOT NULL,
        seconds       REAL NOT NULL,  -- wall time of the whole question
        mark          TEXT,           -- right or wrong; NULL: the user has not said
        right_sql     TEXT,           -- what the answer should have been, where the user gave it
        document      TEXT NOT NULL   -- JSON: what `planner history show` prints
    )
"""
QUERIES = """
    CREATE TABLE queries (              -- that the user saved under a name, since version 5
        database_path TEXT NOT NULL,
        name          TEXT NOT NULL,
        sql           TEXT NOT NULL,    -- perhaps with :parameters
        saved_at      TEXT NOT NULL,    -- as above
        PRIMARY KEY (database_path, name)
    )
"""
_INDEX = "CREATE INDEX answers_by_time ON answers(asked_at)"


def to_json(value: object) -> str:
    """ASCII only, so that a lone surrogate survives too."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a history, or an empty file, to the newest version; all of it or nothing.

    Raises :class:`HistoryError` when the file is something else or was written by a newer planner, and
    ``sqlite3.Error`` when it cannot be read or written.
    """
    if _version(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = _version(connection)  # asked again under the lock: another planner may have been first
        if version == 0:
            connection.execute(TABLE)
            connection.execute(_INDEX)
        elif version < 4:
            _convert(connection)
        if version < 5:
            connection.execute(QUERIES)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _convert(connection: sqlite3.Connection) -> None:
    """Versions 1 to 3, of four tables, to the one."""
    connection.execute("ALTER TABLE answers RENAME TO old_answers")
    connection.execute(TABLE)
    for row, document in read_old(connection, "old_answers"):
        values = {"mark": None, "right_sql": None, **row, "document": to_json(document)}
        connection.execute(
            "INSERT INTO answers VALUES (:id, :asked_at, :level, :question, :database_path, :sql, :confidence,"
            " :vote_share, :seconds, :mark, :right_sql, :document)",
            values,
        )
    # The highest number ever given, though its answer may be purged
    used = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'old_answers'").fetchone()
    if used is not None:
        connection.execute("DELETE FROM sqlite_sequence WHERE name = 'answers'")
        connection.execute("INSERT INTO sqlite_sequence VALUES ('answers', ?)", used)
    for table in ("candidates", "clusters", "models", "old_answers"):
        connection.execute(f"DROP TABLE {table}")
    connection.execute(_INDEX)


def _version(connection: sqlite3.Connection) -> int:
    """The version of the file; 0 for an empty one."""
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not (empty and application == version == 0):
        raise HistoryError("it is a database of something else", hint="name another file for the history")
    if version > VERSION:
        raise HistoryError(f"it was written by a newer planner (version {version})", hint="update planner_cli")
    return version
