"""A query that names what does not exist, written again with the nearest name that does.

    select customers.nmae from customers   ->  select customers.name from customers
    select orders.city from orders join customers ...  ->  select customers.city from ...
    select city from orders                ->  select customers.city from orders join customers on ...

A guess, to be executed beside what the model wrote and never instead of it. What is covered: a missing column of the
tables the query reads, or of one that a foreign key links to them, a column that several of them have, a missing table.
What is not: a table further away (but for one between two that are joined), a join within a nested query, syntax.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from planner_cli.database.names import fold, similarity, spelled
from planner_cli.database.suggest import ambiguous_column, column_of, missing_column, missing_table, read_tables
from planner_cli.lexer import Token, code
from planner_cli.text import nocase
from planner_cli.types import Comparison, Schema, Table

_CUTOFF = 0.55
"""Least similarity of a name that stands in: a guess that runs is worth more here than none."""

_AFTER_FROM = frozenset({"where", "group", "having", "order", "limit", "window", ";"})

_SAME_TABLE = 0.15
"""What it counts, beside similarity, that a column is in the table the query named."""


def mend(sql: str, error: str, schema: Schema) -> str | None:
    """``sql`` without the missing name that ``error`` is about (SQLite's message, with or without a suggestion).

    ``None`` where the error is another one, or nothing is near enough.
    """
    ambiguous = ambiguous_column(error)
    if ambiguous is not None:
        return _settle_column(sql, ambiguous, schema)
    column = missing_column(error)
    if column is not None:
        return _mend_column(sql, column, schema)
    table = missing_table(error)
    return None if table is None else _mend_table(sql, table, schema)


def respell(sql: str, unmatched: Sequence[Comparison]) -> str | None:
    """``sql`` with the texts that no row has as the rows have them; ``None`` where nothing is to be replaced.

    Only what differs in white space or Unicode normal form: it is the same text, in bytes a model cannot know.
    """
    found = {(nocase(c.column), c.literal): c.stored for c in unmatched if c.stored is not None}
    parts = code(sql)
    for at in range(len(parts) - 1, 1, -1):  # from the back: offsets before it stay true
        before = at - 1 - (parts[at - 2].text == "=")  # ==
        stored = found.get((nocase(parts[before - 1].identifier or ""), parts[at].text))
        if stored is not None and parts[at - 1].text == "=" and parts[before].text == "=":
            sql = sql[: parts[at].start] + stored + sql[parts[at].end :]
    return sql if found else None


def _settle_column(sql: str, name: str, schema: Schema) -> str | None:
    """Take it from the first of the tables that have it: mostly a join has made them equal."""
    for called, table in read_tables(sql, schema).items():
        if nocase(name) in (nocase(column.name) for column in table.columns):
            return _replaced(sql, lambda parts, at: _is_bare(parts, at, name), f"{spelled(called)}.{spelled(name)}")
    return None


def _is_bare(parts: list[Token], at: int, name: str) -> int:
    """1 where a column of that name stands without its table, else 0."""
    qualified = at and parts[at - 1].text == "."
    return int(not qualified and nocase(parts[at].identifier or "") == nocase(name))


def _mend_column(sql: str, asked: str, schema: Schema) -> str | None:
    owner, _, name = asked.rpartition(".")
    owner = owner.rpartition(".")[2]  # without main.
    read = read_tables(sql, schema)
    best, score = _nearest(owner, name, read)
    joined = _bridge(owner, name, sql, read, schema) or (None if score >= 1 else _join(name, sql, read, schema))
    if joined is not None:
        sql, best = joined
    if best is None:
        return None

    def is_it(parts: list[Token], at: int) -> int:
        """How many tokens there are the missing column."""
        if owner:
            names = [nocase(token.identifier or token.text) for token in parts[at : at + 3]]
            return 3 if names == [nocase(owner), ".", nocase(name)] else 0
        return _is_bare(parts, at, name)

    return _replaced(sql, is_it, best)


def _nearest(owner: str, name: str, read: Mapping[str, Table]) -> tuple[str | None, float]:
    """The column of the tables read that is nearest, and how near; 1 or more: it is the same name."""
    best, best_score = None, _CUTOFF
    for called, table in read.items():
        for column in table.columns:
            score = similarity(fold(name, table.name), fold(column.name, table.name), cutoff=_CUTOFF)
            if score and owner and nocase(owner) in (nocase(called), nocase(table.name)):
                score += _SAME_TABLE
            if score > best_score:
                best, best_score = f"{spelled(called)}.{spelled(column.name)}", score
    return best, best_score


def _bridge(owner: str, name: str, sql: str, read: Mapping[str, Table], schema: Schema) -> tuple[str, str] | None:
    """The query with the table between two that it joins, which alone has the column they are joined by.

    ``from invoices join customers on invoices.customer_id = customers.id``: ``orders`` has it, and belongs to both.
    """
    called, mine = next(((c, t) for c, t in read.items() if nocase(c) == nocase(owner)), ("", None))
    parts = code(sql)
    words = [nocase(token.text) for token in parts]
    at = next((i for i in range(len(words)) if words[i : i + 3] == [nocase(owner), ".", nocase(name)]), 0)
    joins = [i for i in range(at) if words[i] == "join" and nocase(owner) in words[:i]]
    if mine is None or not joins or "on" not in words[joins[-1] : at] or words.count("select") != 1:
        return None
    if "=" not in (words[at - 1], *words[at + 3 : at + 4]):
        return None
    used = {table.name for table in read.values()}
    for other in schema.tables:
        column, link = column_of(other, name), _link(called, mine, other)
        if column is None or link is None or other.name in used:
            continue
        before = joins[-1] - (words[joins[-1] - 1] in ("inner", "left", "cross"))
        start = parts[before].start
        return (
            f"{sql[:start]}join {spelled(other.name)} on {link} {sql[start:]}",
            f"{spelled(other.name)}.{spelled(column)}",
        )
    return None


def _join(name: str, sql: str, read: Mapping[str, Table], schema: Schema) -> tuple[str, str] | None:
    """The query with a linked table that has just this column joined in, and the column in it."""
    parts = code(sql)
    words = [nocase(token.text) for token in parts]
    if words.count("select") != 1 or "from" not in words:
        return None
    used = {table.name for table in read.values()}
    for called, mine in read.items():
        for other in schema.tables:
            column = next((c.name for c in other.columns if fold(c.name, other.name) == fold(name, other.name)), None)
            link = _link(called, mine, other)
            if other.name in used or column is None or link is None:
                continue
            start = words.index("from")
            end = next((i for i in range(start, len(words)) if words[i] in _AFTER_FROM), len(parts))
            at = parts[end - 1].end
            text = f"{sql[:at]} join {spelled(other.name)} on {link}{sql[at:]}"
            return text, f"{spelled(other.name)}.{spelled(column)}"
    return None


def _link(called: str, mine: Table, other: Table) -> str | None:
    """The condition that joins two tables over a foreign key of either."""
    for table, name, target, target_name in (
        (mine, called, other, other.name),
        (other, other.name, mine, called),
    ):
        for key in table.foreign_keys:
            if nocase(key.ref_table) == nocase(target.name):
                pairs = zip(key.columns, key.ref_columns, strict=True)
                return " and ".join(
                    f"{spelled(name)}.{spelled(ours)} = {spelled(target_name)}.{spelled(theirs)}"
                    for ours, theirs in pairs
                )
    return None


def _mend_table(sql: str, asked: str, schema: Schema) -> str | None:
    wanted = fold(asked.rpartition(".")[2])
    scored = [(similarity(wanted, fold(table.name), cutoff=_CUTOFF), table.name) for table in schema.tables]
    score, best = max(scored, key=lambda pair: pair[0], default=(0.0, ""))
    if not score:
        return None
    name = nocase(asked.rpartition(".")[2])
    return _replaced(sql, lambda parts, at: int(nocase(parts[at].identifier or "") == name), spelled(best))


def _replaced(sql: str, is_it: Callable[[list[Token], int], int], instead: str) -> str | None:
    """With ``instead`` wherever ``is_it`` finds tokens; ``None`` where it finds none."""
    found = list(_spans(code(sql), is_it))
    for start, end in reversed(found):  # from the back: offsets before it stay true
        sql = sql[:start] + instead + sql[end:]
    return sql if found else None


def _spans(parts: list[Token], is_it: Callable[[list[Token], int], int]) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(parts):
        count = is_it(parts, at)
        if count:
            yield parts[at].start, parts[at + count - 1].end
        at += max(1, count)
