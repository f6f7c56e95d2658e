"""A query in a normal form whose names can be replaced.

    SELECT T1.Name FROM Singer AS T1 JOIN concert T2 ON T1.id = T2.sid
    -> select singer.name from singer join concert on singer.id = concert.sid

Lower case outside quotes, one blank between tokens, no aliases of tables (kept where a table occurs twice in a
FROM), columns qualified exactly where a FROM has several sources. Every name from the schema is resolved, so
that a query can be rewritten over renamed tables and columns.

Not covered: columns of a query in FROM, which keep their text. Callers check by execution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from planner_cli.lexer import Token, code
from planner_cli.prompts.schema import quote
from planner_cli.text import nocase
from planner_cli.types import Schema

_CLAUSES = frozenset("select from where group order having limit union intersect except on join".split())  # noqa: SIM905
_KEYWORDS = _CLAUSES | frozenset(
    """as and or not in like between is null distinct by asc desc left right inner outer cross natural all exists case
    when then else end cast offset using escape collate glob with values
    """.split()  # noqa: SIM905 - forty quoted words in a list would be harder to read
)
_SET_OPERATIONS = frozenset({"union", "intersect", "except"})
_TWO_MARKS = frozenset({"<=", ">=", "!=", "<>", "||", "=="})


@dataclass(frozen=True, slots=True)
class Name:
    """A table, or a column of one, as the schema spells it."""

    table: str
    column: str | None = None


Part = str | Name


@dataclass(slots=True)
class _Scope:
    """One SELECT."""

    outer: _Scope | None
    clause: str = "select"
    sources: list[tuple[str, str]] = field(default_factory=list)
    """(alias or table, table), folded and as the schema spells it."""
    opaque: bool = False
    """Whether a query stands in its FROM."""

    @property
    def repeats(self) -> bool:
        return len({table for _, table in self.sources}) < len(self.sources)

    @property
    def several(self) -> bool:
        return self.opaque or len(self.sources) > 1


class _Reader:
    def __init__(self, sql: str, schema: Schema) -> None:
        self.tokens = _joined(code(sql.strip().rstrip(";")))
        self.tables = {nocase(table.name): table.name for table in schema.tables}
        self.columns = {
            table.name: {nocase(column.name): column.name for column in table.columns} for table in schema.tables
        }
        self.scopes: list[_Scope] = []
        """Of each token."""
        self.dropped: set[int] = set()
        """Tokens that are an alias of a table, with their AS."""
        self.sources: dict[int, str] = {}
        """Tokens that are a table in FROM."""
        self.aliased: dict[int, _Scope] = {}

    def read(self) -> tuple[Part, ...]:
        self._find_sources()
        for at, scope in self.aliased.items():
            if not scope.repeats:
                self.dropped.add(at)
        parts: list[Part] = []
        at = 0
        while at < len(self.tokens):
            taken, written = self._part(at)
            parts += written
            at += taken
        return tuple(parts)

    # -------------------------------------------------------------------------- what stands in FROM

    def _find_sources(self) -> None:
        stack, wants_source = [_Scope(None)], False
        for at, token in enumerate(self.tokens):
            text = nocase(token.text)
            if text == "(":
                stack[-1].opaque |= wants_source
                # the parenthesis of a function or condition is not a SELECT of its own
                stack.append(_Scope(stack[-1]) if self._follows(at, "select") else stack[-1])
                wants_source = False
            elif text in _SET_OPERATIONS:
                stack[-1] = _Scope(stack[-1].outer)
            scope = stack[-1]
            self.scopes.append(scope)
            if text == ")" and len(stack) > 1:
                stack.pop()
            elif token.kind == "word" and text in _CLAUSES:
                scope.clause = "from" if text == "join" else text
                wants_source = text in ("from", "join")
            elif text == "," and scope.clause == "from":
                wants_source = True
            elif wants_source and token.identifier and nocase(token.identifier) in self.tables:
                self._source(at, scope)
                wants_source = False

    def _follows(self, at: int, word: str) -> bool:
        return at + 1 < len(self.tokens) and nocase(self.tokens[at + 1].text) == word

    def _source(self, at: int, scope: _Scope) -> None:
        table = self.tables[nocase(self.tokens[at].identifier or "")]
        self.sources[at] = table
        after = [nocase(token.text) for token in self.tokens[at + 1 : at + 3]]
        alias = None
        if after[:1] == ["as"] and len(after) == 2:
            alias = at + 2
            self.aliased[at + 1] = scope
        elif after and self.tokens[at + 1].identifier and after[0] not in _KEYWORDS:
            alias = at + 1
        if alias is not None:
            self.aliased[alias] = scope
        called = table if alias is None else (self.tokens[alias].identifier or "")
        scope.sources.append((nocase(called), table))

    # ------------------------------------------------------------------------------ what is what

    def _part(self, at: int) -> tuple[int, list[Part]]:
        """How many tokens are read there, and what they are."""
        token, scope = self.tokens[at], self.scopes[at]
        if at in self.dropped:
            return 1, []
        if at in self.sources:
            return 1, [Name(self.sources[at])]
        name = token.identifier
        if name is None or at in self.aliased:
            return 1, [nocase(token.text) if name else token.text]
        after = self.tokens[at + 1].text if at + 1 < len(self.tokens) else ""
        if after == "." and at + 2 < len(self.tokens):
            return 3, self._qualified(name, self.tokens[at + 2], scope)
        if token.kind == "word" and (after == "(" or nocase(name) in _KEYWORDS):
            return 1, [nocase(name)]
        return 1, self._bare(name, scope)

    def _qualified(self, owner: str, token: Token, scope: _Scope | None) -> list[Part]:
        column = nocase(token.identifier or token.text)
        inner = scope
        while scope is not None:
            for called, table in scope.sources:
                if called == nocase(owner) or (nocase(table) == nocase(owner) and not scope.repeats):
                    known = self.columns[table].get(column)
                    end: Part = Name(table, known) if known else column
                    if scope is inner and not scope.several and known:
                        return [end]
                    return [nocase(owner) if scope.repeats else Name(table), ".", end]
            scope = scope.outer
        return [nocase(owner), ".", column]

    def _bare(self, name: str, scope: _Scope | None) -> list[Part]:
        inner = scope
        while scope is not None:
            for called, table in scope.sources:
                known = self.columns[table].get(nocase(name))
                if known:
                    if scope is inner and not scope.several:
                        return [Name(table, known)]
                    return [called if scope.repeats else Name(table), ".", Name(table, known)]
            scope = scope.outer
        return [quote(nocase(name))]


def resolve(sql: str, schema: Schema) -> tuple[Part, ...]:
    """The query's parts in order. ``"x"`` is a name: :mod:`planner_cli.bench.legacy` finds those that mean a string."""
    return _Reader(sql, schema).read()


def write(parts: Sequence[Part], spelled: Callable[[Name], str] | None = None, *, folded: bool = True) -> str:
    """The query in its normal form; ``spelled`` gives another name for each, unquoted.

    ``folded``: names in lower case, otherwise as the schema has them.
    """
    text, before = "", ""
    for part in parts:
        if isinstance(part, Name):
            name = spelled(part) if spelled else part.column or part.table
            word = quote(nocase(name) if folded else name)
        else:
            word = part
        glued = word in (",", ")", ".") or before in ("(", ".") or (word == "(" and _is_function(before))
        text += word if not text or glued else f" {word}"
        before = word
    return text


def tables_of(parts: Sequence[Part]) -> frozenset[str]:
    return frozenset(part.table for part in parts if isinstance(part, Name))


def _is_function(word: str) -> bool:
    return word.isidentifier() and (word not in _KEYWORDS or word == "cast")


def _joined(tokens: Sequence[Token]) -> list[Token]:
    """With ``<`` and ``=`` side by side as one mark."""
    found: list[Token] = []
    for token in tokens:
        if found and token.start == found[-1].end and found[-1].text + token.text in _TWO_MARKS:
            found[-1] = Token("mark", found[-1].text + token.text, found[-1].start)
        else:
            found.append(token)
    return found
