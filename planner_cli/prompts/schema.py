"""A schema as prompt text. Both forms are data to the engine: names and values are the database's, not ours."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Sequence

from planner_cli.lexer import Token, tokens
from planner_cli.prompts import times
from planner_cli.text import nocase, without_breaks
from planner_cli.types import Column, Schema, Table, Value, ValueHint

SAMPLE_WIDTH = 40
"""Characters of a sample value shown to a model."""

VALUE_WIDTH = 28
COMMENT_WIDTH = 80
TYPE_WIDTH = 20
"""Characters of a stored value, a comment and a type nobody knows, in a ``CREATE TABLE`` statement."""
NOTE_WIDTH = 200
"""Characters of what the user wrote about a table or column."""

HINT_WIDTH = 60
"""Characters of a value that a question mentions."""

# The words that were quoted in the training of the built-in adapters.
_QUOTED_WORDS = frozenset(
    """order group transaction index from to references check default table values select where limit join union in
    as by on case end else when then not null set primary foreign unique create drop add alter and or is like between
    having distinct all exists except intersect commit constraint natural inner outer cross escape collate
    """.split()  # noqa: SIM905 - forty quoted words in a list would be harder to read
)
_CONTROLS = frozenset({"Cc", "Zl", "Zp"})
"""Unicode categories of what cannot be in a line."""

_TYPES = (
    ("BOOL", "BOOLEAN"), ("DATETIME", "DATETIME"), ("TIMESTAMP", "DATETIME"), ("DATE", "DATE"), ("TIME", "TIME"),
    ("INT", "INTEGER"), ("CHAR", "TEXT"), ("CLOB", "TEXT"), ("TEXT", "TEXT"), ("BLOB", "BLOB"),
    ("REAL", "REAL"), ("FLOA", "REAL"), ("DOUB", "REAL"), ("NUM", "NUMERIC"), ("DEC", "NUMERIC"),
)  # fmt: skip
"""Parts of declared types and what they mean, after the first five by SQLite's rules of affinity; others stay."""
_NUMBERS = frozenset({"INTEGER", "REAL", "NUMERIC", "BOOLEAN"})
_USUAL = {
    "DATE": re.compile(r"\d{4}-\d\d-\d\d"),
    "DATETIME": re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?"),
    "TIME": re.compile(r"\d\d:\d\d(:\d\d)?"),
}
"""How values of these types look if nothing else is said."""

_PLAIN_NAME = re.compile(r"[a-z_]\w*", re.ASCII | re.IGNORECASE)


def quote(name: str) -> str:
    """An identifier as SQL takes it, quoted only where it must be.

    A line break in it is shown as a blank, since no name may start a new line here; a query that names it that way is
    mended (:mod:`planner_cli.database.mend`).
    """
    if _PLAIN_NAME.fullmatch(name) and name.lower() not in _QUOTED_WORDS:
        return name
    return '"' + without_breaks(name).replace('"', '""') + '"'


def compact_schema(schema: Schema) -> str:
    """One lower-case line per table: the form the built-in adapters were trained on, byte for byte.

        <space>orders: id, customer_id -> customers.id, order_date date, total int

    A type only for numbers, dates and booleans that are not keys; a foreign key as ``-> table``, with its
    column where that has another name. About half the tokens of ``CREATE TABLE`` (``builtin-models.md``
    section 2).
    """
    return "".join(f" {quote(nocase(t.name))}: {', '.join(_compact_columns(t))}\n" for t in schema.tables)


def _compact_columns(table: Table) -> list[str]:
    references = {
        nocase(column): (nocase(key.ref_table), nocase(ref))
        for key in reversed(table.foreign_keys)
        for column, ref in zip(key.columns, key.ref_columns, strict=True)
    }
    parts = []
    for column in table.columns:
        name = nocase(column.name)
        text = quote(name)
        if name in references:
            ref_table, ref_column = references[name]
            text += f" -> {quote(ref_table)}" + ("" if ref_column == name else f".{quote(ref_column)}")
        elif not column.primary_key:
            text += _compact_type(column.declared_type)
        parts.append(text)
    return parts


def _compact_type(declared: str) -> str:
    """Spider's four kinds of types, from what the table declares."""
    upper = declared.upper()
    if "BOOL" in upper:
        return " bool"
    if "DATE" in upper or "TIME" in upper or "YEAR" in upper:
        return " date"
    if any(word in upper for word in ("INT", "REAL", "FLOA", "DOUB", "NUM", "DEC", "MONEY")):
        return " int"
    return ""


def hint_text(hints: Sequence[ValueHint], *, folded: bool = True) -> str:
    """Values that a question mentions, as conditions: ``customers.city = 'Berlin'; orders.status = 'shipped'``.

    ``folded``: with names in lower case.
    """
    spelled = nocase if folded else str
    return "; ".join(
        f"{quote(spelled(hint.table))}.{quote(spelled(hint.column))} = {literal(hint.value, HINT_WIDTH)}"
        for hint in hints
    )


def create_tables(schema: Schema) -> str:
    """``CREATE TABLE`` statements with comments and a few stored texts, for general models.

        CREATE TABLE orders (
          id INTEGER PRIMARY KEY,
          customer_id INTEGER,
          status TEXT, -- 'shipped', 'cancelled'
          FOREIGN KEY (customer_id) REFERENCES customers(id)
        );

    Types are the few that SQLite knows. Of a column's values only those are shown that its type does not already say:
    no numbers, and no dates in the usual form.
    """
    return "".join(map(_create, schema.tables))


def _create(table: Table) -> str:
    keys = [column for column in table.columns if column.primary_key]
    pointing = {nocase(name) for key in table.foreign_keys for name in key.columns}
    parts = [
        (
            " ".join(filter(None, (quote(c.name), _type(c.declared_type), "PRIMARY KEY" if keys == [c] else ""))),
            "; ".join(_notes(c, values=nocase(c.name) not in pointing)),
        )
        for c in table.columns
    ]
    if len(keys) > 1:
        parts.append((f"PRIMARY KEY {_listed([key.name for key in keys])}", ""))
    parts += [
        (f"FOREIGN KEY {_listed(key.columns)} REFERENCES {quote(key.ref_table)}{_listed(key.ref_columns)}", "")
        for key in table.foreign_keys
    ]
    lines = [
        f"  {text}{',' if at < len(parts) else ''}{f' -- {notes}' if notes else ''}"
        for at, (text, notes) in enumerate(parts, start=1)
    ]
    comment = [f"-- {_line(table.comment)}"] if table.comment else []
    kind = "VIEW" if table.kind == "view" else "TABLE"
    return "\n".join([*comment, f"CREATE {kind} {quote(table.name)} (", *lines, ");\n"])


def _listed(names: Sequence[str]) -> str:
    return f"({', '.join(map(quote, names))})"


def _type(declared: str) -> str:
    """The type that a declared one means to SQLite, or to whoever declared it: dates, truth values, JSON."""
    upper = declared.upper()
    own = _cut(_line(upper.partition("(")[0]), TYPE_WIDTH)
    return next((kind for part, kind in _TYPES if part in upper), own)


def _notes(column: Column, *, values: bool) -> list[str]:
    """A column's comment, how it keeps moments, and stored values where ``values`` are wanted."""
    comment = _line(column.comment or "")
    moment = None if column.time is None else times.comment(column.time, quote(column.name), comment)
    shown = _telling(column, comment) if values and moment is None else []
    said = _cut(comment, NOTE_WIDTH if column.noted else COMMENT_WIDTH)
    return [*filter(None, (said, moment, ", ".join(literal(v, VALUE_WIDTH) for v in shown)))]


def _telling(column: Column, comment: str) -> list[Value]:
    """The first values that say something which type and comment do not: two short ones, or a longer one.

    Of codes all that the comment does not have.
    """
    if column.codes:
        return [code for code in column.codes if not re.search(rf"\b{re.escape(str(code))}\b", comment)]
    kind = _type(column.declared_type)
    usual = _USUAL.get(kind)
    found: list[Value] = [
        value
        for value in column.samples
        if (isinstance(value, str) or not (value is None or kind in _NUMBERS))
        and not (usual and isinstance(value, str) and usual.fullmatch(value))
        and str(value) not in comment
    ]
    short = sum(len(str(value)) for value in found[:2]) <= VALUE_WIDTH
    return found[: 2 if short and kind not in _USUAL else 1]


def literal(value: Value, width: int | None = SAMPLE_WIDTH) -> str:
    """A value as an SQL literal that compares equal to it, on one line.

    Line breaks and other control characters are joined in as ``char(10)``; where the value is longer than ``width``
    characters, or bytes, dots behind the closing quote say so. ``None`` leaves it whole.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value[:width].hex()}'" + _dots(value, width)
    if isinstance(value, str):
        return _text_literal(value[:width]) + _dots(value, width)
    if isinstance(value, float) and not math.isfinite(value):
        return "9e999" if value > 0 else "-9e999"
    return repr(value)


def _dots(value: str | bytes, width: int | None) -> str:
    return "..." if width is not None and len(value) > width else ""


def _text_literal(text: str) -> str:
    """``a`` and a line break as ``'a' || char(10)``; binds as tightly as a literal does in a comparison."""
    parts = []
    for control, group in itertools.groupby(text, key=_is_control):
        run = "".join(group)
        parts.append(f"char({', '.join(str(ord(c)) for c in run)})" if control else "'" + run.replace("'", "''") + "'")
    return " || ".join(parts) or "''"


def sql_line(sql: str) -> str:
    """A query on one line, for prompts whose structure is lines: without its comments, otherwise the same query.

    Only a name with a line break is written as :func:`quote` writes it.
    """
    parts = itertools.groupby(tokens(sql), key=lambda token: token.kind in ("space", "comment"))
    return "".join(" " if blank else "".join(map(_on_line, run)) for blank, run in parts).strip(" ")


def _on_line(token: Token) -> str:
    plain = without_breaks(token.text)
    if plain == token.text or token.kind != "string":
        return plain
    return _text_literal(token.text[1:].removesuffix("'").replace("''", "'"))


def _is_control(character: str) -> bool:
    return not character.isprintable() and unicodedata.category(character) in _CONTROLS


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[:width] + "..."


def _line(text: str) -> str:
    """Prose on one line: a line break in a comment or type would look like the prompt's own structure."""
    return " ".join(text.split())
