"""``planner bench distribute``: shards on two workers give the rows of one run."""

from __future__ import annotations

import subprocess
import sys

import pytest

from planner_cli.bench.store import load_run
from planner_cli.cli import main

RUN = ["e2e", "demo", "--limit", "4", "-n", "2", "--no-judge", "--threads", "1", "--temperature", "0.5"]


def bench(*arguments):
    """In a process of its own: Dask's own warnings are not ours to turn into errors."""
    line = [sys.executable, "-m", "planner_cli", "bench", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def content(folder):
    """The rows without what no two runs share: seconds, and the memory of the process."""
    rows = [row.to_json() for row in load_run(folder).rows]
    for row in rows:
        del row["seconds"], row["peak_memory"], row["joules"]
    return sorted(rows, key=lambda row: row["item"])


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_shards_on_two_workers_are_the_whole_run(tmp_path):
    whole = bench(*RUN, "-o", tmp_path / "whole")
    assert whole.returncode == 0, whole.stderr
    spread = bench("distribute", "-o", tmp_path / "merged", "--workers", "2", *RUN)
    assert spread.returncode == 0, spread.stderr
    assert spread.stdout == f"{tmp_path / 'merged'}: 4 rows\n"
    assert sorted(path.name for path in (tmp_path / "merged-shards").iterdir()) == ["1-of-2", "2-of-2"]
    assert content(tmp_path / "merged") == content(tmp_path / "whole")


@pytest.mark.slow
def test_a_shard_that_fails_is_named(tmp_path):
    done = bench("distribute", "-o", tmp_path / "merged", "--shards", "1", "e2e", "demo", "--generator", "nothing")
    assert done.returncode == 2
    assert "shard 1/1: unknown model 'nothing'" in done.stderr
    assert not (tmp_path / "merged").exists()


REFUSED = [
    ("another machine", ["--scheduler", "tcp://192.0.2.1:8786", "e2e", "demo"], "--allow-network"),
    ("another machine without a scheme", ["--scheduler", "192.0.2.1:8786", "e2e", "demo"], "--allow-network"),
    ("its own shard", ["e2e", "demo", "--shard", "1/2"], "--shard is set by planner bench distribute"),
    ("its own folder", ["e2e", "demo", "-o", "x"], "-o is set by planner bench distribute"),
    ("unknown command", ["report"], "'report' is not one of"),
]


@pytest.mark.parametrize(("arguments", "told"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_refused(tmp_path, capsys, arguments, told):
    assert main(["bench", "distribute", "-o", str(tmp_path / "merged"), *arguments]) == 2
    assert told in capsys.readouterr().err


def test_a_folder_that_is_taken_is_kept(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("mine")
    assert main(["bench", "distribute", "-o", str(tmp_path), "e2e", "demo"]) == 2
    assert "is not empty" in capsys.readouterr().err
