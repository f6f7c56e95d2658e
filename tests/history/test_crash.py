"""A killed writer loses nothing that was reported as kept; two writers do not lose each other's records."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from planner_cli.history import History
from tests.running import PATIENCE

WRITER = """
import sys
from pathlib import Path
from history_values import MODELS, answer
from planner_cli.history import History, store
from planner_cli.settings import PlanSettings
store.BUSY_SECONDS = 60  # SQLite's waiting is not fair: on a busy machine one of several may be passed over for long
history = History.open(Path(sys.argv[1]))
for n in range(int(sys.argv[2])):
    number = history.record(question=f"q{n}", database=Path("x"), answer=answer(thought="t" * 20000), models=MODELS,
                            settings=PlanSettings(), level="full")
    print(number, flush=True)
"""


def start(path: Path, records: int) -> subprocess.Popen[str]:
    folders = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(records)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": folders},
    )


def run_kills(path: Path, kills: int) -> None:
    pause = random.Random(20)
    acknowledged: list[int] = []
    for _ in range(kills):
        with start(path, 100_000) as writer:
            first = "".join(writer.stdout.readline() for _ in range(pause.randrange(2, 8)))
            time.sleep(pause.uniform(0, 0.01))  # anywhere in the writing of the next one
            writer.send_signal(signal.SIGKILL)
            # A last line may be cut by the kill; a whole one ends with a newline and was written after the commit.
            text = first + writer.stdout.read()
            acknowledged += [int(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
    with History.open(path) as history:
        kept = {summary.id for summary in history.list(1_000_000)}
        assert len(acknowledged) >= 2 * kills
        assert set(acknowledged) <= kept
        assert len(kept) <= len(acknowledged) + kills, "at most the one in flight at each kill is there unannounced"
        assert all(len(history.show(number).document["candidates"]) == 4 for number in kept), "no torn record"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    sys.stdout.write(
        f"{kills} kills -9 of a writer: {len(acknowledged)} records acknowledged, {len(kept)} kept, 0 lost\n"
    )


def test_kill_9_loses_no_acknowledged_record(tmp_path):
    run_kills(tmp_path / "history.sqlite", 5)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_200_kills_lose_no_acknowledged_record(tmp_path):
    run_kills(tmp_path / "history.sqlite", 200)


def test_writers_at_the_same_time_wait_for_each_other(tmp_path):
    path = tmp_path / "history.sqlite"
    writers = [start(path, 30) for _ in range(3)]
    numbers = [int(line) for writer in writers for line in writer.communicate(timeout=PATIENCE)[0].split()]
    assert [writer.returncode for writer in writers] == [0] * 3
    assert sorted(numbers) == list(range(1, 91))
