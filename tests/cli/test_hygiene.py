"""What start-up imports, and that documentation and help say the same."""

import ast
import subprocess
import sys

import click
import pytest

from planner_cli.cli import cli
from planner_cli.cli.lazy import LazyGroup
from planner_cli.errors import ExitCode
from tests.conftest import REPOSITORY

HEAVY = ["llama_cpp", "numpy", "jinja2", "huggingface_hub", "sqlite_utils", "rich", "apsw", "sqlglot", "matplotlib",
         "httpx2", "distributed", "prompt_toolkit"]  # fmt: skip


SHOWING = ["rich"]
"""What a command imports with its module, to show its result."""
HELPS = [
    (["--help"], []),
    (["--version"], []),
    (["models", "--help"], []),
    (["bench", "--help"], []),
    (["ask", "--help"], SHOWING),
    (["chat", "--help"], SHOWING),
    (["models", "path", "--help"], SHOWING),
    (["models", "pull", "--help"], SHOWING),
    (["doctor", "--help"], SHOWING),
    (["bench", "distribute", "--help"], SHOWING),
]


@pytest.mark.parametrize(("arguments", "allowed"), HELPS, ids=[" ".join(h[0]) for h in HELPS])
def test_help_imports_nothing_heavy(arguments, allowed):
    code = (
        "import sys; from planner_cli.cli import main; main(sys.argv[1:]);"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert set(ast.literal_eval(done.stdout.splitlines()[-1].removeprefix("HEAVY "))) <= set(allowed)


def groups(group=cli):
    yield group
    for command in group.commands.values():
        if isinstance(command, LazyGroup):
            yield from groups(command)


@pytest.mark.parametrize("group", list(groups()), ids=lambda group: group.name)
def test_the_help_that_a_group_declares_is_that_of_its_commands(group):
    assert group.helps == {name: command.get_short_help_str(200) for name, command in group.commands.items()}


def commands(group=cli, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif not command.hidden:  # a name of old, which says the new one
            yield (*path, name), command


@pytest.mark.parametrize(("path", "command"), list(commands()), ids=[" ".join(p) for p, _ in commands()])
def test_every_command_has_help_and_is_documented(path, command):
    assert command.help
    assert "\\b" not in command.help, "click's mark is the character: not in a raw string"
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
