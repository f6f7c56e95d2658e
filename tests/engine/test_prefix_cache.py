"""What the cache keeps, finds, refuses and lets go."""

from __future__ import annotations

import os
import stat

import pytest

from planner_cli.engine.prefix_cache import PrefixCache, clear, entries, state_key

MIB = 2**20


def put(cache, key, size=1000):
    cache.put(key, key.encode() * (size // len(key)), model="m.gguf", tokens=3)


def test_what_is_kept_is_found_in_another_process(tmp_path):
    folder = tmp_path / "planner" / "prefixes"
    put(PrefixCache(folder, limit=MIB), "a")
    assert PrefixCache(folder, limit=MIB).get("a") == b"a" * 1000
    assert PrefixCache(folder, limit=MIB).get("b") is None
    (entry,) = entries(folder)
    assert (entry.model, entry.tokens) == ("m.gguf", 3)
    assert stat.S_IMODE(entry.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.parametrize("limit", [0, 10])
def test_without_room_only_this_process_has_it(tmp_path, limit):
    cache = PrefixCache(tmp_path / "none", limit=limit)
    put(cache, "a")
    assert cache.get("a") == b"a" * 1000
    assert not list(entries(tmp_path / "none"))


def test_the_least_recently_used_goes_first(tmp_path):
    cache = PrefixCache(tmp_path, limit=3500)
    for age, key in enumerate(("a", "b", "c")):
        put(cache, key)
        os.utime(tmp_path / f"{key}.kv", (age, age))
    assert PrefixCache(tmp_path, limit=3500).get("a") is not None  # used now
    put(cache, "d")
    assert {entry.path.stem for entry in entries(tmp_path)} == {"a", "c", "d"}


def test_memory_holds_the_last_few(tmp_path):
    cache = PrefixCache()
    for key in "abcde":
        put(cache, key)
    assert [key for key in "abcde" if cache.get(key) is None] == ["a"]


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    cache = PrefixCache(tmp_path / "file" / "folder", limit=MIB)
    put(cache, "a")
    assert cache.get("a") == b"a" * 1000
    assert PrefixCache(tmp_path / "file" / "folder", limit=MIB).get("a") is None


def test_what_a_killed_writer_left_is_removed_in_time(tmp_path):
    old, new = tmp_path / "x.part", tmp_path / "y.part"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    put(PrefixCache(tmp_path, limit=MIB), "a")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.kv", "y.part"]
    assert clear(tmp_path) == 1
    assert not list(tmp_path.iterdir())


DAMAGES = [
    ("empty", lambda whole: b""),
    ("no header", lambda whole: whole.partition(b"\n")[2]),
    ("cut", lambda whole: whole[:-1]),
    ("longer", lambda whole: whole + b"x"),
    ("flipped", lambda whole: whole[:-2] + b"?" + whole[-1:]),
    ("other format", lambda whole: whole.replace(b'"format": 1', b'"format": 9')),
    ("header is a list", lambda whole: b"[]\n" + whole),
    ("endless header", lambda whole: b"x" * 9000),
]


@pytest.mark.parametrize("damage", [d[1] for d in DAMAGES], ids=[d[0] for d in DAMAGES])
def test_a_damaged_file_is_no_state_and_is_removed(tmp_path, damage):
    put(PrefixCache(tmp_path, limit=MIB), "a")
    file = tmp_path / "a.kv"
    file.write_bytes(damage(file.read_bytes()))
    assert PrefixCache(tmp_path, limit=MIB).get("a") is None
    assert not file.exists()


def test_a_key_depends_on_all_it_is_given():
    keys = [
        state_key(["m", 1], [1, 2]),
        state_key(["m", 2], [1, 2]),
        state_key(["m", 1], [1, 2, 3]),
        state_key(["m", 1], [12]),
        state_key(["m"], [1, 1, 2]),
    ]
    assert len(dict.fromkeys(keys)) == len(keys)
    assert keys[0] == state_key(["m", 1], [1, 2])


def test_what_is_in_memory_can_be_given_up(tmp_path):
    for folder, kept in ((None, None), (tmp_path, b"state")):
        cache = PrefixCache(folder, limit=1000)
        cache.put("a" * 40, b"state", model="m", tokens=3)
        assert cache.get("a" * 40) == b"state"
        cache.forget()
        assert cache.get("a" * 40) == kept
