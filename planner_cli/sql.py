"""Reading SQL text: when two queries are the same, and when one orders its rows. sqlglot lives here only.

sqlglot parses a dialect that is close to SQLite's but not SQLite's own; where it cannot parse a text, the
text itself (white space between its tokens folded) is the answer, and SQLite has the last word when the query runs.
"""

from __future__ import annotations

import functools
import itertools
import logging
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from planner_cli.lexer import code, without_semicolon
from planner_cli.text import nocase

_PLAIN_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_WORDS = frozenset(
    """select from where group order by having limit offset join on as and or not in like between is null distinct
    union intersect except all exists asc desc left right full outer inner cross natural case when then else end cast
    with values using escape glob collate over partition window rows range current_date current_time
    current_timestamp true false
    """.split()  # noqa: SIM905 - sixty quoted words in a list would be harder to read
)
"""A name that is one of these means something else when it is not quoted."""
MAX_PARSED = 20_000
"""Characters; a longer statement is compared as text (sqlglot takes some 10 us a character)."""


@functools.lru_cache(maxsize=256)
def parse(sql: str) -> Any | None:
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


class Source(NamedTuple):
    """A table that a query reads."""

    called: str
    """Its alias, or its name again where it has none."""
    table: str


class Select(NamedTuple):
    """One SELECT within a query."""

    tree: Any
    tables: tuple[Source, ...]
    """The tables that it reads itself, not those of queries within it."""
    derived: bool
    """Whether it also reads a query: in FROM, or a common table expression."""
    given: Any | None
    """The WITH of the whole query; ``None`` where there is none."""


class Equality(NamedTuple):
    """``a.x = b.y`` between columns of tables."""

    left: tuple[Source, str]
    right: tuple[Source, str]


@functools.lru_cache(maxsize=256)
def sources(sql: str) -> tuple[Source, ...]:
    """The tables behind FROM and JOIN, whatever query within ``sql`` reads them; common table expressions are none.

    In the order of the text, but for those of a WITH; none where sqlglot cannot read it, as with :func:`equalities`.
    """
    tree = parse(sql)
    if tree is None:
        return ()
    read = {id(source) for scope in _scopes(tree).values() for source in scope.sources.values()}
    return tuple(_source(node) for node in tree.walk(bfs=False) if node.key == "table" and id(node) in read)


def equalities(sql: str) -> Iterator[Equality]:
    """Each equality of two columns that are named with their tables."""
    tree = parse(sql)
    scopes = {} if tree is None else _scopes(tree)
    for node in tree.walk(bfs=False) if tree is not None and scopes else ():
        if node.key == "eq" and node.left.key == node.right.key == "column":
            left, right = (_owner(column, scopes) for column in (node.left, node.right))
            if left is not None and right is not None:
                yield Equality((left, node.left.name), (right, node.right.name))


@functools.lru_cache(maxsize=256)
def selects(sql: str) -> tuple[Select, ...]:
    """Every SELECT within a query, also of set operations; none where sqlglot cannot read it."""
    tree = parse(sql)
    found = []
    for scope in _scopes(tree).values() if tree is not None else ():
        if scope.expression.key == "select":
            sources = [source for _, source in scope.selected_sources.values()]
            tables = tuple(_source(source) for source in sources if _is_stored(source))
            given = tree.args.get("with_") if tree is not None else None
            found.append(Select(scope.expression, tables, len(tables) < len(sources), given))
    return tuple(found)


def unlinked(sql: str) -> tuple[tuple[Source, ...], ...]:
    """The tables of one SELECT in groups that no condition links, of the first that has more than one such group.

    Queries in FROM and common table expressions are left out: most have one row, or are made to be paired with every
    row.
    """
    tree = parse(sql)
    for scope in _scopes(tree).values() if tree is not None else ():
        tables = [_source(source) for _, source in scope.selected_sources.values() if _is_stored(source)]
        groups = _groups(scope)
        found = [tuple(each for each in tables if nocase(each.called) in group) for group in groups]
        found = [group for group in found if group]
        if len(found) > 1:
            return tuple(found)
    return ()


def is_unbounded(sql: str) -> bool:
    """Whether a query is of a kind that may never end: tables without a condition between them, or a recursion.

    A condition is any comparison that names both, in ON, USING or WHERE; one with a column whose table is not named
    may be about any of them. Not where sqlglot cannot read it.
    """
    tree = parse(sql)
    if tree is None:
        return False
    if any(node.args.get("recursive") for node in tree.find_all(_expressions().With)):
        return True
    return any(len(_groups(scope)) > 1 for scope in _scopes(tree).values())


def _groups(scope: Any) -> list[set[str]]:
    """The sources of one SELECT, those together that conditions link; one group where that is not known."""
    exp = _expressions()
    names = [nocase(called) for called in scope.selected_sources]
    if any(_is_table(source) and not _is_stored(source) for _, source in scope.selected_sources.values()):
        return [set(names)]  # what a function such as json_each(...) is given links it
    groups = [{name} for name in names]
    joins = scope.expression.args.get("joins") or ()
    for join in joins:
        if join.args.get("using") or join.method == "NATURAL":
            groups = _linked(groups, {nocase(join.alias_or_name), names[0]})
    where = scope.expression.args.get("where")
    for condition in (*(join.args.get("on") for join in joins), where and where.this):
        for part in condition.flatten() if isinstance(condition, exp.And) else [condition] if condition else ():
            columns = list(part.find_all(exp.Column))
            if len(columns) > 1 and not all(column.table for column in columns):
                return [set(names)]
            groups = _linked(groups, {nocase(column.table) for column in columns})
    return groups


def _linked(groups: list[set[str]], names: set[str]) -> list[set[str]]:
    """The groups that have one of the names become one."""
    apart = [group for group in groups if not group & names]
    return [*apart, set().union(*(group for group in groups if group & names))] if len(apart) < len(groups) else groups


def _expressions() -> Any:
    from sqlglot import exp

    return exp


def _scopes(tree: Any) -> dict[int, Any]:
    """The scope of each query in the tree, by the identity of its node; none where sqlglot cannot tell them."""
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.scope import traverse_scope

    try:
        found = {id(scope.expression): scope for scope in traverse_scope(tree)}
        for scope in found.values():
            len(scope.selected_sources)  # found out on demand: an alias that is there twice is refused
    except (SqlglotError, RecursionError):
        return {}
    return found


def _owner(column: Any, scopes: dict[int, Any]) -> Source | None:
    """The table a column is taken from: of its own query, or of one around it."""
    node = column
    while node is not None and id(node) not in scopes:
        node = node.parent
    scope = scopes[id(node)] if node is not None else None
    while scope is not None:
        for called, source in scope.sources.items():
            if nocase(called) == nocase(column.table):
                return _source(source) if _is_table(source) else None
        scope = scope.parent
    return None


def _is_table(source: Any) -> bool:
    """Whether it is no query of its own, as a common table expression is."""
    from sqlglot import exp

    return isinstance(source, exp.Table)


def _is_stored(source: Any) -> bool:
    """Whether it is a table by name, rather than a function such as ``json_each(...)``."""
    return _is_table(source) and source.this.key == "identifier"


def _source(table: Any) -> Source:
    return Source(table.alias_or_name, table.name)


def fold(sql: str) -> str:
    """White space outside strings and names folded, comments and a trailing semicolon dropped."""
    return " ".join(token.text for token in code(without_semicolon(sql)))


def normalise(sql: str) -> str:
    """A key that is equal for queries that differ only in how they are written.

    Made from the statement's tokens, so that nothing is translated. Folded: white space, comments, a trailing
    semicolon, ASCII case outside quotes, quoting of plain names, ``<>`` and ``!=``, ``AS`` and ``INNER``.
    """
    if len(sql) > MAX_PARSED:
        return fold(sql)
    import sqlglot
    from sqlglot.errors import SqlglotError

    try:
        tokens = sqlglot.tokenize(sql, read="sqlite")
    except (SqlglotError, ValueError):
        return fold(sql)
    words = [_word(token.token_type.name, token.text) for token in tokens]
    while words and words[-1] == ";":
        words.pop()
    kept = [
        word
        for word, following in itertools.zip_longest(words, words[1:])
        if word != "as" and not (word == "inner" and following == "join")
    ]
    return " ".join(kept)


def _word(kind: str, text: str) -> str:
    """One token of the key."""
    if kind == "IDENTIFIER":  # quoted; SQLite compares names without ASCII case, quoted or not
        name = nocase(text)
        return name if _PLAIN_NAME.fullmatch(name) and name not in _WORDS else '"' + name.replace('"', '""') + '"'
    if kind in {"STRING", "NATIONAL_STRING", "RAW_STRING"}:
        return "'" + text.replace("'", "''") + "'"
    if kind in {"HEX_STRING", "BIT_STRING", "BYTE_STRING"}:
        return f"x'{nocase(text)}'"
    return "!=" if text == "<>" else nocase(text)


def is_ordered(sql: str) -> bool:
    """Whether the order of the rows is part of what the query says (an ORDER BY at its top level)."""
    tree = parse(sql)
    if tree is None:
        return _ordered_text(sql)
    return tree.args.get("order") is not None


def _ordered_text(sql: str) -> bool:
    """For text sqlglot cannot read: the last ORDER BY stands outside all parentheses."""
    text = nocase(fold(sql))
    at = text.rfind("order by")
    return at >= 0 and text.count("(", at) >= text.count(")", at)


def with_sort_keys(sql: str, width: int) -> tuple[str, tuple[int, ...]] | None:
    """A query that shows the values ``sql`` orders its rows by: its text, and where in its rows they are.

    Its rows are those of ``sql``, in an order that differs at most among equal values, with further columns
    after the ``width`` of ``sql`` where the values are not shown anyway. A LIMIT is removed, an OFFSET kept. ``None``
    for what sqlglot cannot read, and where more columns would change the rows (DISTINCT, set operations).
    """
    tree = parse(sql)
    if tree is None or tree.args.get("order") is None:
        return None
    from sqlglot import exp

    tree = tree.copy()
    keys = [key.this for key in tree.args["order"].expressions]
    places = _shown(tree, keys)
    if places is None:
        if not isinstance(tree, exp.Select) or tree.args.get("distinct") or any(key.is_int for key in keys):
            return None
        aliases = {nocase(column.alias): column.unalias() for column in tree.expressions if column.alias}
        added = [aliases.get(nocase(key.sql(dialect="sqlite")), key).copy() for key in keys]
        tree.select(*added, copy=False)
        places = tuple(range(width, width + len(added)))
    if tree.args.get("limit") is not None:
        tree.args["limit"].set("expression", exp.Neg(this=exp.Literal.number(1)))  # OFFSET needs a LIMIT
    return tree.sql(dialect="sqlite"), places


def _shown(tree: Any, keys: list[Any]) -> tuple[int, ...] | None:
    """Where ORDER BY's keys stand among the result's columns, if they all do."""
    first = tree
    while first.key in {"union", "intersect", "except"}:
        first = first.this.unnest()
    if first.is_star:
        return None
    names = [nocase(column.alias_or_name) for column in first.expressions]
    texts = [nocase(column.unalias().sql(dialect="sqlite")) for column in first.expressions]
    places = []
    for key in keys:
        text = nocase(key.sql(dialect="sqlite"))
        if key.is_int and 1 <= int(text) <= len(names):
            places.append(int(text) - 1)
        elif text in names or text in texts:
            # an alias hides a column of that name, as in SQLite
            places.append(names.index(text) if text in names else texts.index(text))
        else:
            return None
    return tuple(places)
