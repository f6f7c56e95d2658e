"""Questions that no query about the data answers: a wish to change it, and questions about the database itself.

Told apart by how they begin, in English and German, and by the schema: where a table is called ``tables``, its rows may
well be meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from planner_cli.database.names import fold
from planner_cli.linking.words import name_words
from planner_cli.text import nocase
from planner_cli.types import Schema, Table

_POLITE = re.compile(
    r"(?:(?:please|now|hey|ok|and|then|bitte)\W+|(?:can|could|would|will) you (?:please )?|"
    r"i (?:want|need|would like|'d like) (?:you )?to |let'?s )+",
    re.IGNORECASE,
)
_VERBS = tuple(
    """
    delete erase remove drop truncate purge insert add append update change modify edit set rename replace alter create
    cancel close reopen book move copy mark archive assign unassign fix correct increase decrease reduce raise double
    halve merge transfer restore enter register record log reset clear deactivate activate enable disable
    lösche entferne ändere füge storniere setze erhöhe buche schließe verschiebe aktualisiere
    """.split()  # noqa: SIM905 - sixty quoted words in a list would be longer
)
_OBJECT = (
    r"(?:the|a|an|all|every|each|any|my|our|his|her|their|its|this|that|these|those|everything|it|them|new|another|"
    r"\d+|from|into|alle|den|die|das|der|dem|ein|eine|einen|neue|neuen|neuer)"
)
_WRITE = re.compile(rf"(?P<verb>{'|'.join(_VERBS)}) (?P<rest>{_OBJECT}\b.*)", re.IGNORECASE | re.DOTALL)
_NO_WRITE = re.compile(
    r"add (?:\w+ )*up\b|(?:create|record|set) (?:\w+ )*(?:report|list|table|summary|overview|ranking|chart)\b|"
    r".* (?:and|then) (?:show|list|count|tell|give)\b",
    re.IGNORECASE | re.DOTALL,
)
_SHOWN = re.compile(
    r"(?:delete|erase|remove|drop|purge|cancel|close|mark|archive|copy|move|deactivate|clear) "
    r"(?P<them>(?:the|all|every|each|my|our|his|her|their|these|those) .*?)"
    r"(?: (?:to|into|as|from the (?:database|table|catalogue|list)) .*)?",
    re.IGNORECASE | re.DOTALL,
)
"""A wish whose object can be shown instead."""

_IT = r"(?:this|the|my|your|our|that) (?:sqlite )?(?:database|db|file|schema|data)"
_HERE = rf"(?:in|of|from|inside) {_IT}"
_THERE = rf"(?:are there|exist|is there|do (?:i|we|you) have|does (?:it|this|{_IT}) have|{_HERE}|are {_HERE}|here)"
_TABLES = re.compile(
    rf"(?:(?:what|which) (?:are (?:all )?(?:the )?)?|"
    rf"(?:list|show|name|give me|tell me)(?: me)? (?:all )?(?:of )?(?:the )?"
    rf"(?:names? of (?:all )?(?:the )?)?)(?:tables|table names|views)(?: {_THERE})?(?: {_HERE})?",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"(?:how many|count (?:all )?(?:the )?|number of) ?tables(?: {_THERE})?(?: {_HERE})?", re.IGNORECASE
)
_ALL = re.compile(
    rf"(?:describe|explain|show|print|what is|what's) (?:me )?(?:the |this )?(?:database |db )?schema(?: {_HERE})?|"
    rf"(?:describe|explain) (?:this|the|my) (?:database|db)|"
    rf"what(?: is|'s) (?:{_HERE}|this (?:database|db|file)(?: about)?)|"
    rf"what data (?:is (?:{_HERE}|here)|do (?:you|we) have)|"
    r"what (?:can|could) (?:i|you|one) ask(?: you)?(?: about)?(?: here)?",
    re.IGNORECASE,
)
_COLUMNS = re.compile(
    r"(?:(?:what|which) (?:columns|fields) (?:does|do|has|are (?:there )?(?:in|of)) (?:the )?(?:table )?(?P<a>[\w ]+?)"
    r"(?: table)?(?: have)?|"
    r"(?:describe|show|list|what are|what is|give me)(?: me)? (?:all )?(?:the )?"
    r"(?:columns|fields|schema|structure|definition) (?:of|in|from|for) (?:the )?(?:table )?(?P<b>[\w ]+?)(?: table)?|"
    r"describe (?:the )?(?:table )?(?P<c>[\w]+)(?: table)?|pragma table_info\(?(?P<d>\w+)\)?)",
    re.IGNORECASE,
)

Kind = Literal["write", "tables", "count", "columns"]


@dataclass(frozen=True, slots=True)
class Intent:
    """What is wanted instead of an answer from the data."""

    kind: Kind
    table: Table | None = None
    """Whose columns."""
    instead: str = ""
    """Of a wish to change something: the question that shows what it is about."""


def intent(question: str, schema: Schema) -> Intent | None:
    """What a question wants that is no question about the data; ``None``: it is one, so far as this can tell."""
    text = " ".join(question.split())
    polite = _POLITE.match(text)
    text = re.sub(r"[ ,]+(?:please|bitte)$", "", text[polite.end() if polite else 0 :].rstrip(" ?.!"))
    return _about(text, schema) or _write(text, schema)


def _write(text: str, schema: Schema) -> Intent | None:
    verb, _, rest = text.partition(" ")
    tables = {fold(table.name) for table in schema.tables} | {"table"}
    names_one = verb.casefold() in _VERBS and fold(rest.partition(" ")[0]) in tables
    if not (_WRITE.fullmatch(text) or names_one) or _NO_WRITE.match(text):
        return None
    shown = _SHOWN.fullmatch(text)
    return Intent("write", instead=f"show {shown['them']}" if shown else "")


def _about(text: str, schema: Schema) -> Intent | None:
    named = {word for table in schema.tables for name in (table.name, *_columns(table)) for word in name_words(name)}
    if not {"table", "view", "column", "field", "schema"} & named:
        if _COUNT.fullmatch(text):
            return Intent("count")
        if _TABLES.fullmatch(text) or _ALL.fullmatch(text):
            return Intent("tables")
    match = _COLUMNS.fullmatch(text)
    asked = next((name for name in match.groups() if name), "") if match else ""
    exact = [table for table in schema.tables if nocase(table.name) == nocase(asked)]
    alike = [table for table in schema.tables if fold(table.name) == fold(asked)]
    found = (exact or alike) if asked else []
    return Intent("columns", found[0]) if found else None


def _columns(table: Table) -> tuple[str, ...]:
    return tuple(column.name for column in table.columns)
