"""The form a model runs in: written once, checked, and never needed for an answer."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

import pytest

from planner_cli.hub import fast_form, read_header, resolve
from planner_cli.hub.fast_form import _failed


@pytest.fixture
def said():
    return []


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    _failed.clear()
    yield tmp_path / "planner_cli"
    _failed.clear()


def test_it_is_written_once_for_both_roles(own_cache, said, builtin_generator):
    first = fast_form(builtin_generator, said.append)
    assert (first.loaded.parent, first.path) == (own_cache / "models", builtin_generator.path)
    assert stat.S_IMODE(first.loaded.stat().st_mode) == 0o600
    assert stat.S_IMODE(first.loaded.parent.stat().st_mode) == 0o700
    assert [path.name for path in first.loaded.parent.iterdir()] == [first.loaded.name]
    assert read_header(first.loaded).quantisation == "Q8_0"
    written = first.loaded.stat().st_mtime_ns
    judge = fast_form(resolve("builtin", "discriminator"), said.append)
    assert (judge.loaded, judge.loaded.stat().st_mtime_ns) == (first.loaded, written)
    assert len(said) == 1
    assert said[0].startswith("first use: writing SmolLM2-135M-Instruct.Q4_1.gguf to the cache as Q8_0")


@pytest.fixture
def small(builtin_generator, tiny_random_model):
    """A model of a hundredth of the base's size that is to run in another form."""
    return replace(builtin_generator, path=tiny_random_model, sha256="1" * 64)


def test_a_truncated_one_and_one_of_an_older_file_are_replaced(own_cache, said, small):
    older = fast_form(replace(small, sha256="0" * 64), said.append)
    one = fast_form(small, said.append)
    assert not older.loaded.exists()
    size = one.loaded.stat().st_size
    with one.loaded.open("r+b") as file:
        file.truncate(size // 2)
    assert fast_form(small, said.append).loaded.stat().st_size == size
    assert len(said) == 3


def test_what_a_killed_writer_left_is_removed(own_cache, said, small):
    folder = own_cache / "models"
    folder.mkdir(parents=True)
    old, new = folder / "old.part", folder / "new.part"
    for path in (old, new):
        path.write_bytes(b"unfinished")
    os.utime(old, (0, 0))
    fast_form(small, said.append)
    assert (old.exists(), new.exists()) == (False, True)  # another process may be writing the new one


def test_where_it_cannot_be_written_the_model_runs_as_it_is(own_cache, said, builtin_generator):
    own_cache.write_text("a file where the cache folder should be")
    for _ in range(2):
        assert fast_form(builtin_generator, said.append).loaded == builtin_generator.path
    assert len(said) == 2
    assert "runs as it is" in said[1]


@pytest.mark.parametrize("change", [{"runs_as": None}, {"sha256": None}], ids=["no other form", "not pinned"])
def test_other_models_run_from_their_own_file(own_cache, said, builtin_generator, change):
    assert fast_form(replace(builtin_generator, **change), said.append).loaded == builtin_generator.path
    assert (said, own_cache.exists()) == ([], False)
