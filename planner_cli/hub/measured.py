"""Which pairs of models the catalogue has confidence weights for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner_cli.confidence import Weights
from planner_cli.hub.catalog import Catalog, known_catalog
from planner_cli.types import Role


def catalogued_weights(models: Sequence[Mapping[str, Any]]) -> Weights | None:
    """The weights of these models (each a ``ModelInfo`` as a mapping); ``None`` where nobody measured them."""
    catalog = known_catalog()
    by_role = {info["role"]: info for info in models}
    for pair in catalog.measured:
        named: dict[Role, str | None] = {"generator": pair.name, "discriminator": pair.discriminator}
        if all(_is(catalog, name, role, by_role.get(role)) for role, name in named.items()):
            return pair.weights
    return None


def _is(catalog: Catalog, name: str | None, role: Role, info: Mapping[str, Any] | None) -> bool:
    """Whether what is loaded in a role is the model of this name, by its bytes; ``None`` is no model."""
    if name is None or info is None:
        return name is None and info is None
    preset = catalog.preset(name, role)
    model = catalog.file(preset.model if preset else name)
    adapters = (preset.adapter, preset.at_once) if preset and preset.adapter else (None,)
    digests = [None if adapter is None else _digest(catalog, adapter) for adapter in adapters]
    return (
        model is not None
        and model.sha256 is not None
        and info["sha256"] == model.sha256
        and (info["adapter_sha256"] if info["adapter"] is not None else None) in digests
        and (info["adapter"] is None) == (adapters == (None,))
    )


def _digest(catalog: Catalog, adapter: str) -> str | None:
    found = catalog.file(adapter)
    return found.sha256 if found else None
