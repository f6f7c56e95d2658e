"""Reading SQL text: when two queries are the same, and when one orders its rows. sqlglot lives here only.

sqlglot parses a dialect that is close to SQLite's but not SQLite's own; where it cannot parse a text, the
text itself (white space folded) is the answer, and SQLite has the last word when the query runs.
"""

from __future__ import annotations

import functools
import logging
import re
from typing import Any

_SPACE = re.compile(r"\s+")
MAX_PARSED = 20_000
"""Characters; a longer statement is compared as text (sqlglot takes some 10 us a character)."""


@functools.lru_cache(maxsize=256)
def _parse(sql: str) -> Any | None:
    """The statement's tree, or ``None`` where sqlglot cannot read it or it is not exactly one statement."""
    # 0.2 s to import: paid when the first query has been written, not at start-up
    import sqlglot
    from sqlglot.errors import SqlglotError

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # its warnings repeat the model's text
    if len(sql) > MAX_PARSED:
        return None
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="sqlite") if tree is not None]
    except (SqlglotError, RecursionError, ValueError):  # ValueError: number literals int() refuses
        return None
    return trees[0] if len(trees) == 1 else None


def fold(sql: str) -> str:
    """White space folded, a trailing semicolon dropped."""
    return _SPACE.sub(" ", sql).strip().rstrip(";").rstrip()


def normalise(sql: str) -> str:
    """A key that is equal for queries which differ only in how they are written.

    Folded: white space, comments, keyword and identifier case, quoting of plain identifiers, ``<>``/``!=``,
    redundant ``AS`` and ``INNER``. Not folded: anything that could change the result.
    """
    tree = _parse(sql)
    if tree is None:
        return fold(sql)
    from sqlglot import exp

    def plain(node: Any) -> Any:
        # SQLite compares identifiers without case, quoted or not
        if isinstance(node, exp.Identifier):
            return exp.Identifier(this=node.this.lower(), quoted=not node.this.isidentifier())
        if isinstance(node, exp.Join) and node.args.get("kind") == "INNER":
            node.set("kind", None)
        return node

    try:
        return str(tree.transform(plain).sql(dialect="sqlite", comments=False, normalize_functions="upper"))
    except (RecursionError, ValueError):
        return fold(sql)


def is_ordered(sql: str) -> bool:
    """Whether the order of the rows is part of what the query says (an ORDER BY at its top level)."""
    tree = _parse(sql)
    if tree is None:
        return _ordered_text(sql)
    return tree.args.get("order") is not None


def _ordered_text(sql: str) -> bool:
    """For text sqlglot cannot read: the last ORDER BY stands outside all parentheses."""
    text = sql.lower()
    at = text.rfind("order by")
    return at >= 0 and text.count("(", at) >= text.count(")", at)
