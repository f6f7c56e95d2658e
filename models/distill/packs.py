"""From questions to packs of token ids: grouped by schema, renamed, pruned, shuffled."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import torch

from models.distill.forms import Form
from models.distill.items import Item
from models.distill.network import Pack
from models.distill.renaming import Renaming
from planner_cli.prompts.normal_form import Name, Part
from planner_cli.types import ForeignKey, Question, Schema, Table, ValueHint


@dataclass(frozen=True, slots=True)
class Mix:
    """How packs are made."""

    questions: int = 14
    """At most, of a pack."""
    tokens: int = 900
    """At most, of a pack's blocks with their padding."""
    schema_tokens: int = 260
    """Over these, tables that the pack does not need are left out."""
    renamed: float = 0.75
    """Share of packs under other names."""
    bare: float = 0.2
    """Share of packs without any hint, as with values kept from the model."""
    missing: float = 0.1
    """Share of the other questions without theirs."""
    longest: int = 170
    """Tokens of question and answer; longer ones are left out."""


class Asked(Protocol):
    """A question about a schema."""

    @property
    def schema(self) -> str: ...
    @property
    def question(self) -> str: ...


_Asked = TypeVar("_Asked", bound=Asked)


def by_schema(
    items: Iterable[_Asked], query: Callable[[_Asked], Sequence[Part]], rng: random.Random
) -> Iterator[list[_Asked]]:
    """All items, schema by schema, those of similar length next to each other."""
    found: dict[str, list[_Asked]] = defaultdict(list)
    for item in items:
        found[item.schema].append(item)
    for of_schema in found.values():
        rng.shuffle(of_schema)
        of_schema.sort(key=lambda item: len(item.question) + 3 * len(query(item)) + rng.randint(0, 25))
        yield of_schema


def grouped(items: Iterable[Item], mix: Mix, rng: random.Random) -> list[list[Item]]:
    """One epoch: every item once, in packs of one schema and similar length, shuffled."""
    packs = []
    for of_schema in by_schema(items, lambda item: item.parts, rng):
        at = 0
        while at < len(of_schema):
            longest, count = 0, 0
            while at + count < len(of_schema) and count < mix.questions:
                item = of_schema[at + count]
                longest = max(longest, len(item.question) // 4 + len(item.parts) * 2 + 12 * len(item.hints))
                if count and longest * (count + 1) > mix.tokens:
                    break
                count += 1
            packs.append(of_schema[at : at + count])
            at += count
    rng.shuffle(packs)
    return packs


@dataclass(frozen=True, slots=True)
class Look:
    """How one pack shows its schema."""

    schema: Schema
    """Pruned, shuffled, perhaps under other names."""
    names: Renaming | None
    bare: bool
    """Whether no hint is shown."""
    _own: Schema
    """The same under its own names."""

    @classmethod
    def draw(cls, schema: Schema, needed: frozenset[str], mix: Mix, rng: random.Random, form: Form) -> Look:
        """A random view; the ``needed`` tables are in it."""
        own = _pruned(schema, needed, mix, rng, form)
        names = Renaming(own, rng) if rng.random() < mix.renamed else None
        return cls(_spelled(own, names) if names else own, names, rng.random() < mix.bare, own)

    def hints(self, hints: Sequence[ValueHint], mix: Mix, rng: random.Random) -> tuple[ValueHint, ...]:
        """Those of a question that are shown."""
        return () if self.bare or rng.random() < mix.missing else _renamed_hints(hints, self.names, self._own)


def make_pack(items: Sequence[Item], schema: Schema, mix: Mix, rng: random.Random, form: Form, eos: int) -> Pack | None:
    """The tensors of one step; ``None`` when nothing is short enough."""
    look = Look.draw(schema, frozenset().union(*(item.tables for item in items)), mix, rng, form)
    rows: list[Row] = []
    for item in items:
        question = form.asked(Question(item.question, look.schema, "", look.hints(item.hints, mix, rng)))
        answer = form.answer(item.parts, look.names, eos)
        if len(question) + len(answer) <= mix.longest:
            rows.append([(question, 0.0), (answer, 1.0)])
    return tensors(form.shared(Question("", look.schema, "")), rows, eos) if rows else None


Row = list[tuple[Sequence[int], float]]
"""A block: stretches of token ids, each with the weight of its tokens in the loss; 0 for what is only read.

The first stretch is what a session of the engine begins with. Its last token is decoded with what follows it, so that
is where an adapter begins that acts only behind the prompt.
"""


def tensors(prefix: Sequence[int], rows: Sequence[Row], eos: int) -> Pack:
    """Blocks padded at their end."""
    length = max(sum(len(ids) for ids, _ in row) for row in rows) - 1
    blocks = torch.full((len(rows), length), eos)
    places: list[int] = []
    targets: list[int] = []
    weights: list[float] = []
    for number, row in enumerate(rows):
        ids = [token for stretch, _ in row for token in stretch]
        blocks[number, : len(ids) - 1] = torch.tensor(ids[:-1])
        at = number * length - 1
        for stretch, weight in row:
            if weight:
                places += range(at, at + len(stretch))
                targets += stretch
                weights += [weight] * len(stretch)
            at += len(stretch)
    leads = [len(row[0][0]) - 1 for row in rows]
    return Pack(torch.tensor(list(prefix)), blocks, *map(torch.tensor, (leads, places, targets, weights)))


def _pruned(schema: Schema, needed: frozenset[str], mix: Mix, rng: random.Random, form: Form) -> Schema:
    """The needed tables and some others, tables and columns in another order."""
    others = [table for table in schema.tables if table.name not in needed]
    rng.shuffle(others)
    if rng.random() < 0.6:
        others = others[: rng.randint(0, len(others))]
    kept = [table for table in schema.tables if table.name in needed] or [others.pop()]
    size = sum(_size(table, form) for table in kept)
    for table in others:
        size += _size(table, form)
        if size > mix.schema_tokens:
            break
        kept.append(table)
    if rng.random() < 0.7:
        rng.shuffle(kept)
    known = {table.name.casefold() for table in kept}
    shuffled = rng.random() < 0.4
    return Schema(tuple(_reordered(table, known, rng, shuffled=shuffled) for table in kept))


def _size(table: Table, form: Form) -> int:
    """Tokens that one table adds."""
    return len(form.shared(Question("", Schema((table,)), ""))) - len(form.shared(Question("", Schema(()), "")))


def _reordered(table: Table, known: set[str], rng: random.Random, *, shuffled: bool) -> Table:
    columns = list(table.columns)
    if shuffled:
        rng.shuffle(columns)
    keys = tuple(key for key in table.foreign_keys if key.ref_table.casefold() in known)
    return replace(table, columns=tuple(columns), foreign_keys=keys)


def _spelled(schema: Schema, names: Renaming) -> Schema:
    own = {table.name.casefold(): table for table in schema.tables}
    return Schema(tuple(_spelled_table(table, own, names) for table in schema.tables))


def _spelled_table(table: Table, own: Mapping[str, Table], names: Renaming) -> Table:
    def column(of: Table, name: str) -> str:
        actual = next(c.name for c in of.columns if c.name.casefold() == name.casefold())
        return names(Name(of.name, actual))

    keys = []
    for key in table.foreign_keys:
        target = own[key.ref_table.casefold()]
        keys.append(
            ForeignKey(
                tuple(column(table, name) for name in key.columns),
                names(Name(target.name)),
                tuple(column(target, name) for name in key.ref_columns),
            )
        )
    columns = tuple(replace(c, name=names(Name(table.name, c.name))) for c in table.columns)
    return replace(table, name=names(Name(table.name)), columns=columns, foreign_keys=tuple(keys))


def _renamed_hints(hints: Sequence[ValueHint], names: Renaming | None, schema: Schema) -> tuple[ValueHint, ...]:
    """Those whose tables remain, under their names."""
    there = {table.name for table in schema.tables}
    kept = [hint for hint in hints if hint.table in there]
    if names is None:
        return tuple(kept)
    return tuple(ValueHint(names(Name(h.table)), names(Name(h.table, h.column)), h.value) for h in kept)
