"""What is begun while the database is read: imports and the disk, never an error."""

import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from planner_cli.app.loading import begun
from planner_cli.errors import ModelError
from planner_cli.hub import resolve

BEGUN = """
import sys
from planner_cli.app.loading import begun
assert "llama_cpp" not in sys.modules
from planner_cli.hub import resolve
with begun(None) as found:
    assert found() is None
    assert "llama_cpp" not in sys.modules  # behind a server
with begun(lambda: (resolve("builtin", "generator"), None)) as found:
    assert found()
    assert "planner_cli.engine.inprocess" in sys.modules
"""
MISSING = """
import sys
sys.modules["llama_cpp"] = None
from planner_cli.app.loading import begun
from planner_cli.hub import resolve
with begun(lambda: (resolve("builtin", "generator"), None)):
    pass
"""


@pytest.mark.model
def test_the_library_is_imported_meanwhile_where_it_is_needed():
    done = subprocess.run([sys.executable, "-c", BEGUN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.model
def test_a_library_that_is_not_there_is_not_said_here():
    done = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, check=True)
    assert done.stderr == ""


@pytest.mark.model
def test_what_is_found_is_given_on():
    pair = resolve("builtin", "generator"), resolve("builtin", "discriminator")
    with begun(lambda: pair) as found:
        assert found() is pair
    assert "planner-loading" not in [thread.name for thread in threading.enumerate()]


def refused():
    raise ModelError("no model of that name")


def test_what_is_wrong_is_said_where_it_is_loaded(capsys):
    with begun(refused) as found:
        assert found() is None
    assert capsys.readouterr() == ("", "")


@pytest.mark.model
def test_a_file_that_is_gone_is_missed_where_it_is_loaded(capsys):
    gone = replace(resolve("builtin", "generator"), path=Path("gone.gguf"), runs_as=None)
    with begun(lambda: (gone, None)) as found:
        assert found() == (gone, None)
    assert capsys.readouterr() == ("", "")


def test_an_error_in_between_waits_for_it():
    with pytest.raises(ModelError), begun(refused):
        refused()
    assert "planner-loading" not in [thread.name for thread in threading.enumerate()]
