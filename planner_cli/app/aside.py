"""What is asked for that is no question about the data: a change, or what the database is made of."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from planner_cli.app.listing import columns_listed
from planner_cli.control import Control
from planner_cli.errors import UnanswerableError
from planner_cli.events import Event
from planner_cli.lexer import quote
from planner_cli.linking.intent import Intent, intent
from planner_cli.prompts.schema import literal
from planner_cli.types import Execution, Schema, Timings, Value

if TYPE_CHECKING:
    from planner_cli.database import Database

_OWN = "name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


def aside(text: str, schema: Schema, database: Database, control: Control, spent: Timings) -> Iterator[Event] | None:
    """The events of an answer from the schema; ``None`` for what is a question about the data.

    Raises:
        UnanswerableError: it is a wish to change something.

    """
    found = intent(text, schema)
    if found is None:
        return None
    if found.kind == "write":
        raise refused(found, database.path)
    from planner_cli.planning import outright  # what plans is loaded with the first question

    reason = "read from the schema, no model was asked"
    return outright(_sql(found, schema, database.schema), reason, database, control, spent)


def refused(found: Intent, path: Path) -> UnanswerableError:
    """Why a wish to change something ends without an answer, and what can be asked instead."""
    near = f'planner ask "{found.instead}" {path.name}' if found.instead else None
    return UnanswerableError("this asks for a change, and planner only ever reads: nothing was changed", hint=near)


def _sql(found: Intent, schema: Schema, whole: Schema) -> str:
    if found.table is not None:
        return _listed(columns_listed(Schema((found.table,))))
    where = _OWN
    if len(schema.tables) < len(whole.tables) or whole.left_out:
        where = f"name IN ({', '.join(_literal(table.name) for table in schema.tables)})"
    if found.kind == "count":
        return f"SELECT count(*) AS tables FROM sqlite_master WHERE type = 'table' AND {where}"  # noqa: S608 - quoted
    shown = 'name AS "table", type AS kind'
    return f"SELECT {shown} FROM sqlite_master WHERE type IN ('table', 'view') AND {where} ORDER BY rowid"  # noqa: S608 - as above


def _listed(execution: Execution) -> str:
    """A query that gives these rows: SQLite shows a query nothing of a table's columns but its CREATE text."""
    rows = ", ".join(f"({', '.join(map(_literal, row))})" for row in execution.rows)
    names = ", ".join(map(quote, execution.columns))
    return f"WITH columns({names}) AS (VALUES {rows}) SELECT * FROM columns"  # noqa: S608 - quoted


def _literal(value: Value) -> str:
    return literal(value, None)
