"""What is known of llama.cpp's build and of the CPU it runs on."""

from __future__ import annotations

import pytest

from planner_cli.engine.library import unused_units

NEW = "flags\t\t: fpu fma f16c avx2 avx512f avx512_vnni avx512_bf16"

CPUS = [
    ("a build for this very CPU", NEW, "FMA F16C AVX2 AVX512 AVX512_VNNI AVX512_BF16", ()),
    ("a prebuilt wheel on a new CPU", NEW, "FMA F16C AVX2", ("AVX512", "AVX512_VNNI", "AVX512_BF16")),
    ("a prebuilt wheel on an old CPU", "flags : fpu fma f16c avx2", "FMA F16C AVX2", ()),
    ("a build without any", NEW, "", ("AVX2", "F16C", "FMA", "AVX512", "AVX512_VNNI", "AVX512_BF16")),
    ("the first core speaks for all", NEW + "\nflags : fpu", "FMA F16C AVX2 AVX512", ("AVX512_VNNI", "AVX512_BF16")),
    ("a flag is a whole word", "flags : xavx2x", "", ()),
    ("ARM lists features, not flags", "Features : asimd sve", "NEON", None),
    ("no such file", "", "AVX2", None),
]


@pytest.mark.parametrize(("cpuinfo", "built_with", "expected"), [c[1:] for c in CPUS], ids=[c[0] for c in CPUS])
def test_what_a_build_leaves_unused(cpuinfo, built_with, expected):
    assert unused_units(cpuinfo, built_with.split()) == expected
