"""What start-up imports, and that documentation and help say the same."""

import subprocess
import sys

import click
import pytest

from planner_cli.cli import cli
from planner_cli.errors import ExitCode
from tests.conftest import REPOSITORY

HEAVY = ["llama_cpp", "numpy", "jinja2", "huggingface_hub", "sqlite_utils", "rich", "apsw", "sqlglot", "matplotlib",
         "httpx2", "distributed"]  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["ask", "--help"],
        ["models", "path", "--help"],
        ["models", "pull", "--help"],
        ["doctor", "--help"],
        ["bench", "distribute", "--help"],
    ],
)
def test_help_imports_nothing_heavy(arguments):
    code = (
        "import sys; from planner_cli.cli import main; main(sys.argv[1:]);"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"


def commands(group=cli, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif not command.hidden:  # a name of old, which says the new one
            yield (*path, name), command


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=[" ".join(p) for p, _ in commands()])
def test_every_command_has_help_and_is_documented(path, command):
    assert command.help
    assert f"### `planner {' '.join(path)}" in (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")


def test_no_option_is_documented_twice():
    """Within the reference, one name with one text stands in one place."""
    text = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    options = [line for line in text.splitlines() if line.startswith("- `-")]
    assert len(options) > 40
    assert [line for line in options if options.count(line) > 1] == []


def test_exit_codes_are_documented():
    page = (REPOSITORY / "docs" / "cli.md").read_text(encoding="utf-8")
    for code in ExitCode:
        assert f"| {int(code)} |" in page
        assert str(int(code)) in (cli.epilog or "")
