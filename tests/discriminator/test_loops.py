from __future__ import annotations

import pytest

from planner_cli.discriminator.loops import loops

SENTENCE = "The query counts customers. "
TEXTS = [
    # name, text, whether it loops
    ("nothing", "", False),
    ("a thought", "The question asks for a count. The query counts customers, so it is right.", False),
    ("twice is emphasis", "So. " + SENTENCE * 2, False),
    ("three times", "So. " + SENTENCE * 3, True),
    ("cut within the fourth", "So. " + SENTENCE * 3 + SENTENCE[:9], True),
    ("but gone on since", SENTENCE * 3 + "Therefore the answer is right.", False),
    ("numbers in a circle", "1, 2, " * 8, True),
    ("counting", ", ".join(map(str, range(60))), False),
    ("a rule of dashes", "| a | b |\n" + "-" * 200, False),
    ("a table's rule", "|-----" * 40, False),
    ("rows that differ", "".join(f"[{n}, 'name {n}']\n" for n in range(20)), False),
    ("one long passage", ("word" + " word" * 70 + str(1) + ". ") * 3, True),
    ("too long a passage", (" ".join(map(str, range(200))) + ". ") * 3, False),
]


@pytest.mark.parametrize(("text", "expected"), [t[1:] for t in TEXTS], ids=[t[0] for t in TEXTS])
def test_loops(text, expected):
    assert loops(text) is expected
