"""Wrong queries made from right ones, one slip each, as a generator makes them.

Whether a slip is really wrong is not decided here but by execution, when it is labelled.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from planner_cli.prompts.normal_form import Name, Part
from planner_cli.types import Schema

_AGGREGATES = ("count", "sum", "avg", "min", "max")
_OPERATORS = ("=", "!=", "<", ">", "<=", ">=")
Edit = Callable[[list[Part], Schema, random.Random], None]


def edited(parts: Sequence[Part], schema: Schema, rng: random.Random) -> tuple[Part, ...] | None:
    """The query with one slip, ``None`` where the drawn one does not fit it."""
    changed = list(parts)
    rng.choices([edit for edit, _ in _EDITS], [weight for _, weight in _EDITS])[0](changed, schema, rng)
    return None if changed == list(parts) else tuple(changed)


def _other_column(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    at = _one(rng, [i for i, part in enumerate(parts) if isinstance(part, Name) and part.column])
    if at is None:
        return
    name = parts[at]
    assert isinstance(name, Name)
    columns = next(table.columns for table in schema.tables if table.name == name.table)
    parts[at] = replace(name, column=rng.choice(columns).name)


def _other_aggregate(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    del schema
    at = _one(rng, [i for i, part in enumerate(parts[:-2]) if part in _AGGREGATES and parts[i + 2] != "*"])
    if at is not None:
        parts[at] = rng.choice(_AGGREGATES)


def _other_operator(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    """Of a comparison with a value; a join stays one."""
    del schema
    at = _one(rng, [i for i, part in enumerate(parts[:-1]) if part in _OPERATORS and _is_value(parts[i + 1])])
    if at is not None:
        parts[at] = rng.choice(_OPERATORS)


def _other_value(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    """Another case, or another number."""
    del schema
    at = _one(rng, [i for i, part in enumerate(parts) if _is_value(part)])
    if at is None:
        return
    value = str(parts[at])
    if value.startswith("'"):
        parts[at] = rng.choice((value.lower(), value.upper(), value.title(), f"'{value[1:-1].partition(' ')[0]}'"))
    else:
        parts[at] = str(rng.choice((0, 1, 2, 10, 100)))


def _without_condition(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    """A WHERE that stands last, or one of its AND terms, is forgotten."""
    del schema, rng
    if "where" in parts and "(" not in parts[parts.index("where") :]:
        start = len(parts) - 1 - parts[::-1].index("and") if "and" in parts else parts.index("where")
        end = next((i for i in range(start + 1, len(parts)) if parts[i] in ("group", "order", "limit")), len(parts))
        if "between" not in parts:
            del parts[start:end]


def _without(word: str) -> Edit:
    def edit(parts: list[Part], schema: Schema, rng: random.Random) -> None:
        del schema, rng
        if word in parts:
            parts.remove(word)

    return edit


def _direction(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    del schema, rng
    if "desc" in parts:
        parts.remove("desc")
    elif "order" in parts and "limit" in parts:
        parts.insert(parts.index("limit"), "desc")


def _distinct(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    del schema, rng
    if "distinct" not in parts:
        parts.insert(1, "distinct")


def _other_table(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    """Of a query over one table that names no column."""
    names = [i for i, part in enumerate(parts) if isinstance(part, Name)]
    if len(names) == 1 and len(schema.tables) > 1:
        parts[names[0]] = Name(rng.choice(schema.tables).name)


def _shown(parts: Sequence[Part]) -> list[int]:
    """Where the outermost SELECT list is cut: before it, at each of its commas, and at FROM; empty without FROM."""
    cuts, depth = [], 0
    for at, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if depth == 0 and (part in ("select", ",") or part == "from"):
            cuts.append(at)
            if part == "from":
                return cuts
    return []


def _column_more(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    """A column that was not requested, from a table in the query: what general models do most."""
    cuts = _shown(parts)
    tables = [part.table for part in parts if isinstance(part, Name) and part.column is None]
    if not cuts or not tables or "distinct" in parts[: cuts[-1]]:
        return
    name = rng.choice(tables)
    column = rng.choice(next(table.columns for table in schema.tables if table.name == name)).name
    added: list[Part] = [Name(name, column)] if len(tables) == 1 else [Name(name), ".", Name(name, column)]
    parts[cuts[-1] : cuts[-1]] = [",", *added]


def _column_fewer(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    del schema
    cuts = _shown(parts)
    if len(cuts) > 2:
        which = rng.randrange(1, len(cuts) - 1)
        del parts[cuts[which] : cuts[which + 1]]


def _count_distinct(parts: list[Part], schema: Schema, rng: random.Random) -> None:
    """``count(x)`` for ``count(distinct x)``, or the other way round."""
    del schema
    at = _one(rng, [i for i, part in enumerate(parts[:-2]) if part == "count" and parts[i + 2] != "*"])
    if at is not None:
        if parts[at + 2] == "distinct":
            del parts[at + 2]
        else:
            parts.insert(at + 2, "distinct")


def _is_value(part: Part) -> bool:
    return isinstance(part, str) and re.fullmatch(r"'.*'|\d+(\.\d+)?", part) is not None


def _one(rng: random.Random, places: Sequence[int]) -> int | None:
    return rng.choice(places) if places else None


_EDITS: tuple[tuple[Edit, float], ...] = (
    (_other_column, 6), (_other_aggregate, 3), (_other_operator, 3), (_other_value, 2), (_without_condition, 2),
    (_without("distinct"), 2), (_without("not"), 1), (_direction, 2), (_distinct, 1), (_other_table, 2),
    (_column_more, 2), (_column_fewer, 3), (_count_distinct, 2),
)  # fmt: skip
