"""The small commands, and what they say on standard output and error."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_values import ANSWER

from planner_cli.cli import main
from planner_cli.cli.results import abstained, print_warnings
from planner_cli.cli.screen import ScreenSettings
from planner_cli.history import History
from planner_cli.settings import PlanSettings


def keep(level):
    with History.open() as history:
        return history.record(
            question="How many?",
            database=Path("shop.sqlite"),
            answer=ANSWER,
            models=(),
            settings=PlanSettings(),
            level=level,
        )


def test_history_says_what_was_not_kept_and_how_many_rows_there_were(capsys):
    for level, rows, columns in (("metadata", None, None), ("full", [[3]], ["count(*)"])):
        number = keep(level)
        assert main(["history", "show", str(number)]) == 0
        made = json.loads(capsys.readouterr().out)
        assert (made["answer"]["rows"], made["answer"]["columns"], made["answer"]["row_count"]) == (rows, columns, 1)
        assert made["candidates"][0]["execution"]["rows"] == rows
        assert made["warnings"] == ["time \x1bran out"]
        assert set(made["versions"]) == {"planner"}


def test_history_list_and_show_name_things_alike(capsys):
    keep("full")
    assert main(["history", "list", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert main(["history", "show", "1"]) == 0
    shown = json.loads(capsys.readouterr().out)
    for key in ("id", "asked_at", "level", "path", "question", "database"):
        assert listed[key] == shown[key]
    assert listed["database"] == "shop.sqlite"
    assert listed["path"] == str(Path("shop.sqlite").absolute())
    for key in ("sql", "confidence", "vote_share"):
        assert listed[key] == shown["answer"][key]


def test_an_empty_history_says_so(capsys):
    for _ in range(2):
        assert main(["history", "list"]) == 0
        assert capsys.readouterr() == ("", "nothing has been asked yet\n")
        History.open().close()  # the second time the file is there, and empty
    keep("metadata")
    assert main(["history", "list", "--search", "paris"]) == 0
    assert capsys.readouterr() == ("", "nothing found\n")


def test_purging_what_is_not_there_says_so_before_anything_else(capsys):
    number = keep("metadata")
    assert main(["history", "purge", str(number), "98", "99"]) == 2
    assert "there is no question 98, 99" in capsys.readouterr().err
    assert main(["history", "purge", str(number), "--yes"]) == 0


def test_models_list_ends_in_a_line_of_its_own(capsys):
    assert main(["models", "list"]) == 0
    error = capsys.readouterr().err
    assert "\\n" not in error
    empty, states, pull = error.splitlines()
    assert empty == ""
    assert states.startswith("sha256: verified, ")
    assert pull.startswith("planner models pull NAME")


def test_the_demo_is_built_once(tmp_path, capsys):
    path = tmp_path / "demo.sqlite"
    arguments = ["demo", str(path), "--no-ask"]
    assert main(arguments) == 0
    before = path.stat().st_mtime_ns
    assert main(arguments) == 0
    assert capsys.readouterr().err == f"built {path}\n{path} is there already, unchanged\n"
    assert path.stat().st_mtime_ns == before
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM payments")
        connection.commit()
    assert main(arguments) == 2
    assert "was changed" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0


def test_warnings_go_where_no_screen_shows_them(capsys):
    options = {"verbose": False, "quiet": False, "think": None, "color": "never"}
    for changes, told in (({}, True), ({"quiet": True}, False), ({"verbose": True}, False)):
        print_warnings(ScreenSettings(**{**options, **changes}), ANSWER)
        assert capsys.readouterr().err == ("planner: note: time \\x1bran out\n" if told else "")


def test_the_line_about_abstaining_has_no_parentheses_in_parentheses():
    error = abstained(ANSWER, 0.5)
    assert error.hint is None
    assert error.message.endswith("it was: select count(*) from t")
    assert error.exit_code == 4


@pytest.mark.parametrize("arguments", [[], ["history"]], ids=["planner", "planner history"])
def test_a_command_alone_shows_its_help(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("Usage: planner")


def test_a_configuration_file_is_named_when_a_value_in_it_is_wrong(tmp_path, monkeypatch, capsys, shop):
    config = tmp_path / "config.toml"
    config.write_text("[ask]\nbudget = 1.5\n")
    monkeypatch.setenv("PLANNER_CONFIG", os.fspath(config))
    assert main(["ask", "q", str(shop)]) == 2
    assert capsys.readouterr().err.startswith(f"planner: {config}: [ask] budget: 1.5 is not a whole number")
