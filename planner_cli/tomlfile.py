"""A TOML file as a user's editor saved it: with or without a byte order mark, any line ends."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path
from typing import Any

from planner_cli.errors import PlannerError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_WIDE = {  # UTF-32's mark begins with UTF-16's
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}


def read_text(path: Path, error: type[PlannerError] = PlannerError) -> str:
    """The file's text, its line ends as they are.

    Raises:
        PlannerError: (or the subclass ``error``) it cannot be read, or is not UTF-8; the line is named.

    """
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise error(f"cannot read {path}: {problem.strerror or problem}", hint="mend or remove it") from problem
    for mark, name in _WIDE.items():
        if data.startswith(mark):
            raise error(f"{path}: line 1: this is {name}, not UTF-8", hint="save it as UTF-8")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise error(
            f"{path}: line {line}: the byte 0x{problem.object[problem.start]:02x} is not UTF-8", hint="save it as UTF-8"
        ) from problem


def read_toml(path: Path, error: type[PlannerError] = PlannerError) -> dict[str, Any]:
    """The file's tables.

    Raises:
        PlannerError: (or the subclass ``error``) as :func:`read_text`, or it is not TOML; the line is named.

    """
    text = read_text(path, error)
    try:
        found: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        # Only what is missing at the end comes without a line number.
        where = str(problem).replace("at end of document", f"at line {text.rstrip().count(chr(10)) + 1}, the end")
        raise error(f"{path}: not valid TOML: {where}", hint="mend or remove it") from problem
    except RecursionError as problem:
        raise error(f"{path}: its values are nested too deeply", hint="mend or remove it") from problem
    return found
