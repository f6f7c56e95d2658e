"""``planner calibrate``: from marks and from runs to a confidence, and back."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from cli_values import ANSWER

from planner_cli.app.calibrated import keep_weights, weights_of, weights_path
from planner_cli.bench.rows import ItemRow
from planner_cli.bench.store import RunInfo, RunWriter
from planner_cli.cli import main
from planner_cli.confidence import GENERAL, Evidence, Weights
from planner_cli.history import History
from planner_cli.settings import PlanSettings
from planner_cli.types import ModelInfo

WRITER = ModelInfo("generator", "own", "own.gguf", "a" * 64, None, None, "qwen2 0.5B", None, "CPU", "chat")
JUDGE = replace(WRITER, role="discriminator", adapter="judge.gguf", adapter_sha256="b" * 64)
PAIR = [asdict(WRITER), asdict(JUDGE)]


def evidence(right, i):
    """Right answers are the likelier ones, but for one in seven."""
    return Evidence(probability=-0.5 if right != (i % 7 == 0) else -4.0, agreement=0.5)


def asked(count, *, models=(WRITER, JUDGE), mark=True):
    """Questions in the history, every other one marked right."""
    with History.open() as history:
        for i in range(count):
            right = i % 2 == 0
            answer = replace(ANSWER, evidence=evidence(right, i), confidence=0.5)
            number = history.record(question=f"q{i}", database=Path("shop.sqlite"), answer=answer, models=models,
                                    settings=PlanSettings(), level="metadata")  # fmt: skip
            if mark:
                history.mark(number, "right" if right else "wrong")


def run(path, count, *, models=PAIR, with_evidence=True):
    info = RunInfo(kind="e2e", settings={}, models=tuple(models), versions={}, dataset={"name": "own"})
    with RunWriter(path, info) as writer:
        for i in range(count):
            right = i % 2 == 0
            facts = asdict(evidence(right, i)) if with_evidence else None
            writer.write(
                ItemRow(
                    key=str(i),
                    item=str(i),
                    database=f"db{i % 3}",
                    question="q",
                    gold=None,
                    correct=right,
                    evidence=facts,
                )
            )
    return path


def test_marks_become_a_confidence_and_can_be_forgotten(capsys):
    asked(40)
    assert main(["calibrate"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("own: 40 answers, 50% of them right\n")
    assert "right of those with 0.8 or more" in said
    learnt = weights_of(PAIR)
    assert learnt.p_right(evidence(True, 1)) > 0.6
    assert learnt.p_right(evidence(False, 2)) < 0.4
    assert weights_path().stat().st_mode & 0o777 == 0o600
    assert weights_of(PAIR[:1]) == GENERAL
    assert main(["calibrate", "--forget"]) == 0
    assert weights_of(PAIR) == GENERAL


def test_only_marks_of_the_newest_pair_count(capsys):
    asked(30, models=(WRITER,))
    asked(20)
    assert main(["calibrate", "--json", "--dry-run"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["learnt"]["count"], made["kept"]) == (20, False)
    assert made["models"] == PAIR
    assert not weights_path().exists()


def test_runs_teach_too(tmp_path, capsys):
    runs = [run(tmp_path / "one", 30), run(tmp_path / "two", 30)]
    assert main(["calibrate", *map(str, runs), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["learnt"]["count"] == 60
    assert made["learnt"]["ece"] < 0.2
    assert weights_of(PAIR) == Weights(**made["weights"])


REFUSED = [
    # name, what there is, arguments, what is said
    ("nothing was asked", lambda _: None, [], "no question in the history is marked"),
    ("nothing is marked", lambda _: asked(30, mark=False), [], "no question in the history is marked"),
    ("too few marks", lambda _: asked(10), [], "10 answers of own, 5 of them right: that is too little"),
    ("runs of two pairs", lambda p: [run(p / "one", 30), run(p / "two", 30, models=PAIR[:1])], ["one", "two"],
     "two has other models than"),
    ("a run without evidence", lambda p: run(p / "one", 30, with_evidence=False), ["one"], "no answers with the evidence"),
    ("no run", lambda _: None, ["one"], "one"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "make", "arguments", "said"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_teaches_nothing_is_refused_in_one_line(name, make, arguments, said, tmp_path, capsys):
    make(tmp_path)
    assert main(["calibrate", *(str(tmp_path / each) for each in arguments)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert not weights_path().exists()


def test_a_damaged_file_is_named():
    keep_weights(PAIR, Weights(1.0))
    weights_path().write_text('{"generator": 1}')
    with pytest.raises(Exception, match="is damaged") as caught:
        weights_of(PAIR)
    assert caught.value.hint == "remove it; planner calibrate makes it again"
