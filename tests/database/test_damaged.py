"""Files with seeded damage: a clear refusal or an answer, never a crash of ours, a hang or a changed byte."""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from database_files import build, picture

from planner_cli.database import Database
from planner_cli.errors import DatabaseError
from planner_cli.settings import Limits

QUERIES = [
    "SELECT * FROM customers",
    "SELECT count(*), sum(total) FROM orders JOIN customers ON customer_id = customers.id",
    "SELECT body FROM notes WHERE notes MATCH 'hello'",
    "SELECT body FROM old_notes WHERE old_notes MATCH 'hello'",
    "SELECT id FROM boxes WHERE low < 5",
    "SELECT * FROM big_orders",
]


def damaged(sound: bytes, rng: random.Random) -> bytes:
    data = bytearray(sound)
    for _ in range(rng.choice([1, 1, 3, 10, 100])):
        # the first two pages hold the header and the schema, where damage does most
        at = rng.randrange(100) if rng.random() < 0.2 else rng.randrange(min(len(data), rng.choice([8192, len(data)])))
        data[at] = rng.choice([0, 0xFF, rng.randrange(256), data[at] ^ 1 << rng.randrange(8)])
    if rng.random() < 0.2:
        del data[rng.randrange(len(data)) :]
    return bytes(data)


def run_damaged(folder: Path, count: int) -> Counter[str]:
    path = build(folder / "a.db")
    sound = path.read_bytes()
    rng = random.Random(7)
    outcomes: Counter[str] = Counter()
    for number in range(count):
        path.write_bytes(damaged(sound, rng))
        before = picture(folder)
        started = time.monotonic()
        refusal = str(path)
        try:
            with Database.open(path, limits=Limits(seconds=0.5)) as database:
                for sql in QUERIES:
                    result = database.execute(sql)
                    outcomes[result.error_kind or "ok"] += 1
                    assert result.ok or "\n" not in (result.error or "\n")
        except DatabaseError as error:
            outcomes["not opened"] += 1
            refusal = error.message
        assert refusal.startswith(str(path))
        assert "\n" not in refusal
        assert time.monotonic() - started < 30, number
        assert picture(folder) == before, number
    sys.stdout.write(f"{count} damaged files: {dict(sorted(outcomes.items()))}\n")
    return outcomes


def test_damaged_files(tmp_path: Path) -> None:
    outcomes = run_damaged(tmp_path, 15)
    assert outcomes["ok"]
    assert outcomes["not opened"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_2000_damaged_files(tmp_path: Path) -> None:
    run_damaged(tmp_path, 2000)
