"""A query clause by clause, as a thought names it, and in which clauses two queries differ.

    select name from singer where age > 20 order by age desc limit 1
    -> show name; from singer; where age > 20; sort by age desc; first 1

Texts are those of :mod:`planner_cli.prompts.normal_form`. Clauses of a nested query stay within their own;
what comes behind UNION, INTERSECT or EXCEPT is one clause.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

_SAID = {
    "select": "show", "from": "from", "where": "where", "group by": "per", "having": "having",
    "order by": "sort by", "limit": "first", "union": "union", "intersect": "intersect", "except": "except",
}  # fmt: skip
ORDER = tuple(_SAID.values())
"""Of a query's clauses."""
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
    return found


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
    """Clauses in words; joins are told as the tables they bring in."""
    return "; ".join(f"{name} {_from(text) if name == 'from' else text}" for name, text in found.items())


def _from(text: str) -> str:
    return ", ".join(part.partition(" on ")[0] for part in text.split(" join "))


def differing(needed: dict[str, str], given: dict[str, str]) -> list[str]:
    """Names of the clauses that differ, in the order of a query; the order of what is listed does not matter."""
    return [name for name in ORDER if _set(name, needed.get(name)) != _set(name, given.get(name))]


def _set(name: str, text: str | None) -> Counter[str] | str | None:
    if text is None or name in ("sort by", "first", *_LAST):
        return text
    if name == "from":
        return Counter(_from(text).split(", "))
    return Counter(re.split(r" and (?!\d)|, ", text))
