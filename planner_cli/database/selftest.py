"""Attack the sandbox on this machine, on a database made for it, and report what held.

For ``planner doctor --safety``: what platforms enforce differs (:mod:`.worker.limits`), so a promise is only
worth what is seen to hold on the user's machine.
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import apsw

from planner_cli.database.sandbox import Database
from planner_cli.settings import Limits
from planner_cli.types import ErrorKind, Execution

_LIMITS = Limits(seconds=0.5)
_SLACK_SECONDS = 1.0
"""Over twice the limit: killing and restarting the worker on a busy machine."""
_TRIES = 3
"""On a busy machine an attack may be stopped late once; through a hole it is late every time."""

_SCHEMA = """
CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT);
INSERT INTO t VALUES (1, 'one'), (2, 'two'), (3, 'three');
CREATE VIRTUAL TABLE notes USING fts3(body);
INSERT INTO notes VALUES ('hello world');
"""
_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

_Kinds: TypeAlias = frozenset[ErrorKind]
_REFUSED: _Kinds = frozenset({"refused"})
_STOPPED: _Kinds = frozenset({"time", "memory", "size"})

_ATTACKS: tuple[tuple[str, str, _Kinds], ...] = (
    # name, statement, kinds of refusal that are right
    ("ATTACH a new file", "ATTACH '{folder}/evil.db' AS z", _REFUSED),
    ("ATTACH the file itself", "ATTACH '{path}' AS z", _REFUSED),
    ("VACUUM INTO a new file", "VACUUM INTO '{folder}/out.db'", _REFUSED),
    ("DELETE", "DELETE FROM t", _REFUSED),
    ("WITH ... DELETE", "WITH x AS (SELECT 1) DELETE FROM t", _REFUSED),
    ("PRAGMA query_only=OFF", "PRAGMA query_only=OFF", _REFUSED),
    ("PRAGMA writable_schema=ON", "PRAGMA writable_schema=ON", _REFUSED),
    ("the file's path", "SELECT file FROM pragma_database_list", _REFUSED),
    ("load_extension", "SELECT load_extension('x')", _REFUSED),
    ("fts3_tokenizer, reading a pointer", "SELECT hex(fts3_tokenizer('simple'))", _REFUSED),
    ("fts3_tokenizer, writing one", "SELECT fts3_tokenizer('simple', x'4141414141414141')", _REFUSED),
    ("printf bomb", "SELECT " + ", ".join(["printf('%.*c', 999999999, 'x')"] * 5), _STOPPED),
    ("zeroblob bomb", "SELECT hex(zeroblob(1000000000))", _STOPPED),
    ("endless recursion", _ENDLESS, frozenset({"time"})),
    (
        "a C function nobody can stop",
        "SELECT " + " + ".join(["instr(hex(zeroblob(490000)), hex(zeroblob(240000)) || '1')"] * 20),
        frozenset({"time"}),
    ),
)

_LAYERS: Mapping[str, str] = {
    "memory": "the worker's memory is bounded by the system",
    "core": "no core dump of the worker",
    "size": "no file can grow",
    "files": "no file can be opened once the database is open",
    "landlock": "no file can be written, made, removed or run, and no TCP socket used (Landlock)",
}


@dataclass(frozen=True, slots=True)
class Check:
    """What was tried and whether it held."""

    name: str
    kind: Literal["attack", "file", "layer"]
    """``attack``: a statement. ``file``: whether the file and its folder are as before. ``layer``: what the
    operating system enforces below SQLite; one that is missing weakens the sandbox, the others still hold."""
    passed: bool
    detail: str
    """One line: what the sandbox said, or what happened instead."""
    seconds: float = 0.0


def run() -> tuple[Check, ...]:
    """Make a database, attack it, remove it; takes some 3 s.

    Raises :class:`planner_cli.errors.DatabaseError` when the sandbox does not even start, and ``OSError`` when no
    temporary file can be made.
    """
    with tempfile.TemporaryDirectory(prefix="planner-selftest-") as name:
        folder = Path(name).resolve()
        path = folder / "target.db"
        with closing(apsw.Connection(str(path))) as connection:
            connection.execute(_SCHEMA).fetchall()
        before = _picture(folder)
        with Database.open(path, limits=_LIMITS) as database:
            attacks = [_attack(database, folder, *attack) for attack in _ATTACKS]
            layers = [Check(text, "layer", database.layers.get(layer, False), layer) for layer, text in _LAYERS.items()]
        return (*attacks, _unchanged(before, _picture(folder)), *layers)


def _attack(database: Database, folder: Path, name: str, sql: str, right: _Kinds) -> Check:
    late, left = True, _TRIES
    while late and left:
        started = time.monotonic()
        result = database.execute(sql.replace("{folder}", str(folder)).replace("{path}", str(database.path)))
        seconds = time.monotonic() - started
        late, left = seconds > 2 * _LIMITS.seconds + _SLACK_SECONDS, left - 1
    alive = database.execute("SELECT count(*) FROM t").rows == ((3,),)
    passed = result.error_kind in right and not late and alive
    return Check(name, "attack", passed, _detail(result, seconds, late=late, alive=alive), seconds)


def _detail(result: Execution, seconds: float, *, late: bool, alive: bool) -> str:
    if not alive:
        return "the database could not be queried afterwards"
    if late:
        return f"it took {seconds:.1f} s, the limit is {_LIMITS.seconds:g} s"
    return result.error or "it ran"


def _unchanged(before: Mapping[str, str], after: Mapping[str, str]) -> Check:
    new = sorted(after.keys() - before.keys())
    changed = sorted(name for name in before if after.get(name) != before[name])
    text = "; ".join(
        part
        for part in (
            f"new next to it: {', '.join(new)}" if new else "",
            f"changed: {', '.join(changed)}" if changed else "",
        )
        if part
    )
    return Check("the file and its folder after all of it", "file", not text, text or "not a byte changed")


def _picture(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
