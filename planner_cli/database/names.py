"""Names of tables and columns: which of them need quotes, and how similar two of them are."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher

from planner_cli.lexer import quote
from planner_cli.text import plain

_PLAIN = re.compile(r"[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*")

RESERVED = frozenset(
    """
    add all alter and as autoincrement between case cast check collate commit constraint create current_date
    current_time current_timestamp default deferrable delete distinct drop else escape except exists foreign from
    group having in index insert intersect into is isnull join limit not nothing notnull null on or order primary
    raise references returning select set table then to transaction union unique update using values when where
    """.split()  # noqa: SIM905 - one word a line would be a page
)
"""Words that are a name only in quotes; SQLite accepts its other keywords as names where one is expected."""

CUTOFF = 0.8
"""Least similarity in [0, 1] worth a suggestion: a wrong one costs more than none."""

_SEPARATORS = re.compile(r"[\s_-]+")


def is_plain(name: str) -> bool:
    """Whether ``name`` is an SQL identifier as it is."""
    return _PLAIN.fullmatch(name) is not None and name.lower() not in RESERVED


def spelled(name: str) -> str:
    """``name`` as a person would write it in SQL: quoted only where it must be."""
    return name if is_plain(name) else quote(name)


def fold(name: str, table: str = "") -> str:
    """``name`` without what people write differently: case, accents, separators, the plural, a ``table`` prefix.

    ``customer_names``, ``CustomerName`` and (in the table ``customers``) ``name`` are then the same.
    """
    folded = _singular(_SEPARATORS.sub("", plain(name).casefold()))
    return (folded.removeprefix(fold(table)) or folded) if table else folded


def similarity(left: str, right: str, *, cutoff: float = CUTOFF) -> float:
    """Similarity of two folded names, in [0, 1], as judged by someone who mistyped or half remembers one.

    It is 0 for everything under ``cutoff``.
    """
    if left == right:
        return 1.0
    matcher = SequenceMatcher(None, left, right)
    if matcher.real_quick_ratio() < cutoff or (of_letters := matcher.quick_ratio()) < cutoff:
        return 0.0
    # The same letters in another order (nmae) are a typing error, whatever the ratio says.
    ratio = max(matcher.ratio(), CUTOFF if of_letters == 1.0 else 0.0)
    return ratio if ratio >= cutoff else 0.0


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The one of ``known`` most like ``name``; the first of equals, ``None`` where all are under ``cutoff``."""
    from rapidfuzz import fuzz, process

    choices = list(known)
    found = process.extractOne(fold(name), [fold(c) for c in choices], scorer=fuzz.ratio, score_cutoff=100 * cutoff)
    return choices[found[2]] if found else None


def _singular(name: str) -> str:
    if name.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    if name.endswith(("sses", "xes", "ches", "shes", "uses")):
        return name[:-2]
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us", "is")) and len(name) > 2 else name
