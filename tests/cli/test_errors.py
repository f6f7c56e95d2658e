"""Bad input: one clear line, the documented exit code, no traceback."""

import os
import shutil
import sqlite3

import pytest

from planner_cli.cli import main


@pytest.fixture
def places(tmp_path, builtin_generator):
    """A folder with one of each thing that is no usable database or model."""
    (tmp_path / "notes.txt").write_text("just some text, long enough to be read as a header of a hundred bytes " * 2)
    (tmp_path / "empty.sqlite").touch()
    sqlite3.connect(tmp_path / "bare.sqlite").executescript("create table t (a); drop table t;").connection.close()
    sqlite3.connect(tmp_path / "good.sqlite").executescript("create table t (a);").connection.close()
    os.mkfifo(tmp_path / "pipe")
    whole = builtin_generator.path.read_bytes()
    (tmp_path / "half.gguf").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "header.gguf").write_bytes(whole[:40])
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
    ("unknown model", ["ask", "q", "{}/good.sqlite", "--generator", "builtn"], 3, "builtn"),
    ("unknown judge", ["ask", "q", "{}/good.sqlite", "--discriminator", "gpt"], 3, "gpt"),
    ("missing gguf", ["ask", "q", "{}/good.sqlite", "--generator", "{}/none.gguf"], 3, "none.gguf"),
    ("truncated gguf", ["ask", "q", "{}/good.sqlite", "--generator", "{}/half.gguf"], 3, "half.gguf"),
    ("truncated header", ["ask", "q", "{}/good.sqlite", "--discriminator", "{}/header.gguf"], 3, "header.gguf"),
    ("text gguf", ["ask", "q", "{}/good.sqlite", "--generator", "{}/text.gguf"], 3, "text.gguf"),
    ("bad range", ["ask", "q", "{}/good.sqlite", "--top-p", "2"], 2, "top-p"),
    ("bad time", ["ask", "q", "{}/good.sqlite", "--max-seconds", "-1"], 2, "max-seconds"),
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


def test_click_errors_are_usage_errors(capsys):
    assert main(["ask", "q"]) == 2
    assert main(["ask", "q", "x", "--selct", "vote"]) == 2
    assert "--select" in capsys.readouterr().err


def test_debug_shows_the_traceback(places, capsys, monkeypatch):
    monkeypatch.setenv("PLANNER_DEBUG", "1")
    assert main(["ask", "q", str(places / "none.sqlite")]) == 2
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.splitlines()[-1].startswith("planner: ")
