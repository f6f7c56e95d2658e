"""Collations that the file uses and SQLite does not have: from phones, ICU, flash-card programs.

Each gets a stand-in, so that tables can be read, compared and sorted. But an index (or the key of a WITHOUT ROWID
table) that was made with the real one is sorted by it: searching it in another order silently misses rows, and
equal texts are not adjacent in it. So a query that would search such a tree, or groups what it reads from one, is
rewritten to read through the table instead; one that cannot be is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

import apsw

from planner_cli.lexer import Token, code, quote
from planner_cli.text import nocase

_OWN = frozenset({"binary", "nocase", "rtrim"})
_PLAINLY_OWN = re.compile(rf"collate[ \t\n\f\r]+(?:{'|'.join(sorted(_OWN))})(?![\w$]|[^\x00-\x7f])", re.ASCII)
"""What most texts hold, which need not be cut into tokens then: that takes a second for some ten thousand."""
_KEPT = 200
"""Characters of a text that count for its place in the order."""

_SEARCHES = frozenset(
    "SeekLT SeekLE SeekGE SeekGT IdxLT IdxLE IdxGE IdxGT Found NotFound NoConflict IfNoHope".split()  # noqa: SIM905
)
"""Instructions that compare a key with a tree's."""

_ALL = 10_000
"""More fields than any key has."""

_GROUPING = frozenset({"group", "distinct", "union", "intersect", "except", "over"})
"""Words for what relies on equal texts being adjacent, as they are in an index only under its own collation."""


class _Use(NamedTuple):
    """Whether a tree whose order is not known is searched."""

    text: str
    """Which tree, in words."""
    searched: bool


class UnknownOrderError(Exception):
    """A search in a tree whose order is not known; its text says which."""


def unknown(texts: Iterable[str]) -> tuple[str, ...]:
    """The collations that ``CREATE`` texts name and SQLite does not have, in the order of their first mention."""
    found: dict[str, str] = {}
    for text in texts:
        folded = nocase(text)
        if folded.count("collate") == len(_PLAINLY_OWN.findall(folded)):
            continue
        for token, following in pairwise(code(text)):
            if token.kind == "word" and nocase(token.text) == "collate":
                name = following.identifier or following.text.strip("'")
                found.setdefault(nocase(name), name)
    return tuple(name for name in found.values() if nocase(name) not in _OWN)


class Collations:
    """Stand-ins on one connection, before its authorizer is set."""

    def __init__(self, raw: Any, names: tuple[str, ...], text: Callable[[bytes | None], str]) -> None:
        """``text`` decodes a name from the file, which need not be valid."""
        self._raw = raw
        self._text = text
        self._names = {nocase(name) for name in names}
        raw.collation_needed(self._register)
        self._views: dict[str, list[Token]] = {}
        """What each view selects, by its name in lower case."""
        self._grouping: set[str] = set()
        """Views that group what they read, including through other views; in lower case."""
        self._trees: dict[int, tuple[int, str]] = {}
        """By root page: the first field of the key that is sorted by an unknown collation, and what to call it."""
        if names:
            for name, compare in _TWINS.items():
                raw.create_collation(_twin(name), compare)
            self._trees = self._find_trees()
            self._views = self._find_views()
            self._grouping = self._find_grouping()

    def _register(self, raw: Any, name: str) -> None:
        """Only for what the schema names: one that a query invents stays an error."""
        if nocase(name) in self._names:
            raw.create_collation(name, _natural)

    def _find_trees(self) -> dict[int, tuple[int, str]]:
        found = self._raw.execute(
            "SELECT coalesce(i.rootpage, m.rootpage), x.seqno, CAST(m.name AS BLOB), CAST(x.coll AS BLOB) "
            "FROM main.sqlite_master AS m, "
            "pragma_index_list(m.name, 'main') AS l, pragma_index_xinfo(l.name, 'main') AS x "
            "LEFT JOIN main.sqlite_master AS i ON i.type = 'index' AND i.name = l.name "
            "WHERE m.type = 'table' ORDER BY x.seqno DESC"
        )
        return {
            root: (field, f"{self._text(table)} is sorted by the collation {name}")
            for root, field, table, coll in found
            if nocase(name := self._text(coll)) in self._names
        }

    def _find_views(self) -> dict[str, list[Token]]:
        found = self._raw.execute(
            "SELECT CAST(name AS BLOB), CAST(sql AS BLOB) FROM main.sqlite_master "
            "WHERE type = 'view' AND length(sql) <= 100000"
        )
        return {nocase(self._text(name)): _body(code(self._text(sql))) for name, sql in found}

    def _find_grouping(self) -> set[str]:
        words = {name: _names(body) for name, body in self._views.items()}
        grouping: set[str] = set()
        while more := {name for name, its in words.items() if name not in grouping and its & (_GROUPING | grouping)}:
            grouping |= more
        return grouping

    def safe(self, sql: str, tables: Mapping[str, str]) -> str:
        """``sql``, rewritten if it would use the order of a tree whose order is not known.

        ``tables`` are the names of all tables and views, by their lower case. Raises :class:`UnknownOrderError`.
        """
        used = self._used(sql) if self._trees else None
        parts = code(sql) if used else []
        words = _names(parts)
        if used is None or not (used.searched or words & (_GROUPING | self._grouping)):
            return sql
        own = _own_ctes(parts)
        named = self._named(parts, tables)
        mixed = own is not None and not _defined(parts).isdisjoint(map(nocase, named))
        if mixed:  # a table that a view names would be taken for the query's own common table expression
            named = {name: [] for name in named}
        again = self._through(sql, named, own)
        if again is None:
            if not used.searched and "collate" not in words:  # no column is compared with such a collation
                return sql
        elif self._compiles(again):
            left = self._used(again)
            words = words.union(*(_names(body) for body in named.values()))
            around = words & {"main", "collate"} or (mixed and words & self._grouping)
            if left is None or not (left.searched or around):  # around: what may still use the order
                return again
        raise UnknownOrderError(f"{used.text}, which is not known here, and the query needs its order")

    def _used(self, sql: str) -> _Use | None:
        """The tree a query reads, ``None`` where it reads none or does not compile; running it then says why."""
        try:
            # the rows of a text that makes it EXPLAIN QUERY PLAN are shorter, and it does not run by itself
            steps = [row[1:6] for row in self._explain(sql) if len(row) > 5]
        except (apsw.Error, UnicodeError, ValueError):
            return None
        opened = {
            p1: self._trees[p2]
            for operation, p1, p2, p3, _ in steps
            if operation in ("OpenRead", "ReopenIdx") and p3 == 0 and p2 in self._trees
        }
        for operation, p1, _, _, p4 in steps:
            if operation in _SEARCHES and p1 in opened:
                field, text = opened[p1]
                fields = int(p4) if str(p4).isdigit() and int(p4) else _ALL
                if fields > field:
                    return _Use(text, searched=True)
        return next((_Use(text, searched=False) for _, text in opened.values()), None)

    def _compiles(self, sql: str) -> bool:
        try:
            self._explain(sql)
        except (apsw.Error, UnicodeError, ValueError):
            return False
        return True

    def _explain(self, sql: str) -> list[tuple[Any, ...]]:
        seen = False

        def first(_cursor: Any, _statement: str, _bindings: object) -> bool:
            nonlocal seen
            seen, again = True, seen
            return not again

        cursor = self._raw.cursor()
        cursor.exec_trace = first
        try:
            rows: list[tuple[Any, ...]] = cursor.execute(f"EXPLAIN {sql}", can_cache=False).fetchall()
        except apsw.ExecTraceAbort:  # at a second statement, which is refused when the query is run
            return []
        else:
            return rows
        finally:
            cursor.close(True)

    def _named(self, parts: list[Token], tables: Mapping[str, str]) -> dict[str, list[Token]]:
        """The tables and views that a query names, also in its views, as the schema spells them.

        With what a view selects, which is empty for tables.
        """
        found: dict[str, list[Token]] = {}
        left = [parts]
        while left:
            its = left.pop(0)
            for token, before in zip(its, [None, *its], strict=False):
                name = tables.get(nocase(token.identifier or ""))
                if name is not None and name not in found and (before is None or before.text != "."):
                    found[name] = self._views.get(nocase(name), [])
                    left.append(found[name])
        return found

    def _through(self, sql: str, named: Mapping[str, list[Token]], own: int | None) -> str | None:
        """With every table and view it names that has such a column behind a subquery of other collations.

        An index is used only where the collations agree; the twins compare as those that SQLite has. ``own`` is where
        the query's own common table expressions begin.
        """
        subqueries = [text for name, body in named.items() if (text := self._subquery(name, body))]
        if not subqueries:
            return None
        head = f"WITH RECURSIVE {', '.join(subqueries)}"
        return f"{head} {sql}" if own is None else f"{head}, {sql[own:]}"

    def _subquery(self, table: str, body: list[Token]) -> str | None:
        cursor = self._raw.cursor()
        found: list[tuple[str, str | None]] = []

        def look(cursor: Any, _statement: str, _bindings: object) -> bool:
            for name, _, database, origin, column in cursor.description_full:
                known = database and origin and column
                found.append((name, self._raw.column_metadata(database, origin, column)[1] if known else None))
            return False

        cursor.exec_trace = look
        try:
            cursor.execute(f"SELECT * FROM main.{quote(table)}", can_cache=False)  # noqa: S608 - quoted
        except apsw.ExecTraceAbort:
            pass
        finally:
            cursor.close(True)
        columns = ", ".join(quote(name) for name, _ in found)
        if body:
            return f"{quote(table)}({columns}) AS ({' '.join(token.text for token in body)})"
        if not any(collation and nocase(collation) in self._names for _, collation in found):
            return None
        cells = ", ".join(
            quote(name) + (f" COLLATE {quote(_twin(nocase(collation)))}" if collation else "")
            for name, collation in found
        )
        return f"{quote(table)}({columns}) AS (SELECT {cells} FROM main.{quote(table)})"  # noqa: S608 - quoted


def _names(parts: list[Token]) -> set[str]:
    """Every word and name, in lower case."""
    return {nocase(token.identifier) for token in parts if token.identifier is not None}


def _body(parts: list[Token]) -> list[Token]:
    """What is behind the ``AS`` of a ``CREATE VIEW``: no name or column before it can be that word without quotes."""
    return next((parts[at + 1 :] for at, token in enumerate(parts) if nocase(token.text) == "as"), [])


def _own_ctes(parts: list[Token]) -> int | None:
    """Where the first of a query's own common table expressions begins."""
    words = [nocase(token.text) for token in parts[:2]]
    if words[:1] != ["with"]:
        return None
    return parts[2 if words[1:] == ["recursive"] else 1].start


def _defined(parts: list[Token]) -> set[str]:
    """At least the names of common table expressions, in lower case: what stands before a bracket, or its ``AS``."""
    texts = [nocase(token.text) for token in parts]
    before = [("(",), ("as", "("), ("as", "materialized"), ("as", "not")]
    return {
        nocase(token.identifier)
        for at, token in enumerate(parts, start=1)
        if token.identifier is not None and any(tuple(texts[at : at + len(few)]) == few for few in before)
    }


def _twin(collation: str) -> str:
    return f"planner {collation if collation in _OWN else 'natural'}"


def _natural(left: str, right: str) -> int:
    """As people sort, ignoring case and accents at first; only identical texts are equal."""
    if left == right:
        return 0
    mine, theirs = _place(left), _place(right)
    return -1 if (mine, left) < (theirs, right) else 1


def _place(text: str) -> tuple[str, str]:
    return _kept_place(text) if len(text) <= _KEPT else _new_place(text)


def _new_place(text: str) -> tuple[str, str]:
    letters = text if text.isascii() else unicodedata.normalize("NFD", text)
    bare = letters if text.isascii() else "".join(letter for letter in letters if not unicodedata.combining(letter))
    return bare.casefold(), letters.swapcase()  # small letters before capitals


_kept_place = lru_cache(maxsize=20_000)(_new_place)

_CAPITALS = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _by(key: Callable[[str], str]) -> Callable[[str, str], int]:
    def compare(left: str, right: str) -> int:
        mine, theirs = key(left), key(right)
        return (mine > theirs) - (mine < theirs)

    return compare


_TWINS: Mapping[str, Callable[[str, str], int]] = {
    "natural": _natural,
    "binary": _by(lambda text: text),
    "nocase": _by(lambda text: text.translate(_CAPITALS)),
    "rtrim": _by(lambda text: text.rstrip(" ")),
}
"""The stand-in and SQLite's own three under other names."""
