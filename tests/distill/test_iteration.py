"""Thoughts of a model's own: which are kept, and what a judge learns of them."""

from __future__ import annotations

import pytest

from models.distill.cases import count_written, find_cases, read_cases, write_cases
from models.distill.iteration import Rounds, cleaned, with_thoughts
from planner_cli.discriminator import Discriminator
from tests.scripted import ScriptedEngine

CLEANED = [
    ("as it is", "The city is compared. It is right.", "The city is compared. It is right."),
    ("lines", "The city\n\n  is compared.\n", "The city is compared."),
    ("answer in a block", 'It counts rows.\n```json\n{"correct": true}\n```', "It counts rows."),
    ("answer", 'It counts rows. {"correct": true}', "It counts rows."),
    ("spaced answer", 'It counts rows. { "correct": true}', "It counts rows."),
    ("nothing but the answer", '{"correct": true}', ""),
    ("a value in braces", "It compares with {x}.", "It compares with {x}."),
]


@pytest.mark.parametrize(("thought", "expected"), [c[1:] for c in CLEANED], ids=[c[0] for c in CLEANED])
def test_the_answer_is_no_part_of_a_thought(thought, expected):
    assert cleaned(thought) == expected


@pytest.fixture(scope="module")
def cases(pack):
    return list(find_cases(pack, [], edits=1, seed=1))


def judge(rounds):
    """``rounds`` are, a session, what is thought of each candidate and P(true) after it."""
    engine = ScriptedEngine()
    for thoughts in rounds:
        engine.enqueue([text for text, _ in thoughts], p_true=[p for _, p in thoughts])
    return Discriminator(engine, "compact-check")


LONG = "it does what is asked for here\n"
SHORT = "it does what is asked\n"
KEPT = [
    # name, rounds of (the right one's thought and P(true), the wrong one's), what is kept of each
    ("both right", [[(LONG, 0.9), ("it asks for another column\n", 0.2)]], (LONG,), ("it asks for another column\n",)),
    ("both wrong", [[(LONG, 0.4), ("it asks for another column\n", 0.7)]], (), ()),
    ("the shorter first", [[(LONG, 0.9), ("no idea\n", 0.9)], [(SHORT, 0.9), ("no idea\n", 0.9)]], (SHORT, LONG), ()),
    ("once", [[(LONG, 0.9), ("no idea\n", 0.9)], [(LONG, 0.8), ("no idea\n", 0.9)]], (LONG,), ()),
    ("cut at the budget", [[("one two three four five six seven eight nine ten", 0.9), ("x\n", 0.9)]], (), ()),
    ("says nothing", [[("yes it is\n", 0.9), ("x\n", 0.9)]], (), ()),
]  # fmt: skip


@pytest.mark.parametrize(("rounds", "right", "wrong"), [c[1:] for c in KEPT], ids=[c[0] for c in KEPT])
def test_thoughts_are_kept_where_they_end_in_the_proven_verdict(pack, cases, rounds, right, wrong):
    asked = Rounds(samples=len(rounds), kept=2, candidates=2, budget=10)
    (found,) = with_thoughts(cases[:1], pack, judge(rounds), asked)
    assert [(c.correct, c.thoughts) for c in found.candidates] == [
        (True, tuple(t.strip() for t in right)),
        (False, tuple(t.strip() for t in wrong)),
    ]


def test_a_round_goes_on_where_it_was_stopped(pack, cases, tmp_path):
    rounds = [[(LONG, 0.9), (LONG, 0.1)] for _ in cases]
    asked = Rounds(samples=1, candidates=2, budget=10)
    whole = list(with_thoughts(cases, pack, judge(rounds), asked))
    path = tmp_path / "thoughts.jsonl"
    write_cases(path, iter(whole[:1]))
    with path.open("a", encoding="utf-8") as file:
        file.write('{"schema": "sho')  # killed in the middle of a line
    assert count_written(path) == 1
    write_cases(path, with_thoughts(cases, pack, judge(rounds[1:]), asked, start=1), append=True)
    assert read_cases(path) == whole
    assert all(c.thoughts == (LONG.strip(),) for case in whole for c in case.candidates)
