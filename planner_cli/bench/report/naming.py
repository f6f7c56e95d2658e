"""What runs are called in a report: the same label everywhere, and file names that any system accepts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from planner_cli.bench.store import Run


@dataclass(frozen=True, slots=True)
class Named:
    run: Run
    label: str
    """The folder's name, numbered where two runs share one."""
    stem: str
    """The label as letters, digits and hyphens; unique in the report."""


def named(runs: Sequence[Run]) -> tuple[Named, ...]:
    """The runs with their labels, same order."""
    result: list[Named] = []
    labels: set[str] = set()
    stems: set[str] = set()
    for run in runs:
        label = _free(run.name or "run", labels, " ({})")
        stem = _free(re.sub(r"[^a-z0-9]+", "-", label.lower()).strip("-")[:40] or "run", stems, "-{}")
        labels.add(label)
        stems.add(stem)
        result.append(Named(run, label, stem))
    return tuple(result)


def _free(name: str, taken: set[str], suffix: str) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = name + suffix.format(number)
    return free
