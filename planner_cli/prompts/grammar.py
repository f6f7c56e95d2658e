"""A grammar of queries over one schema: whatever it accepts names only tables and columns that exist.

It is in llama.cpp's GBNF and knows words, not syntax: keywords, functions, names in the schema, numbers and texts in
single quotes, in the normal form that the built-in adapters write (lower case, ``table.column`` with a column of that
table). What it rules out is an invented name, the most frequent fault of a small generator (``builtin-models.md``
section 5); what it cannot rule out is a wrong one.
"""

from __future__ import annotations

from planner_cli.prompts.schema import quote
from planner_cli.text import nocase
from planner_cli.types import Schema

MOST_NAMES = 1500
"""Tables, columns and qualified columns; with more of them each token would take too long to check."""

_WORDS = """
select distinct from join left inner outer on where and or not in like between is null group by having order asc desc
limit offset union all intersect except exists as case when then else end cast integer real text count sum avg min max
abs round length lower upper substr strftime date time datetime julianday coalesce ifnull nullif iif total
group_concat replace trim instr printf over partition row_number rank dense_rank t1 t2 t3 t4
""".split()  # noqa: SIM905 - a hundred quoted words in a list would be harder to read
_RULES = r"""
root ::= " " any
any ::= word afterword | mark aftermark
afterword ::= "" | " " any | mark aftermark
aftermark ::= "" | " " any | any
mark ::= [(),*=<>!+/%;|-] | "'" [^'\n]* "'"
word ::= keyword | name | "t" [1-4] "." column | [0-9]+ ("." [0-9]+)?
"""


def schema_grammar(schema: Schema) -> str | None:
    """The grammar; ``None`` for a schema with more than :data:`MOST_NAMES` names."""
    tables = [quote(nocase(table.name)) for table in schema.tables]
    columns = [quote(nocase(column.name)) for table in schema.tables for column in table.columns]
    qualified = [
        f"{quote(nocase(table.name))}.{quote(nocase(column.name))}"
        for table in schema.tables
        for column in table.columns
    ]
    if len(tables) + 2 * len(columns) > MOST_NAMES:
        return None
    rules = {
        "keyword": _WORDS,
        "column": [*dict.fromkeys(columns)],
        "name": [*dict.fromkeys([*tables, *columns, *qualified])],
    }
    made = [f"{rule} ::= {' | '.join(map(_literal, words))}" for rule, words in rules.items()]
    return _RULES.lstrip() + "\n".join(made) + "\n"


def _literal(text: str) -> str:
    """A GBNF literal, whatever the name holds."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else _escaped(c) for c in text) + '"'


def _escaped(character: str) -> str:
    if character in "_. ":
        return character
    code = ord(character)
    return f"\\x{code:02X}" if code < 0x80 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"
