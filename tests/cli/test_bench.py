"""``planner bench`` on the built-in models."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from planner_cli.cli import main
from planner_cli.cli.config_file import config_path, load_defaults
from planner_cli.cli.saving import save_default
from planner_cli.errors import PlannerError
from tests.conftest import make_shop
from tests.running import command, planner, wait_for

pytestmark = pytest.mark.model
BUDGETS = "0,2"


def bench(*arguments):
    return planner("bench", *arguments)


def rows(folder):
    found = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    for row in found:
        del row["seconds"], row["peak_memory"], row["joules"]
    return found


@pytest.fixture(scope="module")
def judged(tmp_path_factory, builtin_generator):
    """Three questions with candidates, as a user's own data, and a sweep over them."""
    folder = tmp_path_factory.mktemp("bench")
    make_shop(folder / "shop.sqlite")
    items = [
        ("How many customers are there?", "select count(*) from customers", "select count(*) from orders"),
        ("How many orders are there?", "select count(*) from orders", "select id from orders"),
        ("How many orders are open?", "select count(*) from orders where status = 'open'", "select status from orders"),
    ]
    data = folder / "mine.jsonl"
    data.write_text(
        "".join(
            json.dumps(
                {
                    "question": question,
                    "sql": gold,
                    "database": "shop.sqlite",
                    "candidates": [{"sql": gold, "label": 1}, {"sql": wrong, "label": 0}],
                }
            )
            + "\n"
            for question, gold, wrong in items
        )
    )
    done = bench("sweep", data, "-o", folder / "run", "--budgets", BUDGETS, "--check", "1")
    assert done.returncode == 0, done.stderr
    return folder, data, done.stdout


def test_a_sweep_reads_every_budget_in_one_pass(judged):
    folder, _, text = judged
    for row in rows(folder / "run"):
        for candidate in row["candidates"]:
            assert [p["tokens"] for p in candidate["probes"]][:1] == [0]
            assert candidate["tokens"] <= 2
    assert "against thinking budget" in text
    assert text.count("(ok)") == 2  # the ladder's scores are those of runs at each budget alone


def test_a_run_goes_on_where_it_was_killed(judged):
    folder, data, _ = judged
    whole = rows(folder / "run")
    line = command("bench", "sweep", data, "-o", folder / "killed", "--budgets", BUDGETS)
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    lines = folder / "killed" / "rows.jsonl"
    wait_for(lambda: lines.exists() and lines.read_bytes().count(b"\n"), "the first row")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = lines.read_bytes().count(b"\n")
    assert left < 3
    done = bench("sweep", data, "-o", folder / "killed", "--budgets", BUDGETS)
    assert done.returncode == 0, done.stderr
    again = rows(folder / "killed")
    for row in [*whole, *again]:
        del row["key"]  # one run keeps the thoughts' texts, the other does not: another setting
        for candidate in row["candidates"]:
            del candidate["thought"]
    assert again == whole


def test_another_setting_needs_another_folder(judged):
    folder, data, _ = judged
    done = bench("intrinsic", data, "-o", folder / "run", "--budget", "16")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "budget" in done.stderr


def test_report_and_diff_and_merge(judged, tiny_random_model):
    folder, data, _ = judged
    done = bench("report", folder / "run", "-o", folder / "report")
    assert done.returncode == 0, done.stderr
    page = done.stdout.strip()
    assert "data:image/" in Path(page).read_text(encoding="utf-8")
    assert "They differ in: nothing" in bench("diff", folder / "run", folder / "run").stdout
    own = ("--budget", "0", "--discriminator", tiny_random_model)
    for shard in ("1/2", "2/2"):
        made = bench("intrinsic", data, "-o", folder / shard[0], "--shard", shard, *own)
        assert made.returncode == 0, made.stderr
    merged = bench("merge", folder / "1", folder / "2", "-o", folder / "merged")
    assert "3 rows" in merged.stdout


BAD = [
    ("unknown data", ["intrinsic", "nothing.json"], 2, "nothing.json"),
    ("bad shard", ["e2e", "demo", "--shard", "3"], 2, "1/4"),
    ("bad ladder", ["sweep", "demo", "--budgets", "a,b"], 2, "--budgets"),
    ("unknown method", ["compare", "demo", "--methods", "luck"], 2, "luck"),
    ("no such part", ["e2e", "everyday", "--part", "dev"], 2, "train, tune, test"),
    ("no run", ["report", "nowhere"], 2, "nowhere"),
]


@pytest.mark.parametrize(("arguments", "code", "named"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_errors_are_one_line(arguments, code, named, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", *arguments]) == code
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error


def test_saved_defaults(monkeypatch, tmp_path):
    assert load_defaults() == {}
    save_default(("ask",), "budget", 16)
    assert load_defaults() == {"ask": {"budget": 16}}
    config_path().write_bytes(b"\xef\xbb\xbf# mine\r\n[ask]\r\ncandidates = 4 # few\r\n")
    save_default(("ask",), "budget", 32)
    assert load_defaults() == {"ask": {"candidates": 4, "budget": 32}}
    assert b"# few\r\n" in config_path().read_bytes()
    config_path().write_text("[ask\n")
    with pytest.raises(PlannerError, match=r"config\.toml"):
        load_defaults()
