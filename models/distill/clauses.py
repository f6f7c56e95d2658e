"""A query clause by clause, in the words of a thought, and the clauses in which two queries differ.

    select name from singer where age > 20 order by age desc limit 1
    -> show name; from singer; where age > 20; sort by age desc; first 1
    select a.x from a join b on a.i = b.i
    -> show a.x; from a, b; on a.i = b.i

Texts are those of :mod:`planner_cli.prompts.normal_form`. Clauses of a nested query stay within their own;
what follows UNION, INTERSECT or EXCEPT is one clause.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_SAID = {
    "select": "show", "from": "from", "where": "where", "group by": "per", "having": "having",
    "order by": "sort by", "limit": "first", "union": "union", "intersect": "intersect", "except": "except",
}  # fmt: skip
ORDER = ("show", "from", "on", *list(_SAID.values())[2:])
"""Of a query's clauses; the conditions of its joins are one of their own."""
_LAST = frozenset({"union", "intersect", "except"})
_TOKEN = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|[^\w\s]|\s+")


def clauses(sql: str) -> dict[str, str]:
    """The outermost clauses of a query in normal form, by what a thought calls them."""
    found: dict[str, str] = {}
    name, text = "", ""
    depth, after_set = 0, False
    for word in _merged(sql):
        depth += (word == "(") - (word == ")")
        if depth == 0 and not after_set and word in _SAID:
            if name:
                found[name] = text.strip()
            name, text, after_set = _SAID[word], "", word in _LAST
        else:
            text += word
    if name:
        found[name] = text.strip()
    return dict(_split_joins(found))


def _split_joins(found: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The tables of FROM, and what they are joined on."""
    for name, text in found.items():
        if name != "from":
            yield name, text
            continue
        parts = [part.partition(" on ") for part in text.split(" join ")]
        yield name, ", ".join(table for table, _, _ in parts)
        conditions = [condition for _, _, condition in parts if condition]
        if conditions:
            yield "on", " and ".join(conditions)


def _merged(sql: str) -> Iterator[str]:
    """Tokens and blanks, with ``group by`` and ``order by`` as one."""
    parts: list[str] = _TOKEN.findall(sql)
    at = 0
    while at < len(parts):
        if parts[at] in ("group", "order") and parts[at + 1 : at + 3] == [" ", "by"]:
            yield f"{parts[at]} by"
            at += 3
        else:
            yield parts[at]
            at += 1


def said(found: dict[str, str]) -> str:
    """Clauses in words."""
    return "; ".join(f"{name} {text}" for name, text in found.items())


def differing(needed: dict[str, str], given: dict[str, str]) -> list[str]:
    """Names of the clauses that differ, in the order of a query; the order of what is listed does not matter."""
    return [name for name in ORDER if _set(name, needed.get(name)) != _set(name, given.get(name))]


def _set(name: str, text: str | None) -> Counter[str] | str | None:
    if text is None or name in ("sort by", "first", *_LAST):
        return text
    parts = re.split(r" and (?!\d)|, ", text)
    return Counter(" = ".join(sorted(part.split(" = "))) for part in parts) if name == "on" else Counter(parts)
