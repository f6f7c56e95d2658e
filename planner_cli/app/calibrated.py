"""The confidence weights of a pair of models: those learnt here, else the catalogue's, else the general ones.

What was learnt on this machine is in ``confidence.json`` of the configuration folder, one entry a pair.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from planner_cli.confidence import GENERAL, Weights
from planner_cli.errors import PlannerError


def weights_path() -> Path:
    """Where weights learnt on this machine are kept."""
    from platformdirs import user_config_path

    return user_config_path("planner_cli", appauthor=False) / "confidence.json"


def pair_key(models: Sequence[Mapping[str, Any]]) -> str:
    """What identifies a pair (each as :class:`ModelInfo` has it): digests where they are known, else file names."""
    parts = []
    for model in models:
        adapter = model["adapter_sha256"] or model["adapter"]
        parts.append(f"{model['role']} {model['sha256'] or model['file']}" + (f" + {adapter}" if adapter else ""))
    return " | ".join(parts)


def weights_of(models: Sequence[Mapping[str, Any]]) -> Weights:
    """The weights for these models.

    Raises:
        PlannerError: the file of learnt weights is damaged.

    """
    from planner_cli.hub import catalogued_weights

    return _read().get(pair_key(models)) or catalogued_weights(models) or GENERAL


def keep_weights(models: Sequence[Mapping[str, Any]], weights: Weights | None) -> None:
    """Use these weights for a pair from now on; ``None`` forgets what was learnt.

    Raises:
        PlannerError: the file is damaged, or cannot be written.

    """
    from planner_cli.hub import cache

    path = weights_path()
    known = _read()
    known.pop(pair_key(models), None)
    if weights is not None:
        known[pair_key(models)] = weights
    try:
        cache.write(path, {key: asdict(each) for key, each in known.items()})
    except OSError as error:
        raise PlannerError(f"{path}: {error.strerror or error}") from error


def _read() -> dict[str, Weights]:
    path = weights_path()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        names = {field.name for field in fields(Weights)}
        return {
            str(key): Weights(**{name: float(value) for name, value in each.items() if name in names})
            for key, each in content.items()
        }
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise PlannerError(f"{path}: {error.strerror or error}") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise PlannerError(f"{path} is damaged: {error}", hint="remove it; planner calibrate makes it again") from error
