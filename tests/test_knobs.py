"""One declaration of a setting, and what is derived from it."""

from collections import Counter
from typing import get_type_hints

import click
import pytest

from planner_cli.app.keywords import Keywords
from planner_cli.app.settings import KNOBS, Settings
from planner_cli.cli import cli, main
from planner_cli.cli.options import KnobOption
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
    assert all(knob.facts.help.endswith((".", ")", "...")) for knob in KNOBS)


def test_the_defaults_are_taken_by_the_knobs_themselves():
    for knob in KNOBS:
        if knob.default != ():
            assert knob.check(knob.default) == knob.default, knob.name


def test_a_settings_class_has_the_ranges_of_its_knobs():
    for knob in KNOBS:
        if knob.facts.within is None:
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


CONTRADICTIONS = [
    ("a score without a judge", ["--no-judge", "--select", "race"], "exclude"),
    ("a server without address", ["--engine", "server"], "needs --url"),
    ("an address without server", ["--url", "http://127.0.0.1:1"], "--url is for"),
    ("a small cache without flash", ["--kv", "q8_0", "--flash-attention", "off"], "f16 without flash attention"),
]
RUNNING = [["ask", "q", "none.sqlite"], ["demo"], ["bench", "intrinsic"], ["bench", "sweep"], ["bench", "e2e"],
           ["bench", "compare"]]  # fmt: skip


@pytest.mark.parametrize(("given", "named"), [c[1:] for c in CONTRADICTIONS], ids=[c[0] for c in CONTRADICTIONS])
@pytest.mark.parametrize("line", RUNNING, ids=" ".join)
def test_contradictions_are_refused_by_every_command_that_takes_both(line, given, named, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = cli
    for name in line[: 1 if line[0] != "bench" else 2]:
        command = command.commands[name]
    taken = {name for option in command.params for name in option.opts}
    assert main([*line, *given]) == 2
    error = capsys.readouterr().err
    expected = next((f"no such option: {each}" for each in given if each.startswith("--") and each not in taken), named)
    assert expected in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


INERT = [
    ("bench intrinsic", ["--candidates", "--generator", "--select", "--no-judge", "--seed", "--temperature", "--set"]),
    ("bench sweep", ["--budget", "--candidates", "--max-seconds", "--mend"]),
    ("bench e2e", ["--min-confidence", "--think", "--verbose", "--cache-mib", "--tables"]),
    ("bench compare", ["--select", "--min-confidence"]),
    ("demo", ["--min-confidence", "--redact", "--tables"]),
]


@pytest.mark.parametrize(("line", "options"), INERT, ids=[i[0] for i in INERT])
def test_an_option_that_would_do_nothing_is_not_taken(line, options):
    command = cli
    for name in line.split():
        command = command.commands[name]
    taken = {name for option in command.params for name in option.opts}
    assert not taken & set(options)
