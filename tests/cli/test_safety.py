"""Consent to a private copy, and what the self-test prints."""

import json
import sqlite3
import subprocess
import sys
from dataclasses import replace

import pytest

from planner_cli.cli import main
from planner_cli.cli.doctor.safety import check_safety
from planner_cli.database import selftest
from planner_cli.errors import ExitCode


def test_the_self_test_is_a_line_a_check(capsys, monkeypatch):
    checks = selftest.run()
    monkeypatch.setattr(selftest, "run", lambda: checks)  # what is printed twice is measured once
    assert main(["doctor", "--safety"]) == ExitCode.OK
    lines = capsys.readouterr().out.splitlines()
    assert "pass    DELETE: refused: DELETE is not allowed, only reading this database is" in lines
    assert check_safety(as_json=True) == ExitCode.OK
    assert len(json.loads(capsys.readouterr().out)) == len(lines)


@pytest.mark.parametrize(("kind", "word", "code"), [("attack", "FAIL", 1), ("file", "FAIL", 1), ("layer", "absent", 0)])
def test_what_did_not_hold_is_said(monkeypatch, capsys, kind, word, code):
    check = selftest.Check("x\x1b", kind, passed=False, detail="y")
    monkeypatch.setattr(selftest, "run", lambda: (replace(check, passed=True), check))
    assert check_safety() == code
    assert capsys.readouterr().out == f"pass    x\\x1b: y\n{word:8}x\\x1b: y\n"


@pytest.fixture
def cut_off(shop):
    """The shop as a writer leaves it that was killed in the middle of a write."""
    code = (
        "import sqlite3, sys, os\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('pragma cache_size=1'); c.execute('begin')\n"
        "c.executemany('insert into orders (total) values (?)', [(i,) for i in range(20000)]); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(shop)], check=False)
    assert shop.with_name(f"{shop.name}-journal").stat().st_size
    return shop


def test_without_consent_it_is_refused(cut_off, capsys):
    assert main(["ask", "How many orders?", str(cut_off)]) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "--private-copy" in captured.err


@pytest.mark.model
def test_with_consent_a_copy_is_read(cut_off, capsys, monkeypatch, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    arguments = ["ask", "How many customers are there?", str(cut_off), "--private-copy", "--no-judge", "-n", "1"]
    assert main([*arguments, "--format", "csv"]) == ExitCode.OK
    captured = capsys.readouterr()
    assert "is read from a private copy of 0." in captured.err
    assert list(temporary.iterdir()) == []
    assert cut_off.with_name(f"{cut_off.name}-journal").stat().st_size
    with sqlite3.connect(cut_off) as connection:  # which rolls back, as the owner's program will
        assert connection.execute("select count(*) from orders").fetchone() == (4,)
    connection.close()
