"""A schema as rows, so that every format of a result can show it."""

from __future__ import annotations

from planner_cli.database.names import spelled
from planner_cli.prompts.schema import literal
from planner_cli.prompts.times import told
from planner_cli.types import Execution, ForeignKey, Schema, Table


def tables_listed(schema: Schema) -> Execution:
    """A row for each table: its columns, and the tables that it refers to."""
    rows = (
        (
            table.name,
            table.kind,
            ", ".join(spelled(column.name) for column in table.columns),
            ", ".join(dict.fromkeys(spelled(key.ref_table) for key in table.foreign_keys)),
        )
        for table in schema.tables
    )
    return Execution(("table", "kind", "columns", "refers to"), tuple(rows))


def columns_listed(schema: Schema) -> Execution:
    """A row for each column of each table."""
    rows = tuple(
        (
            table.name,
            column.name,
            column.declared_type,
            _key(table, column.name, primary=column.primary_key),
            "; ".join(filter(None, (column.comment, "" if column.time is None else told(column.time)))),
            ", ".join(map(literal, column.samples)),
        )
        for table in schema.tables
        for column in table.columns
    )
    names = ("table", "column", "type", "key", "comment", "examples")
    used = [at for at in range(len(names)) if at < 4 or any(row[at] for row in rows)]
    return Execution(tuple(names[at] for at in used), tuple(tuple(row[at] for at in used) for row in rows))


def created_by(schema: Schema, tables: tuple[str, ...]) -> str:
    """The query for the CREATE statements of the named tables, or of all, with their indexes and triggers."""
    where = "sql IS NOT NULL"
    if tables:
        names = ", ".join(literal(table.name, None) for table in schema.tables)
        where += f" AND tbl_name COLLATE NOCASE IN ({names})"
    return f"SELECT sql FROM sqlite_master WHERE {where} ORDER BY rowid"  # noqa: S608 - it only runs in the sandbox


def _key(table: Table, column: str, *, primary: bool) -> str:
    refers = [_target(key, column) for key in table.foreign_keys if column in key.columns]
    return ", ".join((["primary key"] if primary else []) + refers)


def _target(key: ForeignKey, column: str) -> str:
    at = key.columns.index(column)
    return f"references {spelled(key.ref_table)}.{spelled(key.ref_columns[at])}"
