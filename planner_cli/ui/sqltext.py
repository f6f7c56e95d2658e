"""Showing queries: laid out over several lines, or on one; what is shown can be copied and run."""

from __future__ import annotations

import itertools
import re

from rich.cells import cell_len
from rich.console import Console

from planner_cli.clean import Clean
from planner_cli.lexer import shortened, tokens
from planner_cli.ui.console import look_of
from planner_cli.ui.look import TITLE, Look

_PIECES = re.compile(
    r"""
    '(?:[^']|'')*(?:'|\Z) | "(?:[^"]|"")*(?:"|\Z)                # text and quoted names stay whole
  | `[^`]*(?:`|\Z) | \[[^\]]*(?:\]|\Z)
  | --[^\n]* | /\*.*?(?:\*/|\Z)                                  # comments too
  | (?P<clause>[\ \t\n\f\r]+(?:FROM|WHERE|GROUP\s+BY|HAVING|ORDER\s+BY|LIMIT|UNION|INTERSECT|EXCEPT
                    |(?:LEFT\s+(?:OUTER\s+)?|INNER\s+|CROSS\s+|NATURAL\s+)?JOIN)\b)
  | (?P<open>\() | (?P<close>\))
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)


def laid_out(sql: str, width: int) -> str:
    """The query with its clauses on lines of their own, unless it has lines already or fits ``width``.

    Only white space outside quotes and comments changes, so what is shown can be copied and run.
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


def tabs_shown(sql: str) -> str:
    """The query with tabs in its strings and names as escapes: a console turns one into an unknown number of blanks."""
    if "\t" not in sql:
        return sql
    shown = (t.text.replace("\t", "\\t") if t.kind in ("string", "name") else t.text for t in tokens(sql))
    return "".join(shown)


def fit_sql(sql: str, look: Look, width: int, *, keep_lines: bool = False) -> Clean:
    """The query, cleaned, in at most ``width`` cells of one line; see :func:`planner_cli.lexer.shortened`."""

    def cells(text: str) -> int:
        return cell_len(look.plain(tabs_shown(text), newlines=keep_lines))

    return look.plain(tabs_shown(shortened(sql, width, measure=cells, keep_lines=keep_lines)), newlines=keep_lines)


def print_sql(console: Console, head: str, sql: str) -> None:
    """Print a query after ``head``, on a terminal broken between its tokens with its lines aligned."""
    look = look_of(console)
    text = tabs_shown(shortened(sql, keep_lines=True))
    if console.is_terminal:
        text = _broken(text, look, console.width - len(head), indent=len(head))
    console.print(look.text(head, TITLE).append_text(look.text(text, newlines=True)), soft_wrap=True)


def _broken(sql: str, look: Look, width: int, *, indent: int) -> str:
    parts: list[str] = []
    used = 0
    for is_space, run in itertools.groupby(tokens(sql), key=lambda token: token.kind == "space"):
        text = "".join(token.text for token in run)
        cells = cell_len(look.plain(text, newlines=True))
        if is_space or used + cells <= width:
            used += cells
        else:
            parts[-1:] = ["\n" + " " * indent] if parts else []
            used = cells
        parts.append(text)
    return "".join(parts)
