"""Bad input: one clear line, the documented exit code, no traceback."""

import ast
import json
import logging
import os
import shutil
import sqlite3

import pytest

from planner_cli.cli import main
from tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def places(tmp_path_factory, builtin_generator, fast_generator):
    """A folder with one of each thing that is no usable database or model. No command changes it."""
    tmp_path = tmp_path_factory.mktemp("places")
    (tmp_path / "notes.txt").write_text("just some text, long enough to be read as a header of a hundred bytes " * 2)
    (tmp_path / "empty.sqlite").touch()
    sqlite3.connect(tmp_path / "bare.sqlite").executescript("create table t (a); drop table t;").connection.close()
    sqlite3.connect(tmp_path / "good.sqlite").executescript("create table t (a);").connection.close()
    os.mkfifo(tmp_path / "pipe")
    with builtin_generator.path.open("rb") as whole:
        (tmp_path / "half.gguf").write_bytes(whole.read(4 * 2**20))  # all of the header, some of the weights
        (tmp_path / "header.gguf").write_bytes((tmp_path / "half.gguf").read_bytes()[:40])
    (tmp_path / "text.gguf").write_text("not a model")
    return tmp_path


ERRORS = [
    ("missing file", ["ask", "q", "{}/none.sqlite"], 2, "none.sqlite"),
    ("directory", ["ask", "q", "{}"], 2, "directory"),
    ("text file", ["ask", "q", "{}/notes.txt"], 2, "notes.txt"),
    ("empty file", ["ask", "q", "{}/empty.sqlite"], 2, "empty.sqlite"),
    ("fifo", ["ask", "q", "{}/pipe"], 2, "pipe"),
    ("no tables", ["ask", "q", "{}/bare.sqlite"], 2, "no tables"),
    ("empty question", ["ask", " ", "{}/good.sqlite"], 2, "question is empty"),
    ("a question without a command", ["How many are there?"], 2, 'planner ask "..." FILE'),
    (
        "an unknown model to load",
        ["ask", "q", "{}/good.sqlite", "--generator", "codr-1.5b"],
        3,
        "did you mean coder-1.5b",
    ),
    ("an unknown model to look at", ["models", "info", "codr-1.5b"], 3, "did you mean coder-1.5b"),
    ("an unknown model to hash", ["models", "verify", "codr-1.5b"], 3, "did you mean coder-1.5b"),
    ("a mistyped command of a group", ["models", "lst"], 2, "did you mean list"),
    ("a mistyped option", ["ask", "q", "{}/good.sqlite", "--limt", "3"], 2, "did you mean --limit"),
    ("unknown model", ["ask", "q", "{}/good.sqlite", "--generator", "builtn"], 3, "builtn"),
    ("unknown reasoning", ["ask", "q", "{}/good.sqlite", "--reasoning", "deep"], 2, "'deep' is not"),
    ("unknown judge", ["ask", "q", "{}/good.sqlite", "--discriminator", "gpt"], 3, "gpt"),
    ("missing gguf", ["ask", "q", "{}/good.sqlite", "--generator", "{}/none.gguf"], 3, "none.gguf"),
    ("truncated gguf", ["ask", "q", "{}/good.sqlite", "--generator", "{}/half.gguf"], 3, "half.gguf"),
    ("truncated header", ["ask", "q", "{}/good.sqlite", "--discriminator", "{}/header.gguf"], 3, "header.gguf"),
    ("text gguf", ["ask", "q", "{}/good.sqlite", "--generator", "{}/text.gguf"], 3, "text.gguf"),
    ("bad range", ["ask", "q", "{}/good.sqlite", "--top-p", "2"], 2, "top-p"),
    ("bad time", ["ask", "q", "{}/good.sqlite", "--max-seconds", "-1"], 2, "max-seconds"),
    ("no number", ["ask", "q", "{}/good.sqlite", "--budget", "abc"], 2, "'abc' is not a whole number"),
    ("endless time", ["ask", "q", "{}/good.sqlite", "--max-seconds", "inf"], 2, "'inf' is not a finite number"),
    ("no time", ["ask", "q", "{}/good.sqlite", "--query-seconds", "nan"], 2, "'nan' is not a finite number"),
    ("swapped", ["ask", "{}/good.sqlite", "how many?"], 2, "the question comes first"),
    ("no tables named", ["ask", "q", "{}/good.sqlite", "--tables", ""], 2, "names no table"),
    ("a table in quotes", ["ask", "q", "{}/good.sqlite", "--tables", 't, "a,b"'], 2, "no table 'a,b'"),
    ("a table in brackets", ["ask", "q", "{}/good.sqlite", "--tables", "[a.b],t"], 2, "no table 'a.b'"),
    ("a table with a dot", ["ask", "q", "{}/good.sqlite", "--tables", "main.t"], 2, "no table 'main.t'"),
    ("a column for a table", ["ask", "q", "{}/good.sqlite", "--tables", 't."a"'], 2, "no table 't.\"a\"'"),
    ("a table of another letter", ["ask", "q", "{}/good.sqlite", "--tables", "\u0164"], 2, "no table '\u0164'"),
    (
        "a quote that is not closed",
        ["ask", "q", "{}/good.sqlite", "--tables", 't,"a,b'],
        2,
        'the quote " is not closed',
    ),
    ("no name between commas", ["ask", "q", "{}/good.sqlite", "--tables", "t,,u"], 2, "a name is missing before ',u'"),
    ("no name at the end", ["ask", "q", "{}/good.sqlite", "--tables", "t,"], 2, "a name is missing at the end"),
    ("no score to choose by", ["ask", "q", "{}/good.sqlite", "--no-judge", "--select", "race"], 2, "exclude"),
    ("no score for the demo", ["demo", "{}/demo.sqlite", "--no-judge", "--select", "tree"], 2, "exclude"),
    ("document and query", ["ask", "q", "{}/good.sqlite", "--json", "--sql-only"], 2, "exclude"),
    ("document and format", ["ask", "q", "{}/good.sqlite", "--json", "--format", "table"], 2, "exclude"),
    ("a mark for a table", ["ask", "q", "{}/good.sqlite", "--bom"], 2, "--bom is only for csv and tsv"),
    ("a mark for the query", ["ask", "q", "{}/good.sqlite", "--bom", "--format", "csv", "--sql-only"], 2, "--bom"),
    ("answer over the database", ["ask", "q", "{}/good.sqlite", "-o", "{}/good.sqlite"], 2, "is the database"),
    ("answer over a database", ["ask", "q", "{}/good.sqlite", "-o", "{}/bare.sqlite"], 2, "is an SQLite database"),
    ("answer over a model", ["ask", "q", "{}/good.sqlite", "-o", "{}/half.gguf"], 2, "is a model file"),
    ("missing argument", ["ask", "q"], 2, "missing argument 'DATABASE...'"),
    ("unknown option", ["ask", "q", "x", "--selct", "vote"], 2, "--select"),
    ("unknown command", ["aks", "q", "x"], 2, "'aks'"),
    ("demo over a database", ["demo", "{}/good.sqlite", "--no-ask"], 2, "good.sqlite"),
    ("nothing to purge", ["history", "purge"], 2, "--before"),
    ("no such record", ["history", "show", "7"], 2, ""),
    ("model path of a stranger", ["models", "path", "nobody"], 3, "nobody"),
]


@pytest.mark.parametrize(("arguments", "code", "named"), [e[1:] for e in ERRORS], ids=[e[0] for e in ERRORS])
def test_one_line_and_the_right_code(places, capsys, arguments, code, named):
    assert main([a.replace("{}", str(places)) for a in arguments]) == code
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("planner: ")
    assert error.count("\n") == 1
    assert named in error
    assert sorted(p.name for p in places.iterdir()) == sorted(
        ["notes.txt", "empty.sqlite", "bare.sqlite", "good.sqlite", "pipe", "half.gguf", "header.gguf", "text.gguf"]
    )


def test_unreadable_file(tmp_path, capsys):
    if os.geteuid() == 0 or not shutil.which("id"):
        pytest.skip("root reads everything")
    path = tmp_path / "secret.sqlite"
    sqlite3.connect(path).executescript("create table t (a);").connection.close()
    path.chmod(0)
    assert main(["ask", "q", str(path)]) == 2
    assert "secret.sqlite" in capsys.readouterr().err


def test_a_bad_environment_variable_is_named(places, capsys, monkeypatch):
    monkeypatch.setenv("PLANNER_BUDGET", "many")
    assert main(["ask", "q", str(places / "good.sqlite")]) == 2
    assert capsys.readouterr().err.startswith("planner: PLANNER_BUDGET: 'many' is not a whole number")


def test_a_document_is_printed_for_an_error_too(places, capsys):
    assert main(["ask", "q", str(places / "good.sqlite"), "--json", "--generator", "builtn"]) == 3
    out, error = capsys.readouterr()
    made = json.loads(out)
    assert made["answer"] is made["abstained"] is None
    assert made["error"]["exit_code"] == 3
    assert made["error"]["message"] in error
    assert set(made["versions"]) == {"planner", "llama-cpp-python", "sqlite"}


def hints():
    """Every literal part of a ``hint=`` in the source, with where it stands."""
    for path in sorted((REPOSITORY / "planner_cli").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "hint":
                for part in ast.walk(node.value):
                    if isinstance(part, ast.Constant) and isinstance(part.value, str):
                        yield f"{path.name}: {part.value}"


def test_hints_hold_no_parentheses_for_they_stand_in_some():
    assert [hint for hint in hints() if "(" in hint or ")" in hint] == []


def test_debug_shows_the_traceback(places, capsys, monkeypatch):
    monkeypatch.setenv("PLANNER_DEBUG", "1")
    logger = logging.getLogger("planner_cli")  # which writes to this test's standard error from here on
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logger.level)
    assert main(["ask", "q", str(places / "none.sqlite")]) == 2
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.splitlines()[-1].startswith("planner: ")
