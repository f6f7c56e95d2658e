"""``planner config`` and ``planner use``: what is set and where it comes from, changed and checked."""

from __future__ import annotations

import io
import json
import stat

import pytest

from planner_cli.cli import cli, main
from planner_cli.cli.config_file import config_path, load_defaults, spread


@pytest.fixture
def say(capsys):
    """Run one command and return its code, standard output and standard error."""

    def run(*arguments: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([str(each) for each in arguments])
        found = capsys.readouterr()
        return code, found.out, found.err

    return run


def write(text: str) -> None:
    config_path().parent.mkdir(parents=True, exist_ok=True)
    config_path().write_text(text)


SET = [
    # name, key and values, the file then
    ("a number for every command", ["budget", "64"], "[defaults]\nbudget = 64\n"),
    ("for one command", ["ask.budget", "64"], "[ask]\nbudget = 64\n"),
    ("for a group's command", ["bench.e2e.no-judge", "true"], "[bench.e2e]\nno-judge = true\n"),
    ("said in full", ["defaults.seed", "7"], "[defaults]\nseed = 7\n"),
    ("with an underscore", ["top_k", "5"], "[defaults]\ntop-k = 5\n"),
    ("several texts", ["redact", "customers.email", "customers.phone"],
     '[defaults]\nredact = ["customers.email", "customers.phone"]\n'),
    ("several in one", ["tables", "customers,orders"], '[defaults]\ntables = ["customers", "orders"]\n'),
    ("a word for a number", ["gpu-layers", "auto"], '[defaults]\ngpu-layers = "auto"\n'),
    ("a whole number for a number", ["max-seconds", "3"], "[defaults]\nmax-seconds = 3.0\n"),
    ("a flag's negative", ["mend", "off"], "[defaults]\nmend = false\n"),
    ("an option that is no knob", ["format", "csv"], '[defaults]\nformat = "csv"\n'),
    ("a number that is no knob", ["ask.limit", "5"], "[ask]\nlimit = 5\n"),
    ("of a method", ["race.margin", "0.2"], '[defaults]\nset = ["race.margin=0.2"]\n'),
    ("the history's level", ["history", "off"], '[defaults]\nhistory = "off"\n'),
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "text"), [case[1:] for case in SET], ids=[case[0] for case in SET])
def test_what_is_set_is_saved_and_read_again(say, arguments, text):
    assert say("config", "set", *arguments)[0] == 0
    assert config_path().read_text() == text
    assert say("config", "get", arguments[0])[0] == 0
    key = arguments[0]
    assert say("config", "unset", key)[0] == 0
    assert "=" not in config_path().read_text()


REFUSED = [
    # name, arguments, what the line names
    ("an unknown key", ["set", "budgt", "3"], ["'budgt'", "did you mean budget?"]),
    ("to get", ["get", "redcat"], ["'redcat'", "did you mean redact?"]),
    ("to unset", ["unset", "redcat"], ["'redcat'", "did you mean redact?"]),
    ("of a command", ["set", "ask.budgt", "3"], ["planner ask", "'budgt'", "did you mean budget?"]),
    ("of a method", ["set", "race.margn", "3"], ["'race.margn'", "did you mean race.margin?"]),
    ("another command's", ["set", "demo.redact", "a.b"], ["planner demo has no setting 'redact'"]),
    ("a group", ["set", "bench.e2.budget", "3"], ["planner bench e2", "did you mean e2e?"]),
    ("a command to show", ["show", "aks"], ["planner aks", "did you mean ask?"]),
    ("a group to show", ["show", "bench"], ["bench intrinsic"]),
    ("no number", ["set", "budget", "many"], ["budget: 'many' is not a whole number"]),
    ("out of range", ["set", "top-p", "2"], ["top-p", "over 0 and at most 1"]),
    ("no choice", ["set", "format", "cvs"], ["format: 'cvs' is not one of"]),
    ("no boolean", ["set", "no-judge", "perhaps"], ["no-judge: 'perhaps' is not true or false"]),
    ("two values", ["set", "budget", "3", "4"], ["budget: takes one value, not 2"]),
    ("a method's value", ["set", "race.margin", "much"], ["race.margin: 'much' is not a number"]),
    ("a column's name", ["set", "redact", "a..b"], ["redact: a name is missing"]),
]


@pytest.mark.parametrize(("arguments", "named"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_unknown_or_no_value_is_refused_and_nothing_saved(say, arguments, named):
    code, out, error = say("config", *arguments)
    assert (code, out, error.count("\n")) == (2, "", 1)
    assert all(word in error for word in named), error
    assert not config_path().exists()


def test_every_value_is_shown_with_where_it_comes_from(say, monkeypatch):
    write('[defaults]\nseed = 4\ntop-k = 5\nlimit = 9\n[ask]\nseed = 6\nset = ["race.margin=0.1"]\n[demo]\nseed = 1\n')
    monkeypatch.delenv("PLANNER_THREADS")
    monkeypatch.setenv("PLANNER_TOP_K", "7")
    monkeypatch.setenv("PLANNER_HISTORY_LEVEL", "off")
    code, out, _ = say("config", "show", "--json")
    assert code == 0
    assert json.loads(out) == {
        "limit": {"value": 9, "origin": "configuration", "place": "[defaults]"},
        "history": {"value": "off", "origin": "environment", "place": "PLANNER_HISTORY_LEVEL"},
        "top-k": {"value": 7, "origin": "environment", "place": "PLANNER_TOP_K"},
        "seed": {"value": 6, "origin": "configuration", "place": "[ask]"},
        "race.margin": {"value": 0.1, "origin": "configuration", "place": "[ask]"},
    }
    error = say("config", "show")[2]
    assert "(--all); the file has other tables: demo" in error
    assert "seed   1  (configuration [demo])" in say("config", "show", "demo")[1]
    assert "budget" in say("config", "show", "--all")[1]


def test_who_else_sets_what_was_saved_is_said(say, monkeypatch):
    write("[ask]\nbudget = 3\n")
    assert "[ask] sets it too, and wins for planner ask: 3" in say("config", "set", "budget", "4")[2]
    monkeypatch.setenv("PLANNER_BUDGET", "5")
    assert "PLANNER_BUDGET sets it too" in say("config", "set", "ask.budget", "4")[2]
    assert say("config", "get", "budget")[1] == "5\n"


def test_the_rest_of_the_file_stays_and_only_its_user_reads_it(say):
    write("# mine\n[ask]\nlimit = 3 # few\nno_judge = true\n")
    assert say("config", "set", "ask.no-judge", "false")[0] == 0
    assert config_path().read_text() == "# mine\n[ask]\nlimit = 3 # few\nno-judge = false\n"
    assert stat.S_IMODE(config_path().stat().st_mode) == 0o600


def test_settings_of_methods_are_changed_one_by_one(say):
    for key, value in (("race.margin", "0.2"), ("correct.rounds", "3"), ("race.margin", "0.3")):
        assert say("config", "set", key, value)[0] == 0
    assert config_path().read_text() == '[defaults]\nset = ["correct.rounds=3", "race.margin=0.3"]\n'
    assert say("config", "unset", "correct.rounds")[0] == 0
    assert config_path().read_text() == '[defaults]\nset = ["race.margin=0.3"]\n'


def editor(tmp_path, monkeypatch, text: str) -> None:
    """Let $EDITOR be a program that writes this text."""
    (tmp_path / "new.toml").write_text(text)
    script = tmp_path / "editor"
    script.write_text(f'#!/bin/sh\ncp {tmp_path}/new.toml "$1"\n')
    script.chmod(0o700)
    monkeypatch.setenv("VISUAL", str(script))


def test_a_file_that_is_refused_can_be_found_and_mended(say, tmp_path, monkeypatch):
    write("[ask]\nbudgt = 3\n")
    for arguments in (["show"], ["get", "budget"], ["set", "budget", "3"]):
        assert "did you mean budget?" in say("config", *arguments)[2]
    assert say("config", "path")[1] == f"{config_path()}\n"
    editor(tmp_path, monkeypatch, "[ask]\nbudget = 4\n")
    assert say("config", "edit")[::2] == (0, f"saved {config_path()}\n")
    assert say("config", "get", "budget")[1] == "4\n"
    assert say("config", "edit")[::2] == (0, "nothing was changed\n")


def test_an_edit_that_is_refused_changes_nothing(say, tmp_path, monkeypatch):
    write("[ask]\nbudget = 3\n")
    editor(tmp_path, monkeypatch, "[ask]\nbudgt = 4\n")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert say("config", "edit")[0] != 0
    assert config_path().read_text() == "[ask]\nbudget = 3\n"
    assert [path.name for path in config_path().parent.iterdir()] == ["config.toml"]


# --------------------------------------------------------------------------------------- the usual database


def test_the_usual_database_is_asked_where_none_is_named(say, shop, tmp_path, monkeypatch):
    assert say("sql", "select 1")[0] == 2
    assert "planner use FILE" in say("sql", "select 1")[2]
    monkeypatch.chdir(shop.parent)
    assert say("use", shop.name)[0] == 0
    monkeypatch.chdir(tmp_path.parent)  # it is kept as an absolute path
    assert say("use")[1] == f"{shop}\n"
    assert say("sql", "select count(*) from customers", "--format", "csv")[1] == "count(*)\n3\n"
    assert say("schema", "--format", "csv")[1].splitlines()[1].startswith("customers,")
    assert say("schema", "orders", "--format", "csv")[1].splitlines()[1].startswith("orders,")
    assert say("schema", "ordrs")[::2] == (2, f"planner: {shop}: no table 'ordrs' (did you mean orders?)\n")
    assert say("config", "get", "default-database")[1] == f"{shop}\n"
    assert say("use", "--unset")[0] == 0
    assert say("use")[0] == 2
    assert say("schema")[0] == 2


def test_a_file_is_no_question_about_the_usual_database(say, shop, tmp_path):
    assert say("use", shop)[0] == 0
    assert say("ask", shop)[::2] == (
        2,
        f'planner: {shop} is a file: the question is missing (planner ask "..." FILE)\n',
    )


def test_a_database_that_is_named_wins(say, shop, tmp_path):
    other = tmp_path / "other.sqlite"
    other.write_bytes(shop.read_bytes())
    assert say("use", other)[0] == 0
    other.unlink()
    assert say("sql", "select 1", shop)[0] == 0
    assert str(other) in say("sql", "select 1")[2]


def test_what_is_no_database_is_not_used(say, tmp_path):
    path = tmp_path / "notes.sqlite"
    path.write_text("not a database" * 100)
    assert say("use", path)[0] == 2
    assert not config_path().exists()


@pytest.mark.parametrize("text", ["default-database = 3", 'default-database = ["a.sqlite"]'])
def test_a_usual_database_that_is_no_path_is_refused(say, text):
    write(f"[defaults]\n{text}\n")
    assert "planner use FILE sets it" in say("history", "path")[2]


def test_the_usual_database_is_none_of_a_benchmark(say, shop):
    assert say("use", shop)[0] == 0
    found = spread(load_defaults(), cli)
    assert found["ask"] == {"database": str(shop)}
    assert found["bench"]["e2e"] == {}
