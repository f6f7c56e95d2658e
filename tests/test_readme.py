"""README and docs: what they tell people to type works, and what they link to is there."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from planner_cli.cli import cli, main
from tests.running import planner

ROOT = Path(__file__).parent.parent
PAGES = ["README.md", "README.ja.md", "SECURITY.md", "docs", "models"]
FILES = [
    path for page in PAGES for path in ([ROOT / page] if page.endswith(".md") else sorted((ROOT / page).rglob("*.md")))
]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def console_lines(text: str) -> list[str]:
    """The commands of a page's console blocks, without their comments."""
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return [
        line[2:].partition("  #")[0].strip() for block in blocks for line in block.splitlines() if line.startswith("$ ")
    ]


COMMANDS = [line for line in console_lines(README) if line.startswith("planner ")]
ELSEWHERE = ("planner models", "planner bench sweep mine", "planner bench report")
"""Commands that need a hub, another program's models or a data set of the reader's own: their words are checked."""
RUN = [line for line in COMMANDS if not line.startswith(ELSEWHERE)]


def test_the_readme_is_for_ten_minutes():
    assert len(README.splitlines()) <= 220
    assert len(RUN) >= 6
    assert {line for line in console_lines(README) if not line.startswith("planner ")} == {
        "make demo",
        "make test",
        ". .venv/bin/activate",
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    assert main(["demo", str(folder / "demo.sqlite"), "--no-ask"]) == 0
    return folder


@pytest.mark.model
@pytest.mark.parametrize("line", RUN)
def test_the_readmes_commands_run(line, demo, shared_cache, monkeypatch):
    for name, value in (("CANDIDATES", "1"), ("BUDGET", "0"), ("MAX_TOKENS", "24")):
        monkeypatch.setenv(f"PLANNER_{name}", value)  # what a command line says counts more
    if line.startswith("planner bench"):
        monkeypatch.setenv("PLANNER_NO_JUDGE", "1")
    if ">" not in line:  # nothing for a shell
        monkeypatch.chdir(demo)
        done = planner(*shlex.split(line)[1:])
        assert done.returncode == 0, done.stderr
        return
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(line, shell=True, cwd=demo, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", [line for line in COMMANDS if line not in RUN])
def test_the_others_are_understood(line):
    command: click.Command = cli
    words = shlex.split(line)[1:]
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words.pop(0))
        assert found is not None
        command = found
    assert command.make_context("planner", words).params


def anchors(text: str) -> set[str]:
    """The names by which a page's headings are linked to."""
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_links_lead_somewhere(path):
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        file = path if not name else path.parent / name
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), target
