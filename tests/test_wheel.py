"""The wheel: everything that the program needs is in it, and it runs outside of the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_what_is_in_it(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert "planner_cli/_models/catalog.toml" in names
    assert sum(name.startswith("planner_cli/demo/everyday/sets/") and name.endswith(".toml") for name in names) >= 20
    adapters = sorted(path.name for path in (ROOT / "models" / "builtin").glob("*.gguf"))
    assert sorted(Path(n).name for n in names if n.endswith(".gguf")) == adapters
    strangers = [n for n in names if not n.startswith(("planner_cli/", "planner_cli-"))]
    assert strangers == []


@pytest.mark.model
def test_it_answers_in_an_environment_of_its_own(wheel, tmp_path):
    """As ``pipx install`` leaves it: the package unpacked into a fresh environment, dependencies there, no checkout."""
    venv.create(tmp_path / "env", with_pip=False)
    packages = next((tmp_path / "env" / "lib").glob("python*")) / "site-packages"
    zipfile.ZipFile(wheel).extractall(packages)
    # This environment's dependencies without its editable planner_cli: .pth files are not read through a .pth file.
    (packages / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))

    def python(*words: str) -> str:
        command = [tmp_path / "env" / "bin" / "python", *words]
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    imported = python("-c", "import planner_cli; print(planner_cli.__file__)")
    assert Path(imported.strip()).is_relative_to(packages)
    python("-m", "planner_cli", "demo", "demo.sqlite", "--no-ask")
    question = ("How many customers are there?", "demo.sqlite", "--format", "csv", "-n", "1", "--tables", "customers")
    assert python("-m", "planner_cli", "ask", *question).split() == ["count(*)", "150"]
