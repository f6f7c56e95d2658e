"""What is kept, who can read it, and that redacted and unwanted values are in none of it."""

import io
import json
import os
import sqlite3
import stat
from pathlib import Path

import pytest

from planner_cli.cli import main
from planner_cli.cli.bench import measure
from planner_cli.cli.chat import _typed_file
from planner_cli.database import Database, copying
from planner_cli.errors import ExitCode
from planner_cli.history import history_path, typed_path
from planner_cli.prompts.discriminator import discriminator_prompt
from planner_cli.prompts.generator import generator_prompt
from planner_cli.prompts.judging import View
from planner_cli.prompts.shown import Subject
from planner_cli.types import Candidate, Question
from planner_cli.ui.formats import FORMATS
from tests.running import planner, planner_process
from tests.scripted import ScriptedEngine
from tests.written import write_result

QUESTION = "Show the name of each customer"
SECRETS = ("Anna", "Ben", "Eva")
"""Values of the shop's customers.name."""


@pytest.fixture(autouse=True)
def home(private_home, monkeypatch):
    """A home of its own, caches and temporary files too; everything that a umask would allow is allowed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(private_home / "cache"))
    temporary = private_home / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    before = os.umask(0)
    yield private_home
    os.umask(before)


def ask(shop, *options, run=planner):
    return run("ask", QUESTION, shop, "-n", "1", "--budget", "4", "--max-tokens", "16", *options)


def asking(command, shop) -> list[str]:
    if command == "ask":
        return ["ask", QUESTION, str(shop)]
    questions = shop.with_name("mine.jsonl")
    record = {"question": QUESTION, "sql": "SELECT name FROM customers", "database": str(shop)}
    questions.write_text(json.dumps(record) + "\n")
    return ["bench", "e2e", str(questions), "-o", str(shop.with_name("run"))]


def kept_bytes(home: Path) -> bytes:
    return b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())


def listed(capsys) -> dict[str, dict]:
    assert main(["privacy", "--json"]) == ExitCode.OK
    return {entry["path"]: entry for entry in json.loads(capsys.readouterr().out)}


@pytest.mark.model
@pytest.mark.parametrize("level", ["metadata", "full"])
def test_every_file_that_is_kept_is_listed_and_private_and_purged(home, shop, capsys, level):
    assert ask(shop, "--history", level).returncode == 0
    measure._demo_database()
    files = {str(path) for path in home.rglob("*") if path.is_file()}
    found = listed(capsys)
    assert set(found) == files
    assert {entry["mode"] for entry in found.values()} <= {"-rw-------"}
    assert all(entry["size"] == Path(path).stat().st_size for path, entry in found.items())
    folders = {path.parent for path in map(Path, files)}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} <= {0o700}
    data = kept_bytes(home)
    assert QUESTION.encode() in data
    assert any(secret.encode() in data for secret in SECRETS) == (level == "full")
    assert planner("history", "purge", "--all", "--yes").returncode == 0
    data = kept_bytes(home)
    assert QUESTION.encode() not in data
    assert not any(secret.encode() in data for secret in SECRETS)
    with sqlite3.connect(history_path()) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.model
def test_debugging_puts_no_values_on_the_screen(shop, monkeypatch):
    """Tracebacks and llama.cpp's log: of a run whose answer goes elsewhere."""
    monkeypatch.setenv("PLANNER_DEBUG", "1")
    done = ask(shop, "-o", shop.parent / "answer.csv", "--format", "csv", run=planner_process)
    assert done.returncode == 0
    assert not any(secret in done.stderr + done.stdout for secret in SECRETS)
    assert "Anna" in (shop.parent / "answer.csv").read_text()  # the control


@pytest.mark.parametrize("format_", FORMATS)
def test_a_redacted_column_is_in_no_format(shop, format_):
    with Database.open(shop, redact=["customers.name"]) as database:
        result = database.execute("SELECT name, upper(name), city FROM customers")
    stream = io.StringIO()
    write_result(result.columns, result.rows, format=format_, stream=stream)
    assert not any(secret.lower() in stream.getvalue().lower() for secret in SECRETS)
    assert "Paris" in stream.getvalue()


@pytest.mark.model
def test_a_redacted_column_is_in_no_document_thought_or_history(home, shop):
    done = ask(
        shop, "--redact", "customers.name", "--redact", "orders.total", "--history", "full", "--json", "--think", "show"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["options"]["redacted"] == ["customers.name", "orders.total"]
    for secret in SECRETS:
        assert secret not in done.stdout + done.stderr
        assert secret.encode() not in kept_bytes(home)
    shown = planner("history", "show", "1")
    assert shown.returncode == 0
    assert not any(secret in shown.stdout for secret in SECRETS)


def test_a_redacted_column_is_in_no_prompt(shop):
    engine = ScriptedEngine()
    for redact, expected in (((), True), (("customers.name",), False)):
        with Database.open(shop, redact=redact) as database:
            asked = "Does Anna live in Paris?"
            question = Question(asked, database.schema, database.name, database.mentioned(asked))
            subject = Subject(
                Candidate(0, "SELECT name FROM customers"), database.execute("SELECT name FROM customers")
            )
        prompts = [generator_prompt(name).build(question, engine) for name in ("compact-values", "chat")]
        prompts += [discriminator_prompt(name).build(question, [subject], engine, View()) for name in ("chat", "yesno")]
        text = "".join(span.text for prompt in prompts for span in prompt).replace(asked, "")
        assert any(secret in text for secret in SECRETS) == expected
        assert "Paris" in text  # what is not redacted is shown


@pytest.mark.model
def test_a_redacted_run_goes_on_only_as_it_began(shop, tmp_path):
    """What it redacts is in its settings; that values are in no prompt and row: ``bench/test_running.py``."""
    questions = tmp_path / "mine.jsonl"
    record = {"question": QUESTION, "sql": "SELECT name FROM customers", "database": str(shop)}
    questions.write_text(json.dumps(record) + "\n")
    run = tmp_path / "run"
    options = ["-n", "1", "--no-judge", "--max-tokens", "8", "--redact"]
    done = planner("bench", "e2e", questions, "-o", run, *options, "customers.name")
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "run.json").read_text())["settings"]["redacted"] == ["customers.name"]
    other = planner("bench", "e2e", questions, "-o", run, *options, "customers.city")
    assert other.returncode == 2
    assert "redacted" in other.stderr


COMMANDS = ["ask", "bench"]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_column_that_is_not_there_is_a_line(shop, capsys, command):
    assert main([*asking(command, shop), "--redact", "customers.nme"]) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "no column 'customers.nme' to redact (did you mean customers.name?)" in error


@pytest.mark.parametrize("command", COMMANDS)
def test_the_environment_redacts_too(shop, monkeypatch, capsys, command):
    monkeypatch.setenv("PLANNER_REDACT", "customers.nme")
    assert main(asking(command, shop)) == ExitCode.USAGE
    assert "to redact" in capsys.readouterr().err


NAMED = [
    # what is given, what is said of it
    ('customers.name,"a,b"."c.d"', 'no column \'"a,b"."c.d"\' to redact'),
    ("customers.name, [a, b].c", "no column '[a, b].c' to redact"),
    ("customers.first name", "no column 'customers.first name' to redact (did you mean customers.name?)"),
    ("customers.name orders.total", "no column 'customers.name orders.total' to redact"),
    ('"customers.name"', "no column '\"customers.name\"' to redact"),
    ("`customers`.[nme]", "no column '`customers`.[nme]' to redact (did you mean customers.name?)"),
    ('customers."name', "the quote \" is not closed at the end of 'customers.\"name'"),
    ("customers.name,", "a name is missing at the end of 'customers.name,'"),
    ("customers..name", "a name is missing before '.name'"),
]


@pytest.mark.parametrize("where", ["option", "environment", "configuration"])
@pytest.mark.parametrize(("given", "said"), NAMED)
def test_columns_are_named_the_same_way_everywhere(home, shop, monkeypatch, capsys, where, given, said):
    command = asking("ask", shop)
    if where == "option":
        command += ["--redact", given]
    elif where == "environment":
        monkeypatch.setenv("PLANNER_REDACT", given)
    else:
        config = home / "named.toml"
        config.write_text(f"[defaults]\nredact = ['orders.total', {json.dumps(given)}]\n")
        monkeypatch.setenv("PLANNER_CONFIG", str(config))
    assert main(command) == ExitCode.USAGE
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


def test_what_was_typed_in_a_session_is_listed_and_purged(home, capsys):
    assert _typed_file("off", print) is None
    typed = _typed_file("metadata", print)
    assert typed == typed_path()
    typed.write_text("+select 'zebra'\n")
    assert listed(capsys)[str(typed)]["mode"] == "-rw-------"
    assert main(["history", "purge", "--all", "--yes"]) == ExitCode.OK
    assert b"zebra" not in kept_bytes(home)
    assert not typed.exists()


def test_caches_and_leftovers_are_cleared(home, capsys):
    left = home / "temporary" / "planner-copy-999999999-x"
    (home / "cache" / "planner_cli" / "trials.json").unlink(missing_ok=True)  # there once a test used the tiny model
    for path in (
        home / "cache" / "planner_cli" / "sha256.json",
        left / "copy.sqlite",
        home / "state" / "planner_cli" / "x",
    ):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text("{}")
    assert copying.leftovers() == (left,)
    assert set(listed(capsys)) == {str(home / "cache" / "planner_cli" / "sha256.json"), str(left)}
    assert main(["privacy", "--clear-caches"]) == ExitCode.OK
    assert "nothing is kept" in capsys.readouterr().err
    assert not left.exists()
    assert (home / "state" / "planner_cli" / "x").exists()  # not ours to remove


def test_the_databases_of_a_benchmark_are_one_entry(home, capsys):
    folder = home / "cache" / "planner_cli" / "everyday"
    for name in ("a-1/a.sqlite", "a-1/a-2.sqlite", "b-2/b.sqlite"):
        path = folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(bytes(100))
    ((path, entry),) = [(path, entry) for path, entry in listed(capsys).items() if path.startswith(str(folder))]
    assert (path, entry["size"], entry["holds"]) == (
        str(folder),
        300,
        "3 files: the invented databases of planner bench",
    )
    assert main(["privacy", "--clear-caches"]) == ExitCode.OK
    capsys.readouterr()
    assert str(folder) not in listed(capsys)


def test_the_list_is_for_people_too(home, capsys):
    path = home / "cache" / "planner_cli" / "odd\x1bname"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(bytes(1234))
    path.chmod(0o644)
    assert main(["privacy"]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("        1,234 B  -rw-r--r--  ")
    assert lines[0].endswith("odd\\x1bname")
    assert lines[1].strip() == "a cache; planner privacy --clear-caches"


def test_a_link_takes_none_of_the_bytes_of_its_file(home, tmp_path, capsys):
    model = tmp_path / "big.gguf"
    model.write_bytes(bytes(5000))
    models, cache = home / "data" / "planner_cli" / "models", home / "cache" / "planner_cli"
    for folder in (models, cache):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "linked.bin").symlink_to(model)
    (models / "own.gguf").write_bytes(bytes(30))
    found = listed(capsys)
    assert (found[str(models)]["size"], found[str(models)]["holds"]) == (
        30,
        "1 file and 1 link to files elsewhere: model files",
    )
    entry = found[str(cache / "linked.bin")]
    assert (entry["size"], entry["holds"]) == (0, f"a link to {model}: a cache")
