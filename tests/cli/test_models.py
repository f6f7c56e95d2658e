"""``planner models`` as a user meets it: streams, JSON, exit codes, defaults, a user's own catalogue."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys

import pytest

from planner_cli.cli import cli, main
from planner_cli.cli.config_file import config_path, default_models, load_defaults, spread
from planner_cli.errors import ModelError
from planner_cli.hub import models_dir, resolve, user_catalog_path
from planner_cli.hub.catalog import known_catalog
from tests.hub.gguf_files import gguf, write
from tests.hub.hub_server import Fault, Hub

OWN = """schema_version = 1
[[file]]
name = "mine"
kind = "model"
roles = ["generator"]
repo = "owner/repo"
file = "mine.gguf"
licence = "MIT"
verified = false
"""


def run(*arguments):
    return main(["models", *map(str, arguments)])


@pytest.fixture
def model(tmp_path):
    return write(tmp_path / "some model.gguf", gguf())


def test_import_list_path_verify_rm(model, capsys):
    assert run("import", model, "--name", "some", "--json") == 0
    (record,) = json.loads(capsys.readouterr().out)
    assert (record["file"], record["origin"]) == ("some.gguf", "import")
    assert run("list", "--ready", "--json") == 0
    listed = {entry["name"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert listed["some"]["link"] == str(model)
    assert listed["some"]["sha256"] == record["sha256"]
    assert run("path", "some", "--json") == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == record["sha256"]
    assert run("verify", "some") == 0
    assert capsys.readouterr().out == f"right     {'some':32}{record['sha256']}\n"
    model.write_bytes(gguf(data=160))
    assert run("verify", "--json") == 3
    printed = capsys.readouterr()
    assert [entry["state"] for entry in json.loads(printed.out) if entry["name"] == "some"] == ["changed"]
    assert "changed: some" in printed.err
    assert run("rm", "some") == 2
    assert "add --yes" in capsys.readouterr().err
    assert run("rm", "some", "--yes", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"removed": [str(models_dir() / "some.gguf")], "freed": 0}
    assert model.exists()


def test_import_alone_says_what_is_found(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "none"))
    assert run("import") == 0
    assert "no model files of Ollama" in capsys.readouterr().err
    path = write(tmp_path / ".lmstudio/models/a/b/\x1b[2J.gguf", gguf())
    assert run("import") == 0
    assert "lmstudio:a/b/\\x1b[2J.gguf" in capsys.readouterr().out
    assert run("import", "--json") == 0
    assert [entry["path"] for entry in json.loads(capsys.readouterr().out)] == [str(path)]


def test_export_and_import_over_a_gap(model, capsys, monkeypatch, tmp_path):
    assert run("import", model, "--name", "some") == 0
    assert run("export", tmp_path / "stick") == 0
    digest = capsys.readouterr().out.split()[-1]
    monkeypatch.setenv("PLANNER_MODELS", str(tmp_path / "elsewhere"))
    assert run("import", tmp_path / "stick", "--manifest-sha256", "0" * 64) == 3
    assert run("import", model, "--manifest-sha256", digest) == 3
    assert "planner models export makes one" in capsys.readouterr().err
    assert run("import", tmp_path / "stick", "--manifest-sha256", digest) == 0
    assert capsys.readouterr().out == "some\n"
    assert resolve("some", "generator").path == tmp_path / "elsewhere" / "some.gguf"


def test_a_default_is_checked_saved_used_and_unset(model, capsys, shop):
    assert run("default", "generator", "qwen3-4b") == 3
    assert "planner models pull qwen3-4b" in capsys.readouterr().err
    assert run("import", model, "--name", "some") == 0
    config_path().parent.mkdir(parents=True, exist_ok=True)
    config_path().write_text("[ask]\nbudget = 32  # mine\n", encoding="utf-8")
    assert run("default", "generator", "some") == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["generator", "some"]
    assert "budget = 32  # mine" in config_path().read_text(encoding="utf-8")
    model.unlink()
    for command in (["ask", "How many?", str(shop)], ["demo", str(shop.with_name("demo.sqlite"))]):
        assert main(command) == 3
        assert "'some'" in capsys.readouterr().err
    assert run("default", "generator", "--unset", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"generator": "builtin"}
    assert default_models() == {}
    assert run("default", "generator", "some", "--unset") == 2


def test_a_commands_own_table_wins_over_defaults(tmp_path, monkeypatch, capsys, shop):
    path = tmp_path / "config.toml"
    path.write_text('[defaults]\ngenerator = "common"\n[ask]\ngenerator = "own"\n', encoding="utf-8")
    monkeypatch.setenv("PLANNER_CONFIG", str(path))
    assert main(["ask", "How many?", str(shop)]) == 3
    assert "'own'" in capsys.readouterr().err
    assert main(["demo", str(tmp_path / "demo.sqlite")]) == 3
    assert "'common'" in capsys.readouterr().err
    put = spread(load_defaults(), cli)
    assert put["bench"]["e2e"] == {"generator": "common"}
    assert "generator" not in put["history"].get("list", {})


def test_a_users_catalogue_adds_names(capsys):
    path = write(user_catalog_path(), OWN.encode())
    assert known_catalog().file("mine").repo == "owner/repo"
    assert run("list") == 0
    assert "missing mine " in capsys.readouterr().out
    for text, message in (
        (OWN.replace('"mine"', '"qwen3-4b"'), "'qwen3-4b' occurs twice"),
        (OWN.replace('repo = "owner/repo"', 'bundled = "x"'), "came with planner"),
        (OWN + '[[preset]]\nname = "builtin"\nrole = "generator"\nmodel = "mine"\n', "'builtin' for the generator"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ModelError, match=message):
            known_catalog()
    assert run("list") == 3
    assert str(path) in capsys.readouterr().err


def test_non_commercial_models_are_marked_and_never_a_default():
    catalog = known_catalog()
    marked = {entry.name for entry in catalog.files if entry.noncommercial}
    assert marked == {"qwen2.5-coder-3b", "stable-code-3b"}
    assert not marked & {name for preset in catalog.presets for name in (preset.model, preset.adapter)}


CLOSED = """
import sys
def deny(event, _arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind"}:
        raise RuntimeError(f"{event}: a connection")
sys.addaudithook(deny)
from planner_cli.cli import main
for line in sys.argv[1:]:
    code = main(line.split())
    print("CLIENTS", line, code, [name for name in ("huggingface_hub", "httpx2") if name in sys.modules])
"""
OFFLINE = [
    "models list",
    "models info builtin",
    "models verify smollm2-135m-text2sql",
    "models recommend --no-speed",
    "models import",
    "models default",
    "models pull builtin",
    "doctor --no-speed",
]


def closed(*lines):
    """The command lines, one after the other, in a process that may open no connection."""
    return subprocess.run([sys.executable, "-c", CLOSED, *lines], capture_output=True, text=True, check=False)


def test_no_other_command_opens_a_connection_or_loads_a_client():
    done = closed(*OFFLINE)
    found = [line for line in done.stdout.splitlines() if line.startswith("CLIENTS ")]
    assert found == [f"CLIENTS {line} 0 []" for line in OFFLINE], done.stderr


def test_the_guard_sees_a_connection():
    done = closed("models pull owner/repo:x.gguf --endpoint http://127.0.0.1:9")
    assert "a connection" in done.stderr
    assert "CLIENTS" not in done.stdout or "huggingface_hub" in done.stdout


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.network
def test_a_pull_killed_at_60_percent_goes_on_and_answers(builtin_generator, shop, tmp_path):
    """The built-in base from a hub of our own: SIGKILL, the same command again, then a question on it."""
    content = builtin_generator.path.read_bytes()
    ask = ["ask", "How many customers are there?", str(shop), "--generator", "base", "--no-judge", "--sql-only"]
    adapter = ["--generator-adapter", "smollm2-135m-text2sql"]
    with Hub({"owner/repo": {"base.gguf": content}}) as hub:
        pull = [
            sys.executable,
            "-m",
            "planner_cli",
            "models",
            "pull",
            "owner/repo:base.gguf",
            "--endpoint",
            hub.endpoint,
        ]
        hub.faults = [Fault(stall=len(content) * 6 // 10)]
        killed = subprocess.Popen(pull, stderr=subprocess.DEVNULL)
        assert hub.stalled.wait(60)
        (part,) = models_dir().glob(".*.part")
        killed.send_signal(signal.SIGKILL)
        assert killed.wait(10) == -signal.SIGKILL
        there = part.stat().st_size
        assert there > len(content) // 2
        done = subprocess.run(pull, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert hub.ranges == [None, f"bytes={there}-"]
    assert builtin_generator.sha256 in done.stderr
    answer = subprocess.run(
        [sys.executable, "-m", "planner_cli", *ask, *adapter], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stderr
    assert "customers" in answer.stdout.lower()
    shutil.rmtree(models_dir())


LISTED = [
    # name, architecture, further keys, kind in the list, what info calls it
    ("a model", "llama", [], "model", "model"),
    ("an adapter", "llama", [("general.type", "adapter"), ("adapter.type", "lora")], "adapter", "adapter"),
    ("an old adapter", "llama", [("adapter.type", "lora")], "adapter", "adapter"),
    ("an encoder", "bert", [], "model", "an encoder: it turns text into vectors and cannot write (architecture: bert)"),
    ("an embedding model", "llama", [("llama.pooling_type", 3)], "model", "an embedding model (pooling: last): it does not write"),
    ("a projector", "clip", [], "model", "a multimodal projector (mmproj): it reads pictures"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("architecture", "keys", "listed", "called"), [case[1:] for case in LISTED], ids=[case[0] for case in LISTED]
)
def test_each_file_is_listed_and_told_as_what_it_is(capsys, architecture, keys, listed, called):
    models_dir().mkdir(parents=True, exist_ok=True)
    (models_dir() / "own.gguf").write_bytes(gguf([("general.architecture", architecture), *keys]))
    (models_dir() / "damaged.gguf").write_bytes(b"GGUF")
    assert run("list", "--json") == 0
    kinds = {entry["name"]: entry["kind"] for entry in json.loads(capsys.readouterr().out)}
    assert (kinds["own"], kinds["damaged"]) == (listed, "model")
    assert run("info", "own", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["kind"].startswith(called)
    assert (told["memory"] is not None) is (called == "model")
    assert run("info", "own") == 0
    assert ("MiB" in capsys.readouterr().out) is (called == "model")


@pytest.mark.model
def test_speed_is_kept_when_the_machine_was_quiet_and_then_used(tiny_random_model, capsys, monkeypatch):
    from planner_cli.app.speeds import known_speeds, learn_speeds, speeds_path
    from planner_cli.engine import library

    model = resolve(str(tiny_random_model), "generator")
    assert known_speeds(model, None) is None
    monkeypatch.setattr(library, "QUIET", -1.0)
    assert not learn_speeds(model, 1).quiet
    assert known_speeds(model, None) is None
    monkeypatch.setattr(library, "QUIET", 1000.0)
    assert run("speed", tiny_random_model, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    kept = known_speeds(model, None)
    assert kept is not None
    assert [entry["width"] for entry in told["widths"]] == [width for width, _ in kept.steps]
    assert (told["kept"], told["threads"]) == (True, kept.threads)
    assert known_speeds(model, 3) is None
    assert speeds_path().stat().st_mode & 0o777 == 0o600
    speeds_path().write_text("[]")
    assert known_speeds(model, None) is None
