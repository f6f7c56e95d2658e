"""``--set NAME=VALUE``: the thresholds of single planning methods."""

from __future__ import annotations

from dataclasses import fields

import pytest

from planner_cli.app.choices import Choices, method_settings
from planner_cli.app.settings import KNOBS
from planner_cli.cli import main
from planner_cli.errors import PlannerError
from planner_cli.settings import PlanSettings


def plan(*texts):
    said = {knob.keyword: value for knob, value in method_settings(texts)}
    return Choices({"command line": {"seed": 3, **said}}).settings().plan


def test_every_threshold_of_a_method_can_be_set():
    defaults = PlanSettings()
    groups = {"race": defaults.discriminator.race, "correct": defaults.correct, "tree": defaults.tree}
    names = [knob.name for knob in KNOBS if knob.group == "method"]
    assert names == [f"{group}.{f.name}" for group, value in groups.items() for f in fields(value)]


def test_what_is_set_arrives_and_the_rest_stays():
    chosen = plan("race.margin=0.2", "correct.rounds=5", "tree.width=2", "correct.rounds=6")
    assert (chosen.discriminator.race.margin, chosen.correct.rounds, chosen.tree.width, chosen.seed) == (0.2, 6, 2, 3)
    assert chosen.discriminator.race.slice == PlanSettings().discriminator.race.slice
    assert plan() == PlanSettings(seed=3)


OUT_OF_RANGE = [
    ("race.slice", 0), ("race.margin", 0.0), ("race.margin", float("nan")), ("race.stable", float("nan")),
    ("correct.rounds", 0), ("correct.good", 2.0), ("correct.patience", 0), ("tree.expansions", 0),
    ("tree.width", 65), ("tree.good", float("nan")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE)
def test_a_value_out_of_range_is_refused(name, value):
    with pytest.raises(PlannerError, match="must be"):
        Choices({"command line": {name.replace(".", "_"): value}}).settings()


BAD = [
    ("unknown", "race.speed=1", "known: race.slice"),
    ("no value", "race.slice", "is not a whole number"),
    ("not whole", "correct.rounds=2.5", "is not a whole number"),
    ("no number", "race.margin=wide", "is not a number"),
]


@pytest.mark.parametrize(("value", "named"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_settings_are_one_line(value, named, capsys):
    assert main(["bench", "e2e", "demo", "--set", value]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error
