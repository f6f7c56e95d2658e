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
HALVES = f"""repo = "a/b"
size = 5
sha256 = "{"0" * 64}"
[file.index]
package = "m-part{{n}}"
version = "1.0"
inside = "m/part{{nn}}.bin"
part_size = 3
sha256 = ["{"1" * 64}", "{"2" * 64}"]
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
    ("index of another type", FILE + "index = 3\n", "index has the wrong value 3"),
    ("index with an unknown key", FILE + HALVES + "x = 3\n", "'m': index: unknown key 'x'"),
    ("index without a version", FILE + HALVES.replace('version = "1.0"', ""), "index: the key 'version' is missing"),
    (
        "index of a file without a digest",
        FILE + HALVES.replace("sha256 =", "note =", 1),
        "file with repo, size and sha256",
    ),
    ("index with a digest of another kind", FILE + HALVES.replace("2" * 64, "2"), "index: sha256 is not 64"),
    (
        "index with digests that are no texts",
        FILE + HALVES.replace(f'"{"2" * 64}"', "2"),
        "index: sha256 has the wrong value",
    ),
    (
        "index with too few parts",
        FILE + HALVES.replace("part_size = 3", "part_size = 2"),
        "2 parts of 2 bytes do not make 5",
    ),
    (
        "index with too many parts",
        FILE + HALVES.replace("part_size = 3", "part_size = 5"),
        "2 parts of 5 bytes do not make 5",
    ),
    ("index without parts", FILE + HALVES.split('["1', maxsplit=1)[0] + "[]", "0 parts of 3 bytes"),
    ("index with an option for pip", FILE + HALVES.replace('"m-part', '"--pre'), "names no package and version"),
    ("index with a range of versions", FILE + HALVES.replace('"1.0"', '"1.0,>2"'), "names no package and version"),
    (
        "index with the same place twice",
        FILE + HALVES.replace("{n}", "").replace("{nn}", ""),
        "parts have the same place",
    ),
    ("preset named as a file", FILE + PRESET.replace('"p"', '"m"'), "names both"),
]


@pytest.mark.parametrize(("text", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_catalogue_is_refused(tmp_path, text, message):
    with pytest.raises(ModelError, match=r"catalog\.toml") as caught:
        load(tmp_path, text)
    assert message in caught.value.message


def test_the_parts_of_a_file_are_numbered(tmp_path):
    entry = load(tmp_path, FILE + HALVES).file("m")
    parts = [
        (part.number, part.package, part.inside, part.size, part.sha256[0]) for part in entry.index.parts(entry.size)
    ]
    assert parts == [(1, "m-part1", "m/part01.bin", 3, "1"), (2, "m-part2", "m/part02.bin", 2, "2")]


PINNED = [
    ("computed here", 'size = 3\nsha256 = "{}"\n'.format("0" * 64), "true", "verified"),
    ("the publisher's", 'sha256 = "{}"\n'.format("0" * 64), "false", "published"),
    ("neither", "size = 3\n", "false", "first pull"),
]


@pytest.mark.parametrize(("keys", "verified", "pin"), [case[1:] for case in PINNED], ids=[case[0] for case in PINNED])
def test_what_a_file_is_compared_with(tmp_path, keys, verified, pin):
    assert load(tmp_path, FILE.replace("false", verified) + keys).file("m").pin == pin


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
