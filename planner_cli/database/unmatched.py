"""Comparisons in a query that no stored row satisfies: ``where orders.status = 'shiped'``.

Such a query runs, but answers a different question from the one asked: with nothing, with 0, or, after NOT IN, with
everything. What is covered: ``=`` between a column of a table that the query reads and a text or number, looked
up with the column's own collation. What is not: IN, LIKE, inequalities, expressions, a bare column that several of
the tables have.
"""

from __future__ import annotations

import json
import re
import unicodedata

from planner_cli.database.names import nearest
from planner_cli.database.suggest import read_tables
from planner_cli.lexer import Token, code, quote
from planner_cli.text import nocase
from planner_cli.types import Comparison, Schema

_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
"""Full-width forms of ASCII."""
MOST = 4
"""Comparisons looked up per query."""
_ASCII_SPACE = " \t\n\r"
_SPACE = f"{_ASCII_SPACE}\u00a0\u2002\u2003\u2007\u2009\u200a\u202f\u3000\u00ad\u200b\u2060\ufeff"
"""With blanks of other widths, of none, and hyphens that show at the end of a line only."""
_TEXTS, _LONGEST = 2_000, 100
"""Texts of a column that are compared with one that none is equal to, and their greatest length."""
_LIKE = 0.7
"""Least similarity of one that is worth showing."""
SECONDS = 0.2
"""Seconds that looking up all those of a query may take; after that nothing is said about them."""


def comparisons(sql: str, schema: Schema) -> tuple[Comparison, ...]:
    """The comparisons of a query that can be looked up, the first :data:`MOST`, in the order of the text."""
    parts = code(sql)
    read = {nocase(called): table for called, table in read_tables(sql, schema).items()}
    found = []
    for at, token in enumerate(parts):
        if token.text != "=" or not 0 < at < len(parts) - 1 or parts[at - 1].text in ("<", ">", "!"):
            continue
        literal_at = at + 1 + (parts[at + 1].text == "=")  # ==
        if literal_at >= len(parts) or not _is_whole(parts, literal_at):
            continue
        name = parts[at - 1].identifier
        owner = parts[at - 3].identifier if at >= 3 and parts[at - 2].text == "." else None
        tables = {table.name: table for called, table in read.items() if owner is None or _is(owner, called)}
        holders = [
            (table.name, column.name)
            for table in tables.values()
            if table.kind == "table"
            for column in table.columns
            if _is(name, column.name)
        ]
        if len(holders) == 1:
            found.append(Comparison(*holders[0], parts[literal_at].text))
    return tuple(dict.fromkeys(found))[:MOST]


def lookup(comparison: Comparison) -> str:
    """A query with one row if some row satisfies the comparison, and none otherwise."""
    table, column = quote(comparison.table), quote(comparison.column)
    return f"SELECT 1 FROM {table} WHERE {column} = {comparison.literal} LIMIT 1"  # noqa: S608 - quoted, one token


def lookup_stored(comparison: Comparison) -> str | None:
    """A query for a text of the column that differs only in white space or Unicode normal form.

    ``None`` for numbers and blank texts.
    """
    text = re.sub(f"[{_SPACE}]", "", comparison.literal[1:-1].replace("''", "'"))
    if not text or not comparison.literal.startswith("'"):
        return None
    forms = dict.fromkeys(unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD"))
    forms |= dict.fromkeys([text.translate(_WIDE)])
    table, column = quote(comparison.table), quote(comparison.column)
    ascii_only = f"length({column}) = octet_length({column})"  # most values: the shorter chain takes half the time
    bare = f"CASE WHEN {ascii_only} THEN {_without(column, _ASCII_SPACE)} ELSE {_without(column, _SPACE)} END"
    listed = ", ".join("'" + form.replace("'", "''") + "'" for form in forms)  # NFKC can make a quote
    where = f"typeof({column}) = 'text' AND {bare} IN ({listed})"
    return f"SELECT {column} FROM main.{table} WHERE {where} LIMIT 1"  # noqa: S608 - quoted; quotes are doubled


def lookup_texts(comparison: Comparison) -> str | None:
    """A query for texts of the column, as one JSON array; ``None`` for numbers."""
    if not comparison.literal.startswith("'"):
        return None
    table, column = quote(comparison.table), quote(comparison.column)
    short = f"typeof({column}) = 'text' AND length({column}) <= {_LONGEST}"
    some = f"SELECT DISTINCT {column} AS x FROM main.{table} WHERE {short} LIMIT {_TEXTS}"  # noqa: S608 - quoted
    return f"SELECT json_group_array(x) FROM ({some})"  # noqa: S608 - as above


def nearest_of(comparison: Comparison, texts: str) -> str | None:
    """The text of a JSON array that is most like the one compared, where one is."""
    text = comparison.literal[1:-1].replace("''", "'")
    return nearest(text, json.loads(texts), cutoff=_LIKE) if text.strip() else None


def _without(column: str, characters: str) -> str:
    for character in characters:
        column = f"replace({column}, char({ord(character)}), '')"
    return column


def _is(one: str | None, other: str) -> bool:
    return one is not None and nocase(one) == nocase(other)


def _is_whole(parts: list[Token], at: int) -> bool:
    """Whether the token there is a complete literal, not the beginning of an expression."""
    token = parts[at]
    if token.kind not in ("string", "number") or (token.kind == "string" and not _is_closed(token.text)):
        return False
    after = nocase(parts[at + 1].text) if at + 1 < len(parts) else ""
    return after not in {"||", "|", "+", "-", "*", "/", "%", "&", "<", ">", "=", "!", "collate", "->", "."}


def _is_closed(text: str) -> bool:
    return len(text) > 1 and text[1:-1].replace("''", "").count("'") == 0 and text.endswith("'")
