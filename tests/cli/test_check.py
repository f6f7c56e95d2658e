"""``planner check`` on the built-in models: what it prints, and the exit codes."""

from __future__ import annotations

import io
import json

import pytest

from planner_cli import Planner
from planner_cli.cli import main
from tests.running import planner

pytestmark = pytest.mark.usefixtures("shared_cache")

QUESTION = "How many customers are there?"
RIGHT, WRONG = "select count(*) from customers", "select count(*) from orders"
QUICK = ("-n", "2", "--budget", "0", "--tables", "customers,orders")


@pytest.mark.model
def test_a_right_query_from_a_file(demo_database, tmp_path):
    path = tmp_path / "query.sql"
    path.write_bytes(f"\ufeff-- of mine\n{RIGHT};\n".encode())
    before = demo_database.read_bytes()
    done = planner("check", QUESTION, path, demo_database, "--format", "csv", "--min-confidence", "0.5", *QUICK)
    assert (done.returncode, done.stdout.splitlines()) == (0, ["count(*)", "150"])
    assert "2 of 2 samples give its result; the only result" in done.stderr
    assert "likelier" not in done.stderr
    assert demo_database.read_bytes() == before


@pytest.mark.model
def test_a_wrong_query_from_standard_input_and_a_better_one(demo_database, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.StringIO(WRONG))
    assert main(["check", QUESTION, "-", str(demo_database), "--json", "--min-confidence", "0.5", *QUICK]) == 4
    made = json.loads(capsys.readouterr().out)
    assert (made["answer"], made["abstained"]["sql"], made["abstained"]["rows"]) == (None, WRONG, [[1100]])
    assert made["abstained"]["confidence"] < 0.5
    assert made["candidates"][0]["verdict"]["score"] < 0.5
    assert made["error"]["exit_code"] == 4
    assert (made["candidates"][0]["sql"], made["candidates"][0]["samples"]) == (WRONG, 0)
    assert made["check"]["sql"] == WRONG
    assert (made["check"]["better"]["sql"], made["check"]["better"]["rows"]) == (RIGHT, [[150]])
    assert made["check"]["better"]["confidence"] > 0.5


OUTCOMES = [
    ("wrong, below the threshold", WRONG, ("--min-confidence", "0.9"), 4, "--min-confidence is 0.9", True),
    ("does not run", "select count(*) from orders where colour = 1", (), 1, "the given query cannot be executed: no such column: colour", True),
    ("tries to write", "delete from orders", (), 5, "the given query cannot be executed: refused: DELETE", True),
    ("nobody judges", WRONG, ("--no-judge",), 0, "not judged \u00b7 0 of 2 samples give its result; number 2 of 2 results", True),
    ("quiet", WRONG, ("-q",), 0, "", False),
]  # fmt: skip


@pytest.mark.model
@pytest.mark.parametrize(
    ("sql", "options", "code", "said", "likelier"), [case[1:] for case in OUTCOMES], ids=[case[0] for case in OUTCOMES]
)
def test_outcomes(demo_database, sql, options, code, said, likelier):
    done = planner("check", QUESTION, sql, demo_database, *QUICK, *options)
    assert done.returncode == code
    assert said in done.stderr
    assert (f":\n{RIGHT}\n" in done.stderr) is likelier
    assert ("1100" in done.stdout) is (code in {0, 4})
    assert (done.stdout == "") is (code in {1, 5})


@pytest.mark.model
def test_the_same_from_python(demo_database):
    with Planner.open(
        demo_database, pair="builtin", budget=0, candidates=2, tables=["customers", "orders"], threads=1
    ) as opened:
        found = opened.check(QUESTION, WRONG)
        assert (found.sql, found.execution.rows, found.answer.sql) == (WRONG, ((1100,),), WRONG)
        assert found.confidence < 0.5 < found.better.confidence
        assert found.better.sql == RIGHT
        assert opened.check(QUESTION, RIGHT).better is None
        assert opened.ask(QUESTION).sql == RIGHT  # nothing of a check stays


USAGE = [
    ("no such file", "none.sql", "there is no file none.sql"),
    ("the database", "{demo}", "is a database: the query comes before it"),
    ("an empty file", "empty.sql", "the query is empty"),
    ("nothing", " ", "the query is empty"),
]


@pytest.mark.parametrize(("sql", "message"), [case[1:] for case in USAGE], ids=[case[0] for case in USAGE])
def test_what_is_no_query_is_said_before_anything_is_loaded(demo_database, tmp_path, monkeypatch, sql, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty.sql").write_bytes(b"-- nothing\n")
    done = planner("check", QUESTION, sql.format(demo=demo_database), demo_database)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert message in line
