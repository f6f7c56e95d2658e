"""What of a wide schema was shown, in one line."""

from __future__ import annotations

from planner_cli.lexer import as_listed
from planner_cli.types import Schema

_MOST_NAMED = 12
"""Tables that the line names."""


def shown_text(part: Schema, whole: Schema) -> str:
    """``9 of 301 tables shown: orders, items (40 of 300 columns), ...``; what to do about it is not in it."""
    widths = {table.name: len(table.columns) for table in whole.tables}
    names = []
    for table in part.tables[:_MOST_NAMED]:
        width, all_of_them = len(table.columns), widths[table.name]
        names.append(as_listed(table.name) + ("" if width == all_of_them else f" ({width} of {all_of_them} columns)"))
    more = len(part.tables) - len(names)
    names += [f"{more} more"] if more else []
    count = f"{len(part.tables)} of {len(whole.tables)} table{'' if len(whole.tables) == 1 else 's'}"
    return f"{count} shown: {', '.join(names)}"
