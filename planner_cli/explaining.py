"""A query in plain words, from its parse tree: no model guesses what it means.

What has no plain words here stands as the SQL it is, so that nothing is said that the query does not say.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from planner_cli.sql import parse

_COMPARISONS = {
    "eq": "is", "neq": "is not", "gt": "is over", "gte": "is at least", "lt": "is under", "lte": "is at most",
    "like": "is like", "glob": "matches", "is": "is",
}  # fmt: skip
_AGGREGATES = {"sum": "the sum of", "avg": "the average of", "min": "the smallest", "max": "the largest"}
_SETS = {"union": "Together with", "intersect": "That are also among", "except": "That are not among"}
_QUERIES = {"select", *_SETS}
_SAID = (
    ("select", "with_ with expressions from_ from joins where group having distinct order limit offset"),
    ("union intersect except", "with_ with this expression distinct order limit offset"),
    ("group order distinct", "expressions"),
    ("limit offset", "expression"),
    ("ordered", "this desc nulls_first"),
    ("join", "this side kind on using"),
    ("table subquery alias", "this alias"),
    (" ".join(_COMPARISONS), "this expression"),
    ("like", "this expression negate"),
    ("between", "this low high"),
    ("in", "this expressions query field"),
    ("exists sum avg min max", "this"),
    ("count", "this big_int"),
)
_PARTS = {key: frozenset(parts.split()) for keys, parts in _SAID for key in keys.split()}
"""What is said of each kind of node. One with anything else stands as SQL: no part of it may be passed over."""


def explain(sql: str) -> tuple[str, ...] | None:
    """The query's steps in the order in which they happen, indented where they are within one; ``None``: unreadable."""
    tree = parse(sql)
    return tuple(_query(tree)) if tree is not None and tree.key in _QUERIES else None


def _is_said(node: Any) -> bool:
    """Whether everything about a node, not of what is within it, has words."""
    return all(name in _PARTS[node.key] for name, value in node.args.items() if value)


def _query(tree: Any) -> Iterator[str]:
    ends = (tree.args.get(name) for name in ("group", "order", "limit", "offset", "distinct"))
    if tree.key not in _QUERIES or not _is_said(tree) or not all(_is_said(end) for end in ends if _is_node(end)):
        yield f"{_text(tree)}."
        return
    given = tree.args.get("with_") or tree.args.get("with")
    for common in given.expressions if given is not None else ():
        again = ", again and again from its own rows until no new ones are found" if given.args.get("recursive") else ""
        columns = f"({', '.join(map(_text, common.args['alias'].columns))})" if common.args["alias"].columns else ""
        yield f"First make {common.alias}{columns}{again}:"
        yield from _indented(_query(common.this))
    if tree.key in _SETS:
        yield "Take the rows of:"
        yield from _indented(_query(tree.this.unnest()))
        yield f"{_SETS[tree.key]} the rows of:"
        yield from _indented(_query(tree.expression.unnest()))
        if tree.key == "union":
            yield "Leave out repeated rows." if tree.args.get("distinct") else "Keep repeated rows."
    else:
        yield from _select(tree)
    yield from _end(tree)


def _is_node(value: Any) -> bool:
    return hasattr(value, "args")


def _select(tree: Any) -> Iterator[str]:
    source = tree.args.get("from_") or tree.args.get("from")
    if source is not None:
        yield from _read("Read", source.this)
    for join in tree.args.get("joins") or ():
        yield from _join(join)
    if tree.args.get("where"):
        yield f"Keep the rows where {_condition(tree.args['where'].this)}."
        yield from _within(tree.args["where"])
    group, having = tree.args.get("group"), tree.args.get("having")
    if group is not None and group.expressions:
        yield f"Make one row for each {_listed(map(_numbered, group.expressions))}."
        yield from _within(group)
    if having is not None:
        yield f"Keep those where {_condition(having.this)}."
        yield from _within(having)
    different = "different " if tree.args.get("distinct") else ""
    yield f"Show {different}{_listed(_shown(each) for each in tree.expressions)}."
    for each in tree.expressions:
        yield from _within(each)


def _read(verb: str, source: Any) -> Iterator[str]:
    if source.key == "subquery" and _is_said(source):
        name = f" as {source.alias}" if source.alias else ""
        yield f"{verb} the result of{name}:"
        yield from _indented(_query(source.this))
    else:
        yield f"{verb} {_table(source)}."


def _join(join: Any) -> Iterator[str]:
    kind = " ".join(str(part).lower() for part in (join.args.get("method"), join.side, join.kind) if part)
    if join.this.key == "subquery" or not _is_said(join) or kind not in {"", "inner", "cross", "left", "left outer"}:
        yield f"{_text(join)}."
        return
    table, on, using = _table(join.this), join.args.get("on"), join.args.get("using")
    if on is not None and _text(on) != "TRUE":
        how = f" where {_condition(on)}"
    elif using:
        how = f" with the same {_listed(map(_text, using))}"
    else:
        how = ", every row with every row"
    keep = "; keep a row that finds none" if kind.startswith("left") else ""
    yield f"Join {table}{how}{keep}."
    if on is not None:
        yield from _within(on)


def _end(tree: Any) -> Iterator[str]:
    order, limit, offset = (tree.args.get(name) for name in ("order", "limit", "offset"))
    if order is not None:
        yield f"Sort by {_listed(map(_key, order.expressions), ', then ')}."
        yield from _within(order)
    if offset is not None:
        yield f"Leave out the first {_text(offset.expression)}."
    if limit is not None:
        count = _text(limit.expression)
        yield "Take the first row." if count == "1" else f"Take the first {count} rows."


# ----------------------------------------------------------------------------------------------- conditions


def _condition(node: Any) -> str:
    key = node.key
    if key in _PARTS and not _is_said(node):
        return _text(node)
    if key in {"and", "or"}:
        return f"{_side(node.left, key)} {key} {_side(node.right, key)}"
    if key == "paren":
        return f"({_condition(node.this)})"
    if key == "not":
        return _negated(node.this)
    if key in _COMPARISONS:
        words = "equals" if key == "eq" and node.right.key == "column" else _COMPARISONS[key]
        words = "is not like" if node.args.get("negate") else words
        return f"{_value(node.left)} {words} {_value(node.right)}"
    if key == "between":
        return f"{_value(node.this)} is from {_value(node.args['low'])} to {_value(node.args['high'])}"
    if key == "in":
        return f"{_value(node.this)} is {_among(node)}"
    if key == "exists":
        return "there is a row in the query below"
    return _text(node)


def _side(node: Any, above: str) -> str:
    """In parentheses where the words would read as another grouping."""
    text = _condition(node)
    return f"({text})" if node.key in {"and", "or"} and node.key != above else text


def _negated(node: Any) -> str:
    if node.key in _PARTS and (not _is_said(node) or node.args.get("negate")):
        return f"not ({_text(node)})"
    if node.key == "paren":
        return f"not ({_condition(node.this)})"
    if node.key == "in":
        return f"{_value(node.this)} is not {_among(node)}"
    if node.key == "is":
        return f"{_value(node.left)} is not {_value(node.right)}"
    if node.key == "like":
        return f"{_value(node.left)} is not like {_value(node.right)}"
    if node.key == "exists":
        return "there is no row in the query below"
    return f"not ({_condition(node)})"


def _among(node: Any) -> str:
    if node.args.get("query") is not None:
        return "in the query below"
    if node.expressions:
        return f"one of {', '.join(map(_value, node.expressions))}"
    return f"in {_text(node.args.get('field'))}"


def _within(node: Any) -> Iterator[str]:
    """The queries inside of an expression, in the order of the text."""
    for found in node.walk(bfs=False, prune=lambda each: each.key in _QUERIES):
        if found.key in _QUERIES:
            yield "  the query below:"
            yield from _indented(_query(found))


# --------------------------------------------------------------------------------------------------- values


def _value(node: Any) -> str:
    key = node.key
    if key in _PARTS and key not in _QUERIES and not _is_said(node):
        return _text(node)
    if key in {"paren", "subquery"} and node.unnest().key in _QUERIES:
        return "the result of the query below"
    if key == "null":
        return "NULL"
    if key == "count":
        return _count(node)
    if key in _AGGREGATES:
        inner = node.this
        different = inner.key == "distinct"
        text = _listed(map(_value, inner.expressions)) if different else _value(inner)
        return f"{_AGGREGATES[key]} {'different ' if different else ''}{text}"
    return _text(node)


def _count(node: Any) -> str:
    inner = node.this
    if inner is None or inner.key == "star":
        return "the number of rows"
    if inner.key == "distinct":
        return f"the number of different {_listed(map(_value, inner.expressions))}"
    return f"the number of rows whose {_value(inner)} is not NULL"


def _shown(node: Any) -> str:
    if node.key == "alias" and _is_said(node):
        return f"{_value(node.this)} as {node.alias}"
    return "all columns" if node.key == "star" else _value(node)


def _key(node: Any) -> str:
    if not _is_said(node):
        return _text(node)
    largest, first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
    nulls = "" if first is not largest else f", NULL {'first' if first else 'last'}"  # SQLite's NULL is the smallest
    return f"{_numbered(node.this)}{', largest first' if largest else ''}{nulls}"


def _numbered(node: Any) -> str:
    """A column by its number, or a value."""
    return f"column {node.name}" if node.is_int else _value(node)


def _table(node: Any) -> str:
    plain = node.key == "table" and node.alias and _is_said(node)
    return f"{_text(node.this)} as {node.alias}" if plain else _text(node)


def _text(node: Any) -> str:
    return "" if node is None else str(node.sql(dialect="sqlite"))


def _listed(texts: Iterator[str] | map[str], between: str = ", ") -> str:
    return between.join(texts)


def _indented(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        yield f"    {line}"
