"""Every error the program raises on purpose, and the exit code each one ends with.

    PlannerError                  (2)  bad input or configuration
    ├── DatabaseError             (2)  the file cannot be used as a database
    ├── ModelError                (3)  a model is missing, unknown or cannot be loaded
    │   ├── ContextOverflow       (2)  the prompt does not fit the model's context
    │   └── UnreachableError      (3)  a hub or index does not answer, or does not have the file
    ├── EngineError               (3)  llama.cpp failed while it ran
    ├── UnanswerableError         (4)  the question is none, or the database does not know the answer
    ├── ExportError              (74)  a result could not be read to its end
    ├── HistoryError              (2)  the history file cannot be used
    └── Stopped                        a running plan was stopped
        ├── TimeLimit           (124)  ``--max-seconds`` ended before there was an answer
        └── Interrupted         (130)  Ctrl-C

SQL that does not run is not here: it is an expected value, ``Execution.error``.
This module exists on its own so that every layer can raise and catch without import loops.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process returns; documented in the README and ``planner --help``."""

    OK = 0
    NO_ANSWER = 1
    """No candidate could be executed."""
    USAGE = 2
    """Bad arguments, a file that is no database, a schema that does not fit."""
    MODEL = 3
    """A model is missing, unknown or cannot be loaded."""
    ABSTAINED = 4
    """Below ``--min-confidence``; or nothing in the database is like the question, or a change was asked for."""
    REFUSED = 5
    """Every candidate tried something other than reading, and was refused."""
    OUTPUT = 74
    """The answer could not be written, or not to its end: a full disk, a closed standard output, no time left."""
    TIME_LIMIT = 124
    INTERRUPTED = 130


class PlannerError(Exception):
    """Base of all errors shown to the user as one line.

    ``message`` names the thing that is wrong; ``hint`` is the next command to run or what to change.
    """

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DatabaseError(PlannerError):
    """The file cannot be used as a database (missing, not regular, not SQLite, no tables, ...)."""


class ModelError(PlannerError):
    """A model is missing, unknown or cannot be loaded."""

    exit_code = ExitCode.MODEL


class ContextOverflow(ModelError):
    """A prompt is longer than the model's context; nothing is ever cut silently."""

    exit_code = ExitCode.USAGE


class UnreachableError(ModelError):
    """A hub or a package index does not answer, or does not have the file: it may come another way."""


class EngineError(PlannerError):
    """llama.cpp failed while it ran."""

    exit_code = ExitCode.MODEL


class UnanswerableError(PlannerError):
    """Nothing in the database answers the question, or it is none."""

    exit_code = ExitCode.ABSTAINED


class ExportError(PlannerError):
    """A result could not be read to its end."""

    exit_code = ExitCode.OUTPUT


class HistoryError(PlannerError):
    """The history file cannot be used."""


class Stopped(PlannerError):
    """A running plan was stopped before it had an answer."""


class TimeLimit(Stopped):
    """The time limit of the whole question was reached."""

    exit_code = ExitCode.TIME_LIMIT


class Interrupted(Stopped):
    """The user pressed Ctrl-C."""

    exit_code = ExitCode.INTERRUPTED
