"""Which table a column belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Columns: TypeAlias = Mapping[str, frozenset[str]]
"""Column names by table, all in lower case."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean in one SELECT."""

    columns: Columns
    aliases: Mapping[str, str | None]
    """Tables by the names they go by here; ``None`` for a query in FROM."""
    outer: Scope | None = None

    def resolve(self, table: str, column: str) -> str:
        scope: Scope | None = self
        while scope is not None:
            owner = scope.owner(table, column)
            if owner is not None:
                return f"{owner}.{column}"
            scope = scope.outer
        return f"{table}.{column}" if table else column

    def owner(self, table: str, column: str) -> str | None:
        if table:
            return self.aliases.get(table)
        known = [name for name in self.aliases.values() if name is not None]
        for name in known:
            if column in self.columns.get(name, ()):
                return name
        # an unknown table, if it is the only one, owns every column
        return known[0] if len(self.aliases) == 1 and known and known[0] not in self.columns else None
