"""Tables in which a virtual table keeps its content, and the user's table that it may read instead.

``PRAGMA table_list`` knows shadow tables too, but prepares every view in the process, which a hostile one can make
endless; and it takes ``posts_content`` for one by its name alone, where ``content='posts_content'`` makes it the
user's own table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from planner_cli.lexer import Token, code
from planner_cli.text import nocase

_RTREE = ("node", "parent", "rowid")


def module(sql: str) -> str:
    """The module of a ``CREATE VIRTUAL TABLE``, in lower case; empty when there is none."""
    return _parsed(sql)[0]


def content(sql: str) -> str | None:
    """The name given by its ``content=`` option, perhaps empty; ``None`` where it keeps its own content."""
    name, options = _parsed(sql)
    if name == "fts4":
        return options.get("content")
    if name == "fts5":  # accepts the beginning of an option's name for the whole
        return next((value for key, value in options.items() if "content".startswith(key)), None)
    return None


def names(table: str, sql: str) -> tuple[str, ...]:
    """The shadow tables of the virtual table ``table``, in lower case."""
    return tuple(nocase(f"{table}_{suffix}") for suffix in _suffixes(sql))


def _suffixes(sql: str) -> tuple[str, ...]:
    name, options = _parsed(sql)
    its_own = content(sql) is None
    if name in ("rtree", "rtree_i32", "geopoly"):
        return _RTREE
    if name == "fts3":
        return ("segments", "segdir", "content")
    if name == "fts4":
        sizes = () if nocase(options.get("matchinfo", "")) == "fts3" else ("docsize",)
        return ("segments", "segdir", "stat", *sizes, *(("content",) if its_own else ()))
    if name == "fts5":
        unindexed = any(key > "contentless_" and "contentless_unindexed".startswith(key) for key in options)
        sized = not any(value == "0" for key, value in options.items() if len(key) > 2 and "columnsize".startswith(key))
        kept = its_own or (unindexed and not content(sql))
        return ("data", "idx", "config", *(("docsize",) if sized else ()), *(("content",) if kept else ()))
    return ()


def _parsed(sql: str) -> tuple[str, dict[str, str]]:
    """The module, and those of its arguments that are ``key=value``; both without quotes, keys in lower case."""
    parts = code(sql)
    words = [nocase(token.text) if token.kind == "word" else "" for token in parts]
    at = words.index("using") + 1 if "using" in words else len(parts)
    if at >= len(parts):
        return "", {}
    options: dict[str, str] = {}
    for argument in _arguments(parts[at + 1 :]):
        if len(argument) > 1 and argument[1].text == "=":
            options.setdefault(nocase(argument[0].identifier or ""), _value(argument[2:]))
    return nocase(parts[at].identifier or ""), options


def _arguments(parts: Sequence[Token]) -> Iterator[list[Token]]:
    depth = 0
    argument: list[Token] = []
    for token in parts:
        depth += {"(": 1, ")": -1}.get(token.text, 0)
        if depth == 0 or (depth == 1 and token.text == ","):
            yield argument
            argument = []
        elif not (depth == 1 and token.text == "("):
            argument.append(token)


def _value(parts: Sequence[Token]) -> str:
    if len(parts) != 1:
        return "".join(token.text for token in parts)
    (token,) = parts
    if token.kind == "string":
        return token.text[1:-1].replace("''", "'")
    return token.text if token.identifier is None else token.identifier
