"""Reads the layer's source: text from outside must not be able to reach a console without being cleaned."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import planner_cli.ui

MODULES = sorted(Path(planner_cli.ui.__file__).parent.glob("*.py"))


def calls(module):
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def holds_names(node):
    """Whether an expression takes text from a variable (a literal, or ``" " * count``, does not)."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        node = node.left
    return not isinstance(node, ast.Constant)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_rich_text_is_made_from_data_in_look_only(module):
    made = [
        call
        for call in calls(module)
        if isinstance(call.func, ast.Name) and call.func.id == "Text" and call.args and holds_names(call.args[0])
    ]
    if module.stem == "look":
        assert made, "this test looks for the wrong thing"
        return
    signs = {"look.line", "look.wall"}  # constants of the terminal's look, not data
    data = [
        call
        for call in made
        if not signs & {ast.unparse(part) for part in ast.walk(call.args[0]) if isinstance(part, ast.expr)}
    ]
    assert [ast.unparse(call) for call in data] == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_consoles_print_no_strings_and_print_is_not_used(module):
    for call in calls(module):
        if isinstance(call.func, ast.Name):
            assert call.func.id != "print", ast.unparse(call)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "print":
            assert not any(isinstance(part, (ast.JoinedStr, ast.Constant)) for part in call.args), ast.unparse(call)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_modules_stay_readable(module):
    assert len(module.read_text(encoding="utf-8").splitlines()) <= 300
