"""Bring a private copy into a state that can be read without writing: the only place that writes, and only there."""

from __future__ import annotations

import apsw

_SETTINGS = (
    (apsw.SQLITE_DBCONFIG_DEFENSIVE, 1),
    (apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0),
    (apsw.SQLITE_DBCONFIG_ENABLE_TRIGGER, 0),
)


def mend(path: str) -> bool:
    """Roll back the hot journal, or bring the ``-wal`` into the file. Raises :class:`apsw.Error`."""
    connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READWRITE, statementcachesize=0)
    try:
        for option, value in _SETTINGS:
            connection.config(option, value)
        connection.execute("PRAGMA mmap_size=0").fetchall()
        connection.execute("SELECT count(*) FROM sqlite_master").fetchall()  # the first read rolls back
        mode = connection.pragma("journal_mode", "delete")
        if mode != "delete":
            raise apsw.ReadOnlyError(f"it stays in journal mode {mode}")
    finally:
        connection.close(True)
    return True
