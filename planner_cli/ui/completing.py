"""What may come next in a line of a session: commands, tables, columns and SQL's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from planner_cli.clean import clean
from planner_cli.database.names import spelled
from planner_cli.lexer import code
from planner_cli.text import nocase
from planner_cli.types import Schema

_SQL = re.compile(
    r"""\s*(?: select\b
      | with\s+(?:recursive\s+)?[^\s(]+\s*(?:\([^)]*\)\s*)?as\b
      | values\s*\(
      | explain\s+(?:query\s+plan\s+)?(?:select|with|values)\b
      | pragma\s+\w+ )""",
    re.VERBOSE | re.IGNORECASE,
)
_PART = re.compile(r"(?:(?P<owner>\w+)\.)?(?P<name>\w*)\Z")
_TABLE_NEXT = re.compile(r"(?:\b(?:from|join)\s+|\bfrom\b[^()]*,\s*)\w*\Z", re.IGNORECASE)
_NO_ALIAS = frozenset("on where join left inner cross natural group order limit having union using as set".split())  # noqa: SIM905 - words
_KEYWORDS = (
    "select", "from", "where", "group by", "order by", "having", "limit", "offset", "join", "left join", "on", "and",
    "or", "not", "in", "like", "between", "is null", "is not null", "distinct", "count", "sum", "avg", "min", "max",
    "case", "when", "then", "else", "end", "as", "asc", "desc", "union", "intersect", "except", "exists", "with",
    "strftime", "date", "coalesce", "round", "cast",
)  # fmt: skip


def is_sql(text: str) -> bool:
    """Whether a line is a query rather than a question: by how it begins."""
    return _SQL.match(text) is not None


def is_open(text: str) -> bool:
    """Whether a query goes on in the next line: a parenthesis or a quote is not closed."""
    found = code(text)
    depth = sum(token.text == "(" for token in found) - sum(token.text == ")" for token in found)
    last = found[-1] if found else None
    quoted = last is not None and last.kind in {"string", "name"} and not _is_closed(last.text)
    return depth > 0 or quoted


def _is_closed(token: str) -> bool:
    quote = "]" if token[0] == "[" else token[0]
    inner = token[1:]
    ends = len(inner) - len(inner.rstrip(quote))
    return ends == 1 if quote == "]" else ends % 2 == 1


class Suggestion(NamedTuple):
    """One way to go on."""

    text: str
    start: int
    """Where it begins, from the cursor: 0 or less."""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """What there is to complete."""

    schema: Schema
    commands: Mapping[str, str]
    """Their help by their name, without the backslash."""
    arguments: Callable[[str], Iterable[str]] = field(default=lambda _command: ())
    """What may follow a command."""

    def suggestions(self, before: str) -> list[Suggestion]:
        """For the text before the cursor."""
        if before.startswith("\\"):
            return list(self._of_command(before))
        found = _PART.search(before)
        assert found is not None, "the pattern matches at every end"
        owner, name = found["owner"], found["name"]
        if not name and not owner and not is_sql(before):
            return []
        known = self._columns_of(owner, before) if owner else self._names(before)
        prefix = nocase(name)
        return [
            Suggestion(word, -len(name), about)
            for word, about in dict.fromkeys(known)
            if nocase(word.lstrip('"')).startswith(prefix) and clean(word) == word
        ]

    def _of_command(self, before: str) -> Iterator[Suggestion]:
        command, blank, rest = before[1:].partition(" ")
        if not blank:
            for name, about in self.commands.items():
                if name.startswith(command.lower()):
                    yield Suggestion(f"\\{name}", -len(before), about)
            return
        for word in self.arguments(command.lower()):
            if nocase(word).startswith(nocase(rest)) and clean(word) == word:
                yield Suggestion(word, -len(rest))

    def _names(self, before: str) -> Iterator[tuple[str, str]]:
        tables = [(spelled(table.name), table.kind) for table in self.schema.tables]
        if not is_sql(before):
            yield from tables
            yield from self._columns(())
            return
        if _TABLE_NEXT.search(before):
            yield from tables
            return
        yield from self._columns(self._read(before))
        yield from tables
        for word in _KEYWORDS:
            yield word, ""

    def _columns(self, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Of these tables first, then of all others."""
        first = {nocase(name) for name in tables}
        for table in sorted(self.schema.tables, key=lambda table: nocase(table.name) not in first):
            for column in table.columns:
                yield spelled(column.name), table.name

    def _columns_of(self, owner: str, before: str) -> Iterator[tuple[str, str]]:
        name = self._aliases(before).get(nocase(owner), nocase(owner))
        for table in self.schema.tables:
            if nocase(table.name) == name:
                for column in table.columns:
                    yield spelled(column.name), column.declared_type

    def _read(self, sql: str) -> list[str]:
        return list(self._aliases(sql).values())

    def _aliases(self, sql: str) -> dict[str, str]:
        """The tables a query names so far, by what it calls them; both folded."""
        known = {nocase(table.name) for table in self.schema.tables}
        found: dict[str, str] = {}
        words = [token.identifier for token in code(sql)]
        for at, word in enumerate(words):
            name = nocase(word or "")
            if name not in known:
                continue
            found[name] = name
            after = [nocase(each or "") for each in words[at + 1 : at + 3]]
            alias = after[1:2] if after[:1] == ["as"] else after[:1]
            if alias and alias[0] and alias[0] not in _NO_ALIAS:
                found[alias[0]] = name
        return found
