"""Values for the parameters of a query: ``:year``, ``@year`` and ``$year`` become literals in its text.

So what runs is what is shown, kept and can be copied, and the sandbox gets a query like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from planner_cli.database.names import nearest
from planner_cli.errors import PlannerError
from planner_cli.lexer import Token, tokens
from planner_cli.prompts.schema import literal

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SIGNS = ":@$"


def parameters(sql: str) -> tuple[str, ...]:
    """The names of a query's parameters, in the order in which they first occur."""
    return tuple(dict.fromkeys(name for _, name in _pieces(sql) if name is not None))


def read_values(texts: Iterable[str]) -> dict[str, str]:
    """``NAME=VALUE`` texts as SQL literals by name.

    A number is one; ``null`` is NULL; anything else is a text, in quotes or not: ``year=2024``, ``zip='01234'``.

    Raises:
        PlannerError: a text is not of this form.

    """
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip().lstrip(_SIGNS)
        if not equals or not name.isidentifier():
            raise PlannerError(f"{text!r} is not NAME=VALUE", hint="for example year=2024")
        found[name] = _literal(value.strip())
    return found


def with_values(sql: str, values: Mapping[str, str]) -> str:
    """The query with a literal in place of each parameter.

    Raises:
        PlannerError: a parameter has no value, or a value no parameter.

    """
    wanted = parameters(sql)
    missing = [name for name in wanted if name not in values]
    if missing:
        example = " ".join(f"{name}=..." for name in missing)
        raise PlannerError(f"the query needs a value for {', '.join(missing)}", hint=f"add {example}")
    for name in values:
        if name not in wanted:
            close = nearest(name, wanted)
            hint = f"did you mean {close}?" if close else f"it has {', '.join(wanted) or 'none'}"
            raise PlannerError(f"the query has no parameter {name}", hint=hint)
    return "".join(text if name is None else values[name] for text, name in _pieces(sql))


def _pieces(sql: str) -> Iterator[tuple[str, str | None]]:
    """The text cut up: each piece, and the name of the parameter it is."""
    sign: Token | None = None
    for token in tokens(sql):
        if sign is not None:
            if token.kind == "word":
                yield sign.text + token.text, token.text
                sign = None
                continue
            yield sign.text, None
            sign = None
        if token.kind == "mark" and token.text in _SIGNS:
            sign = token
        else:
            yield token.text, None
    if sign is not None:
        yield sign.text, None


def _literal(value: str) -> str:
    if _NUMBER.fullmatch(value):
        return value if value[0] not in "+-" else f"({value})"
    if value.lower() == "null":
        return "NULL"
    if len(value) > 1 and value[0] == value[-1] == "'":
        value = value[1:-1].replace("''", "'")
    text = literal(value, None)
    return f"({text})" if " || " in text else text
