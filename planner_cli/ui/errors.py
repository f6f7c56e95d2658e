"""One line for one error."""

from __future__ import annotations

from planner_cli.clean import Clean, clean
from planner_cli.errors import PlannerError


def format_error(error: PlannerError) -> Clean:
    """``planner: message (hint)``: one line, whatever the message holds (SQLite quotes hostile names in it)."""
    hint = f" ({error.hint})" if error.hint else ""
    return clean(f"planner: {error.message}{hint}")


def format_note(text: str) -> Clean:
    """``planner: note: text``: one line about something that is not an error."""
    return clean(f"planner: note: {text}")
