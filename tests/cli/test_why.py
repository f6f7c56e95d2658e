"""``planner why``: from the history, without a model."""

from __future__ import annotations

import json
import sqlite3

import pytest

from planner_cli.cli import main
from planner_cli.history import History
from planner_cli.settings import PlanSettings
from planner_cli.types import Answer, Candidate, Cluster, Execution, Ranked, Thought, Verdict

pytestmark = pytest.mark.usefixtures("private_home")
ALL, SOME = "select name from customers", "select name from customers where city <> 'Rome'"
ROWS = Execution(("name",), (("Anna",),))


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("create table customers (name text, city text)")
        connection.execute("insert into customers values ('Anna', 'Paris'), ('Ben', 'Rome'), ('Cleo', null)")
    connection.close()
    return path


def ask(path, *queries):
    """A question in the history, with a result for each query."""
    count = len(queries)
    answer = Answer(
        candidates=tuple(Candidate(at, sql, samples=count - at) for at, sql in enumerate(queries)),
        executions=(ROWS,) * count,
        clusters=tuple(Cluster(at, (at,), count - at) for at in range(count)),
        verdicts=tuple(Verdict(0.75 - at / 4, True, 1.0, Thought("", 0, "budget")) for at in range(count)),
        ranking=tuple(Ranked(at, at, count - at, 0.75 - at / 4) for at in range(count)),
        best=0 if queries else None,
        confidence=0.5,
        vote_share=0.5,
        reason="",
    )
    with History.open() as history:
        history.record(
            question="Who?", database=path, answer=answer, models=(), settings=PlanSettings(), level="metadata"
        )


def test_the_losers_whole_and_the_rows_that_separate_the_first_two(shop, capsys):
    ask(shop, ALL, SOME)
    before = shop.read_bytes()
    assert main(["why", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    first, second = made["results"]
    assert (first["sql"], first["samples"], first["score"], first["rows"]) == (
        ALL,
        2,
        0.75,
        [["Anna"], ["Ben"], ["Cleo"]],
    )
    assert (second["rows"], [doubt["kind"] for doubt in second["doubts"]]) == ([["Anna"]], ["nulls"])
    separation = made["separation"]
    assert [(each["table"], len(each["rows"])) for each in separation["tables"]] == [("customers", 1)]
    assert (len(separation["answer"]["rows"]), separation["other"]["rows"], separation["smallest"]) == (1, [], True)
    assert shop.read_bytes() == before


def test_in_words(shop, capsys):
    ask(shop, ALL, SOME)
    assert main(["why", "1"]) == 0
    out = capsys.readouterr().out
    for said in (
        "the answer, 2 samples, score 0.75", "number 2, 1 sample, score 0.50",
        "where city <> 'Rome'  where the answer has  nothing", "city <> 'Rome' leaves out one row where city is NULL",
        "the answer and number 2 differ on 1 row of yours:", "there the answer gives 1 row:", "there number 2 gives 0 rows",
    ):  # fmt: skip
        assert said in out


ERRORS = [
    ("nothing asked", None, [], "nothing has been asked yet"),
    ("no answer", (), [], "question 1 has no answer"),
    ("no such question", (ALL,), ["7"], "there is no question 7 in the history"),
]


@pytest.mark.parametrize(
    ("queries", "arguments", "said"), [case[1:] for case in ERRORS], ids=[case[0] for case in ERRORS]
)
def test_what_cannot_be_explained(shop, capsys, queries, arguments, said):
    if queries is not None:
        ask(shop, *queries)
    assert main(["why", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_a_single_result_has_nothing_to_be_told_from(shop, capsys):
    ask(shop, ALL)
    assert main(["why"]) == 0
    assert "differ" not in capsys.readouterr().out
