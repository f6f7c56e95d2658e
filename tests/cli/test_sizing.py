"""``planner models info`` and ``recommend``."""

from __future__ import annotations

import json

import pytest

from planner_cli.cli import main
from planner_cli.cli.models.recommend import _shown
from tests.hub.gguf_files import MODEL, gguf, write


def run(*arguments):
    return main(["models", *map(str, arguments)])


def test_info_of_the_built_in_base_with_its_adapter(capsys, builtin_generator):
    assert run("info", "builtin", "--json", "--context", 2048, "--branches", 4) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["architecture"], told["quantisation"]) == ("model", "llama", "Q4_1")
    assert (told["path"], told["adapter"]) == (str(builtin_generator.path), str(builtin_generator.adapter))
    assert (told["context"], told["parameters"], told["reasoning"]) == (8192, 134_515_008, "none")
    assert told["memory"]["total"] == sum(
        told["memory"][part] for part in ("weights", "repacked", "kv_cache", "compute", "vocabulary", "process")
    )
    assert told["memory"]["kv_cache"] == 2048 * told["kv_bytes_per_token"] == 2048 * 23_040


def test_info_of_an_adapter(capsys):
    assert run("info", "smollm2-135m-text2sql") == 0
    printed = capsys.readouterr().out
    assert "kind            adapter" in printed
    assert "applied over a model" in printed


def test_info_of_a_vocabulary(tmp_path, capsys):
    path = write(
        tmp_path / "vocabulary.gguf", gguf([*MODEL, ("tokenizer.ggml.tokens", ["a", "b"])], tensors=[], data=0)
    )
    assert run("info", path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["kind"], told["vocabulary"], told["memory"]) == ("vocabulary only", 2, None)


def test_info_names_the_reasoning_format_and_cleans_what_the_file_says(tmp_path, capsys):
    template = "{% for m in messages %}{{ m.content }}{% endfor %}<think>"
    pairs = [("general.architecture", "llama"), ("general.name", "\x1b[2Jx"), ("tokenizer.chat_template", template)]
    path = write(tmp_path / "thinker.gguf", gguf(pairs))
    assert run("info", path) == 0
    printed = capsys.readouterr().out
    assert "reasoning       think" in printed
    assert "\\x1b[2Jx" in printed
    assert "\x1b" not in printed


def test_info_of_what_is_not_here(capsys):
    assert run("info", "qwen3-4b") == 3
    assert "planner models pull qwen3-4b" in capsys.readouterr().err
    assert run("info", "nowhere.gguf") == 3
    assert "no such model file" in capsys.readouterr().err


def recommended(capsys, *arguments):
    assert run("recommend", "--no-speed", "--json", *arguments) == 0
    return json.loads(capsys.readouterr().out)


def test_recommend_goes_by_memory(capsys):
    chosen = {}
    for megabytes in (500, 4_000, 64_000):
        told = recommended(capsys, "--memory", megabytes)
        chosen[megabytes] = told["recommended"]
        for row in told["pairs"]:
            assert row["fits"] == (row["memory"] <= 0.8e6 * megabytes)
            assert row["memory_estimated"]
            assert row["seconds"] is None
            assert not {"qwen2.5-coder-3b", "stable-code-3b"} & {row["generator"], row["discriminator"]}
    assert chosen[500] is None
    assert chosen[4_000]["missing"] == ["smollm3-3b"]
    assert (chosen[64_000]["generator"], chosen[64_000]["discriminator"]) == (
        "codellama-13b",
        "deepseek-r1-distill-qwen-7b",
    )


def test_recommend_says_the_next_command(capsys):
    assert run("recommend", "--no-speed", "--memory", 4_000) == 0
    printed = capsys.readouterr()
    assert "* smollm3-3b" in printed.out
    assert "next: planner models pull smollm3-3b" in printed.err
    assert "no speed was measured" in printed.err
    assert run("recommend", "--no-speed", "--memory", 500) == 0
    assert "nothing fits" in capsys.readouterr().err


LISTED = [
    # name, pairs as (what fits, seconds, whether it is here), which of them are listed
    ("fast ones, largest first", [(True, 2400, False), (True, 50, False), (True, 5, False)], [1, 2]),
    ("what is here, however slow", [(True, 2400, True), (True, 50, False), (True, 2, True)], [1, 2, 0]),
    ("nothing that does not fit", [(False, 5, True), (True, 5, False)], [1]),
    ("the fastest where none is fast enough", [(True, 2400, False), (True, 700, False)], [1, 0]),
    ("all, where no speed is known", [(True, None, False), (True, None, True)], [0, 1]),
]


@pytest.mark.parametrize(("pairs", "listed"), [case[1:] for case in LISTED], ids=[case[0] for case in LISTED])
def test_what_is_of_use_is_listed_first(pairs, listed):
    rows = [
        {"fits": fits, "seconds": seconds, "fast_enough": None if seconds is None else seconds <= 60,
         "missing": [] if here else ["it"], "number": number}
        for number, (fits, seconds, here) in enumerate(pairs)
    ]  # fmt: skip
    assert [row["number"] for row in _shown(rows)] == listed


@pytest.mark.model
@pytest.mark.slow
def test_recommend_measures_and_says_what_is_scaled(capsys):
    assert run("recommend", "--json", "--memory", 64_000, "--max-seconds", 100_000) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["measured"]["model"] == "builtin"
    seconds = {(row["generator"], row["discriminator"]): row["seconds"] for row in told["pairs"]}
    assert seconds["qwen3-4b", "qwen3-4b"] > seconds["qwen3-0.6b", "qwen3-0.6b"] > 0
    assert run("recommend", "--memory", 64_000, "--max-seconds", 0.001) == 0
    assert "nothing fits within these bounds" in capsys.readouterr().err
