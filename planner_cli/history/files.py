"""Where the history lies, and that nobody else can read it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from planner_cli.errors import HistoryError

_LEVELS = {
    **dict.fromkeys(("off", "no", "none", "false", "0", "never", "disabled"), "off"),
    **dict.fromkeys(("metadata", "on", "yes", "true", "1"), "metadata"),
    "full": "full",
}
"""What is written into the variable of the file by those who mean the other one."""
_SIBLINGS = ("-journal", "-wal", "-shm")


def history_path() -> Path:
    """``$PLANNER_HISTORY``, else ``history.sqlite`` in the user's state folder (``XDG_STATE_HOME`` honoured).

    Raises :class:`HistoryError` when the variable holds a level, or a word for none: no file is meant by it.
    """
    named = os.environ.get("PLANNER_HISTORY")
    if named and named.strip().lower() in _LEVELS:
        level = _LEVELS[named.strip().lower()]
        raise HistoryError(
            f"PLANNER_HISTORY is {named!r}, but it names the history's file",
            hint=f"PLANNER_HISTORY_LEVEL={level} says what is kept; ./{named} is a file of that name",
        )
    return Path(named).expanduser() if named else _state_folder() / "history.sqlite"


def typed_path() -> Path:
    """Where the lines that were typed in ``planner chat`` are: beside the history."""
    path = history_path()
    return path.with_name(f"{path.stem}-typed.txt")


def _state_folder() -> Path:
    from platformdirs import user_state_path

    return user_state_path("planner_cli", appauthor=False)


def make_private(path: Path, *, create: bool) -> None:
    """See to a regular file ``path`` with mode 0600, in a folder with mode 0700 where that is ours alone.

    SQLite gives its journal the mode of the file, so the file is made before SQLite sees it. Raises
    :class:`HistoryError` when there is no file and ``create`` is false, or when it is no regular file; and ``OSError``.
    """
    if not path.exists():
        if not create:
            raise HistoryError("there is no history yet", hint="planner ask writes it, unless its level is off")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.parent == _state_folder():  # a folder the user named may be their home: its mode is not ours to change
        _restrict(path.parent, 0o700)
    if not path.exists():
        path.touch(mode=0o600)
    elif not path.is_file():
        raise HistoryError("it is not a regular file")
    for file in (path, *(path.with_name(path.name + suffix) for suffix in _SIBLINGS)):
        if file.exists():
            _restrict(file, 0o600)


def _restrict(path: Path, mode: int) -> None:
    """Take rights away that others have; nothing is written when all is well, so a read-only home can be read."""
    if stat.S_IMODE(path.stat().st_mode) & ~mode:
        path.chmod(mode)
