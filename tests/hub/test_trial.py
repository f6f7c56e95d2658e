"""An unknown model file is loaded in a process that may die of it; ours does not, and says in one line what happened."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from gguf_files import MODEL, gguf, write
from tiny_model import STRING, Tiny, damaged, tiny

from planner_cli.control import Control
from planner_cli.engine.inprocess import stat_identity
from planner_cli.errors import Interrupted, ModelError
from planner_cli.hub import ResolvedModel, resolve, trial, try_first

NOISE = re.compile(r"\.(c|cpp|h|hpp):\d+|GGML_|terminate called|what\(\):|backtrace", re.IGNORECASE)
"""What llama.cpp and the C++ library print when they end a process."""


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Trials of test files are not for the developer's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache-home"))


def aborts(model: Tiny) -> None:
    """GGML_ASSERT(id_to_token.size() == token_to_id.size())"""
    kind, tokens = model.array("tokenizer.ggml.tokens")
    model.set("tokenizer.ggml.tokens", (kind, [*tokens[:-1], tokens[-2]]))


def hangs(model: Tiny) -> None:
    loop = "{% for i in range(99999) %}"
    model.set("tokenizer.chat_template", loop * 3 + "{% endfor %}" * 3)


def no_such_architecture(model: Tiny) -> None:
    model.keys = [(n, t, "riddle" if n == "general.architecture" else v) for n, t, v in model.keys]


def found(folder: Path, *changes) -> ResolvedModel:
    model = tiny()
    for change in changes:
        change(model)
    return resolve(str(write(folder / "tiny.gguf", model.write())), "generator")


@pytest.fixture
def started(monkeypatch):
    """The processes that were started."""
    processes = []
    real = subprocess.Popen

    def start(*arguments, **options):
        processes.append(arguments)
        return real(*arguments, **options)

    monkeypatch.setattr(trial.subprocess, "Popen", start)
    return processes


def test_a_sound_file_is_tried_once(tmp_path, started):
    model = found(tmp_path)
    for _ in range(2):
        try_first(model, Control(), cache_dir=tmp_path / "cache")
    assert len(started) == 1
    assert (tmp_path / "cache" / "trials.json").stat().st_mode & 0o777 == 0o600
    other = tiny()
    other.set("llama.context_length", 2048)
    write(model.path, other.write())  # the same name and size, another content
    os.utime(model.path, ns=(1, 1))
    try_first(model, Control(), cache_dir=tmp_path / "cache")
    assert len(started) == 2


def test_every_part_of_a_split_model_counts(tmp_path, started, monkeypatch):
    monkeypatch.setattr(trial, "_run", lambda files, control: started.append(files))
    first, second = (tmp_path / f"m-0000{number}-of-00002.gguf" for number in (1, 2))
    for number, path in enumerate((first, second)):
        write(path, gguf([*MODEL, ("split.no", number), ("split.count", 2)]))
    model = resolve(str(first), "generator")
    for count, change in enumerate((None, first, second), 1):
        if change is not None:
            write(change, change.read_bytes()[:-1] + b"\2")  # the same size, another weight
            os.utime(change, ns=(count, count))
        for _ in range(2):
            before = stat_identity(first)
            try_first(model, Control(), cache_dir=tmp_path / "cache")
            assert len(started) == count
        if change is not None:
            os.utime(change, ns=(7, 7))
            assert stat_identity(first) != before
            os.utime(change, ns=(count, count))


def test_a_damaged_cache_only_costs_a_trial(tmp_path, started):
    model = found(tmp_path)
    write(tmp_path / "cache" / "trials.json", b'{"no": "list"}')
    try_first(model, Control(), cache_dir=tmp_path / "cache")
    try_first(model, Control(), cache_dir=tmp_path / "cache")
    assert len(started) == 1


def test_what_the_catalogue_pins_is_not_tried(builtin_generator, tmp_path, started):
    try_first(builtin_generator, Control(), cache_dir=tmp_path)
    same = replace(builtin_generator, sha256=None, adapter_sha256=None)  # as if named by their paths
    try_first(same, Control(), cache_dir=tmp_path)
    assert started == []


def no_numbers(model: Tiny) -> None:
    model.set("llama.attention.layer_norm_rms_epsilon", float("nan"))


ENDS = [
    ("abort in the first decode", no_numbers, r"does not survive loading this file \(signal SIGABRT\)"),
    ("abort", aborts, r"does not survive loading this file \(signal SIGABRT\)"),
    ("clean refusal", no_such_architecture, "cannot load this model file"),
]


@pytest.mark.parametrize(("change", "message"), [e[1:] for e in ENDS], ids=[e[0] for e in ENDS])
def test_what_kills_the_trial_is_a_line(tmp_path, started, capfd, change, message):
    model = found(tmp_path, change)
    for _ in range(2):  # a failure is not remembered: the next llama.cpp, or the next look, may find otherwise
        with pytest.raises(ModelError, match=message) as caught:
            try_first(model, Control(), cache_dir=tmp_path / "cache")
        assert "\n" not in caught.value.message
        assert caught.value.hint
    assert len(started) == 2
    assert capfd.readouterr() == ("", "")


def test_a_file_that_hangs_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "_SECONDS", 1.0)
    with pytest.raises(ModelError, match="took over 1 s"):
        try_first(found(tmp_path, hangs), Control(), cache_dir=tmp_path / "cache")


def test_ctrl_c_ends_a_trial(tmp_path):
    control = Control()
    threading.Timer(0.3, control.cancel).start()
    with pytest.raises(Interrupted):
        try_first(found(tmp_path, hangs), control, cache_dir=tmp_path / "cache")


def test_modules_in_the_present_folder_are_not_imported(tmp_path, monkeypatch):
    model = found(tmp_path)
    hijacked = tmp_path / "hijacked"
    write(tmp_path / "json.py", f"open({str(hijacked)!r}, 'w'); raise SystemExit('hijacked')".encode())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    try_first(model, Control(), cache_dir=tmp_path / "cache")
    assert not hijacked.exists()
    assert (tmp_path / "cache" / "trials.json").exists()


def ask(shop: Path, model: Path) -> tuple[int, str, str]:
    command = [sys.executable, "-m", "planner_cli", "ask", "how many", str(shop), "--generator", str(model)]
    options = ["--no-judge", "-n", "1", "--max-tokens", "3", "--history", "off", "--threads", "1"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def run_damaged(folder: Path, shop: Path, count: int) -> Counter[str]:
    """Asks each of ``count`` seeded files and returns how it ended."""
    rng = random.Random(3)
    paths = [write(folder / f"{number}.gguf", damaged(rng)) for number in range(count)]
    outcomes: Counter[str] = Counter()
    with ThreadPoolExecutor(2) as pool:
        for path, (code, out, err) in zip(paths, pool.map(lambda path: ask(shop, path), paths), strict=True):
            # 0, 1 and 5 are those on which the model could be run; it writes nonsense
            assert code in (0, 1, 2, 3, 5), (path, code, err)
            assert all(line.startswith("planner: ") or code in (0, 1, 5) for line in err.splitlines()), (path, err)
            assert not NOISE.search(out + err), (path, err)
            assert all(c.isprintable() or c == "\n" for c in out + err), (path, err)
            what = "crash in the trial" if "does not survive" in err else "refused" if code in (2, 3) else "ran"
            outcomes[what] += 1
    sys.stdout.write(f"{count} mutated GGUF files: {dict(outcomes)}, 0 deaths of planner\n")
    return outcomes


@pytest.mark.model
def test_the_tiny_model_runs(tmp_path, shop):
    code, _, err = ask(shop, write(tmp_path / "tiny.gguf", tiny().write()))
    assert code == 1, err  # it was loaded and wrote something, which is no query


@pytest.mark.model
def test_damaged_models_end_in_a_line(tmp_path, shop):
    outcomes = run_damaged(tmp_path, shop, 2)
    assert outcomes["refused"]


@pytest.mark.model
@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_1000_damaged_models(tmp_path, shop):
    outcomes = run_damaged(tmp_path, shop, 1000)
    assert outcomes["ran"]
    assert outcomes["crash in the trial"], "the damage no longer finds what the trial is there for"


def test_a_template_of_the_wrong_type_is_no_crash(tmp_path):
    def odd(model: Tiny) -> None:
        model.set("tokenizer.chat_template", "{{ raise_exception('no') }}", STRING)

    try_first(found(tmp_path, odd), Control(), cache_dir=tmp_path / "cache")  # other prompt families need none
    assert (tmp_path / "cache" / "trials.json").exists(), "it came through"
