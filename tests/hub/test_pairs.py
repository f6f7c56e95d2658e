"""Pairs of the catalogue, by what is known of them without their files."""

from __future__ import annotations

import pytest

from planner_cli.hub.catalog import load_catalog
from planner_cli.hub.sizing import bits, pairs

FORMATS = [
    ("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", 4.85),
    ("codellama-7b-instruct.Q4_K_M.gguf", 4.85),
    ("Qwen3-0.6B-Q8_0.gguf", 8.5),
    ("model-f16.gguf", 16.0),
    ("model.gguf", 8.5),
    ("model-IQ2_XXS.gguf", 8.5),
]


@pytest.mark.parametrize(("name", "expected"), FORMATS)
def test_bits_of_a_weight_from_the_file_name(name, expected):
    assert bits(name) == expected


def test_every_pair_may_be_used_and_can_reason():
    catalog = load_catalog()
    made = pairs(catalog, context=4096, branches=8)
    assert made == tuple(sorted(made, key=lambda pair: pair.rank, reverse=True))
    for pair in made:
        generator, judge = catalog.file(pair.generator.name), catalog.file(pair.discriminator.name)
        assert not generator.noncommercial
        assert not judge.noncommercial
        assert judge.reasoning is not None
        assert "generator" in generator.roles
        assert "discriminator" in judge.roles


def test_one_model_in_both_roles_holds_its_weights_once():
    made = {
        (pair.generator.name, pair.discriminator.name): pair for pair in pairs(load_catalog(), context=4096, branches=8)
    }
    both = made["qwen3-4b", "qwen3-4b"]
    assert both.generator.weights < both.needed < 2 * both.generator.weights
