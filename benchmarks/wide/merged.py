"""Many databases merged into one wide one, in a temporary folder, and the right queries rewritten for it.

Table names that occur twice get the database's name before them: ``student``, ``college_2_student``.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot import exp

from planner_cli.lexer import quote

MOST_ROWS = 300
"""Rows copied of each table."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one of the databases."""

    id: str
    database: str
    text: str
    gold: str
    """For the merged database."""
    database_tables: tuple[str, ...]
    """All tables of its own database, as they are called in the merged one."""
    tables: frozenset[str]
    """What it reads there, in lower case."""
    columns: frozenset[tuple[str, str]]
    """Tables and columns that it names there with the table, in lower case; not all that it reads."""


def database_file(part: Path, name: str) -> Path:
    return part / "databases" / name / f"{name}.sqlite"


def merge(parts: Sequence[Path], names: Sequence[tuple[int, str]], target: Path) -> dict[str, dict[str, str]]:
    """Write one database of those that are named (the part's number, and the name); their tables' new names."""
    connection = sqlite3.connect(target.as_uri(), uri=True, isolation_level=None)
    connection.execute("PRAGMA synchronous = OFF")
    found = {name: _tables(database_file(parts[part], name)) for part, name in names}
    often = Counter(table.lower() for tables in found.values() for table in tables)
    taken = {table.lower() for tables in found.values() for table in tables if often[table.lower()] == 1}
    renamed = {
        name: {
            table.lower(): table if often[table.lower()] == 1 else _free(f"{name}_{table}", taken) for table in tables
        }
        for name, tables in found.items()
    }
    for part, name in names:
        connection.execute("ATTACH ? AS source", (f"{database_file(parts[part], name).as_uri()}?immutable=1",))
        connection.execute("BEGIN")
        for table in found[name]:
            _copy(connection, table, renamed[name])
        connection.execute("COMMIT")
        connection.execute("DETACH source")
    connection.close()
    return renamed


def _free(name: str, taken: set[str]) -> str:
    while name.lower() in taken:
        name += "_2"
    taken.add(name.lower())
    return name


def _tables(path: Path) -> list[str]:
    connection = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    names = [name for (name,) in rows]
    connection.close()
    return names


def _copy(connection: sqlite3.Connection, table: str, renamed: Mapping[str, str]) -> None:
    columns = connection.execute("SELECT name, type, pk FROM pragma_table_info(?, 'source')", (table,)).fetchall()
    lines = [f"{quote(name)} {kind}".rstrip() for name, kind, _ in columns]
    keys = [quote(name) for name, _, pk in sorted(columns, key=lambda column: column[2]) if pk]
    lines += [f"PRIMARY KEY ({', '.join(keys)})"] if keys else []
    links = connection.execute(
        'SELECT id, "table", "from", "to" FROM pragma_foreign_key_list(?, \'source\') ORDER BY id, seq', (table,)
    )
    for _, group in itertools.groupby(links.fetchall(), key=lambda row: row[0]):
        rows = list(group)
        target = renamed.get(rows[0][1].lower())
        if target is not None:
            ours = ", ".join(quote(row[2]) for row in rows)
            theirs = "" if rows[0][3] is None else f" ({', '.join(quote(row[3]) for row in rows)})"
            lines.append(f"FOREIGN KEY ({ours}) REFERENCES {quote(target)}{theirs}")
    new = quote(renamed[table.lower()])
    connection.execute(f"CREATE TABLE {new} ({', '.join(lines)})")
    connection.execute(f"INSERT OR IGNORE INTO {new} SELECT * FROM source.{quote(table)} LIMIT {MOST_ROWS}")


def questions(part: Path, renamed: Mapping[str, Mapping[str, str]], wording: str = "question") -> list[Asked]:
    """Those about the merged databases whose right query can be read."""
    lines = (json.loads(line) for line in (part / "questions.jsonl").read_text(encoding="utf-8").splitlines())
    asked = (_asked(line, renamed[line["db_id"]], wording) for line in lines if line["db_id"] in renamed)
    return [question for question in asked if question is not None]


def _asked(line: Mapping[str, str], renamed: Mapping[str, str], wording: str) -> Asked | None:
    try:
        tree = sqlglot.parse_one(line["query"], read="sqlite")
    except sqlglot.ParseError:
        return None
    aliases: dict[str, str] = {}
    for node in tree.find_all(exp.Table):
        old = node.name.lower()
        if old not in renamed:
            return None
        aliases[(node.alias or node.name).lower()] = old
        if not node.alias:
            node.set("alias", exp.TableAlias(this=exp.to_identifier(node.name, quoted=True)))
        node.set("this", exp.to_identifier(renamed[old], quoted=True))
    columns = {
        (renamed[aliases[node.table.lower()]].lower(), node.name.lower())
        for node in tree.find_all(exp.Column)
        if node.table.lower() in aliases
    }
    if len(set(aliases.values())) == 1:
        (only,) = set(aliases.values())
        columns |= {(renamed[only].lower(), node.name.lower()) for node in tree.find_all(exp.Column) if not node.table}
    return Asked(
        id=line["qid"],
        database=line["db_id"],
        text=line.get(wording) or line["question"],
        gold=tree.sql(dialect="sqlite"),
        database_tables=tuple(renamed.values()),
        tables=frozenset(renamed[old].lower() for old in aliases.values()),
        columns=frozenset(columns),
    )
