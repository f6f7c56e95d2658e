"""Laying a long query out over several lines, changing white space only."""

from __future__ import annotations

import re

_PIECES = re.compile(
    r"""
    '(?:[^']|'')*' | "(?:[^"]|"")*" | `[^`]*` | \[[^\]]*\]      # text and quoted names stay whole
  | --[^\n]* | /\*.*?(?:\*/|\Z)                                  # comments too
  | (?P<clause>\s+(?:FROM|WHERE|GROUP\s+BY|HAVING|ORDER\s+BY|LIMIT|UNION|INTERSECT|EXCEPT
                    |(?:LEFT\s+(?:OUTER\s+)?|INNER\s+|CROSS\s+|NATURAL\s+)?JOIN)\b)
  | (?P<open>\() | (?P<close>\))
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def laid_out(sql: str, width: int) -> str:
    """The query with its clauses on lines of their own, unless it has lines already or fits ``width``.

    Only white space outside of quotes and comments changes, so what is shown can be copied and run.
    """
    sql = sql.strip()
    if "\n" in sql or len(sql) <= width:
        return sql
    depth = 0

    def piece(match: re.Match[str]) -> str:
        nonlocal depth
        if match["clause"] is not None:
            return "\n" + "  " * depth + match["clause"].lstrip()
        depth = max(0, depth + (match["open"] is not None) - (match["close"] is not None))
        return match[0]

    return _PIECES.sub(piece, sql)
