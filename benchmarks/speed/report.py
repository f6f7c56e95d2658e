"""From seconds to ratios, tables and the README's lines."""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

from benchmarks.speed.sides import ABOUT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RESULTS = Path(__file__).resolve().parents[1] / "results"
BOUNDS = Path(__file__).with_name("bounds.toml")
OWN = "planner"
FAST = "planner-fast"
PARTS = ("candidates", "thoughts", "whole")


def with_sums(seconds: dict[str, dict[str, list]]) -> dict[str, dict[str, list]]:
    """The sides with their whole job, and the server by its faster way of each round."""
    sides = {name: dict(parts) for name, parts in seconds.items()}
    if "server-beside" in sides and "server-in-turn" in sides:
        ways = zip(sides["server-beside"]["thoughts"], sides["server-in-turn"]["thoughts"], strict=True)
        sides["server"] = {
            "candidates": sides["server-beside"]["candidates"],
            "thoughts": [None if None in pair else min(pair) for pair in ways],
        }
    for parts in sides.values():
        if "candidates" in parts and "thoughts" in parts:
            both = zip(parts["candidates"], parts["thoughts"], strict=True)
            parts["whole"] = [None if None in pair else sum(pair) for pair in both]
    return sides


def spread(values: list[float]) -> dict:
    return {
        "median": round(statistics.median(values), 3),
        "low": round(min(values), 3),
        "high": round(max(values), 3),
        "rounds": len(values),
    }


def ratios(seconds: dict[str, dict[str, list]], own: str = OWN) -> dict[str, dict[str, dict]]:
    """How many times as long as planner's engine each side takes, part by part: medians of each round's ratio.

    Of a width it is the share of llama-batched-bench's tokens a second, so that more is better throughout.
    """
    sides = with_sums(seconds)
    made: dict[str, dict[str, dict]] = {}
    for name, parts in sides.items():
        for part, values in parts.items():
            ours = sides.get(own, {}).get(part, [])
            pairs = [(theirs, our) for theirs, our in zip(values, ours, strict=False) if theirs and our]
            if name != own and pairs:
                made.setdefault(name, {})[part] = spread([theirs / our for theirs, our in pairs])
    return made


def summary(seconds: dict[str, dict[str, list]], job: dict) -> list[str]:
    """Lines for people."""
    sides, against = with_sums(seconds), ratios(seconds)
    lines = [f"{'seconds, median (lowest to highest)':60}{'candidates':>26}{'thoughts':>26}{'whole':>26}"]
    for name, parts in sides.items():
        cells = [_cell(parts.get(part, [])) for part in PARTS]
        if any(cells):
            lines.append(f"{ABOUT[name].replace('`', ''):60}" + "".join(f"{cell:>26}" for cell in cells))
    lines += ["", f"{'times as long as planner':60}{'candidates':>26}{'thoughts':>26}{'whole':>26}"]
    for name, parts in against.items():
        cells = [_ratio(parts.get(part)) for part in PARTS]
        if any(cells):
            lines.append(f"{ABOUT[name].replace('`', ''):60}" + "".join(f"{cell:>26}" for cell in cells))
    widths = sorted(int(part) for part in sides.get(OWN, {}) if part.isdigit())
    if widths:
        lines += ["", f"{'tokens/s in one batch':60}{OWN:>26}{'batched-bench':>26}{'share':>26}"]
        native = sides.get("batched-bench", {})
        for width in widths:
            key, tokens = str(width), width * job["width_new"]
            rates = [_rate(tokens, parts.get(key, [])) for parts in (sides[OWN], native)]
            share = _ratio(against.get("batched-bench", {}).get(key))
            lines.append(f"{width:<60}" + "".join(f"{cell:>26}" for cell in (*rates, share)))
    return lines


def _cell(values: list) -> str:
    known = [value for value in values if value is not None]
    return f"{statistics.median(known):.2f} ({min(known):.2f} to {max(known):.2f})" if known else ""


def _ratio(of: dict | None) -> str:
    return f"{of['median']:.2f} ({of['low']:.2f} to {of['high']:.2f})" if of else ""


def _rate(tokens: int, values: list) -> str:
    known = [value for value in values if value]
    return f"{tokens / statistics.median(known):.1f}" if known else ""


def broken_bounds(made: dict[str, dict[str, dict]]) -> list[str]:
    """Which stored bounds of the short mode do not hold; a side that was not measured is not judged."""
    told = []
    for side, parts in tomllib.loads(BOUNDS.read_text()).items():
        for part, least in parts.items():
            found = made.get(side, {}).get(part)
            if found and found["median"] < least:
                told.append(f"{side}, {part}: {found['median']:.2f}, but at least {least:.2f} is expected")
    return told


def newest() -> dict[str, dict]:
    """The newest result of each model, by the model's short name."""
    paths = sorted(RESULTS.glob("speed-*.json"))  # the date ends the name
    return {result["model"]["short"]: result for result in (json.loads(path.read_text()) for path in paths)}


def readme_lines() -> list[str]:
    """The README's tables; nothing before the first result."""
    found = newest()
    if not found:
        return []
    columns = {}
    for name, result in found.items():
        columns[name] = result["ratios"]
        if FAST in result["seconds"]:
            columns[f"{name}, as `planner ask` runs it (Q8_0)"] = ratios(result["seconds"], own=FAST)
    lines = ["| how many times as long it takes | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for side in ("llama-cold", "llama-prefix", "server", "server-beside", "transformers"):
        for part in PARTS if side != "server-beside" else ("thoughts",):  # its candidates are the server's
            cells = [_ratio(made.get(side, {}).get(part)) for made in columns.values()]
            if any(cells):
                lines.append(f"| {ABOUT[side]}: {part} | " + " | ".join(cell or "-" for cell in cells) + " |")
    lines += ["", "| tokens/s in one batch, as a share of `llama-batched-bench` | " + " | ".join(found) + " |"]
    lines += ["|---|" + "---|" * len(found)]
    for width in dict.fromkeys(width for result in found.values() for width in result["job"]["widths"]):
        shares = [result["ratios"].get("batched-bench", {}).get(str(width)) for result in found.values()]
        if any(shares):
            lines.append(f"| {width} | " + " | ".join(_ratio(share) or "-" for share in shares) + " |")
    for name, result in found.items():
        memory = result["memory"].get(OWN)
        told = f"{result['machine']['cpu']}, {result['threads']} threads, {result['rounds']} rounds, {result['date']}"
        lines += ["", f"{name}: {told}; planner's peak memory {memory / 1e6:.0f} MB." if memory else f"{name}: {told}."]
    return lines
