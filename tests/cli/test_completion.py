"""What a shell completes, as click's own scripts ask for it; and the manual pages."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from contextlib import closing

import click
import pytest

from planner_cli.cli import cli, main
from planner_cli.cli.man import page, roff

COMPLETED = [
    # name, what was typed before, the word that is being typed, what is offered
    ("a command", [], "sch", ["schema"]),
    ("a command of a group", ["models"], "rec", ["recommend"]),
    ("an option", ["ask", "q", "{shop}"], "--cand", ["--candidates"]),
    ("a model", ["ask", "q", "{shop}", "--generator"], "coder-", ["coder-0.5b", "coder-1.5b"]),
    ("a model's name", ["models", "info"], "coder-1", ["coder-1.5b"]),
    ("a choice", ["ask", "q", "{shop}", "--think"], "f", ["fold"]),
    ("a table", ["schema", "{shop}"], "", ["customers", "orders", "größe"]),
    ("a table in other letters", ["schema", "{shop}"], "CUST", ["customers"]),
    ("tables behind a comma", ["ask", "q", "{shop}", "--tables"], "orders,c", ["orders,customers"]),
    ("a column", ["ask", "q", "{shop}", "--redact"], "customers.n", ["customers.name"]),
    ("no table of what is no database", ["schema", "{shop}.txt"], "", []),
    ("no table of what is not there", ["schema", "{shop}.gone"], "", []),
]


def completed(args: list[str], incomplete: str) -> list[str]:
    from click.shell_completion import BashComplete

    return [
        item.value for item in BashComplete(cli, {}, "planner", "_PLANNER_COMPLETE").get_completions(args, incomplete)
    ]


@pytest.fixture
def odd_shop(shop):
    """With tables that would mean something to a shell, and a file that is no database."""
    with closing(sqlite3.connect(shop)) as connection:
        for name in ("größe", "$(touch x)", "a b", "new\nline", "semi;colon"):
            connection.execute(f'create table "{name}" (a)')
        connection.commit()
    shop.with_name(f"{shop.name}.txt").write_text("x" * 100)
    return shop


@pytest.mark.parametrize(("args", "word", "offered"), [c[1:] for c in COMPLETED], ids=[c[0] for c in COMPLETED])
def test_a_shell_is_offered(odd_shop, args, word, offered):
    assert completed([each.format(shop=odd_shop) for each in args], word) == offered


def test_tables_of_the_usual_database_are_offered(shop, capsys):
    assert main(["use", str(shop)]) == 0
    assert completed(["ask", "q", "--tables"], "o") == ["orders"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_of_a_shell_asks_planner(shell, capsys):
    assert main(["completion", shell]) == 0
    assert f"_PLANNER_COMPLETE={shell}_complete" in capsys.readouterr().out
    assert main(["completion", "cmd"]) == 2


# ------------------------------------------------------------------------------------------- manual pages


ROFF = [
    ("a backslash", r"\help lists them", r"\ehelp lists them"),
    ("an option", "--no-judge", r"\-\-no\-judge"),
    ("a dot first", ".sql files", r"\&.sql files"),
    ("a quote first", "'a'", r"\&'a'"),
    ("a home", "~/.zshrc", r"\(ti/.zshrc"),
]


@pytest.mark.parametrize(("text", "shown"), [case[1:] for case in ROFF], ids=[case[0] for case in ROFF])
def test_what_roff_would_take_for_a_request_is_shown(text, shown):
    assert roff(text) == shown


def test_a_page_has_every_option_its_examples_and_the_pages_around_it(capsys):
    assert main(["man", "bench", "e2e"]) == 0
    text = capsys.readouterr().out
    command = cli.commands["bench"].commands["e2e"]
    for param in command.params:
        if isinstance(param, click.Option) and not param.hidden:
            assert roff(param.opts[-1]) in text
    assert roff("planner-bench(1)") in text
    assert main(["man"]) == 0
    text = capsys.readouterr().out
    assert roff("planner-bench(1)") in text
    assert ".SH EXIT STATUS" in text
    assert "\b" not in text
    assert main(["man", "bench", "e2"]) == 2
    assert "did you mean e2e?" in capsys.readouterr().err


def test_the_pages_of_all_commands_are_written(tmp_path, capsys):
    assert main(["man", "-o", str(tmp_path / "man1")]) == 0
    names = {path.stem for path in (tmp_path / "man1").iterdir()}
    assert {"planner", "planner-ask", "planner-bench-e2e", "planner-config-set"} <= names


@pytest.mark.skipif(shutil.which("groff") is None, reason="no groff to read the page with")
def test_groff_has_nothing_to_complain_about():
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww"], input=page(("planner", "chat"), cli.commands["chat"]),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    shown = " ".join(re.sub(".\b", "", done.stdout).split())
    assert "\\help lists them" in shown
    assert "planner chat shop.sqlite --format csv < questions.txt" in shown
