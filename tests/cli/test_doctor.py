"""``planner doctor`` says what is, and what to do about what is not."""

from __future__ import annotations

import json

import pytest

from planner_cli.cli import main
from planner_cli.cli.config_file import config_path
from planner_cli.cli.doctor import gpu_section, graphics
from planner_cli.cli.saving import save_default_model
from tests.hub.gguf_files import write


def test_the_report_for_machines(capsys, monkeypatch):
    monkeypatch.setenv("PLANNER_BUDGET", "32")
    monkeypatch.delenv("PLANNER_THREADS")
    write(config_path(), b"[ask]\nbudget = 64\n[defaults]\nseed = 1\n")
    assert main(["doctor", "--no-speed", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert list(report) == ["versions", "cpu", "memory", "gpu", "models", "config", "sandbox"]
    assert all(section["lines"] for section in report.values())
    assert {"planner", "python", "sqlite", "llama-cpp-python"} <= set(report["versions"])
    assert report["cpu"]["cores"] >= 1
    assert report["memory"]["total"] > report["memory"]["available"] > 0
    assert report["models"]["defaults"] == {"generator": "builtin", "discriminator": "builtin"}
    assert all(report["sandbox"]["checks"].values())
    assert [(entry["name"], entry["origin"]) for entry in report["config"]["settings"]] == [
        ("ask.budget", str(config_path())),
        ("defaults.seed", str(config_path())),
        ("PLANNER_BUDGET", "environment"),
    ]


def test_a_default_that_is_gone_is_a_failure_with_its_remedy(capsys):
    save_default_model("discriminator", "qwen3-4b")
    assert main(["doctor", "--no-speed"]) == 1
    printed = capsys.readouterr().out
    assert "FAIL  models" in printed
    assert "planner models pull qwen3-4b" in printed


def test_a_broken_configuration_does_not_silence_the_rest(capsys, monkeypatch):
    monkeypatch.setenv("PLANNER_CATALOG", str(write(config_path().parent / "mine.toml", b"x = [")))
    assert main(["doctor", "--no-speed"]) == 1
    printed = capsys.readouterr().out
    assert "FAIL  models" in printed
    assert "ok    sandbox" in printed


def test_a_judge_that_was_never_trained_is_a_note_with_its_remedy(capsys, tiny_random_model):
    save_default_model("discriminator", str(tiny_random_model))
    assert main(["doctor", "--no-speed"]) == 0
    printed = capsys.readouterr().out
    assert "note  models" in printed
    assert "so it is not asked: the most probable result wins" in printed


@pytest.mark.model
def test_the_speed_probe_turns_tokens_into_seconds(capsys, tiny_random_model):
    for role in ("generator", "discriminator"):
        save_default_model(role, str(tiny_random_model))
    assert main(["doctor", "--json"]) == 0
    speed = json.loads(capsys.readouterr().out)["speed"]
    assert [model["role"] for model in speed["models"]] == ["generator", "discriminator"]
    for model in speed["models"]:
        assert model["prefill"] > model["decode"] > 0
        assert {1, 8} <= {width["width"] for width in model["widths"]}
    budgets = speed["budget_seconds"]
    assert 0 < budgets["64"] < budgets["256"] < budgets["512"]


CARDS = [
    ("none", {}, []),
    (
        "nvidia",
        {"proc/driver/nvidia/gpus/0/information": "Model: \t\t NVIDIA H100\nIRQ: 1\n"},
        [("NVIDIA H100", "CUDA")],
    ),
    ("nvidia without its proc files", {"dev/nvidia0": ""}, [("NVIDIA GPU", "CUDA")]),
    ("amd", {"dev/kfd": "", "dev/dri/renderD128": ""}, [("AMD GPU", "HIP")]),
    ("integrated", {"dev/dri/renderD128": ""}, [("GPU with a Vulkan driver", "VULKAN")]),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CARDS], ids=[case[0] for case in CARDS])
def test_graphics_are_found_by_their_device_files(tmp_path, files, expected):
    for name, text in files.items():
        write(tmp_path / name, text.encode())
    found = graphics(tmp_path)
    assert [(name, flag.removeprefix("-DGGML_").removesuffix("=on")) for name, flag in found] == expected


CARD = [("NVIDIA H100", "-DGGML_CUDA=on")]
GPUS = [
    ("used", CARD, True, "ok", "used, all layers"),
    ("build without it", CARD, False, "note", "built without it"),
    ("card missing", [], True, "note", "none is found here"),
    ("neither", [], False, "ok", "built for the CPU"),
]


@pytest.mark.parametrize(
    ("found", "supported", "state", "line"), [case[1:] for case in GPUS], ids=[case[0] for case in GPUS]
)
def test_a_gpu_is_used_or_it_says_why_not(found, supported, state, line):
    section = gpu_section(found, supported=supported)
    assert section.state == state
    assert line in section.lines[0]
    if found and not supported:
        assert 'CMAKE_ARGS="-DGGML_CUDA=on"' in section.lines[1]
        assert "-m pip install --force-reinstall" in section.lines[1]
