"""What is begun while the database is read: imports and the disk, never an error."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from planner_cli.cli.loading import begun
from planner_cli.errors import ModelError
from planner_cli.hub import resolve

BEGUN = """
import sys
from planner_cli.cli.loading import begun
assert "llama_cpp" not in sys.modules
with begun(list) as thread:
    thread.join()
    assert "planner_cli.engine.inprocess" in sys.modules
"""


def test_the_library_is_imported_meanwhile():
    subprocess.run([sys.executable, "-c", BEGUN], check=True)


@pytest.mark.model
def test_files_are_asked_for():
    with begun(lambda: [resolve("builtin", "generator")]) as thread:
        thread.join()
    assert not thread.is_alive()


def refused() -> list:
    raise ModelError("no model of that name")


FAILURES = {
    "a model that is not known": refused,
    "a file that is gone": lambda: [replace(resolve("builtin", "generator"), path=Path("gone.gguf"), runs_as=None)],
}


@pytest.mark.parametrize("models", FAILURES.values(), ids=FAILURES.keys())
def test_what_is_wrong_is_said_where_it_is_loaded(models, capsys):
    with begun(models) as thread:
        thread.join()
    assert capsys.readouterr() == ("", "")


def test_an_error_in_between_waits_for_it():
    with pytest.raises(ModelError), begun(list) as thread:
        refused()
    assert not thread.is_alive()
