"""Which questions show a sign of continuing the one before."""

import json

import pytest

from planner_cli.app.following import may_continue
from tests.conftest import REPOSITORY

MAY = [
    "And in Paris?",
    "only those of 2024",
    "How many are there?",
    "sort them by salary",
    "What about Rome?",
    "which of them is the oldest?",
    "by department",
    "With their prices",
    "show me those",
    "the same for orders instead",
    "total amount?",
    "und nur die offenen?",
]
ALONE = [
    "How many customers are there?",
    "List the names of the employees and their salaries",
    "Which customers are in Berlin?",
    "What are the names of the technicians and how many machines are they assigned to?",
    "今年の注文は何件ですか?",
    "For every student who is registered for some course, how many courses are they registered for?",
]


@pytest.mark.parametrize(("text", "expected"), [*((t, True) for t in MAY), *((t, False) for t in ALONE)])
def test_a_follow_up_is_known_by_its_words(text, expected):
    assert may_continue(text) == expected


def test_questions_that_stand_on_their_own_are_hardly_ever_taken_for_follow_ups():
    path = REPOSITORY.parent / "shared" / "data" / "train" / "questions.jsonl"
    if not path.exists():
        pytest.skip("the training questions are not on this machine")
    questions = [json.loads(line)["question"] for line in path.read_text(encoding="utf-8").splitlines()]
    assert sum(map(may_continue, questions)) <= len(questions) // 200
