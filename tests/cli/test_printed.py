"""Reads the command line's source: what it prints is a constant, or has been cleaned."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import planner_cli.cli
from planner_cli.cli import main
from planner_cli.errors import ExitCode
from tests.ui.hostile_texts import PAYLOADS, forbidden

MODULES = sorted(Path(planner_cli.cli.__file__).parent.rglob("*.py"))
CLEANERS = {"clean", "clean_json", "format_error", "format_note", "to_json"}
"""Functions of planner_cli.ui that return ``Clean``."""

ENTRANCE = "output"
"""The module whose functions take any text, and clean it."""


def is_clean(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in CLEANERS
    if isinstance(node, ast.JoinedStr):
        return all(is_clean(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return is_clean(node.value)
    if isinstance(node, ast.IfExp):
        return is_clean(node.body) and is_clean(node.orelse)
    if isinstance(node, ast.BinOp):
        return is_clean(node.left) and is_clean(node.right)
    return isinstance(node, ast.Constant)


def printed(module: Path):
    """First arguments of click.echo, print and of write() on a stream."""
    for call in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        name = ast.unparse(call.func)
        if name in ("click.echo", "click.secho", "print") or name.endswith(
            ("stdout.write", "stderr.write", "stream.write")
        ):
            yield call.args[0]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: "-".join(module.parts[-2:]))
def test_what_is_printed_is_clean(module):
    bad = [ast.unparse(argument) for argument in printed(module) if not is_clean(argument)]
    allowed = ["clean(str(path)) if sys.stdout.isatty() else path"] if module.stem == ENTRANCE else []
    assert bad == allowed


def test_the_rule_finds_what_it_looks_for(tmp_path):
    """The control."""
    module = tmp_path / "m.py"
    module.write_text('click.echo(name)\nclick.echo(f"a {name}")\nsys.stderr.write(name)\nclick.echo(clean(name))\n')
    assert [ast.unparse(argument) for argument in printed(module) if not is_clean(argument)] == [
        "name", "f'a {name}'", "name"]  # fmt: skip


HOSTILE = [
    (name, text) for name, text in PAYLOADS.items() if "/" not in text and "\0" not in text and name != "surrogate"
]
HOSTILE.append(
    ("a byte that is no text", "a\udc9b2Jb")
)  # as Python hands such an argument over; a lone \ud800 cannot come


@pytest.mark.parametrize("text", [h[1] for h in HOSTILE], ids=[h[0] for h in HOSTILE])
@pytest.mark.parametrize(
    "arguments",
    [["ask", "{}", "{}.db"], ["models", "path", "{}"], ["bench", "diff", "{}", "{}"], ["bench", "report", "{}"], ["{}"],
     ["ask", "--{}"], ["ask", "x", "y", "--budget", "{}"], ["ask", "x", "y", "--redact", "{}"]],
    ids=lambda arguments: " ".join(arguments).replace("{}", "TEXT"),
)  # fmt: skip
def test_hostile_arguments_come_back_visible(capsys, tmp_path, monkeypatch, arguments, text):
    monkeypatch.chdir(tmp_path)
    assert main([argument.replace("{}", text) for argument in arguments]) != ExitCode.OK
    captured = capsys.readouterr()
    assert forbidden(captured.out + captured.err) == set()
    assert captured.err
