from __future__ import annotations

from dataclasses import fields

import pytest

from planner_cli.cli import main
from planner_cli.cli.method_settings import NAMES, check_set, with_method_settings
from planner_cli.errors import PlannerError
from planner_cli.settings import PlanSettings


def test_every_threshold_of_a_method_can_be_set():
    plan = PlanSettings()
    groups = {"race": plan.discriminator.race, "correct": plan.correct, "tree": plan.tree}
    assert list(NAMES) == [f"{group}.{f.name}" for group, value in groups.items() for f in fields(value)]


def test_what_is_set_arrives_and_the_rest_stays():
    chosen = check_set(None, None, ("race.margin=0.2", "correct.rounds=5", "tree.width=2", "correct.rounds=6"))
    plan = with_method_settings(PlanSettings(seed=3), chosen)
    assert (plan.discriminator.race.margin, plan.correct.rounds, plan.tree.width, plan.seed) == (0.2, 6, 2, 3)
    assert plan.discriminator.race.slice == PlanSettings().discriminator.race.slice
    assert with_method_settings(PlanSettings(), ()) == PlanSettings()


OUT_OF_RANGE = [
    ("race.slice", 0), ("race.margin", 0.0), ("race.margin", float("nan")), ("race.stable", float("nan")),
    ("correct.rounds", 0), ("correct.good", 2.0), ("correct.patience", 0), ("tree.expansions", 0),
    ("tree.width", 65), ("tree.good", float("nan")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), OUT_OF_RANGE)
def test_a_value_out_of_range_is_refused(name, value):
    with pytest.raises(PlannerError, match="must be"):
        with_method_settings(PlanSettings(), ((name, value),))


BAD = [
    ("unknown", "race.speed=1", "known: race.slice"),
    ("no value", "race.slice", "must be a whole number"),
    ("not whole", "correct.rounds=2.5", "must be a whole number"),
    ("no number", "race.margin=wide", "must be a number"),
]


@pytest.mark.parametrize(("value", "named"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_bad_settings_are_one_line(value, named, capsys):
    assert main(["bench", "e2e", "demo", "--set", value]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert named in error
