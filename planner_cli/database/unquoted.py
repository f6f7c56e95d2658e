"""A name from the schema that the query writes without the double quotes it needs.

SELECT * FROM order             near "order": syntax error
SELECT sum(unit price) FROM t   near "price": syntax error
SELECT first-name FROM t        no such column: first
"""

from __future__ import annotations

from collections.abc import Sequence

from planner_cli.database.names import RESERVED, is_plain
from planner_cli.lexer import Token, code, quote
from planner_cli.text import nocase
from planner_cli.types import Schema

_OPERATORS = frozenset({"like", "glob", "match", "regexp", "asc", "desc"})
"""Words that follow an operand; SQLite allows them as names, so they are not reserved."""


def find(sql: str, schema: Schema, offset: int) -> str | None:
    """The name, in its quotes, that occurs unquoted at or right before ``offset``.

    ``offset`` is where SQLite reported the error, in bytes of UTF-8. The longest name wins.
    """
    at = len(sql.encode("utf-8", "surrogatepass")[:offset].decode("utf-8", "replace"))
    parts = code(sql)
    place = next((number for number, token in enumerate(parts) if token.start <= at < token.end), None)
    if place is None:
        return None
    texts = [nocase(token.text) for token in parts]
    found: list[str] = []
    for table in schema.tables:
        if not is_plain(table.name) and _stands_at(table.name, texts, parts, place, is_table=True):
            found.append(table.name)
        found += [
            column.name
            for column in table.columns
            if not is_plain(column.name) and _stands_at(column.name, texts, parts, place, is_table=False)
        ]
    return quote(max(found, key=len)) if found else None


def _stands_at(name: str, texts: Sequence[str], parts: Sequence[Token], place: int, *, is_table: bool) -> bool:
    wanted = [nocase(token.text) for token in code(name)]
    if len(wanted) == 1:
        return wanted[0] == texts[place] and _is_meant_as_name(parts, place, is_table=is_table)
    # "unit price x" is an error only at the x: unit was taken for a column and price for its alias.
    starts = range(max(0, place - len(wanted)), place + 1)
    return bool(wanted) and any(texts[start : start + len(wanted)] == wanted for start in starts)


def _is_meant_as_name(parts: Sequence[Token], place: int, *, is_table: bool) -> bool:
    """Whether a reserved word is in the place of a name, rather than a keyword after something forgotten."""
    before = nocase(parts[place - 1].text) if place else ""
    after = parts[place + 1] if place + 1 < len(parts) else None
    follows = nocase(after.text) if after else ""
    if parts[place].kind != "word" or before == ".":
        return True
    if follows == "by":  # ORDER BY, GROUP BY
        return False
    if before in ("from", "join"):
        return is_table
    if is_table:
        return before in (",", "(") or follows == "."
    return not _is_operand(after)


def _is_operand(token: Token | None) -> bool:
    if token is None:
        return False
    if token.kind == "word":
        return nocase(token.text) not in RESERVED | _OPERATORS
    return token.kind in ("name", "string", "number") or token.text == "("
