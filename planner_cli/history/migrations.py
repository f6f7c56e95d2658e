"""The history file's tables, one step a version; ``PRAGMA user_version`` counts the steps a file has had.

A released step is never edited: a change is a new step at the end.
"""

from __future__ import annotations

import sqlite3

from planner_cli.errors import HistoryError

APPLICATION_ID = 0x504C4E48
"""``PLNH``: how we know a file as a history."""

_TABLES = (
    """
    CREATE TABLE answers (
        id            INTEGER PRIMARY KEY AUTOINCREMENT, -- so that a purged id is never given again
        asked_at      TEXT NOT NULL,  -- UTC, YYYY-MM-DDTHH:MM:SSZ
        level         TEXT NOT NULL,  -- metadata or full: what was kept
        question      TEXT NOT NULL,
        database_name TEXT NOT NULL,
        database_path TEXT NOT NULL,
        sql           TEXT,           -- of the winner; NULL: nothing could be executed
        best          INTEGER,        -- its number among the candidates
        confidence    REAL,           -- the winner's score; NULL: not judged
        vote_share    REAL NOT NULL,
        reason        TEXT NOT NULL,
        seconds       REAL NOT NULL,  -- wall time of the whole question
        timings       TEXT NOT NULL,  -- JSON
        settings      TEXT NOT NULL,  -- JSON
        version       TEXT NOT NULL   -- of planner
    )
    """,
    "CREATE INDEX answers_by_time ON answers(asked_at)",
    """
    CREATE TABLE models (
        answer_id      INTEGER NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
        role           TEXT NOT NULL,
        name           TEXT NOT NULL,
        file           TEXT NOT NULL,
        sha256         TEXT,
        adapter        TEXT,
        adapter_sha256 TEXT,
        architecture   TEXT NOT NULL,
        parameters     INTEGER NOT NULL,
        device         TEXT NOT NULL,
        prompt         TEXT NOT NULL,
        PRIMARY KEY (answer_id, role)
    )
    """,
    """
    CREATE TABLE candidates (
        answer_id  INTEGER NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
        candidate  INTEGER NOT NULL,
        sql        TEXT NOT NULL,
        samples    INTEGER NOT NULL,
        tokens     INTEGER NOT NULL,
        logprob    REAL,
        complete   INTEGER NOT NULL,
        error_kind TEXT,              -- NULL: it ran
        error      TEXT,
        row_count  INTEGER,           -- rows fetched; NULL: it did not run
        truncated  INTEGER NOT NULL,
        ordered    INTEGER NOT NULL,
        seconds    REAL NOT NULL,
        columns    TEXT,              -- JSON; level full only
        rows       TEXT,              -- JSON; level full only
        PRIMARY KEY (answer_id, candidate)
    )
    """,
    """
    CREATE TABLE clusters (
        answer_id  INTEGER NOT NULL REFERENCES answers(id) ON DELETE CASCADE,
        cluster    INTEGER NOT NULL,
        candidates TEXT NOT NULL,     -- JSON, the judged one first
        votes      INTEGER NOT NULL,
        place      INTEGER,           -- 1 is the winner; NULL: not ranked
        spokesman  INTEGER,           -- the candidate ranked for it
        score      REAL,              -- NULL: not judged, as all that follow
        hard       INTEGER,
        mass       REAL,
        closed_by  TEXT,
        tokens     INTEGER,
        probes     TEXT,              -- JSON: [[tokens, p_true, mass], ...]
        thought    TEXT,              -- level full only
        PRIMARY KEY (answer_id, cluster)
    )
    """,
)

_WHAT_THE_FIRST_DID_NOT_KEEP = (
    "ALTER TABLE answers ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'",  # JSON
    "ALTER TABLE models ADD COLUMN untrained INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE candidates ADD COLUMN cut_by TEXT",  # NULL: not cut, or written before this step
)

_MARKS = (
    "ALTER TABLE answers ADD COLUMN mark TEXT",  # right or wrong; NULL: the user has not said
    "ALTER TABLE answers ADD COLUMN right_sql TEXT",  # what the answer should have been, where the user gave it
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_TABLES, _WHAT_THE_FIRST_DID_NOT_KEEP, _MARKS)
"""Statements of each step."""


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a history, or an empty file, to the newest version; all of it or nothing.

    Raises :class:`HistoryError` when the file is something else or was written by a newer planner, and
    ``sqlite3.Error`` when it cannot be read or written.
    """
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked again under the lock: another planner may have been first.
        for step in MIGRATIONS[_version(connection) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection) -> int:
    """How many steps the file has had; 0 for an empty one."""
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if application != APPLICATION_ID and not (empty and application == version == 0):
        raise HistoryError("it is a database of something else", hint="name another file for the history")
    if version > len(MIGRATIONS):
        raise HistoryError(f"it was written by a newer planner (version {version})", hint="update planner_cli")
    return version
