"""Runs the examples of docs/api.md, in their order, on the built-in models; what the page says they print, they print."""

import re

import pytest

from planner_cli.demo import build
from tests.conftest import REPOSITORY
from tests.running import keep_the_base

PAGE = (REPOSITORY / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```(?:\n\n```text\n(.*?)```)?", PAGE, re.DOTALL)


@pytest.mark.model
def test_the_examples_run(tmp_path, monkeypatch, capsys, shared_cache):
    assert len(EXAMPLES) > 4
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PLANNER_CANDIDATES", "1")  # of eight; what an example asks for itself counts more
    monkeypatch.setenv("PLANNER_MAX_TOKENS", "24")
    build(tmp_path / "demo.sqlite")
    keep_the_base()
    names: dict[str, object] = {}
    for code, printed in EXAMPLES:
        exec(compile(code, "docs/api.md", "exec"), names)
        out, error = capsys.readouterr()
        assert error == ""
        if printed:
            assert out == printed
    assert len((tmp_path / "answers.csv").read_text().splitlines()) == 3
    assert [type(answer).__name__ for answer in names["answers"].values()] == ["Answer"] * 3
