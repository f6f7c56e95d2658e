"""One declaration of a setting, and what is derived from it."""

from collections import Counter
from typing import get_type_hints

import click
import pytest

from planner_cli.app.keywords import Keywords
from planner_cli.app.settings import KNOBS, Settings
from planner_cli.cli import cli
from planner_cli.cli.knob_options import KnobOption
from planner_cli.errors import PlannerError
from planner_cli.knobs import Range

RANGES = [
    (Range(1), "1 or more", [1, 1e9], [0, -1, float("inf"), float("nan")]),
    (Range(0, low_open=True), "over 0", [1e-9], [0, float("inf")]),
    (Range(1, 64), "between 1 and 64", [1, 64], [0, 65]),
    (Range(0, 1, low_open=True), "over 0 and at most 1", [0.5, 1], [0, 1.1]),
    (Range(0, 1, high_open=True), "0 or more and under 1", [0, 0.9], [1]),
]


@pytest.mark.parametrize(("allowed", "text", "inside", "outside"), RANGES, ids=[r[1] for r in RANGES])
def test_ranges(allowed, text, inside, outside):
    assert str(allowed) == text
    assert all(value in allowed for value in inside)
    assert not any(value in allowed for value in outside)


def test_names_are_told_apart():
    for name in ("name", "keyword", "variable", "path"):
        assert [value for value, count in Counter(getattr(k, name) for k in KNOBS).items() if count > 1] == []
    assert all(knob.told.help.endswith((".", ")", "...")) for knob in KNOBS)


def test_the_defaults_are_taken_by_the_knobs_themselves():
    for knob in KNOBS:
        if knob.default != ():
            assert knob.check(knob.default) == knob.default, knob.name


def test_a_settings_class_has_the_ranges_of_its_knobs():
    for knob in KNOBS:
        if knob.told.within is None:
            continue
        holder = Settings()
        for name in knob.path[:-1]:
            holder = getattr(holder, name)
        with pytest.raises(PlannerError, match="must be"):
            type(holder)(**{**({"url": "x"} if hasattr(holder, "url") else {}), knob.path[-1]: -1})


def test_the_keyword_arguments_are_the_knobs():
    assert list(get_type_hints(Keywords)) == [knob.keyword for knob in KNOBS]


def commands(group=cli):
    for command in group.commands.values():
        yield from commands(command) if isinstance(command, click.Group) else [command]


def test_ask_takes_every_knob():
    taken = {option.knob.name for option in cli.commands["ask"].params if isinstance(option, KnobOption)}
    assert {knob.name for knob in KNOBS if knob.group != "method"} <= taken


@pytest.mark.parametrize("command", ["ask", "demo"])
def test_help_fits_on_a_screen_and_help_all_has_the_rest(command, capsys):
    from planner_cli.cli import main

    assert main([command, "--help"]) == 0
    short = capsys.readouterr().out
    assert short.count("\n") <= 50
    assert max(map(len, short.splitlines())) <= 80
    assert main([command, "--help-all"]) == 0
    whole = capsys.readouterr().out
    for option in cli.commands[command].params:
        if isinstance(option, click.Option):
            assert f"{option.opts[-1]}" in whole
            assert option.help.split("  [")[0].split()[0] in whole
