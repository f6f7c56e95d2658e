"""The speed benchmark's bookkeeping: exact texts, a journal that survives a cut, ratios within rounds."""

from __future__ import annotations

import json

import pytest

from benchmarks.speed import report, second
from benchmarks.speed.job import Job, text_of
from benchmarks.speed.journal import Journal
from benchmarks.speed.sides import ABOUT, PARTS, SIDES
from benchmarks.speed.worker import arguments
from planner_cli.database import Database


def words(text):
    return len(text.split())


def test_texts_have_just_the_tokens_asked_for_and_differ_by_seed():
    assert [words(text_of(count, 1, words)) for count in (1, 7, 300)] == [1, 7, 300]
    assert text_of(20, 1, words) == text_of(20, 1, words) != text_of(20, 2, words)
    with pytest.raises(ValueError, match="no text of 3 tokens"):
        text_of(3, 1, lambda text: 2 * words(text))


def test_a_journal_goes_on_after_a_cut(tmp_path):
    path = tmp_path / "folder" / "journal.jsonl"
    journal = Journal(path, {"model": 1})
    journal.add(round=1, part="candidates", side="planner", seconds=1.5, foreign=0.0, memory=10, own_share=None)
    with path.open("a") as file:
        file.write('{"key": "cut in the mid')
    again = Journal(path, {"model": 1})
    assert again.has(1, "candidates", "planner")
    assert not again.has(2, "candidates", "planner")
    assert again.seconds(2) == {"planner": {"candidates": [1.5, None]}}
    assert Journal(path, {"model": 2}).lines == []
    again.add(round=2, part="candidates", side="planner", seconds=2.5, foreign=0.0, memory=10, own_share=None)
    assert Journal(path, {"model": 1}).seconds(2) == {"planner": {"candidates": [1.5, 2.5]}}


SECONDS = {
    "planner": {"candidates": [1.0, 2.0, None], "thoughts": [3.0, 2.0, 4.0], "8": [1.0, 1.0, 1.0]},
    "llama-cold": {"candidates": [4.0, 4.0, 4.0], "thoughts": [6.0, 8.0, 8.0]},
    "server-beside": {"candidates": [1.0, 1.0, 1.0], "thoughts": [9.0, 4.0, 8.0]},
    "server-in-turn": {"thoughts": [6.0, 6.0, 6.0]},
    "batched-bench": {"8": [0.9, 0.8, 1.0]},
}


def test_ratios_are_taken_within_rounds():
    made = report.ratios(SECONDS)
    assert made["llama-cold"]["candidates"] == {"median": 3.0, "low": 2.0, "high": 4.0, "rounds": 2}
    assert made["llama-cold"]["whole"]["median"] == pytest.approx((10 / 4 + 12 / 4) / 2)
    assert made["server"]["thoughts"] == {"median": 2.0, "low": 1.5, "high": 2.0, "rounds": 3}  # 6, 4 and 6 seconds
    assert made["batched-bench"]["8"]["median"] == 0.9
    assert "planner" not in made


def test_a_summary_names_every_side_and_width():
    text = "\n".join(report.summary(SECONDS, {"width_new": 32}))
    for side in SECONDS:
        if side != "batched-bench":
            assert ABOUT[side].replace("`", "") in text
    assert "256.0" in text  # eight times 32 tokens in a second


def test_broken_bounds_are_named(monkeypatch, tmp_path):
    bounds = tmp_path / "bounds.toml"
    bounds.write_text("[llama-cold]\nwhole = 2.0\n[server]\nthoughts = 3\n[transformers]\nwhole = 9\n")
    monkeypatch.setattr(report, "BOUNDS", bounds)
    assert report.broken_bounds(report.ratios(SECONDS)) == ["server, thoughts: 2.00, but at least 3.00 is expected"]


def test_the_stored_bounds_are_of_sides_and_parts_that_exist():
    for side, parts in report.tomllib.loads(report.BOUNDS.read_text()).items():
        assert side in {*SIDES, "server"}
        assert all(part.isdigit() or part in report.PARTS for part in parts)


def test_sides_are_described_and_told_all():
    assert set(PARTS) == set(SIDES)
    assert set(SIDES) < set(ABOUT)


def test_a_worker_is_told_in_json(tmp_path):
    from benchmarks.speed.sides import Setting

    command = arguments("planner", Setting(tmp_path / "model.gguf", 2, Job()))
    told = json.loads(command[-1])
    assert Job(**{**told["job"], "widths": tuple(told["widths"])}) == Job()


def test_a_part_that_was_cut_is_measured_again_as_a_whole(tmp_path):
    from benchmarks.speed.__main__ import Bench
    from benchmarks.speed.sides import Setting

    bench = Bench.__new__(Bench)
    bench.setting = Setting(tmp_path / "model.gguf", 1, Job(widths=(1,)))
    bench.names, bench.unavailable = ["planner", "llama-cold", "transformers"], {"transformers": "not installed"}
    bench.journal = Journal(tmp_path / "journal.jsonl", {})
    bench._worker = lambda name: name
    measured = []
    bench.measure = lambda number, part, name: measured.append((number, part, name))
    for part, names in {"candidates": bench.names[:2], "thoughts": bench.names[:1]}.items():
        for name in names:
            bench.journal.add(round=1, part=part, side=name, seconds=1.0, foreign=0.0, memory=1, own_share=None)
    bench.round(1)
    assert sorted(measured) == [(1, "1", "planner"), (1, "thoughts", "llama-cold"), (1, "thoughts", "planner")]


def test_the_second_questions_database_is_as_large_as_it_should_be(tmp_path):
    path = tmp_path / "shop.sqlite"
    second.build(path, 10)
    with Database.open(path) as database:
        assert len(database.schema.tables) == 10
        assert {len(table.columns) for table in database.schema.tables} == {11}


def test_the_line_of_a_second_question():
    made = {"model": "small", "prompt_tokens": 1121, "cached_tokens": 1110, "engine_seconds": [5.0, 0.25], "process_seconds": [6.0, 1.0], "engine": {"median": 0.05}, "process": {"median": 0.17}}  # fmt: skip
    assert second.line(made) == ("| small | 1121 (1110 kept) | 5.00 s, 0.25 s: **0.05** | 6.00 s, 1.00 s: 0.17 |")
