"""Hostile statements by the thousand through the sandbox: nothing changes, nothing hangs, the parent lives.

The statements are this project's own (``tests/corpus/statements.py``). SQLite's own test statements add to them where
``../shared/corpus`` lies beside the checkout.
"""

from __future__ import annotations

import gzip
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from database_files import build, computed, picture

from planner_cli.database import Database
from planner_cli.settings import Limits
from tests.corpus.statements import SEED, TARGET, Statement, bombs, statements

SQLITES_OWN = Path(__file__).parents[2].parent / "shared" / "corpus" / "sqlite_statements.jsonl.gz"
SECONDS = 0.5
MOST = 2.1 * SECONDS + 1.0
"""Seconds that a statement may compute for: twice the limit, and what starting a new worker takes."""


def run_all(folder: Path, queries: Sequence[Statement], seconds: float = SECONDS) -> Counter[str]:
    """Runs them and returns how often each outcome came; ``{folder}`` and ``{path}`` in them are the database's."""
    path = build(folder / "target.db", TARGET)
    before = picture(folder)
    outcomes: Counter[str] = Counter()
    worst = 0.0
    with Database.open(path, limits=Limits(seconds=seconds)) as database:
        for number, (kind, text, right) in enumerate(queries, start=1):
            sql = text.replace("{folder}", str(folder)).replace("{path}", str(path))
            spent = computed(database)
            result = database.execute(sql)
            spent = computed(database) - spent
            outcome = result.error_kind or "ok"
            outcomes[outcome] += 1
            assert right is None or outcome in right, (kind, sql, result)
            assert outcome != "crash", (kind, sql, result)
            assert spent <= MOST, (spent, sql)
            worst = max(worst, spent)
            if number % 2000 == 0:
                assert picture(folder) == before, f"changed by one of the 2000 statements before {number}"
        assert database.execute("SELECT count(*) FROM t1").rows == ((50,),)
    assert picture(folder) == before
    sys.stdout.write(
        f"{len(queries)} statements: {dict(sorted(outcomes.items()))}, slowest {worst:.2f} s of computing\n"
    )
    return outcomes


def one_in(step: int, made: Sequence[Statement]) -> list[Statement]:
    """Every ``step``-th of each kind, the first of each among them."""
    counts: Counter[str] = Counter()
    chosen = []
    for one in made:
        if counts[one.kind] % step == 0:
            chosen.append(one)
        counts[one.kind] += 1
    return chosen


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_statements_of_every_kind(tmp_path: Path, step: int) -> None:
    """On a quiet machine each takes a millisecond; the limit is for a busy one, where nothing here may run into it."""
    made = one_in(step, statements())
    assert len(made) > 6000 / step
    assert len({one.kind for one in made}) > 30
    outcomes = run_all(tmp_path, made, seconds=30)
    assert outcomes["refused"] > 1900 / step
    assert outcomes["ok"] > 600 / step


def test_what_never_ends(tmp_path: Path) -> None:
    assert set(run_all(tmp_path, bombs(), seconds=0.1)) <= {"time", "memory", "size"}


def test_a_change_would_be_seen(tmp_path: Path) -> None:
    """The control: the same statements change a file that nothing guards."""
    import apsw

    path = build(tmp_path / "target.db", TARGET)
    before = picture(tmp_path)
    connection = apsw.Connection(str(path))
    for sql in ("DELETE FROM t4", "INSERT INTO t4 DEFAULT VALUES"):
        assert sql.replace("t4", "abc") in {one.sql for one in statements()}
        connection.execute(sql).fetchall()
        connection.execute(f"VACUUM INTO '{tmp_path}/{len(sql)}.db'").fetchall()
    connection.close()
    after = picture(tmp_path)
    assert len(after) == len(before) + 2
    assert after["target.db"] != before["target.db"]


# ------------------------------------------------------------------------------------------ SQLite's own, where it is


def lines() -> list[str]:
    if not SQLITES_OWN.exists():
        pytest.skip(f"SQLite's own statements are not beside this checkout ({SQLITES_OWN.name})")
    with gzip.open(SQLITES_OWN, "rt", encoding="utf-8") as text:
        return list(text)


def parsed(chosen: list[str]) -> list[Statement]:
    return [Statement("SQLite's own", json.loads(line)["sql"], None) for line in chosen]


def test_a_sample_of_sqlites_own(tmp_path: Path) -> None:
    outcomes = run_all(tmp_path, parsed(random.Random(SEED).sample(lines(), 500)))
    assert outcomes["ok"] > 25
    assert outcomes["refused"] > 25


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_statement_of_sqlites_own(tmp_path: Path) -> None:
    run_all(tmp_path, parsed(lines()))
