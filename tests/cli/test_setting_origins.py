"""The JSON document says of every setting where its value comes from."""

from __future__ import annotations

import json

import pytest

from planner_cli.cli import main

CONFIG = '[defaults]\nseed = 4\ntop-k = 5\n[ask]\nset = ["race.margin=0.1"]\nseed = 6\nredact = ["customers.city"]\n'
EXPECTED = [
    ("candidates", 2, "command line"),
    ("top-p", 0.5, "command line"),
    ("temperature", 0.2, "environment"),
    ("seed", 6, "configuration"),
    ("top-k", 5, "configuration"),
    ("race.margin", 0.1, "configuration"),
    ("redact", ["customers.city"], "configuration"),
    ("budget", 512, "default"),
    ("url", None, "default"),
]


@pytest.fixture
def chosen(shop, monkeypatch, tmp_path, capsys):
    """Of a question that ends at a model that is not there: before any is loaded."""
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    monkeypatch.setenv("PLANNER_CONFIG", str(config))
    monkeypatch.setenv("PLANNER_TEMPERATURE", "0.2")
    monkeypatch.setenv("PLANNER_TOP_P", "0.9")
    assert main(["ask", "q", str(shop), "--json", "-n", "2", "--top-p", "0.5", "--generator", "builtn"]) == 3
    found = json.loads(capsys.readouterr().out)["options"]["chosen"]
    return {name: (entry["value"], entry["origin"]) for name, entry in found.items()}


def test_every_value_says_where_it_comes_from(chosen):
    assert [(name, *chosen[name]) for name, _, _ in EXPECTED] == EXPECTED
