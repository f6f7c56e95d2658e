"""Which models the catalogue's confidence weights are for: by bytes, not by name."""

from __future__ import annotations

import pytest

from planner_cli.confidence import Weights
from planner_cli.hub.catalog import known_catalog
from planner_cli.hub.measured import catalogued_weights


def builtin(role, adapter):
    catalog = known_catalog()
    over = catalog.file(adapter)
    return {
        "role": role,
        "sha256": catalog.file("smollm2-135m-instruct").sha256,
        "adapter": f"{adapter}.gguf",
        "adapter_sha256": over.sha256,
    }


WRITER = builtin("generator", "smollm2-135m-text2sql")
JUDGE = builtin("discriminator", "smollm2-135m-judge")
AT_ONCE = builtin("discriminator", "smollm2-135m-verdict")

CASES = [
    # name, models, whether they are the built-in pair
    ("the pair", [WRITER, JUDGE], True),
    ("its judge without a thought", [WRITER, AT_ONCE], True),
    ("another generator", [{**WRITER, "sha256": "0" * 64}, JUDGE], False),
    ("the bare model", [{**WRITER, "adapter": None, "adapter_sha256": None}, JUDGE], False),
    ("an adapter of one's own", [WRITER, {**JUDGE, "adapter_sha256": None}], False),
    ("roles swapped", [{**WRITER, "role": "discriminator"}, {**JUDGE, "role": "generator"}], False),
    ("an unknown digest", [{**WRITER, "sha256": None}, JUDGE], False),
]


@pytest.mark.parametrize(("name", "models", "expected"), CASES, ids=[case[0] for case in CASES])
def test_weights_belong_to_bytes(name, models, expected):
    found = catalogued_weights(models)
    assert isinstance(found, Weights) if expected else found is None
