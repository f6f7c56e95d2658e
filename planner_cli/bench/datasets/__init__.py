"""Data sets to measure with: Spider, BIRD, the paper's own file, evaluation packs, a user's table, the demo."""

from __future__ import annotations

from planner_cli.bench.datasets.items import Dataset, GivenCandidate, Item
from planner_cli.bench.datasets.load import FORMATS, from_items, load

__all__ = ["FORMATS", "Dataset", "GivenCandidate", "Item", "from_items", "load"]
