"""Everyday questions as training items, with the values an index of the product would know."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from models.distill.everyday import domains, thinned
from models.distill.items import Item
from models.distill.templates import questions
from planner_cli.database.values import ValueIndex
from planner_cli.prompts.normal_form import resolve
from planner_cli.prompts.schema import quote
from planner_cli.types import Schema

COPIES = 28
"""Of each everyday domain, each without other columns and tables."""


def everyday_items(count: int, seed: int, schemas: dict[str, Schema]) -> Iterator[Item]:
    """``count`` questions each over thinned copies of every everyday domain; fills ``schemas``.

    Every query is prepared by SQLite over the empty tables. An index holds only some of a domain's values,
    so that there are questions whose value the hints do not know.
    """
    rng = random.Random(seed)
    for domain in (thinned(known, rng) for _ in range(COPIES) for known in domains()):
        schemas[domain.name] = domain.schema
        stored = {
            (table, field.name): rng.sample(field.values, max(1, int(len(field.values) * rng.uniform(0.6, 1))))
            for table, fields in domain.fields.items()
            for field in fields
            if field.values
        }
        index = ValueIndex(stored)
        with closing(sqlite3.connect(":memory:")) as tables:
            for table in domain.schema.tables:
                columns = ", ".join(f"{quote(column.name)} {column.declared_type}" for column in table.columns)
                tables.execute(f"CREATE TABLE {quote(table.name)} ({columns})")
            for question, sql in questions(domain, rng, count):
                tables.execute(sql)
                yield Item(domain.name, question, resolve(sql, domain.schema), index.match(question), "everyday")
