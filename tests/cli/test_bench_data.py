"""``planner bench`` on data with every fault, and what its options really do."""

from __future__ import annotations

import csv
import json

import click
import pytest

from planner_cli.bench.equality import EVALUATION_LIMITS
from planner_cli.bench.store import load_run
from planner_cli.cli import cli, main
from planner_cli.settings import Limits
from tests.bench.faulty_data import FAULTS, MEASURED, build, faulty, locked

LIMITS = ["--gold-seconds", "60", "--budget", "0"]
"""Time for gold to come to its end on a busy machine; what never does is in ``bench/test_checking.py``."""
WITHOUT = {"endless"}


def bench(*arguments):
    return main(["bench", *map(str, arguments)])


@pytest.fixture(scope="module")
def spider(tmp_path_factory):
    return faulty(tmp_path_factory.mktemp("spider"), "spider", without=WITHOUT)


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    return faulty(tmp_path_factory.mktemp("paper"), "paper", candidates=True, without=WITHOUT)


@pytest.mark.model
@pytest.mark.parametrize("kind", ["e2e", "intrinsic"])
def test_one_run_from_end_to_end_over_every_fault(kind, spider, paper, tmp_path, capsys, tiny_random_model):
    data = spider if kind == "e2e" else paper
    own = [*LIMITS, "--discriminator", tiny_random_model]  # what it judges is what counts here
    own += ["-n", "1", "--max-tokens", "24", "--query-seconds", "3"] if kind == "e2e" else []
    faults = FAULTS.keys() - WITHOUT
    aside = len(faults) + (3 if kind == "e2e" else 4)
    with locked(data):
        assert bench(kind, data, "-o", tmp_path / "run", *own) == 0
        said = capsys.readouterr()
        assert bench(kind, data, "-o", tmp_path / "run", *own, "--strict") == 2
        assert "there is no" in capsys.readouterr().err  # the first fault, in one line
    assert f"set aside: {aside} of {aside + len(MEASURED)} questions" in said.err
    for place in (said.err, said.out):
        assert "gold's result too large" in place
        assert "malformed record" in place
    run = load_run(tmp_path / "run")
    assert [row.item for row in run.rows] == list(MEASURED)
    assert {fault.name.split(" (")[0] for fault in run.set_aside} >= {*faults, "plain", "silent", "homeless"}
    assert run.settings["evaluation_limits"]["seconds"] == 60
    assert run.settings["evaluation_limits"]["rows"] == run.settings["limits"]["rows"] == EVALUATION_LIMITS.rows
    assert run.settings["limits"]["seconds"] == (3 if kind == "e2e" else Limits().seconds)
    if kind == "e2e":
        assert {row.correct_suite is None for row in run.rows} == {False}

    assert bench("diff", tmp_path / "run", tmp_path / "run") == 0
    assert f"A: {aside} of" in capsys.readouterr().out
    if kind == "intrinsic":  # its pages say it in the same words
        return
    assert bench("report", tmp_path / "run", "-o", tmp_path / "report") == 0
    folder = tmp_path / "report"
    names = [fault.name for fault in run.set_aside]
    page = json.loads((folder / "report.json").read_text())
    (told,) = page["runs"]
    assert (told["questions"], told["set_aside"]["questions"]) == (len(MEASURED), aside)
    assert [each["name"] for each in told["set_aside"]["each"]] == names
    with (folder / "set-aside-names.csv").open() as file:
        assert [row["question or instance"] for row in csv.DictReader(file)] == names
    for file in ("report.md", "report.html"):
        text = (folder / file).read_text().replace("\\_", "_")
        assert f"{aside} of {aside + len(MEASURED)} questions are set aside" in text
        assert [name for name in names if name not in text] == []


@pytest.mark.model
def test_a_run_over_nothing_that_can_be_measured_says_why(tmp_path, capsys, builtin_generator):
    (tmp_path / "a.jsonl").write_text(
        json.dumps({"question": "?", "sql": "select nme from singer", "database": "x.sqlite"}) + "\n"
    )
    build(tmp_path / "x.sqlite")
    assert bench("e2e", tmp_path / "a.jsonl", "-o", tmp_path / "run", "-n", "1") == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert "none of 1 questions can be measured; the first, 1: the gold query does not run on x.sqlite" in error


@pytest.mark.model
def test_a_run_whose_questions_all_prove_too_long_says_so(tmp_path, capsys, builtin_generator):
    faulty(tmp_path, "bird")
    line = {"question": "x " * 10_000, "sql": "select 1", "database": "dev_databases/concert/concert.sqlite"}
    (tmp_path / "a.jsonl").write_text(json.dumps(line) + "\n")
    for _ in range(2):  # the second time the run is there already
        assert bench("e2e", tmp_path / "a.jsonl", "-o", tmp_path / "run", "-n", "1", "--no-judge") == 2
        error = capsys.readouterr().err.splitlines()[-1]
        assert "none of 1 questions can be measured; the first, 1: " in error


@pytest.mark.model
def test_compare_makes_the_runs_that_each_method_makes_alone(shop, tmp_path, capsys, builtin_generator):
    methods = ("greedy", "vote", "race")  # all nine: tests/bench/test_running.py
    questions = [("Which customers are in Paris?", "select name from customers where city = 'Paris'")]
    data = tmp_path / "mine.jsonl"
    data.write_text(
        "".join(json.dumps({"question": q, "sql": sql, "database": str(shop)}) + "\n" for q, sql in questions)
    )
    own = [data, "-n", "3", "--budget", "2", "--max-tokens", "16"]
    assert bench("compare", *own, "--methods", ",".join(methods), "-o", tmp_path / "together") == 0
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()[2:5]] == list(methods)
    assert "oracle" in said.lower()
    for method in methods[2:]:
        assert bench("e2e", *own, "--select", method, "-o", tmp_path / method) == 0
        together, alone = load_run(tmp_path / "together" / method), load_run(tmp_path / method)
        assert (together.settings, together.models) == (alone.settings, alone.models)
        assert [row.key for row in together.rows] == [row.key for row in alone.rows]
        for one, other in zip(together.rows, alone.rows, strict=True):
            assert [(c.sql, c.samples, c.label, c.judged) for c in one.candidates] == [
                (c.sql, c.samples, c.label, c.judged) for c in other.candidates
            ]
            # batches of other shapes change low bits
            assert [c.score for c in one.candidates if c.judged] == pytest.approx(
                [c.score for c in other.candidates if c.judged], abs=0.05
            )
    # what one command has made the other goes on with: nothing is left to do
    assert bench("e2e", *own, "--select", "vote", "-o", tmp_path / "together/vote") == 0
    assert "1 of 1" in capsys.readouterr().err
    card = tmp_path / "card.toml"
    card.write_text("[weights]\naccuracy = 3\nlatency = 1\nquery_cost = 1\n")
    capsys.readouterr()
    assert bench("report", tmp_path / "together/vote", "-o", tmp_path / "report", "--scorecard", card) == 0
    marked = capsys.readouterr().out
    assert "accuracy       weight 3" in marked
    assert "query_cost     weight 1" in marked
    assert bench("report", tmp_path / "together/vote", "--scorecard", tmp_path / "none.toml") == 2


# -------------------------------------------------------------------------------------------- options

INERT = [
    # (name, arguments)
    ("a sweep has its budgets", ["sweep", "demo", "--budget", "9"]),
    ("a comparison has its methods", ["compare", "demo", "--select", "vote"]),
    *[
        (f"{command} generates nothing: {option}", [command, "demo", option, value])
        for command in ("intrinsic", "sweep")
        for option, value in [
            ("--generator", "builtin"), ("--candidates", "3"), ("--temperature", "0.3"), ("--top-p", "0.5"),
            ("--max-tokens", "9"), ("--select", "vote"), ("--seed", "1"), ("--constrain", "1"),
            ("--max-seconds", "9"), ("--set", "race.margin=0.2"),
        ]
    ],
    ("a judge cannot be left out where it is measured", ["intrinsic", "demo", "--no-judge"]),
    ("nothing abstains", ["e2e", "demo", "--min-confidence", "0.5"]),
    ("no thought is shown", ["e2e", "demo", "--think", "show"]),
    ("no event is shown", ["compare", "demo", "--verbose"]),
]  # fmt: skip


@pytest.mark.parametrize("arguments", [i[1] for i in INERT], ids=[i[0] for i in INERT])
def test_an_option_that_would_do_nothing_is_not_accepted(arguments, capsys):
    assert bench(*arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no such option" in error.lower()


CONTRADICTIONS = [
    ("scores without a judge", ["e2e", "demo", "--no-judge", "--select", "rerank"], "--no-judge and --select rerank"),
    ("a method without a judge", ["compare", "demo", "--no-judge", "--methods", "vote,tree"], "the method tree"),
    ("a server without its address", ["e2e", "demo", "--engine", "server"], "needs --url"),
    ("an address without a server", ["intrinsic", "demo", "--url", "http://127.0.0.1:1"], "--engine server"),
    ("numbers that need flash attention", ["sweep", "demo", "--kv", "q8_0", "--flash-attention", "off"], "kv is 'q8_0'"),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "said"), [c[1:] for c in CONTRADICTIONS], ids=[c[0] for c in CONTRADICTIONS])
def test_options_that_contradict_each_other_are_refused(arguments, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert bench(*arguments) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.model
def test_a_comparison_without_a_judge_takes_the_methods_that_need_none(tmp_path, capsys, shared_cache):
    assert bench("compare", "demo", "--limit", "1", "-n", "2", "--no-judge", "-o", tmp_path / "c") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[2:6]] == ["vote", "weighted-vote", "greedy", "first"]


@pytest.mark.model
@pytest.mark.parametrize(("methods", "models"), [("vote", 1), ("vote,rerank", 2)])
def test_a_judge_that_was_never_trained_is_asked_by_methods_that_need_its_scores(
    tmp_path, tiny_random_model, methods, models, shared_cache
):
    both = (
        "--generator",
        tiny_random_model,
        "--discriminator",
        tiny_random_model,
        "--max-tokens",
        "3",
        "--threads",
        "1",
    )
    assert bench("compare", "demo", "--limit", "1", "-n", "1", "--methods", methods, *both, "-o", tmp_path / "c") == 0
    run = json.loads((tmp_path / "c" / "vote" / "run.json").read_text())
    assert len(run["models"]) == models


def test_what_a_command_does_not_take_does_not_reach_it_by_the_environment(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANNER_SEED", "not a number")
    assert bench("intrinsic", "nothing.json") == 2
    assert "nothing.json" in capsys.readouterr().err


def test_every_option_of_a_run_is_in_some_benchmark():
    def options(*names):
        command = cli
        for name in names:
            command = command.commands[name]
        return {p.name for p in command.params if isinstance(p, click.Option)}

    left_out = options("ask") & {"think", "verbose", "min_confidence"}
    assert left_out == {"think", "verbose", "min_confidence"}
    assert {"query_seconds", "select", "budget", "seed", "max_seconds"} <= options("bench", "e2e")
    assert {"query_seconds", "budget", "threads", "discriminator"} <= options("bench", "intrinsic")
