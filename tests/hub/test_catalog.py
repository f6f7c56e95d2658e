"""The catalogue is checked as it is read: a wrong entry is named, not guessed at."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import planner_cli
from planner_cli.errors import ModelError
from planner_cli.hub.catalog import catalog_folder, load_catalog
from planner_cli.hub.checksum import file_sha256

FILE = """
schema_version = 1
[[file]]
name = "m"
kind = "model"
roles = ["generator"]
licence = "MIT"
verified = false
"""
PRESET = """
[[preset]]
name = "p"
role = "generator"
model = "m"
"""


def load(folder, text):
    (folder / "catalog.toml").write_text(text, encoding="utf-8")
    return load_catalog(folder)


def test_a_minimal_catalogue(tmp_path):
    catalog = load(tmp_path, FILE + PRESET)
    assert catalog.file("m").roles == ("generator",)
    assert catalog.preset("p", "generator").model == "m"
    assert catalog.preset("p", "discriminator") is None
    assert catalog.names("model") == ("p", "m")


WRONG = [
    ("no toml", "x = [", "not valid TOML"),
    ("other version", FILE.replace("1", "2"), "schema_version 2"),
    ("unknown table", FILE + "[[models]]\n", "unknown table 'models'"),
    ("unknown key", FILE + "sise = 3\n", "'m': unknown key 'sise'"),
    ("missing key", FILE.replace('licence = "MIT"', ""), "the key 'licence' is missing"),
    ("wrong type", FILE + 'size = "3"\n', "size has the wrong value '3'"),
    ("boolean for a number", FILE + "size = true\n", "size has the wrong value True"),
    ("unknown role", FILE.replace("generator", "judge"), "roles has the wrong value"),
    ("unknown selection", FILE + PRESET + 'select = "best"\n', "select has the wrong value 'best'"),
    ("two sources", FILE + 'package = "a"\nrepo = "b/c"\n', "name one of package, bundled and repo"),
    ("digest of another kind", FILE + 'sha256 = "abc"\n', "sha256 is not 64"),
    ("verified without a digest", FILE.replace("false", "true"), "verified, but without"),
    ("same name twice", FILE + FILE.replace("schema_version = 1", ""), "'m' occurs twice"),
    ("preset of nothing", FILE + PRESET.replace('model = "m"', 'model = "x"'), "there is no model 'x'"),
    ("preset with a model as adapter", FILE + PRESET + 'adapter = "m"\n', "there is no adapter 'm'"),
    ("preset with nothing for no budget", FILE + PRESET + 'at_once = "x"\n', "there is no adapter 'x'"),
    ("preset named as a file", FILE + PRESET.replace('"p"', '"m"'), "names both"),
]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_catalogue_is_refused(tmp_path, text, message):
    with pytest.raises(ModelError, match=r"catalog\.toml") as caught:
        load(tmp_path, text)
    assert message in caught.value.message


def test_a_missing_catalogue_is_an_error(tmp_path):
    with pytest.raises(ModelError, match="cannot read"):
        load_catalog(tmp_path)


ASK = """
from planner_cli.errors import ModelError
from planner_cli.hub.catalog import catalog_folder
try:
    print(catalog_folder())
except ModelError as error:
    print(error.message)
"""
INSTALLATIONS = [
    ("wheel", "planner_cli/_models", "{root}/planner_cli/_models"),
    ("checkout", "models", "{root}/models"),
    ("neither", "elsewhere", "the model catalogue is missing from this installation"),
]


@pytest.mark.parametrize(
    ("place", "expected"), [case[1:] for case in INSTALLATIONS], ids=[case[0] for case in INSTALLATIONS]
)
def test_the_catalogue_is_found_however_planner_is_installed(tmp_path, place, expected):
    ignore = shutil.ignore_patterns("__pycache__", "_models")
    shutil.copytree(Path(planner_cli.__file__).parent, tmp_path / "planner_cli", ignore=ignore)
    (tmp_path / place).mkdir()
    shutil.copy(catalog_folder() / "catalog.toml", tmp_path / place)
    done = subprocess.run([sys.executable, "-c", ASK], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == expected.format(root=tmp_path.resolve())


def test_bundled_files_are_the_pinned_ones():
    catalog = load_catalog()
    bundled = [entry for entry in catalog.files if entry.bundled]
    assert bundled
    for entry in bundled:
        path = catalog_folder() / entry.bundled
        assert (path.stat().st_size, file_sha256(path)) == (entry.size, entry.sha256)


def test_non_commercial_models_are_in_no_preset():
    catalog = load_catalog()
    used = {name for preset in catalog.presets for name in (preset.model, preset.adapter) if name}
    assert not [name for name in used if "non-commercial" in catalog.file(name).licence]
