"""Measurements as they are made: one JSON line each, so that an interrupted run continues where it was."""

from __future__ import annotations

import hashlib
import json
import statistics
from pathlib import Path


class Journal:
    """What was measured under one key: another model, job, thread count or version is another key."""

    def __init__(self, path: Path, key: dict) -> None:
        self.path = path
        self.key = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:16]
        text = path.read_text() if path.exists() else ""
        if text and not text.endswith("\n"):  # the last line was cut while it was written
            text = text[: text.rfind("\n") + 1]
            path.write_text(text)
        found = [json.loads(line) for line in text.splitlines()]
        self.lines = [line for line in found if line["key"] == self.key]

    def has(self, round_: int, part: str, side: str) -> bool:
        return any((line["round"], line["part"], line["side"]) == (round_, part, side) for line in self.lines)

    def add(self, **measured) -> None:
        line = {"key": self.key, **measured}
        self.lines.append(line)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def seconds(self, rounds: int) -> dict[str, dict[str, list[float | None]]]:
        """Side, then part, then seconds of each round; ``None`` where a round has none."""
        made: dict[str, dict[str, list[float | None]]] = {}
        for line in self.lines:
            if line["round"] <= rounds:
                row = made.setdefault(line["side"], {}).setdefault(line["part"], [None] * rounds)
                row[line["round"] - 1] = line["seconds"]
        return made

    def own_shares(self) -> dict[str, float]:
        """Of planner's seconds at each width, the median share spent outside llama.cpp's decode."""
        found: dict[str, list[float]] = {}
        for line in self.lines:
            if line["side"] == "planner" and line["part"].isdigit():
                found.setdefault(line["part"], []).append(line["own_share"])
        return {width: round(statistics.median(shares), 4) for width, shares in found.items()}

    def rows(self) -> dict[str, dict[str, float]]:
        """Side, then part: rows that planner's engine decoded for the tokens it wrote, the median."""
        found: dict[str, dict[str, list[int]]] = {}
        for line in self.lines:
            if line.get("rows") and not line["part"].isdigit():
                found.setdefault(line["side"], {}).setdefault(line["part"], []).append(line["rows"])
        return {side: {part: statistics.median(rows) for part, rows in parts.items()} for side, parts in found.items()}
