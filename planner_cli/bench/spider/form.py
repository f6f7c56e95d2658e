"""A query taken apart the way Spider does. Values are not kept: only a nested query is an operand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

SetOperation: TypeAlias = Literal["intersect", "union", "except"]


@dataclass(frozen=True, slots=True)
class ColumnUnit:
    """A column, perhaps under an aggregate."""

    column: str
    """``table.column`` in lower case, ``*``, or the text of an expression Spider has no form for."""
    aggregate: str | None = None
    distinct: bool | None = False
    """``None`` once it should not count."""


@dataclass(frozen=True, slots=True)
class ValueUnit:
    """One column, or two joined by an arithmetic sign."""

    left: ColumnUnit
    sign: str | None = None
    right: ColumnUnit | None = None


@dataclass(frozen=True, slots=True)
class Selected:
    value: ValueUnit
    aggregate: str | None = None
    """In a select list the aggregate stands outside its value."""


@dataclass(frozen=True, slots=True)
class Condition:
    value: ValueUnit
    operator: str
    negated: bool = False
    operands: tuple[Form | None, ...] = (None,)
    """Nested queries; ``None`` for anything else. Two for BETWEEN."""
    to_column: bool = field(default=False, compare=False)
    """Whether the right side is a column."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions in the order of the text, and the words between them."""

    units: tuple[Condition, ...] = ()
    words: tuple[str, ...] = ()
    """``and`` or ``or``, one fewer than units."""
    grouped: bool = False
    """Whether parentheses set parts of it off."""

    def __add__(self, other: Conditions) -> Conditions:
        """All of both, joined by ``and``."""
        between = ("and",) if self.units and other.units else ()
        return Conditions(self.units + other.units, self.words + between + other.words, self.grouped or other.grouped)


@dataclass(frozen=True, slots=True)
class Form:
    """One SELECT, and what a set operation joins to it."""

    select: tuple[Selected, ...]
    tables: tuple[str | Form, ...]
    """Tables by name in lower case, and queries in FROM."""
    distinct: bool | None = False
    joins: frozenset[str] = frozenset()
    """Kinds of joins other than the plain one."""
    on: Conditions = Conditions()
    where: Conditions = Conditions()
    group: tuple[ColumnUnit, ...] = ()
    having: Conditions = Conditions()
    order: tuple[ValueUnit, ...] = ()
    direction: str = "asc"
    """The last one written counts for all of ORDER BY."""
    limit: str | None = None
    """Its text."""
    operation: SetOperation | None = None
    every: bool = False
    """UNION ALL."""
    other: Form | None = None
    """What comes after the set operation, with all further ones."""
