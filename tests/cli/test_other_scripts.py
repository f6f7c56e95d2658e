"""Japanese, Arabic and emoji pass through unharmed: to the models, onto the screen, into files, and back."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing

import pytest
from rich.cells import cell_len

from planner_cli.cli import main
from planner_cli.history import History
from tests.conftest import REPOSITORY
from tests.engine.completions_stub import Stub

pytestmark = pytest.mark.network

QUESTION = "東京の顧客 😀 は何人ですか？ كم عدد العملاء؟"
SQL = 'select "氏名", "الملاحظة" from "顧客" order by rowid'
ROWS = [("田中 太郎", "عميل جيد"), ("鈴木 👩‍👩‍👧", None), ("O'Neil", "😀 مرحبا")]


@pytest.fixture
def customers(tmp_path):
    path = tmp_path / "顧客.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute('create table "顧客" ("氏名" text, -- お客様の氏名\n"الملاحظة" text)')
        connection.executemany('insert into "顧客" values (?, ?)', ROWS)
        connection.commit()
    return path


@pytest.fixture
def ask(customers, capsys):
    """Ask through a server that answers with :data:`SQL`; returns what was printed, and the prompts it got."""

    def run(*options):
        with Stub(llama=False, texts={"```sql\n": SQL}) as stub:
            arguments = ["--engine", "server", "--url", stub.url, "--no-judge", "-n", "1", *options]
            assert main(["ask", QUESTION, str(customers), *arguments]) == 0
            return capsys.readouterr().out, [body["prompt"] for body in stub.completions()]

    return run


def test_the_model_gets_the_question_the_names_the_values_and_the_comment(ask):
    _, (prompt,) = ask("--sql-only")
    for text in (QUESTION, "顧客", "氏名", "الملاحظة", "田中 太郎", "عميل جيد", "お客様の氏名"):
        assert text in prompt


def test_the_query_comes_back_as_it_was_written(ask):
    printed, _ = ask("--sql-only")
    assert printed == f"{SQL}\n"


def test_csv_holds_every_character(ask):
    printed, _ = ask("--format", "csv", "--raw")
    header, *rows = csv.reader(io.StringIO(printed))
    assert header == ["氏名", "الملاحظة"]
    assert [tuple(cell or None for cell in row) for row in rows] == ROWS


@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_json_holds_every_character(ask, format_):
    printed, _ = ask("--format", format_)
    rows = json.loads(printed) if format_ == "json" else [json.loads(line) for line in printed.splitlines()]
    assert [tuple(row.values()) for row in rows] == ROWS


def test_the_columns_of_a_table_are_aligned(ask):
    printed, _ = ask("--format", "table", "--color", "never")
    lines = printed.splitlines()
    assert len({cell_len(line) for line in lines}) == 1
    for text in ("田中 太郎", "عميل جيد", "😀 مرحبا"):
        assert text in printed


def test_markdown_holds_every_character(ask):
    printed, _ = ask("--format", "markdown")
    for text in ("氏名", "الملاحظة", "田中 太郎", "عميل جيد"):
        assert text in printed


def test_the_history_remembers_the_question(ask, capsys):
    ask("--history", "full")
    with History.open(create=False) as history:
        record = history.show(1)
    assert record.question == QUESTION
    assert record.document["answer"]["rows"] == [list(row) for row in ROWS]
    assert main(["history", "list", "--search", "東京", "--json"]) == 0
    assert [entry["question"] for entry in json.loads(capsys.readouterr().out)] == [QUESTION]


def test_tables_are_chosen_by_their_names(ask):
    _, (prompt,) = ask("--tables", "顧客", "--sql-only")
    assert "顧客" in prompt


def test_the_japanese_tutorial_speaks_of_commands_that_exist():
    """Its console lines name options of today's commands."""
    from planner_cli.cli import cli

    text = (REPOSITORY / "README.ja.md").read_text(encoding="utf-8")
    known = {name for option in cli.commands["ask"].params for name in option.opts}
    lines = [line.partition("#")[0] for line in text.splitlines() if line.startswith("$ planner ask")]
    used = {word for line in lines for word in line.split() if word.startswith("--")}
    assert used
    assert used <= known
    groups = [line.split()[2:4] for line in text.splitlines() if line.startswith("$ planner models")]
    assert all(words[1] in cli.commands["models"].commands for words in groups)
