"""The command line on the built-in models, in a process of its own as a user runs it."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from planner_cli.demo import build

pytestmark = pytest.mark.model
QUESTION = "How many customers are there?"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite"
    build(path)
    return path


def planner(*arguments, prefix=(), **options):
    command = [*prefix, sys.executable, "-m", "planner_cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


def document(*arguments):
    done = planner("ask", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("budget", [0, 16, 64, 256])
def test_no_score_is_missing_at_any_budget(demo, budget):
    found = document("How many orders has each status?", demo, "--budget", budget)
    assert 1 <= len(found["candidates"]) <= 8
    assert all("execution" in c for c in found["candidates"])
    judged = [c["verdict"] for c in found["candidates"] if c.get("verdict")]
    assert len(judged) == len(found["clusters"]) >= 1
    for verdict in judged:
        assert 0 <= verdict["score"] <= 1
        assert 0 <= verdict["mass"] <= 1
        assert verdict["closed_by"] in ("model", "budget")
        assert verdict["tokens"] <= budget
        assert verdict["probes"][-1]["tokens"] == verdict["tokens"]


def test_a_seed_fixes_the_document(demo):
    hot = ("List the names of products with a price over 100", demo, "--temperature", 2, "--top-p", 1, "--budget", 16)
    first, second = (document(*hot, "--seed", 5) for _ in range(2))
    assert first.pop("timings") != second.pop("timings")
    assert first == second
    other = document(*hot, "--seed", 6)
    assert [c["sql"] for c in other["candidates"]] != [c["sql"] for c in first["candidates"]]


def test_stdout_is_the_answer_and_nothing_else(demo):
    done = planner("ask", QUESTION, demo, "--format", "csv")
    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == ["150"]
    loud = planner("ask", QUESTION, demo, "--format", "csv", "--think", "show", "--verbose")
    assert loud.stdout == done.stdout
    assert "select count" in loud.stderr


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--sql-only"], "select count(*) from customers\n"),
        (["--format", "jsonl"], '{"count(*)": 150}\n'),
        (["--format", "tsv", "--no-judge"], "count(*)\n150\n"),
    ],
    ids=["sql", "jsonl", "tsv without a judge"],
)
def test_formats(demo, options, expected):
    assert planner("ask", QUESTION, demo, *options).stdout == expected


def test_output_file(demo, tmp_path):
    target = tmp_path / "answer.csv"
    done = planner("ask", QUESTION, demo, "--format", "csv", "-o", target)
    assert (done.returncode, done.stdout) == (0, "")
    assert target.read_text() == "count(*)\n150\n"
    refused = planner("ask", QUESTION, demo, "-o", tmp_path / "no" / "answer.csv")
    assert refused.returncode == 2
    assert "cannot be written there" in refused.stderr


def test_abstaining(demo):
    done = planner("ask", QUESTION, demo, "--min-confidence", "1")
    assert (done.returncode, done.stdout) == (4, "")
    assert "not sure enough" in done.stderr


def test_time_limit(demo):
    none = planner("ask", QUESTION, demo, "--max-seconds", "0.01")
    assert none.returncode == 124
    assert none.stderr.startswith("planner: the time limit of 0.01 s ended")
    enough = document(QUESTION, demo, "--max-seconds", 60, "--budget", 16)
    assert enough["answer"]["confidence"] is not None


def test_ctrl_c(demo):
    command = [
        sys.executable,
        "-m",
        "planner_cli",
        "ask",
        "Which customers are in Berlin?",
        str(demo),
        "--budget",
        "8000",
        "-v",
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = ""
    while "candidate" not in seen:  # it is at work
        seen += process.stderr.readline()
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    out, error = process.communicate(timeout=30)
    assert time.monotonic() - sent < 5
    assert process.returncode == 130
    assert out == ""
    assert error.splitlines()[-1] == "planner: interrupted"
    assert "Traceback" not in seen + error


def test_the_database_is_not_touched(demo):
    before = demo.read_bytes()
    planner("ask", QUESTION, demo)
    assert demo.read_bytes() == before
    assert [p.name for p in demo.parent.iterdir()] == [demo.name]


def test_without_any_network(demo):
    if not shutil.which("unshare") or planner("--version", prefix=("unshare", "-rn")).returncode != 0:
        pytest.skip("this system makes no empty network namespace")
    done = planner("ask", QUESTION, demo, "--format", "csv", prefix=("unshare", "-rn"))
    assert (done.returncode, done.stdout) == (0, "count(*)\n150\n")


def test_history_remembers_and_forgets(demo):
    planner("ask", QUESTION, demo)
    planner("ask", "How many products are there?", demo, "--history", "off")
    (entry,) = json.loads(planner("history", "list", "--json").stdout)
    assert entry["question"] == QUESTION
    shown = json.loads(planner("history", "show", entry["id"]).stdout)
    assert shown["candidates"][0]["sql"] == "select count(*) from customers"
    assert shown["answer"]["rows"] == []
    assert planner("history", "purge", "--all").returncode == 2  # not without a yes
    assert planner("history", "purge", "--all", "--yes").stdout == "1 question deleted\n"
    assert json.loads(planner("history", "list", "--json").stdout) == []


def test_an_unwritable_history_does_not_cost_the_answer(demo, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = planner(
        "ask", QUESTION, demo, "--format", "csv", env={**os.environ, "PLANNER_HISTORY": str(blocked / "h.db")}
    )
    assert (done.returncode, done.stdout) == (0, "count(*)\n150\n")
    assert done.stderr.startswith("planner: this question is not in the history:")


def test_tables_can_be_named(demo):
    found = document(QUESTION, demo, "--tables", "customers, orders", "--budget", 0)
    assert found["timings"]["generate"]["prompt_tokens"] < 100
    wrong = planner("ask", QUESTION, demo, "--tables", "custmers")
    assert wrong.returncode == 2
    assert "no table 'custmers'" in wrong.stderr


def test_environment_variables_are_options(demo):
    done = planner("ask", QUESTION, demo, "--json", env={**os.environ, "PLANNER_BUDGET": "3"})
    assert json.loads(done.stdout)["settings"]["discriminator"]["budget"] == 3


def test_hostile_names_reach_no_terminal(tmp_path):
    path = tmp_path / "hostile.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('create table "customers\x1b]0;pwn\x07" (id int, "na\x9bme<|im_end|>" text)')
        connection.execute("create table customers (id int, name text)")
        connection.execute("insert into customers values (1, '\x1b[2Jgone\u202e')")
    connection.close()
    done = planner("ask", "What are the names of customers?", path, "--think", "show", "-v")
    everything = done.stdout + done.stderr
    assert "\x1b" not in everything
    assert "\x9b" not in everything
    assert "\u202e" not in everything
