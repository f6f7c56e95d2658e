"""Digests are remembered until the file changes, and the memory is never trusted over the file."""

from __future__ import annotations

import hashlib
import json
import os
import stat

import pytest

from planner_cli.errors import ModelError
from planner_cli.hub.checksum import file_sha256


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "m.gguf"
    path.write_bytes(b"a" * 3_000_000)
    return path


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_digest_is_right_and_remembered(file, tmp_path):
    cache = tmp_path / "cache"
    assert file_sha256(file, cache_dir=cache) == sha(b"a" * 3_000_000)
    assert stat.S_IMODE((cache / "sha256.json").stat().st_mode) == 0o600
    # Same size and time, other bytes: only a digest from memory can still be the first one.
    times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
    file.write_bytes(b"b" * 3_000_000)
    os.utime(file, ns=times)
    assert file_sha256(file, cache_dir=cache) == sha(b"a" * 3_000_000)


CHANGES = [("other time", b"b" * 3_000_000), ("other size", b"a" * 2_999_999)]


@pytest.mark.parametrize("content", [content for _, content in CHANGES], ids=[name for name, _ in CHANGES])
def test_a_changed_file_is_read_again(file, tmp_path, content):
    file_sha256(file, cache_dir=tmp_path / "cache")
    before = file.stat().st_mtime_ns
    file.write_bytes(content)
    os.utime(file, ns=(before, before + 1) if len(content) == 3_000_000 else (before, before))
    assert file_sha256(file, cache_dir=tmp_path / "cache") == sha(content)


DAMAGED = ["", "{", "[]", '{"x": 1}', '{"x": {"sha256": 5}}', "\x00\xff"]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_memory_is_forgotten(file, tmp_path, text):
    cache = tmp_path / "cache" / "sha256.json"
    cache.parent.mkdir()
    cache.write_text(text.replace('"x"', json.dumps(str(file))), encoding="latin-1")
    assert file_sha256(file, cache_dir=cache.parent) == sha(b"a" * 3_000_000)
    assert list(json.loads(cache.read_text())) == [str(file)]


def test_a_memory_that_cannot_be_written_costs_only_time(file, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert file_sha256(file, cache_dir=tmp_path / "cache") == sha(b"a" * 3_000_000)


def test_a_missing_file_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="cannot read"):
        file_sha256(tmp_path / "no.gguf", cache_dir=tmp_path)


def test_reading_a_large_file_says_how_far_it_is(tmp_path):
    path, told = tmp_path / "big.gguf", []
    with path.open("wb") as file:
        file.truncate(64 * 2**20)
    digest = file_sha256(path, cache_dir=tmp_path, progress=told.append)
    assert told == ["checking big.gguf: 0%", "checking big.gguf: 50%", "checking big.gguf: 100%"]
    assert file_sha256(path, cache_dir=tmp_path, progress=told.append) == digest
    assert len(told) == 3, "it is not read again"
