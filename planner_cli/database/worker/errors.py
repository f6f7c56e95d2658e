"""From what SQLite raises to a kind and one line."""

from __future__ import annotations

import re
from typing import Any

import apsw

from planner_cli.database.worker.collations import UnknownOrderError
from planner_cli.text import without_breaks


class NotAQueryError(Exception):
    """The text is not one query that reads."""


class NotReadOnlyError(Exception):
    """A statement that may write, although the authorizer found nothing to refuse during preparation."""


class RedactedJoinError(Exception):
    """A join that compares redacted values; the text is the join."""


_BY_CLASS: tuple[tuple[Any, str, str | None], ...] = (
    (NotAQueryError, "not_a_query", "not a query: {}"),
    (NotReadOnlyError, "refused", "refused: only reading this database is allowed"),
    (RedactedJoinError, "refused", "refused: {} is not allowed while columns are redacted"),
    (UnknownOrderError, "other", "{}"),
    (apsw.BindingsError, "not_a_query", "not a query: it has parameters (such as ?1 or :name) without values"),
    (apsw.InterruptError, "time", None),
    ((apsw.NoMemError, MemoryError), "memory", "out of memory (the sandbox's limit)"),
    (apsw.TooBigError, "size", "value too large (over {length} bytes)"),
    ((apsw.BusyError, apsw.LockedError), "busy", "the database is locked by a program that writes to it"),
    (apsw.AuthError, "refused", "refused: {}"),
    ((apsw.ReadOnlyError, apsw.PermissionsError), "refused", "refused: {}"),
    (UnicodeEncodeError, "syntax", "the query contains a character that is not valid Unicode"),
    (UnicodeDecodeError, "other", "a name or value is not valid text"),
    (ValueError, "syntax", "the query contains a NUL character"),
)
"""First match wins; ``{}`` is SQLite's message, ``{length}`` the limit of a value. ``None``: the caller knows more."""

_MUST_WRITE_FIRST = (apsw.SQLITE_READONLY_ROLLBACK, apsw.SQLITE_READONLY_RECOVERY, apsw.SQLITE_READONLY_CANTINIT)

_BY_MESSAGE: tuple[tuple[str, str], ...] = (
    (r"not authorized|prohibited|unsafe use of|may not be (used|modified)", "refused"),
    (r"no such (table|column|function|module|collation|view|index)|unknown (table|database|function)", "missing"),
    (r"syntax error|incomplete input|unrecognized token", "syntax"),
    (
        r"too (big|large|long|many|complex|deep)|stack overflow|at most \d+ tables|nested|Recursion limit",
        "size",
    ),
    (r"out of memory", "memory"),
)


def describe(error: Exception, denied: str | None, length: int) -> tuple[str, str]:
    """``(kind, one line)`` as :class:`planner_cli.types.Execution` has them.

    ``denied`` is what the authorizer refused last, in words; ``length`` the bytes one value may have.
    """
    if getattr(error, "extendedresult", None) in _MUST_WRITE_FIRST:
        # Not the query's doing: SQLite would have to write before anyone can read.
        return "busy", "a write to the database was cut off, and reading would have to roll it back first"
    exact = str(error).strip() or type(error).__name__
    message = without_breaks(exact)
    if denied is not None:
        return "refused", f"refused: {denied} is not allowed, only reading this database is"
    for classes, kind, text in _BY_CLASS:
        if isinstance(error, classes):
            return kind, (text or "{}").replace("{}", message).replace("{length}", f"{length:,}")
    for pattern, kind in _BY_MESSAGE:
        if re.search(pattern, message):
            return kind, exact if kind == "missing" else message  # a name is looked up as the query spells it
    return "other", message
