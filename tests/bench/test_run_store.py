"""Runs on disk: what a kill leaves behind, what may be continued, and what may be merged."""

import json
import os
import signal
import stat
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from planner_cli.bench.checked import CHECKED_NAME, Checked
from planner_cli.bench.rows import ItemRow, ScoredCandidate
from planner_cli.bench.setaside import SetAside
from planner_cli.bench.store import INFO_NAME, ROWS_NAME, RunInfo, RunWriter, load_run, merge
from planner_cli.errors import PlannerError
from planner_cli.settings import PlanSettings
from planner_cli.types import Probe

INFO = RunInfo(
    kind="intrinsic",
    settings={"plan": asdict(PlanSettings()), "mode": "base"},
    models=({"role": "discriminator", "name": "builtin", "sha256": "ab" * 32},),
    versions={"planner": "0.1", "llama.cpp": "0.3.36"},
    dataset={"name": "public", "fingerprint": "f" * 64, "items": 4},
    machine={"cores": 2},
    command="planner bench intrinsic",
)


def row(number, **changes):
    candidate = ScoredCandidate(
        sql="SELECT 1 -- \u202e\x1b[31m \ud800",
        label=True,
        score=0.25,
        closed_by="budget",
        probes=(Probe(0, 0.5, 0.9), Probe(16, 0.25, 0.8)),
    )
    values = {"key": f"k{number}", "item": f"q{number}", "database": "d", "question": "?", "gold": "SELECT 1"}
    return ItemRow(**{**values, "candidates": (candidate,), "seconds": {"judge": 1.5}, **changes})


def written(path, *rows, info=INFO):
    with RunWriter(path, info) as run:
        for each in rows:
            run.write(each)
    return load_run(path)


def test_a_run_comes_back_as_it_was_written(tmp_path):
    run = written(tmp_path / "r", row(1), row(2))
    assert run.rows == (row(1), row(2))
    assert (run.kind, run.dataset, run.models, run.name) == ("intrinsic", INFO.dataset, INFO.models, "r")
    assert run.info == replace(INFO, settings=json.loads(json.dumps(INFO.settings)))


def test_the_files_hold_nothing_that_drives_a_terminal(tmp_path):
    written(tmp_path / "r", row(1))
    for name in (INFO_NAME, ROWS_NAME):
        text = (tmp_path / "r" / name).read_bytes().decode("ascii")
        assert text.replace("\n", "").isprintable()


def test_only_the_user_can_read_a_run(tmp_path):
    """Queries and thoughts may hold values."""
    before = os.umask(0)
    try:
        written(tmp_path / "r", row(1))
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "r", *(tmp_path / "r").iterdir()]}
    assert modes == {"r": 0o700, INFO_NAME: 0o600, ROWS_NAME: 0o600, CHECKED_NAME: 0o600}


def test_a_continued_run_knows_what_is_done(tmp_path):
    written(tmp_path / "r", row(1))
    with RunWriter(tmp_path / "r", INFO) as run:
        assert set(run.keys()) == {"k1"}
        run.write(row(2))
        with pytest.raises(PlannerError, match="q1 already"):
            run.write(row(1))
    assert [r.item for r in load_run(tmp_path / "r").rows] == ["q1", "q2"]


@pytest.mark.parametrize("cut", [1, 2, 40, 200])
def test_a_torn_last_line_is_left_out_and_written_again(tmp_path, cut):
    whole = written(tmp_path / "whole", row(1), row(2))
    written(tmp_path / "r", row(1), row(2))
    rows = tmp_path / "r" / ROWS_NAME
    rows.write_bytes(rows.read_bytes()[:-cut])
    assert [r.key for r in load_run(tmp_path / "r").rows] == ["k1"]
    with RunWriter(tmp_path / "r", INFO) as run:
        assert set(run.keys()) == {"k1"}
        run.write(row(2))
    assert rows.read_bytes() == (whole.path / ROWS_NAME).read_bytes()


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_run_store import INFO, ROWS_NAME, RunWriter, row
run = RunWriter(Path(sys.argv[1]), INFO)
run.write(row(1)); run.write(row(2))
os.write(run._file, b'{{"key": "k3", "item": "q')
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_kill_9_loses_nothing_that_was_written(tmp_path):
    code = KILLED.format(tests=str(Path(__file__).parent))
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "r")], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [r.key for r in written(tmp_path / "r", row(3)).rows] == ["k1", "k2", "k3"]


def test_a_kill_before_run_json_was_complete_is_no_obstacle(tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / (INFO_NAME + ".part")).write_text('{"kind": "intr')
    assert written(tmp_path / "r", row(1)).rows == (row(1),)


CHANGES = [
    ("settings", {"settings": {**INFO.settings, "mode": "check"}}, 'settings.mode "base" against "check"'),
    ("settings removed", {"settings": {"mode": "base"}}, "settings.plan {"),
    ("model", {"models": ({**INFO.models[0], "sha256": "0"},)}, r"models\[0\].sha256"),
    ("second model", {"models": INFO.models * 2}, r"models \["),
    ("version", {"versions": {**INFO.versions, "llama.cpp": "1"}}, 'versions.llama.cpp "0.3.36" against "1"'),
    ("data set", {"dataset": {**INFO.dataset, "fingerprint": "0"}}, "dataset.fingerprint"),
    ("kind", {"kind": "e2e"}, 'kind "intrinsic" against "e2e"'),
    ("shard", {"shard": "1/2"}, 'shard null against "1/2"'),
]


@pytest.mark.parametrize(("changes", "told"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_other_settings_are_refused_by_name(tmp_path, changes, told):
    written(tmp_path / "r", row(1))
    with pytest.raises(PlannerError, match=told):
        RunWriter(tmp_path / "r", replace(INFO, **changes))
    assert load_run(tmp_path / "r").rows == (row(1),)


def test_another_machine_or_command_may_continue(tmp_path):
    written(tmp_path / "r", row(1))
    again = replace(INFO, machine={"cores": 8}, command="again", settings=json.loads(json.dumps(INFO.settings)))
    assert len(written(tmp_path / "r", row(2), info=again).rows) == 2


def test_only_one_process_writes(tmp_path):
    with RunWriter(tmp_path / "r", INFO), pytest.raises(PlannerError, match="another process is writing"):
        RunWriter(tmp_path / "r", INFO)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(PlannerError, match=r"letter\.txt"):
        RunWriter(tmp_path, INFO)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_number_that_json_has_not_is_refused(tmp_path):
    with RunWriter(tmp_path / "r", INFO) as run, pytest.raises(ValueError, match="not JSON compliant"):
        run.write(row(1, seconds={"judge": float("nan")}))
    assert load_run(tmp_path / "r").rows == ()


DAMAGE = [
    ("not json", b"{]\n", "line 2 is damaged"),
    ("not an object", b"[1]\n", "line 2 is damaged: it is not a JSON object"),
    ("a field is missing", b'{"key": "k", "candidates": []}\n', "line 2 is damaged: .*missing"),
    ("no candidates", b'{"key": "k"}\n', "'candidates' is missing"),
    ("unknown field", b'{"key": "k", "candidates": [], "later": 1}\n', "line 2 is damaged"),
    ("NaN", b'{"key": NaN}\n', "NaN is not a JSON number"),
    ("not UTF-8", b'{"key": "\xff"}\n', "line 2 is damaged"),
    ("an empty line", b"\n", "line 2 is damaged"),
]


@pytest.mark.parametrize(("line", "told"), [d[1:] for d in DAMAGE], ids=[d[0] for d in DAMAGE])
def test_a_damaged_line_is_named(tmp_path, line, told):
    written(tmp_path / "r", row(1))
    with (tmp_path / "r" / ROWS_NAME).open("ab") as file:
        file.write(line)
    with pytest.raises(PlannerError, match=told):
        load_run(tmp_path / "r")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 99}'])
def test_a_damaged_run_json_is_named(tmp_path, text):
    written(tmp_path / "r")
    (tmp_path / "r" / INFO_NAME).write_text(text)
    with pytest.raises(PlannerError, match=r"run\.json"):
        load_run(tmp_path / "r")


def test_a_folder_without_a_run_says_so(tmp_path):
    for path in (tmp_path, tmp_path / "absent"):
        with pytest.raises(PlannerError, match="is no run"):
            load_run(path)


# -------------------------------------------------------------------------------------------------- merging


def test_shards_merge_to_the_same_run_in_any_order(tmp_path):
    one = written(tmp_path / "1", row(1), row(10), info=replace(INFO, shard="1/2"))
    two = written(tmp_path / "2", row(2), info=replace(INFO, shard="2/2", machine={"cores": 4}, command="other"))
    merged = merge([one, two], tmp_path / "a")
    assert [r.item for r in merged.rows] == ["q1", "q2", "q10"]
    assert merged.rows == merge([two, one], tmp_path / "b").rows
    assert merged.shard is None
    assert merged.command == "planner bench intrinsic\nother"
    assert merged.machine == {"several": [{"cores": 2}, {"cores": 4}]}


def test_a_row_that_two_shards_computed_is_taken_once(tmp_path):
    one = written(tmp_path / "1", row(1), row(2))
    two = written(tmp_path / "2", row(2, seconds={"judge": 9.0}, peak_memory=5), row(3))
    merged = merge([one, two], tmp_path / "m")
    assert [r.item for r in merged.rows] == ["q1", "q2", "q3"]
    assert merged.rows[1].seconds == {"judge": 1.5}


def test_a_key_with_two_contents_is_refused_and_nothing_written(tmp_path):
    one, two = written(tmp_path / "1", row(1)), written(tmp_path / "2", row(1, correct=False))
    with pytest.raises(PlannerError, match="item q1 has two different rows"):
        merge([one, two], tmp_path / "m")
    assert not (tmp_path / "m").exists()


def test_runs_of_other_settings_do_not_merge(tmp_path):
    one = written(tmp_path / "1", row(1))
    two = written(tmp_path / "2", row(2), info=replace(INFO, settings={"mode": "check"}))
    with pytest.raises(PlannerError, match="not shards of one run"):
        merge([one, two], tmp_path / "m")


def test_merging_needs_runs_and_room(tmp_path):
    one = written(tmp_path / "1", row(1))
    with pytest.raises(PlannerError, match="no run to merge"):
        merge([], tmp_path / "m")
    with pytest.raises(PlannerError, match="not empty"):
        merge([one], tmp_path / "1")


def test_merged_runs_keep_what_their_shards_set_aside(tmp_path):
    """Once each; a record of the data is set aside by every shard, and a question of one may be measured by another."""
    faults = [SetAside(f"q{n}", "gold", "no such column: nme") for n in (1, 2, 3)]
    for shard, found in (("1", faults[:2]), ("2", faults[:1] + faults[2:])):
        with RunWriter(tmp_path / shard, replace(INFO, shard=f"{shard}/2")) as writer:
            writer.write(row(2 if shard == "2" else 4))
            for fault in found:
                writer.checked.add(Checked(fault.name, None, fault))
    merged = merge([load_run(tmp_path / shard) for shard in ("1", "2")], tmp_path / "whole")
    assert [row.item for row in merged.rows] == ["q2", "q4"]
    assert [fault.name for fault in merged.set_aside] == ["q1", "q3"]
