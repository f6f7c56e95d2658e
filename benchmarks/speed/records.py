"""What the separate measurements have in common: their command line, and their dated result files."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.speed.machine import machine, versions
from benchmarks.speed.report import RESULTS


def parser(
    module: str, description: str | None, *, result: str | None = None, threads: str = "physical cores"
) -> argparse.ArgumentParser:
    """With ``--threads`` and what it is by default, and ``--output`` where a ``result`` is stored, under that name.

    The module's docstring is its description.
    """
    made = argparse.ArgumentParser(
        prog=f"python -m benchmarks.speed.{module}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--threads", type=int, help=f"default: {threads}")
    if result is not None:
        made.add_argument("--output", type=Path, help=f"default: benchmarks/results/{result}-DATE.json")
    return made


def begun(**facts) -> dict:
    """The head of a result: when and where it is measured."""
    now = datetime.now(tz=timezone.utc)
    return {"date": f"{now:%Y-%m-%d}", **facts, "machine": machine(), "versions": versions()}


def store(result: dict, name: str, output: Path | None, lines: Sequence[str]) -> None:
    """Write a result's file, and its lines for people to standard output."""
    target = output or RESULTS / f"{name}-{datetime.now(tz=timezone.utc):%Y-%m-%d-%H%M}.json"
    target.write_text(json.dumps(result, indent=1) + "\n")
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stderr.write(f"written to {target}\n")


def newest(name: str) -> dict | None:
    """The newest result of a measurement; its date ends a file's name."""
    paths = sorted(RESULTS.glob(f"{name}-*.json"))
    return json.loads(paths[-1].read_text()) if paths else None
